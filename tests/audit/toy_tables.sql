-- Small tables of each domain, with every column class.

CREATE TABLE clients (
  network_id uuid NOT NULL,
  id uuid NOT NULL,
  name text NOT NULL,
  phone text,
  visits integer NOT NULL DEFAULT 0,
  preferences jsonb,
  last_visit_at timestamptz,
  pin_hash text,
  updated_at timestamptz,
  PRIMARY KEY (network_id, id)
);
SELECT protect('clients', 'network', plain => '{network_id,id,visits,preferences,last_visit_at}', personal => '{name,phone}',
  secret => '{pin_hash}', noise => '{updated_at}', subject => 'id');

CREATE TABLE client_tags (
  network_id uuid NOT NULL,
  client_id uuid NOT NULL,
  tag text NOT NULL,
  PRIMARY KEY (network_id, client_id, tag)
);
SELECT protect('client_tags', 'network', plain => '{network_id,client_id,tag}', personal => '{}', secret => '{}',
  noise => '{}', subject => 'client_id');

CREATE TABLE assignments (
  id uuid PRIMARY KEY,
  network_id uuid,
  partner_id uuid,
  account_id uuid,
  role_code text NOT NULL,
  CHECK (num_nonnulls(network_id, partner_id) <= 1)
);
SELECT protect('assignments', 'several', plain => '{id,network_id,partner_id,account_id,role_code}',
  personal => '{}', secret => '{}', noise => '{}');
SELECT watch_policy('assignments');

CREATE TABLE accounts (
  id uuid PRIMARY KEY,
  name text NOT NULL,
  state text NOT NULL DEFAULT 'ACTIVE'
);
SELECT protect('accounts', 'identity', plain => '{id,state}', personal => '{name}', secret => '{}', noise => '{}',
  subject => 'id');
CREATE TRIGGER principal_epoch AFTER UPDATE ON accounts FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state)
  EXECUTE FUNCTION raise_principal_epoch('id');

CREATE TABLE sessions (
  id uuid PRIMARY KEY,
  account_id uuid NOT NULL
);
SELECT protect('sessions', 'identity', plain => '{id,account_id}', personal => '{}', secret => '{}', noise => '{}');

CREATE TABLE networks (
  id uuid PRIMARY KEY,
  name text NOT NULL
);
SELECT protect('networks', 'network_self', plain => '{id,name}', personal => '{}', secret => '{}', noise => '{}');

CREATE TABLE prices (
  code text PRIMARY KEY,
  amount bigint NOT NULL
);
SELECT protect('prices', 'operator_shared', plain => '{code,amount}', personal => '{}', secret => '{}', noise => '{}');

CREATE TABLE operator_notes (
  id uuid PRIMARY KEY,
  text text NOT NULL
);
SELECT protect('operator_notes', 'operator', plain => '{id,text}', personal => '{}', secret => '{}', noise => '{}');
