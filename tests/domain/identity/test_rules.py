"""Golden values: identity.md 3 (keys of addresses), 4.1 (sequences), 4.2 (codes, passwords), 4.3 (waits), 4.4."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from domain.identity.rules import (
    BEARER_SESSION,
    COOKIE_SESSION,
    Attempt,
    AttemptClosed,
    AttemptNotFound,
    AttemptState,
    EmailNotSupported,
    FailureCounter,
    InvalidCredentials,
    MethodNotAllowed,
    PasswordWeakness,
    SessionKind,
    SessionLife,
    TooManyAttempts,
    WeakPassword,
    WrongCode,
    cancel_attempt,
    counter_after_failure,
    email_code,
    email_code_hash,
    email_key,
    expired_attempt,
    failure_bucket,
    failure_wait,
    is_email_code,
    judge_try,
    masked_email,
    opened_attempt,
    require_credentials,
    require_no_wait,
    require_strong_password,
    send_email_code,
    session_idle_until,
    session_life,
    session_token,
    take_try,
    token_hash,
    typed_code,
)

KEY = b"\x0b" * 32
ATTEMPT_ID = UUID("018f2c3e-0000-7000-8000-0000000000f1")
DEVICE_D = UUID("018f2c3e-0000-7000-8000-0000000000d0")
DEVICE_E = UUID("018f2c3e-0000-7000-8000-0000000000e0")
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
LATER = NOW + timedelta(minutes=10)


# --- E-mail addresses


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        (" Anna.Kovacs@Example.HU ", "anna.kovacs@example.hu"),
        ("Anna@PÉLDA.hu", "anna@xn--plda-bpa.hu"),
        ("anna+salon@example.hu.", "anna+salon@example.hu"),
        ("\tanna@example.hu\r\n", "anna@example.hu"),
        ("anna@STRASSE.de", "anna@strasse.de"),
        ("anna@straße.de", "anna@xn--strae-oqa.de"),
    ],
)
def test_email_key(typed: str, key: str) -> None:
    assert email_key(typed) == key


@pytest.mark.parametrize(
    "typed",
    [
        "straße@x.de",
        "\N{KELVIN SIGN}@x.de",  # it lower-cases to an ASCII k
        "",
        "anna",
        "@example.hu",
        "anna@",
        "anna@@example.hu",
        "an na@example.hu",
        ".anna@example.hu",
        "an..na@example.hu",
        "anna@exa mple.hu",
        "anna@example..hu",
        "anna@[10.0.0.1]",
        "anna\0@example.hu",
        "\N{NO-BREAK SPACE}anna@example.hu",
        "anna@\ud800.hu",
        "a" * 65 + "@example.hu",
        "anna@" + ".".join(["a" * 60] * 4) + ".example.hu",
    ],
)
def test_address_that_remit_cannot_mail_to_is_refused(typed: str) -> None:
    with pytest.raises(EmailNotSupported) as refusal:
        email_key(typed)

    assert refusal.value.code == "EMAIL_NOT_SUPPORTED"


@given(st.text(max_size=80))
def test_any_text_has_a_key_that_is_its_own_key_or_is_refused(typed: str) -> None:
    try:
        key = email_key(typed)
    except EmailNotSupported:
        return

    assert key.isascii()
    assert email_key(key) == key


@given(st.emails())
def test_key_of_an_address_does_not_depend_on_its_case(address: str) -> None:
    assert email_key(address.upper()) == email_key(address.lower())


@pytest.mark.parametrize(("email", "masked"), [("anna@example.hu", "a***@example.hu"), ("b@x.gr", "b***@x.gr")])
def test_masked_email_tells_neither_name_nor_length(email: str, masked: str) -> None:
    assert masked_email(email) == masked


# --- Passwords


def weaknesses(password: str) -> tuple[PasswordWeakness, ...]:
    """Why `password` is refused to anna.kovacs of Studio Nine; empty if it is not."""
    try:
        require_strong_password(
            password,
            email="anna.kovacs@example.hu",
            network_names=["Studio Nine", "Bo"],
            breached=frozenset({"iloveyou1234"}),
        )
    except WeakPassword as refusal:
        return refusal.reasons
    return ()


@pytest.mark.parametrize(
    ("case", "password", "reasons"),
    [
        ("twelve characters", "aB3!aB3!aB3!", ()),
        ("eleven characters", "aB3!aB3!aB3", (PasswordWeakness.TOO_SHORT,)),
        ("128 characters", "ab" * 64, ()),
        ("129 characters", "ab" * 64 + "a", (PasswordWeakness.TOO_LONG,)),
        ("characters, not bytes", "ő" * 12, ()),
        ("only spaces", " " * 12, ()),
        ("breached", "iloveyou1234", (PasswordWeakness.BREACHED,)),
        ("breached, in another case", "ILoveYou1234", (PasswordWeakness.BREACHED,)),
        ("names the network", "my studio nine!", (PasswordWeakness.CONTAINS_NETWORK,)),
        ("a network's name of two letters is inside too much", "bobobobobobo", ()),
        ("names Remit", "I love ReMiT 7", (PasswordWeakness.CONTAINS_REMIT,)),
        ("names the person", "ANNA.KOVACS-1990", (PasswordWeakness.CONTAINS_EMAIL,)),
        ("all reasons together", "remit", (PasswordWeakness.TOO_SHORT, PasswordWeakness.CONTAINS_REMIT)),
    ],
)
def test_weak_passwords(case: str, password: str, reasons: tuple[PasswordWeakness, ...]) -> None:
    assert weaknesses(password) == reasons


# --- Codes and tokens


@pytest.mark.parametrize(
    ("case", "typed", "code"),
    [
        ("as shown", "01234567", "01234567"),
        ("in groups", " 0123-4567 ", "01234567"),
        ("too short", "0123456", None),
        ("too long", "012345678", None),
        ("full-width digits", "０１２３４５６７", None),
        ("Arabic digits", "٠١٢٣٤٥٦٧", None),
        ("superscript", "0123456²", None),
        ("letters", "0123456a", None),
        ("another space", "0123\N{NO-BREAK SPACE}4567", None),
        ("nothing", "", None),
    ],
)
def test_typed_code(case: str, typed: str, code: str | None) -> None:
    assert typed_code(typed, 8) == code


def test_email_code_is_the_first_value_of_rfc_4226_appendix_d_in_eight_digits() -> None:
    assert email_code(b"12345678901234567890") == "84755224"


@pytest.mark.parametrize("length", [0, 19, 21])
def test_a_secret_of_another_length_makes_no_code(length: int) -> None:
    with pytest.raises(ValueError, match="20 bytes"):
        email_code(b"x" * length)


def test_email_code_hash_is_that_of_the_specification() -> None:
    stored = email_code_hash(KEY, ATTEMPT_ID, "01234567")

    assert stored.hex() == "09cff0ff39fa6df66600e932ce3d8eca035445d08941993e2ac433ce74b34f5f"


def test_email_code_opens_only_its_own_attempt() -> None:
    stored = email_code_hash(KEY, ATTEMPT_ID, "01234567")

    assert is_email_code(KEY, ATTEMPT_ID, typed="0123 4567", stored_hash=stored)
    assert not is_email_code(KEY, ATTEMPT_ID, typed="01234568", stored_hash=stored)
    assert not is_email_code(KEY, DEVICE_E, typed="01234567", stored_hash=stored)
    assert not is_email_code(b"\x0c" * 32, ATTEMPT_ID, typed="01234567", stored_hash=stored)
    assert not is_email_code(KEY, ATTEMPT_ID, typed="01234567", stored_hash=None)
    assert not is_email_code(KEY, ATTEMPT_ID, typed="０１２３４５６７", stored_hash=stored)


def test_session_token_is_base64url_of_its_entropy_without_padding() -> None:
    assert session_token(bytes(range(32))) == "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
    assert len(session_token(b"\xff" * 32)) == 43


@pytest.mark.parametrize("length", [0, 16, 31, 33])
def test_token_of_other_than_32_bytes_is_a_programming_error(length: int) -> None:
    with pytest.raises(ValueError, match="32 random bytes"):
        session_token(bytes(length))


def test_stored_token_is_its_sha_256() -> None:
    assert token_hash("abc").hex() == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


# --- Waiting after failures


@pytest.mark.parametrize(
    ("failures", "seconds"),
    [(0, 0), (4, 0), (5, 30), (6, 60), (8, 240), (11, 1920), (12, 3600), (99, 3600), (10**9, 3600)],
)
def test_wait_after_failures(failures: int, seconds: int) -> None:
    assert failure_wait(failures) == timedelta(seconds=seconds)


def test_a_hundredth_failure_takes_more_than_89_hours() -> None:
    assert sum((failure_wait(failures) for failures in range(100)), timedelta()) == timedelta(seconds=320_610)


def test_fifth_failure_starts_a_wait_that_ends_by_itself() -> None:
    fourth = FailureCounter(consecutive=4)

    fifth = counter_after_failure(fourth, now=NOW)

    assert counter_after_failure(FailureCounter(), now=NOW) == FailureCounter(1, None)
    assert fifth == FailureCounter(5, NOW + timedelta(seconds=30))
    require_no_wait(fourth, now=NOW)
    with pytest.raises(TooManyAttempts) as refusal:
        require_no_wait(fifth, now=NOW + timedelta(seconds=29))
    assert (refusal.value.code, refusal.value.retry_at) == ("TOO_MANY_ATTEMPTS", NOW + timedelta(seconds=30))
    require_no_wait(fifth, now=NOW + timedelta(seconds=30))


def test_hundredth_failure_closes_the_bucket_for_good() -> None:
    hundredth = counter_after_failure(FailureCounter(consecutive=99), now=NOW)

    assert not FailureCounter(consecutive=99).is_closed
    assert hundredth.is_closed
    with pytest.raises(TooManyAttempts) as refusal:
        require_no_wait(hundredth, now=NOW + timedelta(days=365))
    assert refusal.value.retry_at is None


@given(st.integers(0, 200))
def test_more_failures_never_wait_less(failures: int) -> None:
    assert failure_wait(failures) <= failure_wait(failures + 1) <= timedelta(hours=1)


# --- The attempt


@pytest.mark.parametrize(("is_right", "is_active"), [(False, True), (True, False), (False, False)])
def test_wrong_password_and_disabled_account_get_one_answer(is_right: bool, is_active: bool) -> None:
    with pytest.raises(InvalidCredentials) as refusal:
        require_credentials(password_is_right=is_right, account_is_active=is_active)

    assert refusal.value.code == "INVALID_CREDENTIALS"
    assert refusal.value.message == "The e-mail address or the password is wrong."


def test_right_password_of_an_active_account_opens_an_attempt_for_ten_minutes() -> None:
    require_credentials(password_is_right=True, account_is_active=True)

    assert opened_attempt(DEVICE_D, now=NOW) == Attempt(DEVICE_D, AttemptState.OPEN, expires_at=LATER)


def enter_code(attempt: Attempt, *, is_right: bool, device: UUID = DEVICE_D, at: datetime = NOW) -> Attempt:
    """Count a try, then judge it."""
    return judge_try(take_try(attempt, device_id=device, now=at), code_is_right=is_right)


@pytest.mark.parametrize(
    ("case", "entered", "state", "tries", "refused"),
    [
        ("w w w w r", "wwwwr", AttemptState.DONE, 5, 0),
        ("w w w w w r", "wwwwwr", AttemptState.FAILED, 5, 1),
        ("r r", "rr", AttemptState.DONE, 1, 1),
        ("w", "w", AttemptState.OPEN, 1, 0),
    ],
)
def test_sequence_of_codes(case: str, entered: str, state: AttemptState, tries: int, refused: int) -> None:
    attempt = opened_attempt(DEVICE_D, now=NOW)
    closed = 0

    for code in entered:
        try:
            attempt = enter_code(attempt, is_right=code == "r")
        except AttemptClosed:
            closed += 1

    assert (attempt.state, attempt.tries, closed) == (state, tries, refused)


def test_second_code_voids_the_first() -> None:
    first, second = email_code_hash(KEY, ATTEMPT_ID, "11111111"), email_code_hash(KEY, ATTEMPT_ID, "22222222")
    attempt = opened_attempt(DEVICE_D, now=NOW)
    for minute, stored in enumerate((first, second)):
        attempt = send_email_code(
            attempt,
            code_hash=stored,
            email_is_allowed=True,
            device_id=DEVICE_D,
            now=NOW + timedelta(minutes=minute),
        )

    states = []
    for typed in ("11111111", "22222222"):
        is_right = is_email_code(KEY, ATTEMPT_ID, typed=typed, stored_hash=attempt.email_code_hash)
        attempt = enter_code(attempt, is_right=is_right, at=NOW + timedelta(minutes=2))
        states.append((attempt.state, attempt.tries))

    assert states == [(AttemptState.OPEN, 1), (AttemptState.DONE, 2)]


def test_strange_device_gets_the_answer_of_a_random_id_and_costs_no_try() -> None:
    attempt = opened_attempt(DEVICE_D, now=NOW)

    with pytest.raises(AttemptNotFound) as refusal:
        take_try(attempt, device_id=DEVICE_E, now=NOW)
    with pytest.raises(AttemptNotFound):
        take_try(replace(attempt, state=AttemptState.DONE), device_id=DEVICE_E, now=NOW)

    assert refusal.value.code == "ATTEMPT_NOT_FOUND"
    assert enter_code(attempt, is_right=True) == replace(attempt, state=AttemptState.DONE, tries=1)


def test_attempt_expires_at_its_tenth_minute() -> None:
    attempt = opened_attempt(DEVICE_D, now=NOW)

    assert expired_attempt(attempt, now=LATER - timedelta(microseconds=1)) == attempt
    assert expired_attempt(attempt, now=LATER).state is AttemptState.EXPIRED
    with pytest.raises(AttemptClosed) as refusal:
        enter_code(attempt, is_right=True, at=LATER)
    assert refusal.value.code == "ATTEMPT_CLOSED"


@pytest.mark.parametrize("state", [state for state in AttemptState if state is not AttemptState.OPEN])
def test_final_state_answers_closed_to_everything_and_stays(state: AttemptState) -> None:
    attempt = replace(opened_attempt(DEVICE_D, now=NOW), state=state)

    with pytest.raises(AttemptClosed):
        take_try(attempt, device_id=DEVICE_D, now=NOW)
    with pytest.raises(AttemptClosed):
        cancel_attempt(attempt, device_id=DEVICE_D, now=NOW)
    with pytest.raises(AttemptClosed):
        send_email_code(attempt, code_hash=b"", email_is_allowed=True, device_id=DEVICE_D, now=NOW)
    assert expired_attempt(attempt, now=LATER) == attempt


def test_cancelled_attempt_is_over() -> None:
    attempt = opened_attempt(DEVICE_D, now=NOW)

    with pytest.raises(AttemptNotFound):
        cancel_attempt(attempt, device_id=DEVICE_E, now=NOW)
    assert cancel_attempt(attempt, device_id=DEVICE_D, now=NOW).state is AttemptState.CANCELLED


@pytest.mark.parametrize(
    ("case", "sends", "seconds_since", "retry_at"),
    [
        ("within a minute of the last", 1, 59, NOW + timedelta(seconds=60)),
        ("after the third", 3, 120, LATER),
    ],
)
def test_code_is_not_sent_too_often(case: str, sends: int, seconds_since: int, retry_at: datetime) -> None:
    attempt = replace(opened_attempt(DEVICE_D, now=NOW), email_sends=sends, email_sent_at=NOW)
    at = NOW + timedelta(seconds=seconds_since)

    with pytest.raises(TooManyAttempts) as refusal:
        send_email_code(attempt, code_hash=b"h", email_is_allowed=True, device_id=DEVICE_D, now=at)

    assert refusal.value.retry_at == retry_at


def test_code_is_sent_a_minute_after_the_last_and_counted() -> None:
    attempt = replace(opened_attempt(DEVICE_D, now=NOW), email_sends=2, email_sent_at=NOW)
    at = NOW + timedelta(seconds=60)

    sent = send_email_code(attempt, code_hash=b"h", email_is_allowed=True, device_id=DEVICE_D, now=at)

    assert sent == replace(attempt, email_sends=3, email_sent_at=at, email_code_hash=b"h")


def test_code_is_not_sent_where_the_network_s_rules_want_a_strong_factor() -> None:
    attempt = opened_attempt(DEVICE_D, now=NOW)

    with pytest.raises(MethodNotAllowed) as refusal:
        send_email_code(attempt, code_hash=b"h", email_is_allowed=False, device_id=DEVICE_D, now=NOW)

    assert refusal.value.code == "METHOD_NOT_ALLOWED"


def test_sixth_try_is_refused_while_the_fifth_is_still_being_compared() -> None:
    fifth_in_flight = replace(opened_attempt(DEVICE_D, now=NOW), tries=5)

    with pytest.raises(AttemptClosed):
        take_try(fifth_in_flight, device_id=DEVICE_D, now=NOW)


def test_wrong_code_says_how_many_tries_are_left() -> None:
    attempt = enter_code(opened_attempt(DEVICE_D, now=NOW), is_right=False)

    assert attempt.tries_left == 4
    assert (WrongCode(attempt.tries_left).code, WrongCode(attempt.tries_left).tries_left) == ("WRONG_CODE", 4)


class AttemptMachine(RuleBasedStateMachine):
    """Any order of sends, tries, cancels and passing time: never a sixth try, never out of a final state."""

    def __init__(self) -> None:
        super().__init__()
        self.attempt = opened_attempt(DEVICE_D, now=NOW)
        self.now = NOW
        self.compared = 0
        self.first_end: AttemptState | None = None

    @rule(seconds=st.integers(1, 200))
    def time_passes(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)
        self.attempt = expired_attempt(self.attempt, now=self.now)

    @rule(is_right=st.booleans(), device=st.sampled_from([DEVICE_D, DEVICE_E]))
    def enter(self, is_right: bool, device: UUID) -> None:
        try:
            counted = take_try(self.attempt, device_id=device, now=self.now)
        except (AttemptClosed, AttemptNotFound):
            return
        self.compared += 1
        self.attempt = judge_try(counted, code_is_right=is_right)

    @rule()
    def send(self) -> None:
        try:
            self.attempt = send_email_code(
                self.attempt, code_hash=b"h", email_is_allowed=True, device_id=DEVICE_D, now=self.now
            )
        except (AttemptClosed, TooManyAttempts):
            return

    @precondition(lambda self: self.attempt.tries == 3)
    @rule()
    def cancel(self) -> None:
        if self.attempt.state is AttemptState.OPEN:
            self.attempt = cancel_attempt(self.attempt, device_id=DEVICE_D, now=self.now)

    @invariant()
    def no_more_codes_are_compared_than_tries_counted(self) -> None:
        assert self.compared == self.attempt.tries <= 5
        assert self.attempt.email_sends <= 3

    @invariant()
    def a_final_state_stays(self) -> None:
        if self.first_end is None and self.attempt.state is not AttemptState.OPEN:
            self.first_end = self.attempt.state
        assert self.first_end in {None, self.attempt.state}


test_attempt_machine = AttemptMachine.TestCase


# --- Sessions


def test_lives_of_sessions_are_those_of_the_specification() -> None:
    assert SessionLife(timedelta(minutes=60), timedelta(hours=24)) == COOKIE_SESSION
    assert SessionLife(timedelta(days=14), timedelta(days=90)) == BEARER_SESSION


def test_use_prolongs_a_session_up_to_its_absolute_end() -> None:
    early, late = NOW + timedelta(hours=1), NOW + timedelta(hours=23, minutes=30)

    assert session_idle_until(COOKIE_SESSION, created_at=NOW, now=early) == NOW + timedelta(hours=2)
    assert session_idle_until(COOKIE_SESSION, created_at=NOW, now=late) == NOW + timedelta(hours=24)


def test_a_bucket_is_of_one_address_on_one_known_device_or_on_all_unknown_ones() -> None:
    buckets = {
        failure_bucket(key, address, device)
        for key in (KEY, bytes(32))
        for address in ("anna@example.hu", "bela@example.hu")
        for device in (None, DEVICE_D, DEVICE_E)
    }

    assert len(buckets) == 12
    assert {len(bucket) for bucket in buckets} == {32}
    assert failure_bucket(KEY, "anna@example.hu", DEVICE_D) in buckets


@pytest.mark.parametrize(("kind", "life"), [(SessionKind.COOKIE, COOKIE_SESSION), (SessionKind.BEARER, BEARER_SESSION)])
def test_a_session_lives_by_its_kind(kind: SessionKind, life: SessionLife) -> None:
    assert session_life(kind) == life
