-- Beside the policy's rows: changes that wait for a second person, the network's own access tests, and the published
-- verdict policies.

CREATE TABLE policy_proposals (
  network_id uuid NOT NULL REFERENCES networks (id),
  id uuid NOT NULL,
  operation text NOT NULL CHECK (length(operation) BETWEEN 1 AND 100),
  input jsonb NOT NULL,
  preview jsonb NOT NULL,
  capability text NOT NULL,
  scope uuid,
  proposed_by uuid NOT NULL,
  proposed_at timestamptz NOT NULL,
  state text NOT NULL DEFAULT 'PROPOSED' CHECK (state IN ('PROPOSED', 'APPROVED', 'REJECTED', 'WITHDRAWN', 'EXPIRED')),
  expires_at timestamptz NOT NULL,
  decided_by uuid,
  decided_at timestamptz,
  PRIMARY KEY (network_id, id),
  FOREIGN KEY (network_id, proposed_by) REFERENCES specialists (network_id, id),
  FOREIGN KEY (network_id, decided_by) REFERENCES specialists (network_id, id),
  FOREIGN KEY (network_id, scope) REFERENCES locations (network_id, id),
  CHECK (decided_by <> proposed_by),
  CHECK ((decided_by IS NOT NULL) = (state IN ('APPROVED', 'REJECTED'))),
  CHECK ((decided_at IS NULL) = (state = 'PROPOSED')),
  CHECK (expires_at > proposed_at)
);
CREATE INDEX ON policy_proposals (network_id, proposed_at);
CREATE INDEX ON policy_proposals (expires_at) WHERE state = 'PROPOSED';
SELECT protect('policy_proposals', 'network',
  plain => '{network_id,id,operation,preview,capability,scope,proposed_by,proposed_at,state,expires_at,decided_by,decided_at}',
  personal => '{input}', secret => '{}', noise => '{}', subject => 'proposed_by');

-- A job that nobody asked for finds its networks here, in the scope of identity; in a network's own scope there is none.
CREATE FUNCTION networks_with_proposals_over(at timestamptz) RETURNS TABLE (network_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, remit, pg_temp AS $$
  SELECT DISTINCT p.network_id FROM policy_proposals p
  WHERE p.state = 'PROPOSED' AND p.expires_at <= at AND current_identity() ORDER BY 1
$$;
CREATE POLICY owner_reads ON policy_proposals FOR SELECT TO remit_owner USING (true);
GRANT EXECUTE ON FUNCTION networks_with_proposals_over(timestamptz) TO remit_app;

CREATE TABLE access_tests (
  network_id uuid NOT NULL REFERENCES networks (id),
  id uuid NOT NULL,
  title text NOT NULL CHECK (length(title) BETWEEN 1 AND 200),
  who jsonb NOT NULL,
  quantifier text NOT NULL CHECK (quantifier IN ('NOBODY', 'EVERYBODY', 'AT_MOST', 'AT_LEAST')),
  number integer NOT NULL DEFAULT 0 CHECK (number >= 0),
  predicate jsonb NOT NULL,
  scope uuid,
  mode text NOT NULL CHECK (mode IN ('BLOCK', 'WARN')),
  created_epoch bigint NOT NULL,
  ended_epoch bigint,
  PRIMARY KEY (network_id, id),
  FOREIGN KEY (network_id, scope) REFERENCES locations (network_id, id),
  CHECK (quantifier IN ('AT_MOST', 'AT_LEAST') OR number = 0),
  CHECK (ended_epoch >= created_epoch)
);
CREATE UNIQUE INDEX ON access_tests (network_id, title) WHERE ended_epoch IS NULL;
SELECT protect('access_tests', 'network',
  plain => '{network_id,id,title,who,quantifier,number,predicate,scope,mode,created_epoch,ended_epoch}',
  personal => '{}', secret => '{}', noise => '{}');
CREATE TRIGGER only_ends BEFORE UPDATE OR DELETE ON access_tests FOR EACH ROW EXECUTE FUNCTION only_ends();
SELECT watch_policy('access_tests');

-- A published version is history: subscriptions are pinned to it.
CREATE TABLE verdict_policies (
  code text NOT NULL,
  version integer NOT NULL CHECK (version >= 1),
  lines jsonb NOT NULL,
  digest text NOT NULL CHECK (digest ~ '^[0-9a-f]{64}$'),
  effective_from date,
  source text NOT NULL,
  PRIMARY KEY (code, version)
);
SELECT protect('verdict_policies', 'operator_shared', plain => '{code,version,lines,digest,effective_from,source}',
  personal => '{}', secret => '{}', noise => '{}');
CREATE FUNCTION only_published() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, remit, pg_temp AS $$
BEGIN
  RAISE EXCEPTION 'a published version of a policy is never changed' USING ERRCODE = '23514', CONSTRAINT = 'only_published';
END $$;
CREATE TRIGGER only_published BEFORE UPDATE OR DELETE ON verdict_policies
  FOR EACH ROW EXECUTE FUNCTION only_published();
