-- The journal: who may see a row, what every write leaves behind, and the hash chain that proves it.
-- Run as remit_owner in schema remit. Order: scope, tables, epochs, capture, append, erasure, protect().
--
-- SQLSTATEs of our own:
--   RM001  write outside a Work: no entry is open, or the open one is sealed; TRUNCATE always
--   RM002  not the open entry: a second open, a second append, an append or erasure of another entry or chain
--   RM003  the row belongs to another chain than the open one
--   RM004  the chains of one transaction are appended in ascending order only (else two could deadlock on the heads)


-- Scope ---------------------------------------------------------------------------------------------------------------
-- Set per transaction by set_config(…, true). A setting that an earlier transaction set is '', not NULL: hence NULLIF.

CREATE FUNCTION current_network() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
  RETURN NULLIF(current_setting('remit.network_id', true), '')::uuid;

CREATE FUNCTION current_partner() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
  RETURN NULLIF(current_setting('remit.partner_id', true), '')::uuid;

CREATE FUNCTION current_account() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
  RETURN NULLIF(current_setting('remit.account_id', true), '')::uuid;

CREATE FUNCTION current_operator() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE
  RETURN COALESCE(current_setting('remit.operator', true), '') = 'on';

-- Set by operations of the topic identity alone: signing in reads accounts before anybody is known.
CREATE FUNCTION current_identity() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE
  RETURN COALESCE(current_setting('remit.identity', true), '') = 'on';

-- The chains whose entries the scope may read; the nil UUID is the operator's chain, where account matters go too.
CREATE FUNCTION current_chains() RETURNS uuid[] LANGUAGE sql STABLE PARALLEL SAFE
  RETURN array_remove(ARRAY[
    current_network(),
    current_partner(),
    CASE WHEN current_operator() OR current_identity() THEN '00000000-0000-0000-0000-000000000000'::uuid END
  ], NULL);

GRANT EXECUTE ON FUNCTION
  current_network(), current_partner(), current_account(), current_operator(), current_identity(), current_chains()
  TO remit_app;


-- Tables --------------------------------------------------------------------------------------------------------------

CREATE TABLE journal_heads (
  chain_id uuid PRIMARY KEY,
  seq bigint NOT NULL DEFAULT 0 CHECK (seq >= 0),
  hash bytea NOT NULL DEFAULT decode(repeat('00', 32), 'hex') CHECK (octet_length(hash) = 32),
  recorded_at timestamptz NOT NULL DEFAULT '-infinity'
);

