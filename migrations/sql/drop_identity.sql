DROP TABLE sessions, failure_counters, sign_in_attempts, account_devices, devices, accounts CASCADE;
