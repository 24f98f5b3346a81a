-- Specialists, and the policy: roles, lines, assignments, changes. A policy row is ended, never updated nor deleted.

CREATE TABLE specialists (
  network_id uuid NOT NULL REFERENCES networks (id),
  id uuid NOT NULL,
  kind text NOT NULL DEFAULT 'HUMAN' CHECK (kind IN ('HUMAN', 'SERVICE')),
  account_id uuid REFERENCES accounts (id),
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  position text NOT NULL DEFAULT '' CHECK (length(position) <= 200),
  state text NOT NULL DEFAULT 'ACTIVE' CHECK (state IN ('ACTIVE', 'SUSPENDED', 'LEFT')),
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (network_id, id),
  UNIQUE (network_id, account_id)
);
CREATE INDEX ON specialists (account_id);
SELECT protect('specialists', 'network', plain => '{network_id,id,kind,account_id,position,state,created_at}',
  personal => '{name}', secret => '{}', noise => '{}', subject => 'id');
CREATE POLICY own ON specialists FOR SELECT USING (account_id = (SELECT current_account()));
CREATE POLICY own ON networks FOR SELECT
  USING (id IN (SELECT network_id FROM specialists WHERE account_id = (SELECT current_account())));

CREATE TABLE roles (
  network_id uuid NOT NULL REFERENCES networks (id),
  id uuid NOT NULL,
  code text NOT NULL CHECK (code ~ '^[a-z][a-z0-9_]{1,39}$'),
  title text NOT NULL CHECK (length(title) BETWEEN 1 AND 100),
  description text NOT NULL DEFAULT '',
  based_on text,
  state text NOT NULL DEFAULT 'ACTIVE' CHECK (state IN ('ACTIVE', 'RETIRED')),
  version integer NOT NULL DEFAULT 1 CHECK (version >= 1),
  PRIMARY KEY (network_id, id)
);
CREATE UNIQUE INDEX ON roles (network_id, code) WHERE state = 'ACTIVE';
SELECT protect('roles', 'network', plain => '{network_id,id,code,title,description,based_on,state,version}',
  personal => '{}', secret => '{}', noise => '{}');

CREATE TABLE role_lines (
  network_id uuid NOT NULL,
  id uuid NOT NULL,
  role_id uuid NOT NULL,
  capability text NOT NULL,
  effect text NOT NULL CHECK (effect IN ('allow', 'deny')),
  limits jsonb NOT NULL DEFAULT '{}',
  created_epoch bigint NOT NULL,
  ended_epoch bigint,
  PRIMARY KEY (network_id, id),
  FOREIGN KEY (network_id, role_id) REFERENCES roles (network_id, id),
  CHECK (effect = 'deny' OR capability !~ '\*'),
  CHECK (effect = 'allow' OR limits = '{}'),
  CHECK (ended_epoch >= created_epoch)
);
CREATE UNIQUE INDEX ON role_lines (network_id, role_id, capability) WHERE ended_epoch IS NULL;
SELECT protect('role_lines', 'network',
  plain => '{network_id,id,role_id,capability,effect,limits,created_epoch,ended_epoch}',
  personal => '{}', secret => '{}', noise => '{}');

CREATE TABLE assignments (
  id uuid PRIMARY KEY,
  network_id uuid REFERENCES networks (id),
  partner_id uuid,
  location_id uuid,
  role_code text,
  role_id uuid,
  specialist_id uuid,
  account_id uuid REFERENCES accounts (id),
  limits jsonb NOT NULL DEFAULT '{}',
  valid_from timestamptz NOT NULL DEFAULT now(),
  valid_until timestamptz,
  created_epoch bigint NOT NULL,
  ended_epoch bigint,
  reason text NOT NULL DEFAULT '' CHECK (length(reason) <= 1000),
  CHECK (num_nonnulls(role_code, role_id) = 1),
  CHECK (num_nonnulls(network_id, partner_id) <= 1),
  CHECK (num_nonnulls(specialist_id, account_id) = 1),
  CHECK (location_id IS NULL OR network_id IS NOT NULL),
  CHECK (role_id IS NULL OR network_id IS NOT NULL),
  CHECK (specialist_id IS NULL OR network_id IS NOT NULL),
  CHECK (valid_until > valid_from),
  CHECK (ended_epoch >= created_epoch),
  CONSTRAINT visit_ends CHECK (
    network_id IS NULL OR specialist_id IS NOT NULL
    OR (location_id IS NOT NULL AND valid_until IS NOT NULL AND valid_until <= valid_from + interval '72 hours')),
  CONSTRAINT owner_unlimited CHECK (
    role_code IS DISTINCT FROM 'owner'
    OR (specialist_id IS NOT NULL AND location_id IS NULL AND limits = '{}' AND valid_until IS NULL)),
  FOREIGN KEY (network_id, location_id) REFERENCES locations (network_id, id),
  FOREIGN KEY (network_id, role_id) REFERENCES roles (network_id, id),
  FOREIGN KEY (network_id, specialist_id) REFERENCES specialists (network_id, id)
);
CREATE UNIQUE INDEX ON assignments (network_id, partner_id, location_id, role_code, role_id, specialist_id, account_id)
  NULLS NOT DISTINCT WHERE ended_epoch IS NULL;
