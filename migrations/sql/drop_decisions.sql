ALTER TABLE journal_entries DROP COLUMN decision_id;
