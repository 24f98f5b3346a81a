CREATE INDEX ON appointments (network_id, starts_at, id);
CREATE INDEX ON sales (network_id, appointment_id);
