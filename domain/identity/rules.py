"""How a person proves who they are: e-mail keys, passwords, codes, attempts, waiting, sessions.

The attempt is that of a sign-in by password and e-mail code. A try is **counted first and compared after**
(`take_try`, then `judge_try`): the other order lets parallel requests each see that none has been made.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import b32encode, urlsafe_b64encode
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

import idna
import pyotp

from errors import UserError

MIN_PASSWORD_LENGTH = 12
MAX_PASSWORD_LENGTH = 128
LEAST_TELLING_PART = 4
"""Names and local parts shorter than this are inside too many good passwords to be refused."""

CODE_SECRET_BYTES = 20
EMAIL_CODE_DIGITS = 8
ATTEMPT_LIFE = timedelta(minutes=10)
MAX_TRIES = 5
MAX_EMAIL_SENDS = 3
EMAIL_SEND_PAUSE = timedelta(seconds=60)

FREE_FAILURES = 4
"""Consecutive failures of a bucket without any wait."""
LONGEST_WAIT_SECONDS = 3600
FAILURE_CEILING = 100
"""Consecutive failures (NIST SP 800-63B) at which a known device becomes unknown and the unknown bucket closes."""

TOKEN_BYTES = 32
MAX_SESSIONS = 10
"""Active sessions of an account; one more ends the least recently used (OWASP ASVS 5.0, 7.1.2)."""
KNOWN_DEVICE_LIFE = timedelta(days=90)
"""How long a full sign-in makes its device a known one."""
MAX_ATTEMPTS_AN_HOUR = 10
"""Attempts that one bucket may open within an hour: each may send mail."""


class EmailNotSupported(UserError):
    """The address is malformed, or its local part is not ASCII."""

    code = "EMAIL_NOT_SUPPORTED"
    hint = "Use an address such as anna@example.com, with English letters before the @."

    def __init__(self, *, path: tuple[str | int, ...] = ()) -> None:
        super().__init__("Remit cannot send mail to this address.", path=path)


class EmailTaken(UserError):
    """Another account has this address."""

    code = "EMAIL_TAKEN"
    hint = "Use another address, or let the person sign in with the account that has it."

    def __init__(self, *, path: tuple[str | int, ...] = ()) -> None:
        super().__init__("An account with this e-mail address exists already.", path=path)


class InvalidCredentials(UserError):
    """Wrong password, unknown account and disabled account are one answer, byte for byte."""

    code = "INVALID_CREDENTIALS"
    hint = "Check both, or reset the password."

    def __init__(self) -> None:
        super().__init__("The e-mail address or the password is wrong.")


class TooManyAttempts(UserError):
    """Nothing was looked at. Trying again helps from `retry_at` on; None: only a mailed link opens the account."""

    code = "TOO_MANY_ATTEMPTS"

    def __init__(self, retry_at: datetime | None) -> None:
        closed = "Reset the password to open the sign-in again."
        super().__init__("Too many attempts.", hint=closed if retry_at is None else "Wait and try again.")
        self.retry_at = retry_at


class AttemptNotFound(UserError):
    """There is no such attempt, or another device opened it: one answer, so that ids tell nothing."""

    code = "ATTEMPT_NOT_FOUND"
    hint = "Sign in again from the start."

    def __init__(self) -> None:
        super().__init__("This sign-in was not found on this device.")


class AttemptClosed(UserError):
    """The attempt is over: done, failed, expired or cancelled."""

    code = "ATTEMPT_CLOSED"
    hint = "Sign in again from the start."

    def __init__(self) -> None:
        super().__init__("This sign-in is over.")


class MethodNotAllowed(UserError):
    """The security rules of a network do not allow this second step."""

    code = "METHOD_NOT_ALLOWED"
    hint = "Choose another method."

    def __init__(self) -> None:
        super().__init__("Your network does not allow codes by e-mail.")


class WrongCode(UserError):
    """The code is wrong; with no `tries_left` the attempt has failed."""

    code = "WRONG_CODE"
    hint = "Use the code of the newest mail."

    def __init__(self, tries_left: int) -> None:
        super().__init__("The code is wrong.")
        self.tries_left = tries_left


class PasswordWeakness(StrEnum):
    """Why a password is refused."""

    TOO_SHORT = "TOO_SHORT"
    TOO_LONG = "TOO_LONG"
    BREACHED = "BREACHED"
    CONTAINS_NETWORK = "CONTAINS_NETWORK"
    CONTAINS_REMIT = "CONTAINS_REMIT"
    CONTAINS_EMAIL = "CONTAINS_EMAIL"


class WeakPassword(UserError):
    """The password must not be used, for each of `reasons`."""

    code = "WEAK_PASSWORD"
    hint = f"Use {MIN_PASSWORD_LENGTH} to {MAX_PASSWORD_LENGTH} characters that do not name you, your network or Remit."

    def __init__(self, reasons: tuple[PasswordWeakness, ...], *, path: tuple[str | int, ...] = ()) -> None:
        super().__init__("This password is too easy to guess.", path=path)
        self.reasons = reasons


# --- E-mail addresses

_ASCII_SPACE = " \t\n\r\f\v"
_LOCAL_PART = re.compile(r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*", re.IGNORECASE | re.ASCII)
_LONGEST_LOCAL_PART, _LONGEST_ADDRESS = 64, 254  # RFC 5321, section 4.5.3.1


def email_key(typed: str) -> str:
    """The key under which an address is unique. Raises EmailNotSupported.

    Never mail to it or to what was typed, only to the stored address: folding maps different mailboxes to one key.
    The local part is RFC 5321's Dot-string; the domain is mapped by UTS #46. Dots and plus parts stay.
    """
    local, _, domain = typed.strip(_ASCII_SPACE).rpartition("@")
    if len(local) > _LONGEST_LOCAL_PART or _LOCAL_PART.fullmatch(local) is None:
        raise EmailNotSupported
    try:
        ascii_domain = idna.encode(domain, uts46=True).decode("ascii")
    except idna.IDNAError:
        raise EmailNotSupported from None
    key = f"{local.lower()}@{ascii_domain.lower().removesuffix('.')}"
    if len(key) > _LONGEST_ADDRESS:
        raise EmailNotSupported
    return key


def masked_email(email: str) -> str:
    """An address that its owner recognises: the first letter and the domain, "a***@example.hu"."""
    local, _, domain = email.rpartition("@")
    return f"{local[:1]}***@{domain}"


# --- Passwords


def require_strong_password(
    password: str, *, email: str, network_names: Iterable[str], breached: Collection[str]
) -> None:
    """Refuse a password that is easy to guess. `breached` is case-folded. Raises WeakPassword.

    Any character is welcome and none is required; lengths count characters. What the password may not contain is
    compared without regard to case.
    """
    reasons = tuple(_weaknesses(password, email=email, network_names=network_names, breached=breached))
    if reasons:
        raise WeakPassword(reasons)


def _weaknesses(
    password: str, *, email: str, network_names: Iterable[str], breached: Collection[str]
) -> Iterable[PasswordWeakness]:
    folded = password.casefold()
    if len(password) < MIN_PASSWORD_LENGTH:
        yield PasswordWeakness.TOO_SHORT
    if len(password) > MAX_PASSWORD_LENGTH:
        yield PasswordWeakness.TOO_LONG
    if folded in breached:
        yield PasswordWeakness.BREACHED
    if any(_tells(name, folded) for name in network_names):
        yield PasswordWeakness.CONTAINS_NETWORK
    if _tells("remit", folded):
        yield PasswordWeakness.CONTAINS_REMIT
    if _tells(email.rpartition("@")[0], folded):
        yield PasswordWeakness.CONTAINS_EMAIL


def _tells(word: str, folded_password: str) -> bool:
    return len(word) >= LEAST_TELLING_PART and word.casefold() in folded_password


# --- Codes and tokens


def typed_code(typed: str, digits: int) -> str | None:
    """A typed code without spaces and hyphens, if that is exactly `digits` ASCII digits; else None, a wrong code."""
    code = typed.replace(" ", "").replace("-", "")
    return code if len(code) == digits and code.isascii() and code.isdigit() else None


def email_code(secret: bytes) -> str:
    """The eight digits of a fresh secret of 20 bytes: its first HOTP value (RFC 4226). Raises ValueError."""
    if len(secret) != CODE_SECRET_BYTES:
        raise ValueError("an e-mail code is made of a secret of 20 bytes")
    return pyotp.HOTP(b32encode(secret).decode(), digits=EMAIL_CODE_DIGITS).at(0)


def email_code_hash(key: bytes, attempt_id: UUID, code: str) -> bytes:
    """What is stored of a code: an HMAC-SHA-256 bound to its attempt, so that it opens no other."""
    return hmac.digest(key, f"remit-code-1\n{attempt_id}\n{code}".encode(), "sha256")


def is_email_code(key: bytes, attempt_id: UUID, *, typed: str, stored_hash: bytes | None) -> bool:
    """Whether `typed` is the newest code of this attempt, in constant time; without a code sent, never."""
    code = typed_code(typed, EMAIL_CODE_DIGITS)
    if code is None or stored_hash is None:
        return False
    return hmac.compare_digest(email_code_hash(key, attempt_id, code), stored_hash)


def session_token(entropy: bytes) -> str:
    """The 43 characters of a session, refresh, reset or invitation token, from 32 bytes of a CSPRNG."""
    if len(entropy) != TOKEN_BYTES:
        raise ValueError(f"a token is made of {TOKEN_BYTES} random bytes")
    return urlsafe_b64encode(entropy).decode("ascii").rstrip("=")


def token_hash(token: str) -> bytes:
    """What is stored of a token: SHA-256; 256 random bits need no slow hash (OWASP ASVS 5.0, 6.5.2)."""
    return hashlib.sha256(token.encode()).digest()


# --- Waiting after failures


@dataclass(frozen=True, slots=True)
class FailureCounter:
    """Consecutive failures of a bucket: an e-mail key on one known device, or on all unknown ones together.

    A known device whose counter is closed becomes an unknown one, and counts there.
    """

    consecutive: int = 0
    wait_until: datetime | None = None

    @property
    def is_closed(self) -> bool:
        """Whether the bucket reached the ceiling: only a mailed link or recovery opens it."""
        return self.consecutive >= FAILURE_CEILING


def failure_bucket(key: bytes, email_key: str, device_id: UUID | None) -> bytes:
    """The name of a counter, an HMAC-SHA-256: of an e-mail key on this known device, or (None) on all unknown ones.

    Keyed by the address and not by the account, so that an unknown address waits like a known one.
    """
    return hmac.digest(key, f"remit-bucket-1\n{email_key}\n{device_id or '-'}".encode(), "sha256")


def failure_wait(consecutive: int) -> timedelta:
    """How long a bucket waits after so many consecutive failures: 30 s after the fifth, doubling up to an hour."""
    if consecutive <= FREE_FAILURES:
        return timedelta()
    doublings = min(consecutive - FREE_FAILURES - 1, LONGEST_WAIT_SECONDS.bit_length())
    return timedelta(seconds=min(LONGEST_WAIT_SECONDS, 30 * 2**doublings))


def counter_after_failure(counter: FailureCounter, *, now: datetime) -> FailureCounter:
    """The counter after one more failure; a full success starts a new one."""
    consecutive = counter.consecutive + 1
    wait = failure_wait(consecutive)
    return FailureCounter(consecutive, now + wait if wait else None)


def require_no_wait(counter: FailureCounter, *, now: datetime) -> None:
    """Refuse while the bucket waits; asked before the password is looked at. Raises TooManyAttempts."""
    if counter.is_closed:
        raise TooManyAttempts(None)
    if counter.wait_until is not None and now < counter.wait_until:
        raise TooManyAttempts(counter.wait_until)


# --- The attempt


class SignInMethod(StrEnum):
    """A second step of signing in."""

    EMAIL = "EMAIL"


class AttemptState(StrEnum):
    """Where a sign-in stands. All but OPEN are final."""

    OPEN = "OPEN"
    DONE = "DONE"
    FAILED = "FAILED"
    EXPIRED = "EXPIRED"
    CANCELLED = "CANCELLED"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One sign-in after a right password, answering only to the device that opened it."""

    device_id: UUID
    state: AttemptState
    expires_at: datetime
    tries: int = 0
    email_sends: int = 0
    email_sent_at: datetime | None = None
    email_code_hash: bytes | None = None

    @property
    def tries_left(self) -> int:
        """How many codes may still be tried, by all methods together."""
        return MAX_TRIES - self.tries