-- The generated columns are for indexes: they cannot disagree with the hashed text.
CREATE TABLE journal_entries (
  chain_id uuid NOT NULL,
  seq bigint NOT NULL CHECK (seq > 0),
  id uuid NOT NULL,
  recorded_at timestamptz NOT NULL,
  xact xid8 NOT NULL DEFAULT pg_current_xact_id(),
  change_count integer NOT NULL CHECK (change_count >= 0),
  changes_digest bytea NOT NULL CHECK (octet_length(changes_digest) = 32),
  payload text NOT NULL CHECK (octet_length(payload) <= 65536),
  prev_hash bytea NOT NULL CHECK (octet_length(prev_hash) = 32),
  hash bytea NOT NULL CHECK (octet_length(hash) = 32),
  code text NOT NULL GENERATED ALWAYS AS (payload::jsonb ->> 'code') STORED,
  area text NOT NULL GENERATED ALWAYS AS (payload::jsonb ->> 'area') STORED,
  outcome text NOT NULL GENERATED ALWAYS AS (payload::jsonb ->> 'outcome') STORED,
  actor_id text GENERATED ALWAYS AS (payload::jsonb #>> '{actor,id}') STORED,
  actor_type text GENERATED ALWAYS AS (payload::jsonb #>> '{actor,type}') STORED,
  device_id uuid GENERATED ALWAYS AS ((payload::jsonb ->> 'device')::uuid) STORED,
  session_ref text GENERATED ALWAYS AS (payload::jsonb ->> 'session') STORED,
  location_id uuid GENERATED ALWAYS AS ((payload::jsonb ->> 'location')::uuid) STORED,
  PRIMARY KEY (chain_id, seq),
  UNIQUE (chain_id, id, xact)
);
CREATE INDEX ON journal_entries (chain_id, recorded_at);
CREATE INDEX ON journal_entries (chain_id, area, seq);
CREATE INDEX ON journal_entries (chain_id, actor_id, seq);
CREATE INDEX ON journal_entries (chain_id, code, seq);

-- xact is in the foreign key so that a Work cannot hang its changes on an entry of last week, outside that one's hash.
CREATE TABLE journal_changes (
  chain_id uuid NOT NULL,
  entry_id uuid NOT NULL,
  n integer NOT NULL CHECK (n > 0),
  table_name text NOT NULL,
  row_id text,
  subject_id uuid,
  operation text NOT NULL CHECK (operation IN ('i', 'u', 'd', 'x')),
  salt bytea CHECK (octet_length(salt) = 16),
  body text,
  digest bytea NOT NULL CHECK (octet_length(digest) = 32),
  xact xid8 NOT NULL DEFAULT pg_current_xact_id(),
  erased_by uuid,
  PRIMARY KEY (chain_id, entry_id, n),
  FOREIGN KEY (chain_id, entry_id, xact) REFERENCES journal_entries (chain_id, id, xact) DEFERRABLE INITIALLY DEFERRED,
  CHECK ((salt IS NULL) = (body IS NULL) AND (body IS NULL) = (erased_by IS NOT NULL))
);
CREATE INDEX ON journal_changes (chain_id, row_id);
CREATE INDEX ON journal_changes (chain_id, subject_id);
CREATE INDEX ON journal_changes (chain_id, erased_by) WHERE erased_by IS NOT NULL;

CREATE TABLE journal_checkpoints (
  chain_id uuid NOT NULL,
  seq bigint NOT NULL CHECK (seq > 0),
  hash bytea NOT NULL CHECK (octet_length(hash) = 32),
  signed_at timestamptz NOT NULL,
  key_id text NOT NULL,
  note text NOT NULL,
  published_at timestamptz,
  PRIMARY KEY (chain_id, seq, key_id)
);

-- A domain's policy version; both ids null is the operator's.
CREATE TABLE policy_epochs (
  network_id uuid,
  partner_id uuid,
  epoch bigint NOT NULL CHECK (epoch >= 0),
  raised_in xid8,
  UNIQUE NULLS NOT DISTINCT (network_id, partner_id),
  CHECK (num_nonnulls(network_id, partner_id) <= 1)
);

-- The version of what an account or an API token may still do.
CREATE TABLE principal_epochs (
  principal_id uuid PRIMARY KEY,
  epoch bigint NOT NULL CHECK (epoch >= 0),
  raised_in xid8
);

-- ENABLE without FORCE: the owner's SECURITY DEFINER functions alone write these tables, and must see all rows.
ALTER TABLE journal_heads ENABLE ROW LEVEL SECURITY;
ALTER TABLE journal_entries ENABLE ROW LEVEL SECURITY;
ALTER TABLE journal_changes ENABLE ROW LEVEL SECURITY;
ALTER TABLE journal_checkpoints ENABLE ROW LEVEL SECURITY;
ALTER TABLE policy_epochs ENABLE ROW LEVEL SECURITY;
ALTER TABLE principal_epochs ENABLE ROW LEVEL SECURITY;

CREATE POLICY reader ON journal_heads FOR SELECT TO remit_app
  USING (chain_id = ANY ((SELECT current_chains())::uuid[]));
CREATE POLICY reader ON journal_entries FOR SELECT TO remit_app
  USING (chain_id = ANY ((SELECT current_chains())::uuid[]));
CREATE POLICY reader ON journal_changes FOR SELECT TO remit_app
  USING (chain_id = ANY ((SELECT current_chains())::uuid[]));
CREATE POLICY reader ON journal_checkpoints FOR SELECT TO remit_app
  USING (chain_id = ANY ((SELECT current_chains())::uuid[]));
CREATE POLICY reader ON policy_epochs FOR SELECT TO remit_app
  USING (CASE WHEN network_id IS NOT NULL THEN network_id = (SELECT current_network())
              WHEN partner_id IS NOT NULL THEN partner_id = (SELECT current_partner())
              ELSE (SELECT current_operator()) END);
CREATE POLICY reader ON principal_epochs FOR SELECT TO remit_app
  USING (principal_id = (SELECT current_account()) OR (SELECT current_identity()));

GRANT SELECT ON journal_heads, journal_entries, journal_changes, journal_checkpoints, policy_epochs, principal_epochs
  TO remit_app;


-- Epochs --------------------------------------------------------------------------------------------------------------

-- Raises the domain's policy epoch, once a transaction, and tells the other processes.
CREATE FUNCTION raise_policy_epoch() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, remit, pg_temp AS $$
DECLARE
  domain record;
BEGIN
  -- to_jsonb: some watched tables have no partner_id. ORDER BY: two transactions lock the epochs in one order.
  FOR domain IN
    SELECT DISTINCT (to_jsonb(touched) ->> CASE TG_TABLE_NAME WHEN 'networks' THEN 'id' ELSE 'network_id' END)::uuid
                      AS network_id,
                    (to_jsonb(touched) ->> 'partner_id')::uuid AS partner_id
    FROM touched ORDER BY 1, 2
  LOOP
    INSERT INTO policy_epochs AS e (network_id, partner_id, epoch, raised_in)
    VALUES (domain.network_id, domain.partner_id, 1, pg_current_xact_id())
    ON CONFLICT (network_id, partner_id) DO UPDATE SET epoch = e.epoch + 1, raised_in = excluded.raised_in
      WHERE e.raised_in IS DISTINCT FROM excluded.raised_in;
    IF FOUND THEN
      PERFORM pg_notify('remit_policy', COALESCE(domain.network_id, domain.partner_id,
                                                 '00000000-0000-0000-0000-000000000000')::text);
    END IF;
  END LOOP;
  RETURN NULL;
END $$;

-- One trigger an event: transition tables allow no more.
CREATE FUNCTION watch_policy(target regclass) RETURNS void LANGUAGE plpgsql
  SET search_path = pg_catalog, remit, pg_temp AS $$
DECLARE
  event text;
BEGIN
  FOREACH event IN ARRAY ARRAY['INSERT', 'UPDATE', 'DELETE'] LOOP
    EXECUTE format(
      'CREATE OR REPLACE TRIGGER %I AFTER %s ON %s REFERENCING %s TABLE AS touched'
      ' FOR EACH STATEMENT EXECUTE FUNCTION raise_policy_epoch()',
      'policy_epoch_' || lower(event), event, target, CASE event WHEN 'DELETE' THEN 'OLD' ELSE 'NEW' END);
  END LOOP;
END $$;

-- Locks the epoch row of the scope's domain and returns the epoch that this transaction's policy rows carry.
CREATE FUNCTION next_policy_epoch() RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, remit, pg_temp AS $$
DECLARE
  network CONSTANT uuid := current_network();
  partner CONSTANT uuid := CASE WHEN network IS NULL THEN current_partner() END;
  next_epoch bigint;
BEGIN
  IF network IS NULL AND partner IS NULL AND NOT current_operator() THEN
    RAISE EXCEPTION 'a policy changes only under a scope' USING ERRCODE = 'insufficient_privilege';
  END IF;
  -- DO UPDATE of nothing, not DO NOTHING: it locks the row, and finds it by the index although an id is null.
  INSERT INTO policy_epochs AS e (network_id, partner_id, epoch) VALUES (network, partner, 0)
  ON CONFLICT (network_id, partner_id) DO UPDATE SET epoch = e.epoch
  RETURNING e.epoch + CASE WHEN e.raised_in IS DISTINCT FROM pg_current_xact_id() THEN 1 ELSE 0 END INTO next_epoch;
  RETURN next_epoch;
END $$;

-- Raises a principal's epoch, once a transaction. The trigger's argument names the column of the principal:
--   CREATE TRIGGER principal_epoch AFTER UPDATE ON sessions FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state)
--     EXECUTE FUNCTION raise_principal_epoch('account_id');
-- For each row with WHEN, not for each statement: a session's last_seen_at moves with every request.
CREATE FUNCTION raise_principal_epoch() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, remit, pg_temp AS $$
DECLARE
  principal CONSTANT uuid := COALESCE(to_jsonb(NEW), to_jsonb(OLD)) ->> TG_ARGV[0];
BEGIN
  IF principal IS NULL THEN
    RETURN NULL;
  END IF;
  INSERT INTO principal_epochs AS e (principal_id, epoch, raised_in) VALUES (principal, 1, pg_current_xact_id())
  ON CONFLICT (principal_id) DO UPDATE SET epoch = e.epoch + 1, raised_in = excluded.raised_in
    WHERE e.raised_in IS DISTINCT FROM excluded.raised_in;
  IF FOUND THEN
    PERFORM pg_notify('remit_principals', principal::text);
  END IF;
  RETURN NULL;
END $$;

-- The epochs of whatever a process holds open: networks, partners, accounts, tokens; the nil UUID asks for the
-- operator's. What was never raised has no row. A definer function, because one process holds many scopes open.
CREATE FUNCTION epochs_of(ids uuid[]) RETURNS TABLE (id uuid, epoch bigint)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, remit, pg_temp AS $$
  SELECT network_id, epoch FROM policy_epochs WHERE network_id = ANY (ids) AND partner_id IS NULL
  UNION ALL
  SELECT partner_id, epoch FROM policy_epochs WHERE network_id IS NULL AND partner_id = ANY (ids)
  UNION ALL
  SELECT '00000000-0000-0000-0000-000000000000', epoch FROM policy_epochs
    WHERE network_id IS NULL AND partner_id IS NULL AND '00000000-0000-0000-0000-000000000000' = ANY (ids)
  UNION ALL
  SELECT principal_id, epoch FROM principal_epochs WHERE principal_id = ANY (ids)
$$;

GRANT EXECUTE ON FUNCTION next_policy_epoch(), epochs_of(uuid[]) TO remit_app;


-- Capture -------------------------------------------------------------------------------------------------------------

-- The digest names table, row, subject and operation too: else a change could be moved to another client.
CREATE FUNCTION journal_change_digest(
  salt bytea, table_name text, row_id text, subject_id uuid, operation text, body text
) RETURNS bytea LANGUAGE sql STABLE
  RETURN sha256(salt || convert_to(
    concat_ws(E'\n', table_name, COALESCE(row_id, '-'), COALESCE(subject_id::text, '-'), operation, body), 'UTF8'));

-- Above 64 KiB a body keeps, of each value over 1 KiB, its SHA-256 and its length in bytes.
CREATE FUNCTION journal_shortened(body jsonb) RETURNS jsonb LANGUAGE sql STABLE
  SET search_path = pg_catalog, remit, pg_temp AS $$
  SELECT jsonb_object_agg(name, (
    SELECT jsonb_agg(CASE WHEN octet_length(value #>> '{}') > 1024 THEN jsonb_build_object(
        'sha256', encode(sha256(convert_to(value #>> '{}', 'UTF8')), 'hex'),
        'length', octet_length(value #>> '{}'))
      ELSE value END ORDER BY position)
    FROM jsonb_array_elements(pair) WITH ORDINALITY AS side(value, position)))
  FROM jsonb_each(body) AS change(name, pair)
$$;

-- Writes one row's before and after into the open entry. The arguments come from protect():
-- table name, key columns, domain column, second domain column, plain, personal, noise, subject column.
-- A column in none of the classes (added later, not yet declared) is treated as a secret.
CREATE FUNCTION journal_capture() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, remit, pg_temp SET timezone = 'UTC' AS $$
DECLARE
  key_columns CONSTANT text[] := TG_ARGV[1];
  plain CONSTANT text[] := TG_ARGV[4];
  personal CONSTANT text[] := TG_ARGV[5];
  noise CONSTANT text[] := TG_ARGV[6];
  open_chain CONSTANT uuid := NULLIF(current_setting('remit.chain', true), '');
  open_entry CONSTANT uuid := NULLIF(current_setting('remit.entry', true), '');
  change_number CONSTANT integer := 1 + COALESCE(NULLIF(current_setting('remit.change_no', true), ''), '0')::integer;
  before CONSTANT jsonb := to_jsonb(OLD);
  after CONSTANT jsonb := to_jsonb(NEW);
  written CONSTANT jsonb := COALESCE(after, before);
  domain CONSTANT uuid := COALESCE(written ->> TG_ARGV[2], written ->> TG_ARGV[3]);
  row_key CONSTANT text := CASE cardinality(key_columns) WHEN 1 THEN written ->> key_columns[1]
    ELSE array_to_string(ARRAY(SELECT written ->> name FROM unnest(key_columns) AS name), ':') END;
  subject CONSTANT uuid := written ->> TG_ARGV[7];
  operation CONSTANT text := lower(left(TG_OP, 1));
  salt CONSTANT bytea := uuid_send(gen_random_uuid());
  changed jsonb;
BEGIN
  SELECT jsonb_object_agg(name, CASE WHEN name = ANY (plain) OR name = ANY (personal)
      THEN jsonb_build_array(before -> name, after -> name) ELSE '["***", "***"]' END)
    INTO changed FROM jsonb_object_keys(written) AS name
    WHERE NULLIF(before -> name, 'null') IS DISTINCT FROM NULLIF(after -> name, 'null') AND name <> ALL (noise);
  IF changed IS NULL AND TG_OP = 'UPDATE' THEN
    RETURN NULL;
  END IF;
  -- Looked up, not remembered: a setting can be set back, and the change would commit outside the entry's digest.
  IF open_entry IS NULL
     OR EXISTS (SELECT FROM journal_entries WHERE chain_id = open_chain AND id = open_entry) THEN
    RAISE EXCEPTION 'write outside a Work on %', TG_ARGV[0] USING ERRCODE = 'RM001';
  END IF;
  IF domain IS DISTINCT FROM open_chain AND domain IS NOT NULL THEN
    RAISE EXCEPTION 'row % of % belongs to chain %, not to the open chain %', row_key, TG_ARGV[0], domain, open_chain
      USING ERRCODE = 'RM003';
  END IF;
  IF change_number > 5000 THEN
    RAISE EXCEPTION 'a Work changes at most 5000 rows: do it in several' USING ERRCODE = 'program_limit_exceeded';
  END IF;
  changed := COALESCE(changed, '{}');
  IF octet_length(changed::text) > 65536 THEN
    changed := journal_shortened(changed);
  END IF;
  INSERT INTO journal_changes (chain_id, entry_id, n, table_name, row_id, subject_id, operation, salt, body, digest)
  VALUES (open_chain, open_entry, change_number, TG_ARGV[0], row_key, subject, operation, salt, changed::text,
          journal_change_digest(salt, TG_ARGV[0], row_key, subject, operation, changed::text));
  PERFORM set_config('remit.change_no', change_number::text, true);
  RETURN NULL;
END $$;

CREATE FUNCTION journal_refuse_truncate() RETURNS trigger LANGUAGE plpgsql
  SET search_path = pg_catalog, remit, pg_temp AS $$
BEGIN
  RAISE EXCEPTION 'write outside a Work on %: TRUNCATE leaves no trace', TG_TABLE_NAME USING ERRCODE = 'RM001';
END $$;


-- Open and append -----------------------------------------------------------------------------------------------------

-- Opens the transaction's entry. Called together with the scope:
--   SELECT set_config('remit.network_id', …, true), journal_begin(…)
CREATE FUNCTION journal_begin(chain uuid, entry uuid) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, remit, pg_temp AS $$
BEGIN
  IF chain IS NULL OR entry IS NULL THEN
    RAISE EXCEPTION 'an entry needs a chain and an id' USING ERRCODE = 'null_value_not_allowed';
  END IF;
  IF NULLIF(current_setting('remit.entry', true), '') IS NOT NULL THEN
    RAISE EXCEPTION 'entry % is already open in this transaction', current_setting('remit.entry')
      USING ERRCODE = 'RM002';
  END IF;
  PERFORM set_config('remit.chain', chain::text, true),
          set_config('remit.entry', entry::text, true),
          set_config('remit.change_no', '0', true),
          set_config('remit.appended_chain', '', true),
          set_config('remit.erased', '', true);
END $$;

-- Refuses what may not be appended now: the open entry comes first, then details-only entries of greater chains.
CREATE FUNCTION journal_refuse_append(chain uuid, entry uuid, payload text) RETURNS void LANGUAGE plpgsql
  SET search_path = pg_catalog, remit, pg_temp AS $$
DECLARE
  open_chain CONSTANT uuid := NULLIF(current_setting('remit.chain', true), '');
  open_entry CONSTANT uuid := NULLIF(current_setting('remit.entry', true), '');
  appended_chain CONSTANT uuid := NULLIF(current_setting('remit.appended_chain', true), '');
  is_open CONSTANT boolean := COALESCE(chain = open_chain AND entry = open_entry, false);
  erased CONSTANT jsonb := CASE WHEN is_open THEN NULLIF(current_setting('remit.erased', true), '') END;
BEGIN
  -- A claim that differs from what was erased would break the chain's verification for good.
  IF payload::jsonb -> 'erased' IS DISTINCT FROM erased THEN
    RAISE EXCEPTION 'entry % must state in its payload what it erased: %', entry, COALESCE(erased::text, 'nothing')
      USING ERRCODE = 'RM002';
  END IF;
  IF is_open THEN
    RETURN;
  END IF;
  IF appended_chain IS NULL OR NOT EXISTS (
    SELECT FROM journal_entries WHERE chain_id = open_chain AND id = open_entry AND xact = pg_current_xact_id()
  ) THEN
    RAISE EXCEPTION 'entry % of chain % is not the open one', entry, chain USING ERRCODE = 'RM002';
  END IF;
  IF chain <= appended_chain THEN
    RAISE EXCEPTION 'chain % comes before %, which this transaction has appended to', chain, appended_chain
      USING ERRCODE = 'RM004';
  END IF;
END $$;

-- Seals the entry: hashes its changes and its payload into the chain and returns its number. The last statement before
-- COMMIT: from the head's lock on, every other writer of the chain waits.
CREATE FUNCTION journal_append(chain uuid, entry uuid, payload text, details text) RETURNS bigint
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, remit, pg_temp AS $$
DECLARE
  salt CONSTANT bytea := uuid_send(gen_random_uuid());
  actor CONSTANT jsonb := payload::jsonb -> 'actor';
  -- Plugins, webhooks and the system are no persons: their details are nobody's to erase, their ids no UUIDs.
  subject CONSTANT uuid := CASE WHEN actor ->> 'type' NOT IN ('plugin', 'webhook', 'system') THEN actor ->> 'id' END;
  counted integer;
  digests bytea;
  head journal_heads;
  entry_hash bytea;
BEGIN
  PERFORM journal_refuse_append(chain, entry, payload);
  IF details IS NOT NULL THEN
    INSERT INTO journal_changes (chain_id, entry_id, n, table_name, subject_id, operation, salt, body, digest)
    VALUES (chain, entry,
            (SELECT COALESCE(max(c.n), 0) + 1 FROM journal_changes c WHERE c.chain_id = chain AND c.entry_id = entry),
            '@details', subject, 'x', salt, details,
            journal_change_digest(salt, '@details', NULL, subject, 'x', details));
  END IF;
  SELECT count(*), sha256(COALESCE(string_agg(digest, '' ORDER BY n), '')) INTO counted, digests
    FROM journal_changes WHERE chain_id = chain AND entry_id = entry;

  SELECT * INTO head FROM journal_heads WHERE chain_id = chain FOR UPDATE;
  IF NOT FOUND THEN
    INSERT INTO journal_heads (chain_id) VALUES (chain) ON CONFLICT DO NOTHING;
    SELECT * INTO head FROM journal_heads WHERE chain_id = chain FOR UPDATE;
  END IF;
  head.seq := head.seq + 1;
  head.recorded_at := GREATEST(clock_timestamp(), head.recorded_at);
  entry_hash := sha256(convert_to(concat_ws(E'\n',
    'remit-journal-1', chain, head.seq, entry,
    to_char(head.recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
    encode(head.hash, 'hex'), counted, encode(digests, 'hex'), payload), 'UTF8'));
  -- Under the head's lock: of two transactions that append one id, the second sees the first.
  INSERT INTO journal_entries (chain_id, seq, id, recorded_at, change_count, changes_digest, payload, prev_hash, hash)
  SELECT chain, head.seq, entry, head.recorded_at, counted, digests, payload, head.hash, entry_hash
  WHERE NOT EXISTS (SELECT FROM journal_entries WHERE chain_id = chain AND id = entry);
  IF NOT FOUND THEN
    RAISE EXCEPTION 'entry % of chain % has been appended already', entry, chain USING ERRCODE = 'RM002';
  END IF;
  UPDATE journal_heads SET seq = head.seq, hash = entry_hash, recorded_at = head.recorded_at WHERE chain_id = chain;
  PERFORM set_config('remit.appended_chain', chain::text, true);
  RETURN head.seq;
END $$;

GRANT EXECUTE ON FUNCTION journal_begin(uuid, uuid), journal_append(uuid, uuid, text, text) TO remit_app;


-- Erasure -------------------------------------------------------------------------------------------------------------

-- Blanks a subject's changes in the open chain; the digests stay, so the chain verifies. The salt goes too: the digest
-- of a phone number without one is guessed in seconds. Returns what the open entry has erased so far, which its payload
-- must state as `erased`.
CREATE FUNCTION journal_erase(chain uuid, subject uuid, OUT count integer, OUT digest text)
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, remit, pg_temp AS $$
#variable_conflict use_column
DECLARE
  open_chain CONSTANT uuid := NULLIF(current_setting('remit.chain', true), '');
  open_entry CONSTANT uuid := NULLIF(current_setting('remit.entry', true), '');
BEGIN
  IF open_chain IS DISTINCT FROM chain OR open_entry IS NULL
     OR EXISTS (SELECT FROM journal_entries WHERE chain_id = open_chain AND id = open_entry) THEN
    RAISE EXCEPTION 'chain % is not the open one', chain USING ERRCODE = 'RM002';
  END IF;
  UPDATE journal_changes SET salt = NULL, body = NULL, erased_by = open_entry
    WHERE chain_id = chain AND subject_id = subject AND erased_by IS NULL;
  -- The open entry's own changes have no number yet: it will be the greatest.
  SELECT count(*), encode(sha256(COALESCE(string_agg(c.digest, '' ORDER BY e.seq NULLS LAST, c.n), '')), 'hex')
    INTO count, digest
    FROM journal_changes c LEFT JOIN journal_entries e ON e.chain_id = c.chain_id AND e.id = c.entry_id
    WHERE c.chain_id = chain AND c.erased_by = open_entry;
  PERFORM set_config('remit.erased', jsonb_build_object('count', count, 'digest', digest)::text, true);
END $$;

GRANT EXECUTE ON FUNCTION journal_erase(uuid, uuid) TO remit_app;


-- protect() -----------------------------------------------------------------------------------------------------------

-- Refuses a table of which a column is in none or in two of the classes, or a class names no column of it.
CREATE FUNCTION check_column_classes(target regclass, declared text[]) RETURNS void LANGUAGE plpgsql
  SET search_path = pg_catalog, remit, pg_temp AS $$
DECLARE
  wrong text;
BEGIN
  SELECT string_agg(attname, ', ' ORDER BY attnum) INTO wrong FROM pg_attribute
    WHERE attrelid = target AND attnum > 0 AND NOT attisdropped
      AND (SELECT count(*) FROM unnest(declared) AS name WHERE name = attname) <> 1;
  IF wrong IS NOT NULL THEN
    RAISE EXCEPTION 'each column of % must be in exactly one class (plain, personal, secret, noise): %', target, wrong
      USING ERRCODE = 'invalid_table_definition';
  END IF;
  SELECT string_agg(name, ', ') INTO wrong FROM unnest(declared) AS name
    WHERE NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = target AND attname = name AND attnum > 0);
  IF wrong IS NOT NULL THEN
    RAISE EXCEPTION '% has no such column: %', target, wrong USING ERRCODE = 'undefined_column';
  END IF;
END $$;

-- Row-level security by domain, and the grant. The domains:
--   network          network_id is the scope's network
--   network_self     the table of networks: id is the scope's network
--   partner_self     the table of partners: id is the scope's partner
--   several          network_id, else partner_id, else the operator; SELECT of one's own by account_id, if it has one
--   identity         of the scope's account (by account_id; accounts by id), or everything in the scope of identity
--   operator         the operator alone
--   operator_shared  readable by all, written by the operator
CREATE FUNCTION isolate(target regclass, domain text) RETURNS void LANGUAGE plpgsql
  SET search_path = pg_catalog, remit, pg_temp SET client_min_messages = warning AS $$
DECLARE
  columns CONSTANT text[] := ARRAY(
    SELECT attname FROM pg_attribute WHERE attrelid = target AND attnum > 0 AND NOT attisdropped);
  rule CONSTANT text := CASE domain
    WHEN 'network' THEN 'network_id = (SELECT current_network())'
    WHEN 'network_self' THEN 'id = (SELECT current_network())'
    WHEN 'partner_self' THEN 'id = (SELECT current_partner())'
    WHEN 'several' THEN 'CASE '
      || CASE WHEN 'network_id' = ANY (columns)
         THEN 'WHEN network_id IS NOT NULL THEN network_id = (SELECT current_network()) ' ELSE '' END
      || 'WHEN partner_id IS NOT NULL THEN partner_id = (SELECT current_partner()) ELSE (SELECT current_operator()) END'
    WHEN 'identity' THEN
      CASE WHEN 'account_id' = ANY (columns) THEN 'account_id = (SELECT current_account()) OR '
           WHEN target = to_regclass('accounts') THEN 'id = (SELECT current_account()) OR ' ELSE '' END
      || '(SELECT current_identity())'
    WHEN 'operator' THEN '(SELECT current_operator())'
    WHEN 'operator_shared' THEN '(SELECT current_operator())' END;
BEGIN
  IF rule IS NULL THEN
    RAISE EXCEPTION 'no domain "%"', domain
      USING HINT = 'network, network_self, partner_self, several, identity, operator or operator_shared',
            ERRCODE = 'invalid_parameter_value';
  END IF;
  EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', target);
  EXECUTE format('DROP POLICY IF EXISTS tenant ON %s', target);
  EXECUTE format('CREATE POLICY tenant ON %s USING (%s)', target, rule);
  IF domain = 'several' AND 'account_id' = ANY (columns) THEN
    EXECUTE format('DROP POLICY IF EXISTS own ON %s', target);
    EXECUTE format('CREATE POLICY own ON %s FOR SELECT USING (account_id = (SELECT current_account()))', target);
  END IF;
  IF domain = 'operator_shared' THEN
    EXECUTE format('DROP POLICY IF EXISTS shared ON %s', target);
    EXECUTE format('CREATE POLICY shared ON %s FOR SELECT USING (true)', target);
  END IF;
  EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO remit_app', target);
END $$;

-- What a row is called in the journal: its primary key without the network, unless there is nothing else.
CREATE FUNCTION journal_key(target regclass) RETURNS text[] LANGUAGE plpgsql STABLE
  SET search_path = pg_catalog, remit, pg_temp AS $$
DECLARE
  key_columns CONSTANT text[] := ARRAY(
    SELECT a.attname FROM pg_index i
      CROSS JOIN unnest(i.indkey) WITH ORDINALITY AS k(attnum, position)
      JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
      WHERE i.indrelid = target AND i.indisprimary ORDER BY k.position);
BEGIN
  IF cardinality(key_columns) = 0 THEN
    RAISE EXCEPTION '% has no primary key: the journal could not name its rows', target
      USING ERRCODE = 'invalid_table_definition';
  END IF;
  RETURN CASE cardinality(key_columns) WHEN 1 THEN key_columns ELSE array_remove(key_columns, 'network_id') END;
END $$;

-- Makes a table critical: isolated by its domain, each write journaled. One function for the core and for plugins.
-- Calling it again, after a column was added, replaces what it made.
CREATE FUNCTION protect(
  target regclass, domain text, plain text[], personal text[], secret text[], noise text[], subject text DEFAULT NULL
) RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, remit, pg_temp AS $$
DECLARE
  domain_columns CONSTANT text[] := CASE
    WHEN domain = 'network' THEN ARRAY['network_id', '']
    WHEN domain IN ('network_self', 'partner_self') THEN ARRAY['id', '']
    WHEN domain = 'several' THEN ARRAY['network_id', 'partner_id']
    ELSE ARRAY['', ''] END;
BEGIN
  PERFORM check_column_classes(target, plain || personal || secret || noise);
  IF subject <> ALL (plain || personal) THEN
    RAISE EXCEPTION 'the subject % of % must be a plain or personal column', subject, target
      USING ERRCODE = 'undefined_column';
  END IF;
  PERFORM isolate(target, domain);
  EXECUTE format(
    'CREATE OR REPLACE TRIGGER journal_capture AFTER INSERT OR UPDATE OR DELETE ON %s FOR EACH ROW'
    ' EXECUTE FUNCTION journal_capture(%L, %L, %L, %L, %L, %L, %L, %L)',
    target, target::text, journal_key(target), domain_columns[1], domain_columns[2],
    plain, personal, noise, COALESCE(subject, ''));
  EXECUTE format(
    'CREATE OR REPLACE TRIGGER journal_truncate BEFORE TRUNCATE ON %s FOR EACH STATEMENT'
    ' EXECUTE FUNCTION journal_refuse_truncate()', target);
END $$;
