"""The rows of sign-in attempts: opened in a Work, their tries taken in transactions of their own.

A try is taken by one conditional update, committed before the code is compared; whoever gets no row back came too
late. Success is a conditional update too, so that of two right codes one opens a session.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from asyncpg import Record
from uuid_utils.compat import uuid7

from domain.identity.rules import (
    ATTEMPT_LIFE,
    EMAIL_SEND_PAUSE,
    KNOWN_DEVICE_LIFE,
    MAX_ATTEMPTS_AN_HOUR,
    Attempt,
    AttemptClosed,
    AttemptNotFound,
    AttemptState,
    SignInMethod,
    TooManyAttempts,
    judge_try,
    require_open,
)
from work import Work

HOUR = timedelta(hours=1)

ATTEMPT = """
SELECT t.*, a.email, a.email_key, a.name, a.language, a.state AS account_state,
  COALESCE(d.last_full_sign_in_at > $2, false) AS device_is_known
FROM sign_in_attempts t JOIN accounts a ON a.id = t.account_id
  LEFT JOIN account_devices d ON d.account_id = t.account_id AND d.device_id = t.device_id
WHERE t.id = $1 AND t.purpose = 'SIGN_IN'
"""
# The attempts of the bucket: of this device where it is known, else of all devices that are not.
OPENED_LATELY = """
SELECT count(*), min(created_at) FROM sign_in_attempts t
WHERE t.account_id = $1 AND t.created_at > $2 AND CASE WHEN $4 THEN t.device_id = $3 ELSE NOT EXISTS (
  SELECT FROM account_devices d
  WHERE d.account_id = t.account_id AND d.device_id = t.device_id AND d.last_full_sign_in_at > $5) END
"""
OPEN = """
INSERT INTO sign_in_attempts (id, purpose, account_id, device_id, methods, ip, created_at, expires_at)
VALUES ($1, 'SIGN_IN', $2, $3, $4, $5, $6, $7)
"""
REMEMBER_CODE = """
UPDATE sign_in_attempts SET email_code_hash = $2, email_sends = $3, email_sent_at = $4
WHERE id = $1 AND state = 'OPEN' AND email_sends = $3 - 1 RETURNING id
"""
TAKE_TRY = """
UPDATE sign_in_attempts SET tries = tries + 1
WHERE id = $1 AND state = 'OPEN' AND tries < 5 AND expires_at > $2 RETURNING tries, email_code_hash
"""
CLOSE = "UPDATE sign_in_attempts SET state = $2 WHERE id = $1 AND state = 'OPEN' RETURNING id"


@dataclass(frozen=True, slots=True)
class OpenedAttempt:
    """What the person gets to know of a new attempt: which second steps there are, and until when."""

    id: UUID
    methods: tuple[SignInMethod, ...]
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class SeenAttempt:
    """An attempt as it was read, with whose it is."""

    id: UUID
    account_id: UUID
    email: str
    email_key: str
    name: str
    language: str
    methods: frozenset[str]
    account_is_active: bool
    device_is_known: bool
    attempt: Attempt

    @classmethod
    def of(cls, row: Record) -> SeenAttempt:
        """The attempt of a row."""
        return cls(
            id=row["id"],
            account_id=row["account_id"],
            email=row["email"],
            email_key=row["email_key"],
            name=row["name"],
            language=row["language"],
            methods=frozenset(row["methods"]),
            account_is_active=row["account_state"] == "ACTIVE",
            device_is_known=row["device_is_known"],
            attempt=Attempt(
                device_id=row["device_id"],
                state=AttemptState(row["state"]),
                expires_at=row["expires_at"],
                tries=row["tries"],
                email_sends=row["email_sends"],
                email_sent_at=row["email_sent_at"],
                email_code_hash=row["email_code_hash"],
            ),
        )


async def open_attempt(work: Work, account_id: UUID, *, device_id: UUID, device_is_known: bool) -> OpenedAttempt:
    """Open an attempt behind a right password. Raises TooManyAttempts after ten of its bucket within an hour."""
    known_from = work.at - KNOWN_DEVICE_LIFE
    (lately,) = await work.statements.fetch(
        OPENED_LATELY, account_id, work.at - HOUR, device_id, device_is_known, known_from
    )
    if lately["count"] >= MAX_ATTEMPTS_AN_HOUR:
        raise TooManyAttempts(lately["min"] + HOUR)
    opened = OpenedAttempt(uuid7(), tuple(SignInMethod), work.at + ATTEMPT_LIFE)
    await work.statements.execute(
        OPEN,
        opened.id,
        account_id,
        device_id,
        [method.value for method in opened.methods],
        work.caller.address,
        work.at,
        opened.expires_at,
    )
    return opened


async def seen_attempt(work: Work, attempt_id: UUID) -> SeenAttempt:
    """The attempt as it stands. Raises AttemptNotFound."""
    row = await work.statements.fetchrow(ATTEMPT, attempt_id, work.at - KNOWN_DEVICE_LIFE)
    if row is None:
        raise AttemptNotFound
    return SeenAttempt.of(row)


async def refuse_unless_open(work: Work, seen: SeenAttempt, *, device_id: UUID) -> None:
    """Refuse a strange device, then an attempt that is over. Raises AttemptNotFound, AttemptClosed."""
    try:
        require_open(seen.attempt, device_id=device_id, now=work.at)
    except AttemptClosed:
        if seen.attempt.state is AttemptState.OPEN:
            async with work.host.database.transaction() as statements:
                await statements.execute(CLOSE, seen.id, AttemptState.EXPIRED.value)
        raise
    if not seen.account_is_active:
        raise AttemptClosed


async def take_try(work: Work, seen: SeenAttempt) -> Attempt:
    """Count a try and commit it, before its code is looked at. Raises AttemptClosed when there is none left."""
    async with work.host.database.transaction() as statements:
        row = await statements.fetchrow(TAKE_TRY, seen.id, work.at)
    if row is None:
        raise AttemptClosed
    return replace(seen.attempt, tries=row["tries"], email_code_hash=row["email_code_hash"])


async def fail_if_spent(work: Work, seen: SeenAttempt, tried: Attempt) -> None:
    """Close the attempt for good behind its last wrong code, and commit that."""
    judged = judge_try(tried, code_is_right=False)
    if judged.state is AttemptState.OPEN:
        return
    async with work.host.database.transaction() as statements:
        await statements.execute(CLOSE, seen.id, judged.state.value)


async def close_attempt(work: Work, seen: SeenAttempt, state: AttemptState) -> None:
    """Close the attempt within the Work. Raises AttemptClosed when another was faster."""
    if await work.statements.fetchval(CLOSE, seen.id, state.value) is None:
        raise AttemptClosed


async def remember_code(work: Work, seen: SeenAttempt, sent: Attempt) -> None:
    """Keep the hash of a code that goes out now. Raises TooManyAttempts when another went out at this moment."""
    kept = await work.statements.fetchval(
        REMEMBER_CODE, seen.id, sent.email_code_hash, sent.email_sends, sent.email_sent_at
    )
    if kept is None:
        raise TooManyAttempts(work.at + EMAIL_SEND_PAUSE)
