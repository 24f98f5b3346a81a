-- Where an account may act: as a specialist of a network, on a visit to one, for the operator, for a partner firm.
-- Takes the place of scope.sql, which knew specialists alone.

CREATE INDEX ON assignments (account_id) WHERE ended_epoch IS NULL AND account_id IS NOT NULL;

-- What an account may choose to act in at an instant. Who is a specialist of a network is no visitor there, and only
-- who works for the operator or a partner firm (`comes_from`) is one anywhere: whoever has left is out at once.
CREATE FUNCTION places_of(account uuid, at timestamptz)
RETURNS TABLE (viewer_kind text, domain_kind text, domain_id uuid, specialist_id uuid, comes_from text, until timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, remit, pg_temp AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  WITH held AS (
    SELECT network_id, partner_id, valid_until FROM assignments
    WHERE account_id = account AND ended_epoch IS NULL AND valid_from <= at AND (valid_until IS NULL OR at < valid_until)
  ), work AS (
    SELECT CASE WHEN partner_id IS NULL THEN 'OPERATOR' ELSE 'PARTNER' END AS kind, partner_id
    FROM held WHERE network_id IS NULL GROUP BY partner_id
  ), place AS (
    SELECT network_id, id, CASE kind WHEN 'SERVICE' THEN 'SERVICE' ELSE 'SPECIALIST' END AS kind
    FROM specialists WHERE account_id = account AND state <> 'LEFT'
  )
  SELECT kind, 'NETWORK', network_id, id, NULL, NULL::timestamptz FROM place
  UNION ALL
  SELECT kind, kind, partner_id, NULL, kind, NULL FROM work
  UNION ALL
  SELECT 'VISITOR', 'NETWORK', network_id, NULL, (SELECT min(kind) FROM work), max(valid_until)
  FROM held WHERE network_id IS NOT NULL AND network_id NOT IN (SELECT network_id FROM place) GROUP BY network_id
  HAVING EXISTS (SELECT FROM work);
END $$;
GRANT EXECUTE ON FUNCTION places_of(uuid, timestamptz) TO remit_app;

-- The first statement of every request: who is asking, in which domain, under which epochs. It sets the scope for
-- row-level security, so that what follows in the transaction can see that domain and nothing else.
CREATE FUNCTION open_scope(token bytea, at timestamptz, wanted_kind text, wanted_id uuid)
RETURNS TABLE (
  session_id uuid, session_kind text, session_state text, factors text[], stepped_up_at timestamptz,
  idle_until timestamptz, ends_at timestamptz, last_seen_at timestamptz, device_id uuid,
  account_id uuid, account_name text, account_state text, language text,
  viewer_kind text, domain_kind text, domain_id uuid, network_name text, network_zone text,
  specialist_id uuid, specialist_name text, comes_from text, policy_epoch bigint, principal_epoch bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, remit, pg_temp AS $$
#variable_conflict use_column
DECLARE
  s record;
  place record;
  name_of_network text;
  zone_of_network text;
  own_name text;
  epoch bigint;
BEGIN
  SELECT INTO s sessions.*, accounts.name, accounts.state AS account_state, accounts.language
    FROM sessions JOIN accounts ON accounts.id = sessions.account_id WHERE sessions.token_hash = token;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  -- Without a wanted domain the only one is meant; several are never guessed between.
  SELECT INTO place * FROM (
    SELECT p.*, count(*) OVER () AS choices FROM places_of(s.account_id, at) p
    WHERE wanted_kind IS NULL OR (p.domain_kind = wanted_kind AND p.domain_id IS NOT DISTINCT FROM wanted_id)
  ) AS chosen WHERE choices = 1;
  PERFORM set_config('remit.account_id', s.account_id::text, true),
          set_config('remit.network_id', CASE place.domain_kind WHEN 'NETWORK' THEN place.domain_id::text ELSE '' END, true),
          set_config('remit.partner_id', CASE place.domain_kind WHEN 'PARTNER' THEN place.domain_id::text ELSE '' END, true),
          set_config('remit.operator', CASE place.domain_kind WHEN 'OPERATOR' THEN 'on' ELSE '' END, true);
  IF place.domain_kind = 'NETWORK' THEN
    SELECT INTO name_of_network, zone_of_network n.name, n.zone FROM networks n WHERE n.id = place.domain_id;
    SELECT INTO own_name p.name FROM specialists p WHERE p.network_id = place.domain_id AND p.id = place.specialist_id;
    SELECT INTO epoch e.epoch FROM policy_epochs e WHERE e.network_id = place.domain_id AND e.partner_id IS NULL;
  ELSIF place.domain_kind = 'PARTNER' THEN
    SELECT INTO epoch e.epoch FROM policy_epochs e WHERE e.network_id IS NULL AND e.partner_id = place.domain_id;
  ELSIF place.domain_kind = 'OPERATOR' THEN
    SELECT INTO epoch e.epoch FROM policy_epochs e WHERE e.network_id IS NULL AND e.partner_id IS NULL;
  END IF;
  RETURN QUERY SELECT s.id, s.kind, s.state, s.factors, s.stepped_up_at, s.idle_until, s.ends_at, s.last_seen_at, s.device_id,
    s.account_id, s.name, s.account_state, s.language,
    place.viewer_kind, place.domain_kind, place.domain_id, name_of_network, zone_of_network,
    place.specialist_id, own_name, place.comes_from, COALESCE(epoch, 0),
    COALESCE((SELECT e.epoch FROM principal_epochs e WHERE e.principal_id = s.account_id), 0);
END $$;
GRANT EXECUTE ON FUNCTION open_scope(bytea, timestamptz, text, uuid) TO remit_app;

-- Signing in looks for a person's networks before any is chosen: the journal entry goes to each of them.
CREATE FUNCTION networks_of(account uuid) RETURNS TABLE (network_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, remit, pg_temp AS $$
  SELECT network_id FROM specialists WHERE account_id = account AND state = 'ACTIVE' ORDER BY network_id
$$;
GRANT EXECUTE ON FUNCTION networks_of(uuid) TO remit_app;

-- A visitor reads what the visited network is called before choosing it.
CREATE POLICY visited ON networks FOR SELECT USING (id IN (
  SELECT network_id FROM assignments WHERE account_id = (SELECT current_account()) AND ended_epoch IS NULL));

-- Somebody by the account's id or by the key of the address, to be given something: whether they work for the operator
-- or a partner firm at an instant is all that is told beside the name.
CREATE FUNCTION account_of(wanted uuid, wanted_key text, at timestamptz)
RETURNS TABLE (id uuid, name text, is_member boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, remit, pg_temp AS $$
  SELECT a.id, a.name, EXISTS (SELECT FROM places_of(a.id, at) p WHERE p.viewer_kind IN ('OPERATOR', 'PARTNER'))
  FROM accounts a WHERE (a.id = wanted OR a.email_key = wanted_key) AND a.state = 'ACTIVE'
$$;
GRANT EXECUTE ON FUNCTION account_of(uuid, text, timestamptz) TO remit_app;

-- The names of accounts that hold or held something in the scope's own domain, and of nobody else.
CREATE FUNCTION names_of_holders(wanted uuid[]) RETURNS TABLE (id uuid, name text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, remit, pg_temp AS $$
  SELECT a.id, a.name FROM accounts a WHERE a.id = ANY (wanted) AND EXISTS (
    SELECT FROM assignments h WHERE h.account_id = a.id AND CASE
      WHEN h.network_id IS NOT NULL THEN h.network_id = current_network()
      WHEN h.partner_id IS NOT NULL THEN h.partner_id = current_partner()
      ELSE current_operator() END)
$$;
GRANT EXECUTE ON FUNCTION names_of_holders(uuid[]) TO remit_app;

-- Where to write to specialists of the scope's network, those that have an active account.
CREATE FUNCTION addresses_of_specialists(wanted uuid[]) RETURNS TABLE (id uuid, email text, language text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, remit, pg_temp AS $$
  SELECT DISTINCT a.id, a.email, a.language FROM specialists s JOIN accounts a ON a.id = s.account_id
  WHERE s.network_id = current_network() AND s.id = ANY (wanted) AND a.state = 'ACTIVE'
$$;
GRANT EXECUTE ON FUNCTION addresses_of_specialists(uuid[]) TO remit_app;

-- The owners of the operator and of partner firms hold all of their domain for good, like those of networks.
ALTER TABLE assignments ADD CONSTRAINT member_owner_unlimited CHECK (
  (role_code IS DISTINCT FROM 'operator_owner' AND role_code IS DISTINCT FROM 'partner_owner')
  OR (network_id IS NULL AND (role_code = 'partner_owner') = (partner_id IS NOT NULL)
      AND limits = '{}' AND valid_until IS NULL));

-- An operator or a partner firm that had an owner keeps one. A new one has members before it has an owner.
CREATE FUNCTION keep_last_member_owner() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, remit, pg_temp AS $$
BEGIN
  PERFORM 1 FROM policy_epochs
    WHERE network_id IS NULL AND partner_id IS NOT DISTINCT FROM OLD.partner_id FOR UPDATE;
  IF NOT EXISTS (
    SELECT 1 FROM assignments a JOIN accounts c ON c.id = a.account_id
    WHERE a.network_id IS NULL AND a.partner_id IS NOT DISTINCT FROM OLD.partner_id AND a.role_code = OLD.role_code
      AND a.ended_epoch IS NULL AND c.state = 'ACTIVE'
  ) THEN
    RAISE EXCEPTION '% would be left without an owner', COALESCE('partner ' || OLD.partner_id, 'the operator')
      USING ERRCODE = '23514', CONSTRAINT = 'last_owner';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER last_member_owner AFTER UPDATE ON assignments DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW WHEN (OLD.role_code IN ('operator_owner', 'partner_owner')) EXECUTE FUNCTION keep_last_member_owner();

-- What members ask of a customer: to be let in. It belongs to who asks; the customer's owners get it by mail. The foreign
-- keys are the only look that the askers have into a network.
CREATE TABLE visit_requests (
  id uuid PRIMARY KEY,
  partner_id uuid,
  account_id uuid NOT NULL REFERENCES accounts (id),
  customer_id uuid NOT NULL,
  location_id uuid,
  role_code text NOT NULL,
  hours integer NOT NULL CHECK (hours BETWEEN 1 AND 72),
  reason text NOT NULL CHECK (length(reason) BETWEEN 1 AND 500),
  asked_at timestamptz NOT NULL,
  CONSTRAINT visit_requests_customer FOREIGN KEY (customer_id) REFERENCES networks (id),
  CONSTRAINT visit_requests_location FOREIGN KEY (customer_id, location_id) REFERENCES locations (network_id, id)
);
CREATE INDEX ON visit_requests (account_id, customer_id, asked_at);
SELECT protect('visit_requests', 'several',
  plain => '{id,partner_id,account_id,customer_id,location_id,role_code,hours,reason,asked_at}',
  personal => '{}', secret => '{}', noise => '{}', subject => 'account_id');
