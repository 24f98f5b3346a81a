-- The business of one network, as the table `wanted` asks for it: 50 specialists, 20 services, a client for every four
-- appointments, and the appointments: six a day for each specialist from `first_day` on, 90 minutes apart, of one to
-- three lines of half an hour. Every second and third line is another specialist's. Every twentieth is cancelled, and
-- of the others four in five are paid. Run as superuser without triggers: nothing of it is journaled.

CREATE FUNCTION pg_temp.made(kind text, number bigint) RETURNS uuid LANGUAGE sql STABLE
RETURN (SELECT md5(format('%s %s %s', network_id, kind, number))::uuid FROM wanted);

CREATE FUNCTION pg_temp.named(number bigint) RETURNS text LANGUAGE sql IMMUTABLE
RETURN ('{Anna,Béla,Chloé,Dimitris,Eleni,Ferenc,Giorgos,Hanna,Ilias,Judit,Katerina,László,Maria,Nikos,Olga,Petros,Réka,Sofia,Tamás,Vera}'::text[])
    [1 + number % 20] || ' '
  || ('{Antoniou,Balogh,Costa,Dimou,Economou,Farkas,Georgiou,Horváth,Ioannou,Juhász,Kovács,Lakatos,Molnár,Nagy,Oikonomou,Papp,Rácz,Szabó,Tóth,Varga}'::text[])
    [1 + number / 20 % 20] || ' ' || chr((65 + number / 400 % 26)::int) || '.';

INSERT INTO specialists (network_id, id, name, position)
SELECT network_id, pg_temp.made('specialist', n), pg_temp.named(n * 13), 'Stylist'
FROM wanted, generate_series(0, 49) AS n;

INSERT INTO assignments (id, network_id, role_code, specialist_id, valid_from, created_epoch)
SELECT pg_temp.made('assignment', n), network_id, 'specialist', pg_temp.made('specialist', n), first_day, 1
FROM wanted, generate_series(0, 49) AS n;

INSERT INTO services (network_id, id, category, name, duration)
SELECT network_id, pg_temp.made('service', n), 'Hair', format('Treatment %s', n), 30
FROM wanted, generate_series(0, 19) AS n;

INSERT INTO service_prices (network_id, id, service_id, amount, currency, valid)
SELECT network_id, pg_temp.made('price', n), pg_temp.made('service', n), 2000 + 100 * n, 'EUR', '[2020-01-01,)'
FROM wanted, generate_series(0, 19) AS n;

INSERT INTO service_links (network_id, id, specialist_id, service_id, location_id, in_force)
SELECT network_id, pg_temp.made('link at ' || location, 20 * s + n), pg_temp.made('specialist', s),
  pg_temp.made('service', n), location, '[2020-01-01,)'
FROM wanted, unnest(ARRAY[north, south]) AS location, generate_series(0, 49) AS s, generate_series(0, 19) AS n;

INSERT INTO clients (network_id, id, name, name_key, phone, email, language, created_at)
SELECT network_id, pg_temp.made('client', n), pg_temp.named(n), lower(pg_temp.named(n)),
  '+30210' || to_char(1000000 + n, 'FM0000000'), format('client%s@example.com', n), 'el', first_day
FROM wanted, generate_series(0, appointments / 4 - 1) AS n;

INSERT INTO client_locations (network_id, client_id, location_id, first_seen)
SELECT network_id, pg_temp.made('client', n), CASE WHEN n % 2 = 0 THEN north ELSE south END, first_day
FROM wanted, generate_series(0, appointments / 4 - 1) AS n;

CREATE TEMPORARY TABLE visits ON COMMIT DROP AS
SELECT network_id, n, pg_temp.made('appointment', n) AS id,
  CASE WHEN n % 2 = 0 THEN north ELSE south END AS location_id,
  pg_temp.made('client', n * 7919 % (appointments / 4)) AS client_id,
  (first_day + n / 300 * interval '1 day' + '9 hours' + n / 50 % 6 * interval '90 minutes') AT TIME ZONE 'Europe/Athens'
    AS starts_at,
  1 + n % 3 AS lines,
  n % 20 = 19 AS is_cancelled
