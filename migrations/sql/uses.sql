-- Did and can: who used which capability, where and until when, as the jobs fold it from the journal; and which networks
-- the jobs of the system go through.

-- A holder is a specialist, or the account of somebody who visits. The journal has what is counted here: no trigger.
CREATE TABLE capability_uses (
  network_id uuid NOT NULL REFERENCES networks (id),
  holder_id uuid NOT NULL,
  capability text NOT NULL,
  location_id uuid,
  last_used_on date NOT NULL,
  uses bigint NOT NULL CHECK (uses > 0),
  UNIQUE NULLS NOT DISTINCT (network_id, holder_id, capability, location_id),
  FOREIGN KEY (network_id, location_id) REFERENCES locations (network_id, id)
);
SELECT isolate('capability_uses', 'network');

-- How far each network's chain is folded: the number of the last entry looked at, and the instant up to which no use is
-- missing. The chain has no gaps, so no entry is counted twice, and none is left out.
CREATE TABLE uses_folded (
  network_id uuid PRIMARY KEY REFERENCES networks (id),
  through_seq bigint NOT NULL CHECK (through_seq >= 0),
  through timestamptz NOT NULL
);
SELECT isolate('uses_folded', 'network');

-- Newest first, as the history of a policy is read.
CREATE INDEX ON policy_changes (network_id, epoch, id);
CREATE INDEX ON assignments (valid_until) WHERE ended_epoch IS NULL AND valid_until IS NOT NULL;

-- A job that nobody asked for finds its networks here, in the scope of identity; in a network's own scope there is none.
CREATE FUNCTION network_ids() RETURNS TABLE (network_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, remit, pg_temp AS $$
  SELECT id FROM networks WHERE state <> 'CLOSED' AND current_identity() ORDER BY id
$$;

-- The networks with a period that is over and not ended.
CREATE FUNCTION networks_with_periods_over(at timestamptz) RETURNS TABLE (network_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, remit, pg_temp AS $$
  SELECT DISTINCT a.network_id FROM assignments a
  WHERE a.ended_epoch IS NULL AND a.valid_until <= at AND a.network_id IS NOT NULL AND current_identity() ORDER BY 1
$$;
GRANT EXECUTE ON FUNCTION network_ids(), networks_with_periods_over(timestamptz) TO remit_app;
