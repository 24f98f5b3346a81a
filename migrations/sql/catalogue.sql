-- What a network offers, for how much, and who provides it where.

CREATE TABLE services (
  network_id uuid NOT NULL REFERENCES networks (id),
  id uuid NOT NULL,
  category text NOT NULL DEFAULT '',
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  duration integer NOT NULL CHECK (duration BETWEEN 1 AND 1440),
  buffer_before integer NOT NULL DEFAULT 0 CHECK (buffer_before BETWEEN 0 AND 240),
  buffer_after integer NOT NULL DEFAULT 0 CHECK (buffer_after BETWEEN 0 AND 240),
  state text NOT NULL DEFAULT 'ACTIVE' CHECK (state IN ('ACTIVE', 'ARCHIVED')),
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (network_id, id)
);
COMMENT ON COLUMN services.duration IS 'minutes';
COMMENT ON COLUMN services.buffer_before IS 'minutes';
COMMENT ON COLUMN services.buffer_after IS 'minutes';
SELECT protect('services', 'network',
  plain => '{network_id,id,category,name,duration,buffer_before,buffer_after,state,created_at}',
  personal => '{}', secret => '{}', noise => '{}');

-- uuid_range(x, x, '[]') is one value as a range: gist can then compare it without the extension btree_gist.
CREATE TYPE uuid_range AS RANGE (subtype = uuid);

CREATE TABLE service_prices (
  network_id uuid NOT NULL,
  id uuid NOT NULL,
  service_id uuid NOT NULL,
  location_id uuid,
  specialist_id uuid,
  amount bigint NOT NULL CHECK (amount >= 0),
  currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
  valid daterange NOT NULL CHECK (NOT isempty(valid)),
  PRIMARY KEY (network_id, id),
  FOREIGN KEY (network_id, service_id) REFERENCES services (network_id, id),
  FOREIGN KEY (network_id, location_id) REFERENCES locations (network_id, id),
  FOREIGN KEY (network_id, specialist_id) REFERENCES specialists (network_id, id),
  CONSTRAINT one_price EXCLUDE USING gist (
    uuid_range(service_id, service_id, '[]') WITH &&,
    uuid_range(COALESCE(location_id, '00000000-0000-0000-0000-000000000000'), COALESCE(location_id, '00000000-0000-0000-0000-000000000000'), '[]') WITH &&,
    uuid_range(COALESCE(specialist_id, '00000000-0000-0000-0000-000000000000'), COALESCE(specialist_id, '00000000-0000-0000-0000-000000000000'), '[]') WITH &&,
    valid WITH &&)
);
CREATE INDEX ON service_prices (network_id, service_id);
SELECT protect('service_prices', 'network',
  plain => '{network_id,id,service_id,location_id,specialist_id,amount,currency,valid}',
  personal => '{}', secret => '{}', noise => '{}');

CREATE TABLE service_links (
  network_id uuid NOT NULL,
  id uuid NOT NULL,
  specialist_id uuid NOT NULL,
  service_id uuid NOT NULL,
  location_id uuid NOT NULL,
  duration integer CHECK (duration BETWEEN 1 AND 1440),
  in_force daterange NOT NULL CHECK (NOT isempty(in_force)),
  PRIMARY KEY (network_id, id),
  FOREIGN KEY (network_id, specialist_id) REFERENCES specialists (network_id, id),
  FOREIGN KEY (network_id, service_id) REFERENCES services (network_id, id),
  FOREIGN KEY (network_id, location_id) REFERENCES locations (network_id, id),
  CONSTRAINT one_link EXCLUDE USING gist (
    uuid_range(specialist_id, specialist_id, '[]') WITH &&, uuid_range(service_id, service_id, '[]') WITH &&,
    uuid_range(location_id, location_id, '[]') WITH &&, in_force WITH &&)
);
COMMENT ON COLUMN service_links.duration IS 'minutes; null = the service''s own';
CREATE INDEX ON service_links (network_id, specialist_id);
SELECT protect('service_links', 'network',
  plain => '{network_id,id,specialist_id,service_id,location_id,duration,in_force}',
  personal => '{}', secret => '{}', noise => '{}');
