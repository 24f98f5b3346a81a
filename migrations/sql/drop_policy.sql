DROP FUNCTION networks_with_proposals_over(timestamptz);
DROP TABLE verdict_policies, access_tests, policy_proposals CASCADE;
DROP FUNCTION only_published();
