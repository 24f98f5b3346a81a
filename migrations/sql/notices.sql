-- Outgoing mail. Its text may carry a code, so it is sealed, and dropped once it is sent (kept in a demo, to be read).

CREATE TABLE mails (
  id uuid PRIMARY KEY,
  network_id uuid REFERENCES networks (id),
  account_id uuid REFERENCES accounts (id),
  recipient text NOT NULL,
  kind text NOT NULL,
  sealed bytea,
  state text NOT NULL DEFAULT 'QUEUED' CHECK (state IN ('QUEUED', 'SENT', 'FAILED')),
  why text,
  created_at timestamptz NOT NULL,
  sent_at timestamptz,
  CHECK ((state = 'SENT') = (sent_at IS NOT NULL)),
  CHECK (state <> 'QUEUED' OR sealed IS NOT NULL)
);
CREATE INDEX ON mails (created_at);
SELECT protect('mails', 'identity',
  plain => '{id,network_id,account_id,kind,state,created_at,sent_at}', personal => '{recipient,why}', secret => '{sealed}', noise => '{}',
  subject => 'account_id');
-- A network's mail to its clients, beside the mail to accounts.
CREATE POLICY network ON mails USING (network_id = (SELECT current_network()));
