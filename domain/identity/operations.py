"""Signing in and out: from e-mail address and password over a mailed code to a session, and its end.

Order of evaluation of every step: whose it is (for the journal), whether it is open to this device, whether its bucket
waits, the count, and only then the proof. A refusal undoes the Work; what was counted stays.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_network
from uuid import UUID

from tortoise.exceptions import IntegrityError

from audit.devices import Device
from audit.entries import Area, EventType, Target
from database.sqlstate import constraint_of
from domain.identity import reads
from domain.identity.attempts import (
    OpenedAttempt,
    SeenAttempt,
    close_attempt,
    fail_if_spent,
    open_attempt,
    refuse_unless_open,
    remember_code,
    seen_attempt,
    take_try,
)
from domain.identity.failures import Buckets, CountedFailure, count_failure, forget_failures, require_no_waiting
from domain.identity.models import Account
from domain.identity.passwords import Busy, PasswordCheck, breached_passwords, password_hashing
from domain.identity.rules import (
    ATTEMPT_LIFE,
    CODE_SECRET_BYTES,
    AttemptState,
    EmailTaken,
    MethodNotAllowed,
    SessionEnding,
    SessionKind,
    SignInMethod,
    TooManyAttempts,
    WrongCode,
    email_code,
    email_code_hash,
    email_key,
    is_email_code,
    masked_email,
    require_strong_password,
    send_email_code,
)
from domain.identity.sessions import (
    OpenedSession,
    end_session_of,
    end_sessions_besides,
    know_device,
    open_session,
    see_device,
)
from domain.notices.operations import Letter, queue_mail
from domain.notices.rules import sign_in_code_mail
from work import Session, Unauthenticated, Work

ACCOUNT_CREATED = EventType("account.created", Area.STAFF_CHANGES)
SIGN_IN_STARTED = EventType("account.sign_in_started", Area.SIGN_INS)
SIGN_IN_CODE_SENT = EventType("account.sign_in_code_sent", Area.SIGN_INS)
SIGN_IN_CANCELLED = EventType("account.sign_in_cancelled", Area.SIGN_INS)
SIGNED_IN = EventType("account.signed_in", Area.SIGN_INS)
SIGNED_OUT = EventType("account.signed_out", Area.SIGN_INS)
SESSION_ENDED = EventType("session.ended", Area.SIGN_INS)
EVENTS = (
    ACCOUNT_CREATED,
    SIGN_IN_STARTED,
    SIGN_IN_CODE_SENT,
    SIGN_IN_CANCELLED,
    SIGNED_IN,
    SIGNED_OUT,
    SESSION_ENDED,
)

PREFIX_BITS = {4: 24, 6: 48}
"""How much of an address a mail names."""

UPDATE_HASH = "UPDATE accounts SET password_hash = $2 WHERE id = $1"


@dataclass(frozen=True, slots=True)
class NewAccount:
    """A person to be known by an address; without a password nobody signs in until one is set by a mailed link."""

    email: str
    name: str
    language: str = "en"
    password: str | None = None


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A new session, with its token to be shown this once, and whose it is."""

    session: OpenedSession
    account: reads.AccountRow


async def create_account(work: Work, new: NewAccount, *, network_names: Sequence[str] = ()) -> UUID:
    """Create an account, whose address counts as verified; answers its id. For a Work in the scope of identity.

    Raises EmailNotSupported, EmailTaken, WeakPassword, Busy.
    """
    key = email_key(new.email)
    password_hash = None
    if new.password is not None:
        require_strong_password(
            new.password, email=new.email, network_names=network_names, breached=breached_passwords()
        )
        password_hash = await password_hashing().hash(new.password, now=work.at)
    try:
        account = await Account.create(
            email=new.email.strip(),
            email_key=key,
            email_verified_at=work.at,
            name=new.name,
            language=new.language,
            password_hash=password_hash,
            password_changed_at=work.at if password_hash else None,
            created_at=work.at,
        )
    except IntegrityError as error:
        if constraint_of(error) != "accounts_email_key_key":
            raise
        raise EmailTaken(path=("email",)) from error
    work.touches("account", account.id, name=new.name)
    return account.id


async def start_sign_in(work: Work, *, email: str, password: str) -> OpenedAttempt:
    """Open an attempt with the right password, on the device of the request.

    An unknown address is answered like a wrong password, with the same work done. Raises EmailNotSupported,
    InvalidCredentials, TooManyAttempts, Busy.
    """
    device = _device(work)
    key = email_key(email)
    candidate = await reads.candidate(work, key, device_id=device.id)
    buckets = Buckets.of(work, key, device_id=device.id, is_known=candidate.device_is_known)
    await _concerns(work, candidate.account_id, candidate.name)
    if candidate.account_id is None:
        work.targets.append(Target("email_key", buckets.names[-1].hex()))
    counted = await count_failure(work, buckets)
    check = await _check_password(work, candidate.password_hash, password, counted)
    account_id = candidate.proven(password_is_right=check.is_right)
    await counted.take_back(work)
    if check.needs_rehash:
        hashed = await password_hashing().hash(password, now=work.at)
        await work.statements.execute(UPDATE_HASH, account_id, hashed)
    await see_device(work, device)
    return await open_attempt(work, account_id, device_id=device.id, device_is_known=candidate.device_is_known)


