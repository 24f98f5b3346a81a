CREATE TABLE clients (
  network_id uuid NOT NULL REFERENCES networks (id),
  id uuid NOT NULL,
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  name_key text NOT NULL,
  phone text CHECK (phone ~ '^\+[0-9]{4,15}$'),
  email text CHECK (length(email) <= 320),
  language text,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (network_id, id)
);
COMMENT ON COLUMN clients.name_key IS 'name folded for search and sorting (domain.clients.rules)';
CREATE INDEX ON clients (network_id, phone);
CREATE INDEX ON clients (network_id, name_key, id);
SELECT protect('clients', 'network', plain => '{network_id,id,language,created_at}',
  personal => '{name,phone,email}', secret => '{}', noise => '{name_key}', subject => 'id');

CREATE TABLE client_locations (
  network_id uuid NOT NULL,
  client_id uuid NOT NULL,
  location_id uuid NOT NULL,
  first_seen timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (network_id, client_id, location_id),
  FOREIGN KEY (network_id, client_id) REFERENCES clients (network_id, id),
  FOREIGN KEY (network_id, location_id) REFERENCES locations (network_id, id)
);
CREATE INDEX ON client_locations (network_id, location_id);
SELECT protect('client_locations', 'network', plain => '{network_id,client_id,location_id,first_seen}',
  personal => '{}', secret => '{}', noise => '{}', subject => 'client_id');