def require_credentials(*, password_is_right: bool, account_is_active: bool) -> None:
    """Refuse a sign-in with one answer for all reasons. Raises InvalidCredentials."""
    if not (password_is_right and account_is_active):
        raise InvalidCredentials


def opened_attempt(device_id: UUID, *, now: datetime) -> Attempt:
    """The attempt that a right password opens."""
    return Attempt(device_id, AttemptState.OPEN, expires_at=now + ATTEMPT_LIFE)


def expired_attempt(attempt: Attempt, *, now: datetime) -> Attempt:
    """The attempt with its time taken into account: EXPIRED if it was still open at its end."""
    if attempt.state is AttemptState.OPEN and now >= attempt.expires_at:
        return replace(attempt, state=AttemptState.EXPIRED)
    return attempt


def require_open(attempt: Attempt, *, device_id: UUID, now: datetime) -> None:
    """Refuse a strange device before anything else is told. Raises AttemptNotFound, then AttemptClosed."""
    if attempt.device_id != device_id:
        raise AttemptNotFound
    if expired_attempt(attempt, now=now).state is not AttemptState.OPEN:
        raise AttemptClosed


def send_email_code(
    attempt: Attempt, *, code_hash: bytes, email_is_allowed: bool, device_id: UUID, now: datetime
) -> Attempt:
    """The attempt with a new code, which voids the one before.

    Raises AttemptNotFound, AttemptClosed, MethodNotAllowed, and TooManyAttempts after the third code
    (until the attempt's end) or within a minute of the last.
    """
    require_open(attempt, device_id=device_id, now=now)
    if not email_is_allowed:
        raise MethodNotAllowed
    if attempt.email_sends >= MAX_EMAIL_SENDS:
        raise TooManyAttempts(attempt.expires_at)
    if attempt.email_sent_at is not None and now < attempt.email_sent_at + EMAIL_SEND_PAUSE:
        raise TooManyAttempts(attempt.email_sent_at + EMAIL_SEND_PAUSE)
    return replace(attempt, email_sends=attempt.email_sends + 1, email_sent_at=now, email_code_hash=code_hash)