async def send_sign_in_code(work: Work, attempt_id: UUID, *, method: SignInMethod) -> str:
    """Mail a new code, which voids the one before; answers the masked address.

    Raises AttemptNotFound, AttemptClosed, MethodNotAllowed, TooManyAttempts.
    """
    device = _device(work)
    seen = await _seen(work, attempt_id)
    await refuse_unless_open(work, seen, device_id=device.id)
    code = email_code(secrets.token_bytes(CODE_SECRET_BYTES))
    sent = send_email_code(
        seen.attempt,
        code_hash=email_code_hash(work.host.keys.email_code, seen.id, code),
        email_is_allowed=method in seen.methods,
        device_id=device.id,
        now=work.at,
    )
    await remember_code(work, seen, sent)
    await queue_mail(work, _code_letter(work, seen, code, device))
    return masked_email(seen.email)


async def verify_sign_in(
    work: Work, attempt_id: UUID, *, method: SignInMethod, code: str, kind: SessionKind
) -> SignedIn:
    """Open a session with the right code; a wrong one costs one of five tries, which is taken before it is compared.

    Raises AttemptNotFound, AttemptClosed, MethodNotAllowed, TooManyAttempts, WrongCode.
    """
    device = _device(work)
    seen = await _seen(work, attempt_id)
    await refuse_unless_open(work, seen, device_id=device.id)
    if method not in seen.methods:
        raise MethodNotAllowed
    buckets = Buckets.of(work, seen.email_key, device_id=device.id, is_known=seen.device_is_known)
    await require_no_waiting(work, buckets)
    tried = await take_try(work, seen)
    key = work.host.keys.email_code
    if not is_email_code(key, seen.id, typed=code, stored_hash=tried.email_code_hash):
        await fail_if_spent(work, seen, tried)
        with suppress(TooManyAttempts):  # others came first and the bucket waits already; this answer stays the same
            await count_failure(work, buckets)
        raise WrongCode(tried.tries_left)
    await close_attempt(work, seen, AttemptState.DONE)
    await forget_failures(work, buckets)
    await know_device(work, seen.account_id, device)
    session = await open_session(work, seen.account_id, device=device, kind=kind, factors=("PASSWORD", method.value))
    return SignedIn(session, await reads.account(work, seen.account_id))


async def cancel_sign_in(work: Work, attempt_id: UUID) -> None:
    """Give an attempt up. Raises AttemptNotFound, AttemptClosed."""
    device = _device(work)
    seen = await _seen(work, attempt_id)
    await refuse_unless_open(work, seen, device_id=device.id)
    await close_attempt(work, seen, AttemptState.CANCELLED)


async def sign_out(work: Work) -> None:
    """End the session that the request came with. Raises Unauthenticated."""
    account_id, session = await _signed_in(work)
    await end_session_of(work, account_id, session.id, SessionEnding.SIGNED_OUT)


async def end_session(work: Work, session_id: UUID) -> None:
    """End one of the viewer's own sessions. Raises Unauthenticated, NotFound."""
    account_id, _ = await _signed_in(work)
    await end_session_of(work, account_id, session_id, SessionEnding.ENDED_BY_OWNER)


async def end_other_sessions(work: Work) -> int:
    """End all of the viewer's sessions but this one; answers how many there were. Raises Unauthenticated."""
    account_id, session = await _signed_in(work)
    return await end_sessions_besides(work, account_id, session.id)


async def _check_password(work: Work, stored: str | None, typed: str, counted: CountedFailure) -> PasswordCheck:
    try:
        return await password_hashing().verify(stored, typed, now=work.at)
    except Busy:
        await counted.take_back(work)  # nobody looked at the password
        raise


async def _seen(work: Work, attempt_id: UUID) -> SeenAttempt:
    """The attempt, and the Work journaled as its account's whatever becomes of it. Raises AttemptNotFound."""
    seen = await seen_attempt(work, attempt_id)
    await _concerns(work, seen.account_id, seen.name)
    return seen


async def _signed_in(work: Work) -> tuple[UUID, Session]:
    if work.viewer.account_id is None or work.session is None:
        raise Unauthenticated("You are not signed in.")
    account = await reads.account(work, work.viewer.account_id)
    await _concerns(work, account["id"], account["name"])
    return account["id"], work.session


async def _concerns(work: Work, account_id: UUID | None, name: str) -> None:
    """Journal the Work as this account's: in the operator's chain, and in that of each of its networks."""
    work.also_chains |= await reads.networks_of(work, account_id)
    if account_id is not None:
        work.account = (account_id, name)


def _code_letter(work: Work, seen: SeenAttempt, code: str, device: Device) -> Letter:
    text = sign_in_code_mail(
        seen.language,
        code=code,
        device=device.name,
        address_prefix=_address_prefix(work),
        minutes=int(ATTEMPT_LIFE.total_seconds() // 60),
    )
    return Letter(kind="sign_in.code", recipient=seen.email, text=text, account_id=seen.account_id)


def _address_prefix(work: Work) -> str:
    address = work.caller.address
    if address is None:
        return "-"
    return str(ip_network((address, PREFIX_BITS[address.version]), strict=False))


def _device(work: Work) -> Device:
    if work.caller.device is None:
        raise RuntimeError("signing in needs a device: DeviceMiddleware has not seen this request")
    return work.caller.device
