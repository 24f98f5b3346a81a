// GraphQL Yoga, whose executor is replaced by graphql-jit's compiled queries, with one statement for each relation.

import { createServer } from "node:http";
import { useGraphQlJit } from "@envelop/graphql-jit";
import { createSchema, createYoga } from "graphql-yoga";
import { resolvers } from "./batch_resolvers.js";
import { listen } from "./listen.js";
import { typeDefs } from "./schema.js";

const yoga = createYoga({
  schema: createSchema({ typeDefs, resolvers }),
  plugins: [useGraphQlJit()],
  graphiql: false,
  landingPage: false,
  logging: false,
});
listen(createServer(yoga));