def take_try(attempt: Attempt, *, device_id: UUID, now: datetime) -> Attempt:
    """The attempt with one more try counted, before any code is compared. Raises AttemptNotFound, AttemptClosed.

    In the database this is one conditional update, committed by itself.
    """
    require_open(attempt, device_id=device_id, now=now)
    if attempt.tries_left == 0:
        raise AttemptClosed
    return replace(attempt, tries=attempt.tries + 1)


def judge_try(attempt: Attempt, *, code_is_right: bool) -> Attempt:
    """The attempt after the comparison of a counted try: DONE, or FAILED at the fifth wrong one, or still OPEN."""
    if code_is_right:
        return replace(attempt, state=AttemptState.DONE)
    return attempt if attempt.tries_left else replace(attempt, state=AttemptState.FAILED)


def cancel_attempt(attempt: Attempt, *, device_id: UUID, now: datetime) -> Attempt:
    """The attempt given up by its own device. Raises AttemptNotFound, AttemptClosed."""
    require_open(attempt, device_id=device_id, now=now)
    return replace(attempt, state=AttemptState.CANCELLED)


# --- Sessions


class SessionKind(StrEnum):
    """Who keeps a session's token: a browser as a cookie that no script can read, or an app as a bearer token."""

    COOKIE = "COOKIE"
    BEARER = "BEARER"


