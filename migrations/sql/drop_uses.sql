DROP FUNCTION networks_with_periods_over(timestamptz), network_ids();
DROP INDEX policy_changes_network_id_epoch_id_idx, assignments_valid_until_idx;
DROP TABLE uses_folded, capability_uses CASCADE;
