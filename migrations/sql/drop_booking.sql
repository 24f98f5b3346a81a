DROP TABLE idempotency, busy, appointment_history, appointment_lines, appointments CASCADE;