CREATE INDEX ON assignments (network_id, specialist_id) WHERE ended_epoch IS NULL;
SELECT protect('assignments', 'several',
  plain => '{id,network_id,partner_id,location_id,role_code,role_id,specialist_id,account_id,limits,valid_from,valid_until,created_epoch,ended_epoch,reason}',
  personal => '{}', secret => '{}', noise => '{}');

CREATE TABLE policy_changes (
  id uuid PRIMARY KEY,
  network_id uuid REFERENCES networks (id),
  partner_id uuid,
  epoch bigint NOT NULL,
  made_at timestamptz NOT NULL,
  journal_id uuid NOT NULL,
  origin text NOT NULL CHECK (origin IN ('REQUEST', 'JOB', 'RELEASE', 'PLUGIN', 'CLI')),
  changes jsonb NOT NULL,
  delta jsonb NOT NULL,
  consequences jsonb NOT NULL,
  consent text,
  CHECK (num_nonnulls(network_id, partner_id) <= 1)
);
CREATE INDEX ON policy_changes (network_id, made_at);
SELECT protect('policy_changes', 'several',
  plain => '{id,network_id,partner_id,epoch,made_at,journal_id,origin,changes,delta,consequences,consent}',
  personal => '{}', secret => '{}', noise => '{}');
REVOKE UPDATE, DELETE ON policy_changes FROM remit_app;

CREATE FUNCTION only_ends() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, remit, pg_temp AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    RAISE EXCEPTION 'a row of % is ended, never deleted', TG_TABLE_NAME USING ERRCODE = '23514', CONSTRAINT = 'only_ends';
  END IF;
  IF OLD.ended_epoch IS NOT NULL OR NEW.ended_epoch IS NULL
     OR to_jsonb(NEW) - 'ended_epoch' <> to_jsonb(OLD) - 'ended_epoch' THEN
    RAISE EXCEPTION 'a row of % is ended once, never changed', TG_TABLE_NAME USING ERRCODE = '23514', CONSTRAINT = 'only_ends';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER only_ends BEFORE UPDATE OR DELETE ON role_lines FOR EACH ROW EXECUTE FUNCTION only_ends();
CREATE TRIGGER only_ends BEFORE UPDATE OR DELETE ON assignments FOR EACH ROW EXECUTE FUNCTION only_ends();

SELECT watch_policy('roles'), watch_policy('role_lines'), watch_policy('assignments'), watch_policy('specialists');

-- The owner's definer functions must see these rows through FORCE ROW LEVEL SECURITY.
CREATE POLICY owner_reads ON assignments FOR SELECT TO remit_owner USING (true);
CREATE POLICY owner_reads ON specialists FOR SELECT TO remit_owner USING (true);
CREATE POLICY owner_reads ON networks FOR SELECT TO remit_owner USING (true);
CREATE POLICY owner_reads ON accounts FOR SELECT TO remit_owner USING (true);
CREATE POLICY owner_reads ON sessions FOR SELECT TO remit_owner USING (true);

-- Two owners removing each other at once both see the other: the epoch row's lock lets exactly one of them commit.
CREATE FUNCTION keep_last_owner() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, remit, pg_temp AS $$
DECLARE
  network uuid := COALESCE(NEW.network_id, OLD.network_id);
BEGIN
  PERFORM 1 FROM policy_epochs WHERE network_id = network AND partner_id IS NULL FOR UPDATE;
  IF network IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM assignments a JOIN specialists s ON s.network_id = a.network_id AND s.id = a.specialist_id
    WHERE a.network_id = network AND a.role_code = 'owner' AND a.ended_epoch IS NULL AND s.state = 'ACTIVE'
  ) THEN
    RAISE EXCEPTION 'network % would be left without an owner', network
      USING ERRCODE = '23514', CONSTRAINT = 'last_owner';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER last_owner AFTER INSERT OR UPDATE ON assignments DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION keep_last_owner();
CREATE CONSTRAINT TRIGGER last_owner AFTER UPDATE OR DELETE ON specialists DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION keep_last_owner();
