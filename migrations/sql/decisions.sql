-- Decisions of the access policy: an error, a log line and an entry of the journal name one by the same id.
-- A column, and no index on an expression of the payload: reading JSON may raise and so tell what it read, and what may
-- tell something comes after row-level security, where no index serves it. Comparing two UUIDs tells nothing.

ALTER TABLE journal_entries
  ADD COLUMN decision_id uuid GENERATED ALWAYS AS ((payload::jsonb ->> 'decision')::uuid) STORED;
CREATE INDEX ON journal_entries (chain_id, decision_id) WHERE decision_id IS NOT NULL;