class SessionEnding(StrEnum):
    """Why a session was ended."""

    SIGNED_OUT = "SIGNED_OUT"
    ENDED_BY_OWNER = "ENDED_BY_OWNER"
    """By the account's owner, from another session."""
    TOO_MANY_SESSIONS = "TOO_MANY_SESSIONS"


@dataclass(frozen=True, slots=True)
class SessionLife:
    """How long a session lives: without use, and at the most."""

    idle: timedelta
    absolute: timedelta


COOKIE_SESSION = SessionLife(idle=timedelta(minutes=60), absolute=timedelta(hours=24))
"""A browser's session: locked after `idle`, ended after `absolute`."""

BEARER_SESSION = SessionLife(idle=timedelta(days=14), absolute=timedelta(days=90))
"""An app's session: phones are locked by their owner, and critical mutations step up (OWASP ASVS 5.0, 7.1.1)."""


def session_life(kind: SessionKind) -> SessionLife:
    """How long a session of this kind lives."""
    return COOKIE_SESSION if kind is SessionKind.COOKIE else BEARER_SESSION


def session_idle_until(life: SessionLife, *, created_at: datetime, now: datetime) -> datetime:
    """When a session that is used at `now` falls idle: never after its absolute end."""
    return min(now + life.idle, created_at + life.absolute)
