-- What is owed and what was paid. The state of a sale's payment is derived, never stored.

CREATE TABLE sales (
  network_id uuid NOT NULL,
  id uuid NOT NULL,
  location_id uuid NOT NULL,
  appointment_id uuid,
  currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
  state text NOT NULL DEFAULT 'OPEN' CHECK (state IN ('OPEN', 'CLOSED')),
  opened_at timestamptz NOT NULL,
  PRIMARY KEY (network_id, id),
  FOREIGN KEY (network_id, location_id) REFERENCES locations (network_id, id),
  FOREIGN KEY (network_id, appointment_id) REFERENCES appointments (network_id, id)
);
CREATE UNIQUE INDEX one_open_sale ON sales (network_id, appointment_id) WHERE state = 'OPEN';
SELECT protect('sales', 'network', plain => '{network_id,id,location_id,appointment_id,currency,state,opened_at}',
  personal => '{}', secret => '{}', noise => '{}');

CREATE TABLE sale_lines (
  network_id uuid NOT NULL,
  id uuid NOT NULL,
  sale_id uuid NOT NULL,
  position integer NOT NULL CHECK (position >= 0),
  kind text NOT NULL CHECK (kind IN ('SERVICE', 'PRODUCT', 'TIP', 'FORFEIT', 'ROUNDING')),
  appointment_line_id uuid,
  served_by uuid,
  amount bigint NOT NULL,
  PRIMARY KEY (network_id, id),
  UNIQUE (network_id, sale_id, position),
  FOREIGN KEY (network_id, sale_id) REFERENCES sales (network_id, id),
  FOREIGN KEY (network_id, appointment_line_id) REFERENCES appointment_lines (network_id, id),
  FOREIGN KEY (network_id, served_by) REFERENCES specialists (network_id, id)
);
SELECT protect('sale_lines', 'network',
  plain => '{network_id,id,sale_id,position,kind,appointment_line_id,served_by,amount}',
  personal => '{}', secret => '{}', noise => '{}');

CREATE TABLE payments (
  network_id uuid NOT NULL,
  id uuid NOT NULL,
  sale_id uuid NOT NULL,
  method text NOT NULL CHECK (method IN ('CASH', 'TERMINAL', 'ONLINE', 'TRANSFER', 'ACCOUNT', 'GIFT_CARD', 'OTHER')),
  amount bigint NOT NULL CHECK (amount > 0),
  tendered bigint CHECK (tendered >= amount),
  captured_at timestamptz NOT NULL,
  refunded bigint NOT NULL DEFAULT 0,
  taken_by uuid NOT NULL,
  PRIMARY KEY (network_id, id),
  FOREIGN KEY (network_id, sale_id) REFERENCES sales (network_id, id),
  FOREIGN KEY (network_id, taken_by) REFERENCES specialists (network_id, id),
  CHECK (refunded BETWEEN 0 AND amount)
);
CREATE INDEX ON payments (network_id, sale_id);
SELECT protect('payments', 'network',
  plain => '{network_id,id,sale_id,method,amount,tendered,captured_at,refunded,taken_by}',
  personal => '{}', secret => '{}', noise => '{}');