FROM wanted, generate_series(0, appointments - 1) AS n;

INSERT INTO appointments (network_id, id, location_id, client_id, state, starts_at, ends_at, local_start, zone, source,
  cancelled_by, late, reason, created_at)
SELECT network_id, id, location_id, client_id,
  CASE WHEN is_cancelled THEN 'CANCELLED' WHEN starts_at < now() THEN 'COMPLETED' ELSE 'CONFIRMED' END,
  starts_at, starts_at + lines * interval '30 minutes',
  to_char(starts_at AT TIME ZONE 'Europe/Athens', 'YYYY-MM-DD"T"HH24:MI'), 'Europe/Athens', 'STAFF',
  CASE WHEN is_cancelled THEN 'CLIENT' END, CASE WHEN is_cancelled THEN false END, CASE WHEN is_cancelled THEN 'ill' END,
  starts_at - interval '7 days'
FROM visits;

INSERT INTO appointment_lines (network_id, id, appointment_id, position, service_id, specialist_id, starts_at, ends_at,
  amount, currency)
SELECT network_id, pg_temp.made('line', 3 * n + k), id, k, pg_temp.made('service', (n + k) % 20),
  pg_temp.made('specialist', (n + 17 * k) % 50), starts_at + k * interval '30 minutes',
  starts_at + (k + 1) * interval '30 minutes', 2000 + 100 * ((n + k) % 20), 'EUR'
FROM visits, generate_series(0, lines - 1) AS k;

INSERT INTO busy (network_id, id, kind, subject_id, part, during, state, location_id, appointment_id, line_id)
SELECT network_id, pg_temp.made('busy', 3 * v.n + l.position), 'specialist', l.specialist_id, 'core',
  tstzrange(l.starts_at, l.ends_at), 'booked', v.location_id, v.id, l.id
FROM visits v JOIN appointment_lines l USING (network_id) WHERE l.appointment_id = v.id AND NOT v.is_cancelled;

INSERT INTO sales (network_id, id, location_id, appointment_id, currency, state, opened_at)
SELECT network_id, pg_temp.made('sale', n), location_id, id, 'EUR', 'CLOSED', starts_at
FROM visits WHERE NOT is_cancelled AND n % 5 > 0;

INSERT INTO sale_lines (network_id, id, sale_id, position, kind, appointment_line_id, served_by, amount)
SELECT network_id, pg_temp.made('sale line', 3 * v.n + l.position), s.id, l.position, 'SERVICE', l.id, l.specialist_id,
  l.amount
FROM visits v
JOIN sales s USING (network_id)
JOIN appointment_lines l USING (network_id)
WHERE s.appointment_id = v.id AND l.appointment_id = v.id;

-- Visits of three lines are paid in two parts.
INSERT INTO payments (network_id, id, sale_id, method, amount, captured_at, taken_by)
SELECT network_id, pg_temp.made('payment', 2 * v.n + part), s.id, CASE part WHEN 0 THEN 'TERMINAL' ELSE 'CASH' END,
  due / parts, v.starts_at + v.lines * interval '30 minutes', pg_temp.made('specialist', v.n % 50)
FROM visits v
JOIN sales s USING (network_id)
CROSS JOIN LATERAL (SELECT sum(amount)::bigint AS due FROM sale_lines l WHERE l.network_id = s.network_id AND l.sale_id = s.id)
CROSS JOIN LATERAL (SELECT 1 + v.lines / 3 AS parts)
CROSS JOIN LATERAL generate_series(0, parts - 1) AS part
WHERE s.appointment_id = v.id;

DROP FUNCTION pg_temp.made, pg_temp.named;
