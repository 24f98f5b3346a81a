-- The first statement of every request: who is asking, in which network, under which epochs. It sets the scope for
-- row-level security, so that what follows in the transaction can see that network and nothing else.

CREATE FUNCTION open_scope(token bytea, wanted_network uuid)
RETURNS TABLE (
  session_id uuid, session_kind text, session_state text, factors text[], stepped_up_at timestamptz,
  idle_until timestamptz, ends_at timestamptz, last_seen_at timestamptz, device_id uuid,
  account_id uuid, account_name text, account_state text, language text,
  network_id uuid, network_name text, network_zone text,
  specialist_id uuid, specialist_name text, specialist_kind text, policy_epoch bigint, principal_epoch bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, remit, pg_temp AS $$
#variable_conflict use_column
DECLARE
  s record;
  place record;
  places integer;
BEGIN
  SELECT INTO s sessions.*, accounts.name, accounts.state AS account_state, accounts.language
    FROM sessions JOIN accounts ON accounts.id = sessions.account_id WHERE sessions.token_hash = token;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  -- Without a wanted network the only one is meant; several are never guessed between.
  SELECT INTO places count(*) FROM specialists WHERE account_id = s.account_id AND state <> 'LEFT'
    AND (wanted_network IS NULL OR network_id = wanted_network);
  SELECT INTO place p.network_id, n.name AS network_name, n.zone, p.id, p.name, p.kind
    FROM specialists p JOIN networks n ON n.id = p.network_id
    WHERE places = 1 AND p.account_id = s.account_id AND p.state <> 'LEFT'
      AND (wanted_network IS NULL OR p.network_id = wanted_network);
  PERFORM set_config('remit.account_id', s.account_id::text, true),
          set_config('remit.network_id', COALESCE(place.network_id::text, ''), true);
  RETURN QUERY SELECT s.id, s.kind, s.state, s.factors, s.stepped_up_at, s.idle_until, s.ends_at, s.last_seen_at, s.device_id,
    s.account_id, s.name, s.account_state, s.language,
    place.network_id, place.network_name, place.zone, place.id, place.name, place.kind,
    COALESCE((SELECT e.epoch FROM policy_epochs e WHERE e.network_id = place.network_id AND e.partner_id IS NULL), 0),
    COALESCE((SELECT e.epoch FROM principal_epochs e WHERE e.principal_id = s.account_id), 0);
END $$;
GRANT EXECUTE ON FUNCTION open_scope(bytea, uuid) TO remit_app;

-- Signing in looks for a person's networks before any is chosen: the journal entry goes to each of them.
CREATE FUNCTION networks_of(account uuid) RETURNS TABLE (network_id uuid, specialist_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, remit, pg_temp AS $$
  SELECT network_id, id FROM specialists WHERE account_id = account AND state = 'ACTIVE' ORDER BY network_id
$$;
GRANT EXECUTE ON FUNCTION networks_of(uuid) TO remit_app;
