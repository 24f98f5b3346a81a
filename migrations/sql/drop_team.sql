DROP TABLE policy_changes, assignments, role_lines, roles, specialists CASCADE;
DROP POLICY owner_reads ON networks;
DROP POLICY owner_reads ON accounts;
DROP POLICY owner_reads ON sessions;
DROP FUNCTION keep_last_owner(), only_ends();
