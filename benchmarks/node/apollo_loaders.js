// Apollo Server as it is usually written, with DataLoaders.

import { serveApollo } from "./apollo.js";
import { makeLoaders, resolvers } from "./loader_resolvers.js";

await serveApollo(resolvers, async () => ({ loaders: makeLoaders() }));
