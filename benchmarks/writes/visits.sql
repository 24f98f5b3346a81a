-- Confirmed visits of one line, as the arrays ask for them: what is paid for or moved while the clock runs.
-- Run as superuser without triggers: nothing of it is journaled, and it has no history.
-- $1 network, $2 location, $3 service, $4 ids of appointments, $5 clients, $6 specialists, $7 starts.
WITH wanted AS (
  SELECT id, client_id, gen_random_uuid() AS line_id, specialist_id, starts_at, starts_at + interval '30 minutes' AS ends_at
  FROM unnest($4::uuid[], $5::uuid[], $6::uuid[], $7::timestamptz[]) AS wanted (id, client_id, specialist_id, starts_at)
), appointment AS (
  INSERT INTO appointments (network_id, id, location_id, client_id, state, starts_at, ends_at, local_start, zone, source,
    created_at)
  SELECT $1, id, $2, client_id, 'CONFIRMED', starts_at, ends_at,
    to_char(starts_at AT TIME ZONE 'Europe/Athens', 'YYYY-MM-DD"T"HH24:MI'), 'Europe/Athens', 'STAFF', now()
  FROM wanted
), line AS (
  INSERT INTO appointment_lines (network_id, id, appointment_id, position, service_id, specialist_id, starts_at, ends_at,
    amount, currency)
  SELECT $1, line_id, id, 0, $3, specialist_id, starts_at, ends_at, 2000, 'EUR' FROM wanted
)
INSERT INTO busy (network_id, id, kind, subject_id, part, during, state, location_id, appointment_id, line_id)
SELECT $1, gen_random_uuid(), 'specialist', specialist_id, 'core', tstzrange(starts_at, ends_at), 'booked', $2, id, line_id
FROM wanted
