"""Opening and ending sessions, within a Work: the rows are journaled."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from audit.devices import Device
from domain.identity import models
from domain.identity.rules import (
    MAX_SESSIONS,
    TOKEN_BYTES,
    SessionEnding,
    SessionKind,
    session_idle_until,
    session_life,
    session_token,
    token_hash,
)
from errors import NotFound
from work import Session, Work

LOCK_ACCOUNT = "SELECT 1 FROM accounts WHERE id = $1 FOR NO KEY UPDATE"
SEE_DEVICE = """
INSERT INTO devices AS d
  (id, class, os, os_version, browser, browser_version, app, app_version, model, first_seen_at, last_seen_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)
ON CONFLICT (id) DO UPDATE SET class = excluded.class, os = excluded.os, os_version = excluded.os_version,
  browser = excluded.browser, browser_version = excluded.browser_version, app = excluded.app,
  app_version = excluded.app_version, model = excluded.model, last_seen_at = excluded.last_seen_at
"""
KNOW_DEVICE = """
INSERT INTO account_devices (account_id, device_id, known_since, last_full_sign_in_at) VALUES ($1, $2, $3, $3)
ON CONFLICT (account_id, device_id) DO UPDATE SET last_full_sign_in_at = excluded.last_full_sign_in_at
"""
# Sessions that are over and not yet ended go first: they must not push out one that lives.
MAKE_ROOM = """
UPDATE sessions SET state = 'ENDED', ended_at = $2, ended_reason = $3 WHERE id IN (
  SELECT id FROM sessions WHERE account_id = $1 AND state <> 'ENDED'
  ORDER BY LEAST(idle_until, ends_at) > $2 DESC, last_seen_at DESC, id DESC OFFSET $4)
RETURNING id
"""
END = """
UPDATE sessions SET state = 'ENDED', ended_at = $3, ended_reason = $4
WHERE account_id = $1 AND id = $2 AND state <> 'ENDED' RETURNING id
"""
END_OTHERS = """
UPDATE sessions SET state = 'ENDED', ended_at = $3, ended_reason = $4
WHERE account_id = $1 AND id <> $2 AND state <> 'ENDED' RETURNING id
"""


@dataclass(frozen=True, slots=True)
class OpenedSession:
    """A new session. Its token is shown this once: the database keeps the hash."""

    id: UUID
    kind: SessionKind
    token: str
    expires_at: datetime
    """When it ends if it is not used meanwhile."""
    lives_seconds: int
    """Until its end at the most."""


async def see_device(work: Work, device: Device) -> None:
    """Keep what is known of the device."""
    traits = device.traits
    await work.statements.execute(
        SEE_DEVICE,
        device.id,
        traits.device_class,
        traits.os,
        traits.os_version,
        traits.browser,
        traits.browser_version,
        traits.app,
        traits.app_version,
        traits.model,
        work.at,
    )


async def know_device(work: Work, account_id: UUID, device: Device) -> None:
    """Make the device a known one of the account: somebody signed in there with all steps."""
    await see_device(work, device)
    await work.statements.execute(KNOW_DEVICE, account_id, device.id, work.at)


async def open_session(
    work: Work, account_id: UUID, *, device: Device, kind: SessionKind, factors: Collection[str]
) -> OpenedSession:
    """Open a session; of more than ten the least recently used ends. The Work goes on in it, for the journal."""
    await work.statements.execute(LOCK_ACCOUNT, account_id)
    pushed_out = await work.statements.fetch(
        MAKE_ROOM, account_id, work.at, SessionEnding.TOO_MANY_SESSIONS.value, MAX_SESSIONS - 1
    )
    life = session_life(kind)
    token = session_token(secrets.token_bytes(TOKEN_BYTES))
    made = await models.Session.create(
        account_id=account_id,
        device_id=device.id,
        kind=kind.value,
        token_hash=token_hash(token),
        factors=list(factors),
        created_at=work.at,
        last_seen_at=work.at,
        idle_until=session_idle_until(life, created_at=work.at, now=work.at),
        ends_at=work.at + life.absolute,
    )
    for session_id in (made.id, *(row["id"] for row in pushed_out)):
        work.touches("session", session_id)
    work.session = Session(made.id, made.kind, tuple(made.factors), device.id, work.at, made.idle_until, made.ends_at)
    return OpenedSession(made.id, kind, token, made.idle_until, int(life.absolute.total_seconds()))


async def end_session_of(work: Work, account_id: UUID, session_id: UUID, ending: SessionEnding) -> None:
    """End a session of the account. Raises NotFound for one that is not there, is another's, or is over."""
    if await work.statements.fetchval(END, account_id, session_id, work.at, ending.value) is None:
        raise NotFound(path=("id",))
    work.touches("session", session_id)


async def end_sessions_besides(work: Work, account_id: UUID, session_id: UUID) -> int:
    """End all other sessions of the account; answers how many there were."""
    rows = await work.statements.fetch(END_OTHERS, account_id, session_id, work.at, SessionEnding.ENDED_BY_OWNER.value)
    for row in rows:
        work.touches("session", row["id"])
    return len(rows)
