-- Appointments, and the lock table: one row of `busy` per piece of time that a specialist or unit is not free.

CREATE TABLE appointments (
  network_id uuid NOT NULL,
  id uuid NOT NULL,
  location_id uuid NOT NULL,
  client_id uuid,
  state text NOT NULL CHECK (state IN ('PENDING', 'CONFIRMED', 'ARRIVED', 'COMPLETED', 'CANCELLED', 'DECLINED', 'EXPIRED', 'NO_SHOW')),
  version integer NOT NULL DEFAULT 1 CHECK (version >= 1),
  starts_at timestamptz NOT NULL,
  ends_at timestamptz NOT NULL,
  local_start text NOT NULL CHECK (local_start ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}$'),
  zone text NOT NULL,
  source text NOT NULL CHECK (source IN ('STAFF', 'ONLINE', 'CALL_CENTER', 'IMPORT')),
  created_by uuid,
  comment text NOT NULL DEFAULT '' CHECK (length(comment) <= 2000),
  cancelled_by text CHECK (cancelled_by IN ('CLIENT', 'BUSINESS', 'SYSTEM')),
  late boolean,
  reason text CHECK (length(reason) <= 1000),
  created_at timestamptz NOT NULL,
  PRIMARY KEY (network_id, id),
  FOREIGN KEY (network_id, location_id) REFERENCES locations (network_id, id),
  FOREIGN KEY (network_id, client_id) REFERENCES clients (network_id, id),
  FOREIGN KEY (network_id, created_by) REFERENCES specialists (network_id, id),
  CHECK (starts_at < ends_at AND ends_at <= starts_at + interval '24 hours'),
  CHECK ((state = 'CANCELLED') = (cancelled_by IS NOT NULL))
);
CREATE INDEX ON appointments (network_id, location_id, starts_at, id);
CREATE INDEX ON appointments (network_id, client_id, starts_at);
SELECT protect('appointments', 'network',
  plain => '{network_id,id,location_id,client_id,state,version,starts_at,ends_at,local_start,zone,source,created_by,cancelled_by,late,created_at}',
  personal => '{comment,reason}', secret => '{}', noise => '{}', subject => 'client_id');

CREATE TABLE appointment_lines (
  network_id uuid NOT NULL,
  id uuid NOT NULL,
  appointment_id uuid NOT NULL,
  position integer NOT NULL CHECK (position >= 0),
  service_id uuid NOT NULL,
  specialist_id uuid NOT NULL,
  starts_at timestamptz NOT NULL,
  ends_at timestamptz NOT NULL,
  amount bigint NOT NULL CHECK (amount >= 0),
  currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
  PRIMARY KEY (network_id, id),
  UNIQUE (network_id, appointment_id, position) DEFERRABLE INITIALLY IMMEDIATE,
  FOREIGN KEY (network_id, appointment_id) REFERENCES appointments (network_id, id),
  FOREIGN KEY (network_id, service_id) REFERENCES services (network_id, id),
  FOREIGN KEY (network_id, specialist_id) REFERENCES specialists (network_id, id),
  CHECK (starts_at < ends_at)
);
CREATE INDEX ON appointment_lines (network_id, specialist_id, starts_at);
SELECT protect('appointment_lines', 'network',
  plain => '{network_id,id,appointment_id,position,service_id,specialist_id,starts_at,ends_at,amount,currency}',
  personal => '{}', secret => '{}', noise => '{}');

CREATE TABLE appointment_history (
  network_id uuid NOT NULL,
  appointment_id uuid NOT NULL,
  version integer NOT NULL,
  id uuid NOT NULL,
  recorded_at timestamptz NOT NULL,
  state text NOT NULL,
  starts_at timestamptz NOT NULL,
  ends_at timestamptz NOT NULL,
  lines jsonb NOT NULL,
  actor_id uuid,
  reason text,
  PRIMARY KEY (network_id, appointment_id, version),
  FOREIGN KEY (network_id, appointment_id) REFERENCES appointments (network_id, id)
);
SELECT protect('appointment_history', 'network',
  plain => '{network_id,appointment_id,version,id,recorded_at,state,starts_at,ends_at,lines,actor_id}',
  personal => '{reason}', secret => '{}', noise => '{}');
REVOKE UPDATE, DELETE ON appointment_history FROM remit_app;

CREATE TABLE busy (
  network_id uuid NOT NULL,
  id uuid NOT NULL,
  kind text NOT NULL CHECK (kind IN ('specialist', 'unit')),
  subject_id uuid NOT NULL,
  part text NOT NULL CHECK (part IN ('core', 'pad')),
  during tstzrange NOT NULL,
  state text NOT NULL CHECK (state IN ('held', 'booked', 'blocked', 'released')),
  location_id uuid,
  appointment_id uuid,
  line_id uuid,
  event_id uuid,
  absence_id uuid,
  hold_id uuid,
  expires_at timestamptz,
  PRIMARY KEY (network_id, id),
  FOREIGN KEY (network_id, location_id) REFERENCES locations (network_id, id),
  FOREIGN KEY (network_id, appointment_id) REFERENCES appointments (network_id, id),
  CHECK (num_nonnulls(appointment_id, event_id, absence_id, hold_id) >= 1),
  CHECK ((state = 'held') = (expires_at IS NOT NULL)),
  -- Part of the guarantee: an empty range overlaps nothing and would slip through, [ ] bounds would refuse neighbours.
  CHECK (NOT isempty(during) AND lower_inc(during) AND NOT upper_inc(during) AND NOT lower_inf(during) AND NOT upper_inf(during)
         AND isfinite(lower(during)) AND isfinite(upper(during)) AND upper(during) - lower(during) <= interval '26 hours'),
  -- A core meets everything; a pad's lane is its own id, so a pad meets every core and no other pad:
  -- the gap between two neighbours is the greater of their buffers.
  CONSTRAINT busy_no_overlap EXCLUDE USING gist (
    uuid_range(subject_id, subject_id, '[]') WITH &&,
    during WITH &&,
    uuid_range(CASE WHEN part = 'pad' THEN id END, CASE WHEN part = 'pad' THEN id END, '[]') WITH &&
  ) WHERE (state IN ('held', 'booked', 'blocked')) DEFERRABLE INITIALLY IMMEDIATE
);
CREATE INDEX busy_by_start ON busy (network_id, subject_id, lower(during)) WHERE state <> 'released';
CREATE INDEX ON busy (network_id, appointment_id);
SELECT protect('busy', 'network',
  plain => '{network_id,id,kind,subject_id,part,during,state,location_id,appointment_id,line_id,event_id,absence_id,hold_id,expires_at}',
  personal => '{}', secret => '{}', noise => '{}');

-- The first answer to a creating mutation, kept for its repetitions. Traffic: the mutation's own entry tells the story.
CREATE TABLE idempotency (
  network_id uuid NOT NULL,
  actor_key text NOT NULL,
  key text NOT NULL CHECK (length(key) BETWEEN 8 AND 64),
  operation text NOT NULL,
  request_hash bytea NOT NULL CHECK (length(request_hash) = 32),
  result jsonb,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (network_id, actor_key, key)
);
ALTER TABLE idempotency ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON idempotency USING (network_id = (SELECT current_network()));
GRANT SELECT, INSERT, UPDATE, DELETE ON idempotency TO remit_app;
