DROP FUNCTION networks_of(uuid), open_scope(bytea, uuid);
