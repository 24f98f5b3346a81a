// PostGraphile with its Amber preset over Remit's tables: it finds the relations, and writes the SQL itself.
//
// The journal stays out of its schema (PostGraphile has no type for `xid8`); relations and orders without an index of
// their own stay in.

import { createServer } from "node:http";
import { postgraphile } from "postgraphile";
import { makePgService } from "postgraphile/adaptors/pg";
import { grafserv } from "postgraphile/grafserv/node";
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";
import { makeJSONPgSmartTagsPlugin } from "postgraphile/utils";
import { poolConfig } from "./database.js";
import { listen } from "./listen.js";

// PostGraphile is written for Node 22; nothing else of it is missing in Node 20.
Promise.withResolvers ??= function () {
  const made = {};
  made.promise = new this((resolve, reject) => Object.assign(made, { resolve, reject }));
  return made;
};

const hidden = { tags: { behavior: "-*" } };
const preset = {
  extends: [PostGraphileAmberPreset],
  plugins: [
    makeJSONPgSmartTagsPlugin({
      version: 1,
      config: { class: { "remit.journal_entries": hidden, "remit.journal_changes": hidden } },
    }),
  ],
  disablePlugins: ["PgIndexBehaviorsPlugin"],
  pgServices: [makePgService({ schemas: ["remit"], poolConfig })],
  grafserv: { graphiql: false, watch: false },
};
const server = createServer();
await postgraphile(preset).createServ(grafserv).addTo(server);
listen(server);
