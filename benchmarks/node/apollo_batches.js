// Apollo Server with one statement for each relation, and no resolver of a nested field.

import { serveApollo } from "./apollo.js";
import { resolvers } from "./batch_resolvers.js";

await serveApollo(resolvers, async () => ({}));
