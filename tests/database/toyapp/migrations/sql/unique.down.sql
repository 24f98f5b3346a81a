DROP FUNCTION toy_shout(text);
ALTER TABLE toy_notes DROP CONSTRAINT toy_notes_unique;
