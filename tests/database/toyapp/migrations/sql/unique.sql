ALTER TABLE toy_notes
    ADD CONSTRAINT toy_notes_unique UNIQUE (network_id, text) DEFERRABLE INITIALLY DEFERRED;
CREATE FUNCTION toy_shout(word text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    RETURN upper(word);
END $$;
