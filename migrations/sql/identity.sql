-- Accounts, devices, sign-in attempts, sessions. Not tenant-owned: an account acts in several networks.

CREATE TABLE accounts (
  id uuid PRIMARY KEY,
  email text NOT NULL,
  email_key text NOT NULL UNIQUE,
  email_verified_at timestamptz,
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  language text NOT NULL DEFAULT 'en',
  password_hash text,
  password_changed_at timestamptz,
  state text NOT NULL DEFAULT 'ACTIVE' CHECK (state IN ('ACTIVE', 'DISABLED', 'ERASED')),
  must_change_password boolean NOT NULL DEFAULT false,
  created_at timestamptz NOT NULL DEFAULT now(),
  CHECK ((state = 'ERASED') = (email_key LIKE 'erased:%'))
);
SELECT protect('accounts', 'identity',
  plain => '{id,email_verified_at,language,password_changed_at,state,must_change_password,created_at}',
  personal => '{email,email_key,name}', secret => '{password_hash}', noise => '{}', subject => 'id');

-- Traffic, not business: these are outside the journal, their outcomes are journaled (spec of the exempt list: tests/test_catalogue.py).
CREATE TABLE devices (
  id uuid PRIMARY KEY,
  class text NOT NULL CHECK (class IN ('DESKTOP', 'MOBILE', 'TABLET', 'BOT', 'OTHER')),
  os text, os_version text, browser text, browser_version text, app text, app_version text, model text,
  first_seen_at timestamptz NOT NULL DEFAULT now(),
  last_seen_at timestamptz NOT NULL DEFAULT now()
);
GRANT SELECT, INSERT, UPDATE ON devices TO remit_app;

CREATE TABLE account_devices (
  account_id uuid NOT NULL REFERENCES accounts (id),
  device_id uuid NOT NULL REFERENCES devices (id),
  known_since timestamptz NOT NULL DEFAULT now(),
  last_full_sign_in_at timestamptz NOT NULL,
  label text CHECK (length(label) <= 100),
  PRIMARY KEY (account_id, device_id)
);
GRANT SELECT, INSERT, UPDATE, DELETE ON account_devices TO remit_app;

CREATE TABLE sign_in_attempts (
  id uuid PRIMARY KEY,
  purpose text NOT NULL CHECK (purpose IN ('SIGN_IN', 'STEP_UP', 'RESET', 'ENROL')),
  account_id uuid NOT NULL REFERENCES accounts (id),
  device_id uuid NOT NULL,
  session_id uuid,
  state text NOT NULL DEFAULT 'OPEN'
    CHECK (state IN ('OPEN', 'APPROVED', 'DONE', 'FAILED', 'DENIED', 'EXPIRED', 'CANCELLED')),
  methods text[] NOT NULL,
  tries smallint NOT NULL DEFAULT 0 CHECK (tries BETWEEN 0 AND 5),
  email_code_hash bytea,
  email_sends smallint NOT NULL DEFAULT 0 CHECK (email_sends BETWEEN 0 AND 3),
  email_sent_at timestamptz,
  ip inet,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  CHECK (expires_at = created_at + interval '10 minutes')
);
CREATE INDEX ON sign_in_attempts (account_id, created_at);
GRANT SELECT, INSERT, UPDATE ON sign_in_attempts TO remit_app;

CREATE TABLE failure_counters (
  bucket bytea PRIMARY KEY,
  consecutive integer NOT NULL CHECK (consecutive >= 0),
  wait_until timestamptz,
  updated_at timestamptz NOT NULL
);
GRANT SELECT, INSERT, UPDATE, DELETE ON failure_counters TO remit_app;

CREATE TABLE sessions (
  id uuid PRIMARY KEY,
  account_id uuid NOT NULL REFERENCES accounts (id),
  device_id uuid NOT NULL REFERENCES devices (id),
  kind text NOT NULL CHECK (kind IN ('COOKIE', 'BEARER')),
  token_hash bytea NOT NULL UNIQUE CHECK (length(token_hash) = 32),
  factors text[] NOT NULL,
  stepped_up_at timestamptz,
  created_at timestamptz NOT NULL,
  last_seen_at timestamptz NOT NULL,
  idle_until timestamptz NOT NULL,
  ends_at timestamptz NOT NULL,
  state text NOT NULL DEFAULT 'ACTIVE' CHECK (state IN ('ACTIVE', 'LOCKED', 'ENDED')),
  ended_at timestamptz,
  ended_reason text,
  CHECK ((state = 'ENDED') = (ended_at IS NOT NULL))
);
CREATE INDEX ON sessions (account_id) WHERE state <> 'ENDED';
SELECT protect('sessions', 'identity',
  plain => '{id,account_id,device_id,kind,factors,stepped_up_at,created_at,ends_at,state,ended_at,ended_reason}',
  personal => '{}', secret => '{token_hash}', noise => '{last_seen_at,idle_until}', subject => 'account_id');

-- Whatever narrows a person's access tells the processes that hold sockets open for it.
CREATE TRIGGER principal_epoch AFTER UPDATE ON sessions FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state)
  EXECUTE FUNCTION raise_principal_epoch('account_id');
CREATE TRIGGER principal_epoch AFTER UPDATE ON accounts FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state)
  EXECUTE FUNCTION raise_principal_epoch('id');
