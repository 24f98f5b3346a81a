-- Reverses journal.sql. Run after every protected table is gone: their policies and triggers use these functions.

DROP FUNCTION protect(regclass, text, text[], text[], text[], text[], text), isolate(regclass, text),
  journal_key(regclass), check_column_classes(regclass, text[]),
  journal_erase(uuid, uuid), journal_append(uuid, uuid, text, text), journal_refuse_append(uuid, uuid, text),
  journal_begin(uuid, uuid), journal_capture(), journal_refuse_truncate(), journal_shortened(jsonb),
  journal_change_digest(bytea, text, text, uuid, text, text),
  epochs_of(uuid[]), next_policy_epoch(), watch_policy(regclass), raise_policy_epoch(), raise_principal_epoch();
DROP TABLE principal_epochs, policy_epochs, journal_checkpoints, journal_changes, journal_entries, journal_heads;
DROP FUNCTION current_chains(), current_network(), current_partner(), current_account(), current_operator(),
  current_identity();
