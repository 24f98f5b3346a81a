-- The tenant and its places.

CREATE TABLE networks (
  id uuid PRIMARY KEY,
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  legal_name text NOT NULL CHECK (length(legal_name) BETWEEN 1 AND 200),
  country text NOT NULL CHECK (country ~ '^[A-Z]{2}$'),
  currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
  zone text NOT NULL,
  state text NOT NULL DEFAULT 'ACTIVE' CHECK (state IN ('ACTIVE', 'READ_ONLY', 'CLOSED')),
  created_at timestamptz NOT NULL DEFAULT now()
);
SELECT protect('networks', 'network_self',
  plain => '{id,name,legal_name,country,currency,zone,state,created_at}', personal => '{}', secret => '{}', noise => '{}');

CREATE TABLE locations (
  network_id uuid NOT NULL REFERENCES networks (id),
  id uuid NOT NULL,
  code text NOT NULL CHECK (code ~ '^[a-z0-9][a-z0-9-]{0,39}$'),
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  zone text NOT NULL,
  country text NOT NULL CHECK (country ~ '^[A-Z]{2}$'),
  currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
  address text NOT NULL DEFAULT '',
  phone text,
  state text NOT NULL DEFAULT 'OPEN' CHECK (state IN ('OPEN', 'CLOSED')),
  call_center boolean NOT NULL DEFAULT false,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (network_id, id),
  UNIQUE (network_id, code)
);
SELECT protect('locations', 'network',
  plain => '{network_id,id,code,name,zone,country,currency,address,phone,state,call_center,created_at}',
  personal => '{}', secret => '{}', noise => '{}');

-- A compiled policy knows the places and their zones.
SELECT watch_policy('networks'), watch_policy('locations');

-- One row: what this database is. Written by the owner alone, so that no bug of the server turns a real one into a demo.
CREATE TABLE installation (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  is_demo boolean NOT NULL DEFAULT false,
  demo_filled_at timestamptz CHECK (is_demo OR demo_filled_at IS NULL)
);
INSERT INTO installation DEFAULT VALUES;
GRANT SELECT ON installation TO remit_app;
