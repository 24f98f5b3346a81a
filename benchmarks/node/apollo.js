// Apollo Server behind the URL that it prints.

import { ApolloServer } from "@apollo/server";
import { startStandaloneServer } from "@apollo/server/standalone";
import { typeDefs } from "./schema.js";

export async function serveApollo(resolvers, makeContext) {
  const server = new ApolloServer({ typeDefs, resolvers });
  const listen = { host: "127.0.0.1", port: 0 };
  const { url } = await startStandaloneServer(server, { listen, context: makeContext });
  console.log(url.replace(/\/$/, ""));
}
