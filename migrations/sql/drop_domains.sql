DROP TABLE visit_requests;
DROP TRIGGER last_member_owner ON assignments;
ALTER TABLE assignments DROP CONSTRAINT member_owner_unlimited;
DROP POLICY visited ON networks;
DROP INDEX assignments_account_id_idx;
DROP FUNCTION keep_last_member_owner(), addresses_of_specialists(uuid[]), names_of_holders(uuid[]),
  account_of(uuid, text, timestamptz), networks_of(uuid), open_scope(bytea, timestamptz, text, uuid),
  places_of(uuid, timestamptz);
