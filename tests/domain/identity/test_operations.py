"""Signing in on a real database: the sequences of identity.md 4.1, the lock-outs of 4.3, the sessions of 4.4."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from functools import partial
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from audit.devices import Device
from domain.identity import operations
from domain.identity.rules import (
    AttemptClosed,
    AttemptNotFound,
    EmailTaken,
    InvalidCredentials,
    SessionKind,
    TooManyAttempts,
    WeakPassword,
    WrongCode,
)
from domain.notices.sealing import open_text
from errors import NotFound, UserError
from host import Host
from tests.domain.identity.people import (
    CREATED,
    PASSWORD,
    Person,
    caller,
    cancel,
    device,
    entries,
    mailed_code,
    person,
    ready_attempt,
    rows,
    send_code,
    sign_in,
    start,
    verify,
    wrong,
)
from tests.installation import Clock
from work import Task, Unauthenticated, Work

SIGN_OUT = Task(operations.SIGNED_OUT)
END = Task(operations.SESSION_ENDED)


async def attempt_row(host: Host, attempt_id: UUID) -> tuple[str, int]:
    """State and tries of an attempt."""
    (row,) = await rows(host, "SELECT state, tries FROM sign_in_attempts WHERE id = $1", attempt_id)
    return row["state"], row["tries"]


async def sessions_of(host: Host, someone: Person) -> list[tuple[str, str | None]]:
    """State and reason of the account's sessions, oldest first."""
    found = await rows(
        host,
        "SELECT state, ended_reason FROM sessions WHERE account_id = $1 ORDER BY created_at, id",
        someone.account_id,
    )
    return [tuple(row) for row in found]


async def play(host: Host, clock: Clock, someone: Person, at: Device, sequence: str) -> tuple[UUID, list[str]]:
    """Play a sequence of 4.1: `w` wrong, `r` right, `e` right but from another device, `x` wait past the end."""
    attempt_id, code = await ready_attempt(host, someone, at)
    answers = []
    for step in sequence.split():
        if step == "x":
            clock.pass_by(minutes=10)
            continue
        try:
            await verify(host, attempt_id, wrong(code) if step == "w" else code, device() if step == "e" else at)
        except UserError as error:
            answers.append(error.code)
        else:
            answers.append("SIGNED_IN")
    return attempt_id, answers


WRONG, CLOSED, LOST, IN = "WRONG_CODE", "ATTEMPT_CLOSED", "ATTEMPT_NOT_FOUND", "SIGNED_IN"


@pytest.mark.parametrize(
    ("case", "sequence", "answers", "state", "tries", "sessions"),
    [
        ("the fifth try may be right", "w w w w r", [WRONG, WRONG, WRONG, WRONG, IN], "DONE", 5, 1),
        ("the fifth wrong one fails it", "w w w w w r", [WRONG] * 5 + [CLOSED], "FAILED", 5, 0),
        ("one code, one session", "r r", [IN, CLOSED], "DONE", 1, 1),
        ("another device is told nothing and costs nothing", "e r", [LOST, IN], "DONE", 1, 1),
        ("too late", "x r", [CLOSED], "EXPIRED", 0, 0),
    ],
)
async def test_sequences(
    host: Host, clock: Clock, case: str, sequence: str, answers: list[str], state: str, tries: int, sessions: int
) -> None:
    anna = await person(host)

    attempt_id, given = await play(host, clock, anna, device(), sequence)

    assert given == answers
    assert await attempt_row(host, attempt_id) == (state, tries)
    assert await sessions_of(host, anna) == [("ACTIVE", None)] * sessions


async def test_a_new_code_voids_the_old_one(host: Host, clock: Clock) -> None:
    anna, at = await person(host), device()
    attempt_id, first = await ready_attempt(host, anna, at)
    clock.pass_by(seconds=60)
    await send_code(host, attempt_id, at)
    second = await mailed_code(host, anna.email)

    with pytest.raises(WrongCode) as refusal:
        await verify(host, attempt_id, first, at)
    await verify(host, attempt_id, second, at)

    assert refusal.value.tries_left == 4
    assert await attempt_row(host, attempt_id) == ("DONE", 2)


async def test_codes_are_sent_three_times_with_a_minute_between_them(host: Host, clock: Clock) -> None:
    anna, at = await person(host), device()
    attempt = await start(host, anna.email, at)

    assert await send_code(host, attempt.id, at) == "A***@example.hu"
    with pytest.raises(TooManyAttempts) as too_soon:
        await send_code(host, attempt.id, at)
    for _ in range(2):
        clock.pass_by(seconds=60)
        await send_code(host, attempt.id, at)
    clock.pass_by(seconds=60)
    with pytest.raises(TooManyAttempts) as too_often:
        await send_code(host, attempt.id, at)

    assert too_soon.value.retry_at == clock.now - timedelta(seconds=120)
    assert too_often.value.retry_at == attempt.expires_at
    queued = await rows(host, "SELECT count(*) FROM mails WHERE account_id = $1", anna.account_id)
    assert queued[0]["count"] == 3


async def test_a_cancelled_attempt_takes_no_code(host: Host) -> None:
    anna, at = await person(host), device()
    attempt_id, code = await ready_attempt(host, anna, at)

    with pytest.raises(AttemptNotFound):
        await cancel(host, attempt_id, device())
    await cancel(host, attempt_id, at)

    with pytest.raises(AttemptClosed):
        await verify(host, attempt_id, code, at)
    assert await attempt_row(host, attempt_id) == ("CANCELLED", 0)


async def test_an_unknown_attempt_is_answered_like_that_of_another_device(host: Host) -> None:
    anna, at = await person(host), device()
    attempt_id, code = await ready_attempt(host, anna, at)

    with pytest.raises(AttemptNotFound) as strange:
        await verify(host, attempt_id, code, device())
    with pytest.raises(AttemptNotFound) as unknown:
        await verify(host, uuid7(), code, at)

    assert str(strange.value) == str(unknown.value)


async def test_a_disabled_account_signs_in_with_no_password_and_no_code(host: Host) -> None:
    anna, at = await person(host), device()
    attempt_id, code = await ready_attempt(host, anna, at)

    async def disable(work: Work) -> None:
        await work.statements.execute("UPDATE accounts SET state = 'DISABLED' WHERE id = $1", anna.account_id)

    await host.perform_as_system(None, CREATED, disable)

    with pytest.raises(AttemptClosed):
        await verify(host, attempt_id, code, at)
    with pytest.raises(InvalidCredentials):
        await start(host, anna.email, at)


async def test_a_hundred_parallel_wrong_codes_take_five_tries(host: Host) -> None:
    anna, at = await person(host), device()
    attempt_id, code = await ready_attempt(host, anna, at)

    answers = await asyncio.gather(
        *(verify(host, attempt_id, wrong(code), at) for _ in range(100)), return_exceptions=True
    )

    assert await attempt_row(host, attempt_id) == ("FAILED", 5)
    codes = Counter(answer.code for answer in answers if isinstance(answer, UserError))
    assert codes[WRONG] == 5
    assert sum(codes.values()) == 100
    assert set(codes) <= {WRONG, CLOSED, "TOO_MANY_ATTEMPTS"}


async def test_a_sixth_try_is_not_taken_even_if_nobody_closed_the_attempt(host: Host) -> None:
    anna, at = await person(host), device()
    attempt_id, code = await ready_attempt(host, anna, at)
    # As a process leaves it that dies between the count of the fifth try and its judgement
    await rows(host, "UPDATE sign_in_attempts SET tries = 5 WHERE id = $1 RETURNING id", attempt_id)

    with pytest.raises(AttemptClosed):
        await verify(host, attempt_id, code, at)

    assert await sessions_of(host, anna) == []


async def test_of_twenty_parallel_right_codes_one_signs_in(host: Host) -> None:
    anna, at = await person(host), device()
    attempt_id, code = await ready_attempt(host, anna, at)

    answers = await asyncio.gather(*(verify(host, attempt_id, code, at) for _ in range(20)), return_exceptions=True)

    assert sum(isinstance(answer, operations.SignedIn) for answer in answers) == 1
    assert sum(isinstance(answer, AttemptClosed) for answer in answers) == 19
    assert await sessions_of(host, anna) == [("ACTIVE", None)]


async def test_an_unknown_address_is_answered_like_a_wrong_password_until_both_wait(host: Host, clock: Clock) -> None:
    anna = await person(host)
    stranger = f"nobody.{uuid7().hex}@example.hu"

    async def answers(email: str) -> list[tuple[str, str, str | None, object]]:
        given = []
        for _ in range(6):
            with pytest.raises(UserError) as refusal:
                await start(host, email, device(), password="wrong horse battery staple")
            error = refusal.value
            given.append((error.code, error.message, error.hint, getattr(error, "retry_at", None)))
        return given

    known, unknown = await answers(anna.email), await answers(stranger)

    assert known == unknown
    assert [answer[0] for answer in known] == ["INVALID_CREDENTIALS"] * 5 + ["TOO_MANY_ATTEMPTS"]
    assert known[-1][3] == clock.now + timedelta(seconds=30)


async def test_a_waiting_bucket_does_not_look_at_the_password(host: Host, clock: Clock) -> None:
    anna = await person(host)
    for _ in range(5):
        with pytest.raises(InvalidCredentials):
            await start(host, anna.email, device(), password="wrong horse battery staple")

    with pytest.raises(TooManyAttempts):
        await start(host, anna.email, device())
    clock.pass_by(seconds=30)
    await start(host, anna.email, device())

    opened = await rows(host, "SELECT count(*) FROM sign_in_attempts WHERE account_id = $1", anna.account_id)
    assert opened[0]["count"] == 1


async def test_the_sixth_failure_waits_a_minute(host: Host, clock: Clock) -> None:
    anna = await person(host)
    for _ in range(5):
        with pytest.raises(InvalidCredentials):
            await start(host, anna.email, device(), password="wrong horse battery staple")
    clock.pass_by(seconds=30)
    with pytest.raises(InvalidCredentials):
        await start(host, anna.email, device(), password="wrong horse battery staple")

    with pytest.raises(TooManyAttempts) as refusal:
        await start(host, anna.email, device())

    assert refusal.value.retry_at == clock.now + timedelta(seconds=60)


async def test_a_stranger_s_failures_do_not_lock_the_owner_at_her_own_device(host: Host) -> None:
    anna, desk = await person(host), device()
    await sign_in(host, anna, desk)
    for _ in range(5):
        with pytest.raises(InvalidCredentials):
            await start(host, anna.email, device(), password="wrong horse battery staple")

    with pytest.raises(TooManyAttempts):
        await start(host, anna.email, device())
    await sign_in(host, anna, desk)


async def test_a_device_is_forgotten_after_ninety_days(host: Host, clock: Clock) -> None:
    anna, desk = await person(host), device()
    await sign_in(host, anna, desk)
    clock.pass_by(days=90)
    for _ in range(5):
        with pytest.raises(InvalidCredentials):
            await start(host, anna.email, device(), password="wrong horse battery staple")

    with pytest.raises(TooManyAttempts):
        await start(host, anna.email, desk)


async def test_right_passwords_are_no_failures_and_a_sign_in_starts_the_count_anew(host: Host, clock: Clock) -> None:
    anna = await person(host)
    for _ in range(4):
        with pytest.raises(InvalidCredentials):
            await start(host, anna.email, device(), password="wrong horse battery staple")

    await sign_in(host, anna, device())
    for _ in range(4):
        with pytest.raises(InvalidCredentials):
            await start(host, anna.email, device(), password="wrong horse battery staple")
    await start(host, anna.email, device())


async def test_wrong_codes_count_as_failures_of_the_bucket(host: Host) -> None:
    anna, at = await person(host), device()
    attempt_id, code = await ready_attempt(host, anna, at)
    for _ in range(5):
        with pytest.raises(WrongCode):
            await verify(host, attempt_id, wrong(code), at)

    with pytest.raises(TooManyAttempts):
        await start(host, anna.email, at)


async def test_parallel_guesses_of_a_password_are_counted_before_they_are_looked_at(host: Host) -> None:
    anna = await person(host)

    answers = await asyncio.gather(
        *(start(host, anna.email, device(), password=f"wrong horse number {n}") for n in range(20)),
        return_exceptions=True,
    )

    assert sum(isinstance(answer, InvalidCredentials) for answer in answers) == 5
    assert sum(isinstance(answer, TooManyAttempts) for answer in answers) == 15


async def test_the_eleventh_attempt_of_unknown_devices_within_an_hour_is_refused(host: Host, clock: Clock) -> None:
    anna = await person(host)
    first = clock.now
    for _ in range(10):
        await start(host, anna.email, device())
        clock.pass_by(minutes=1)

    with pytest.raises(TooManyAttempts) as refusal:
        await start(host, anna.email, device())
    clock.now = first + timedelta(hours=1)
    await start(host, anna.email, device())

    assert refusal.value.retry_at == first + timedelta(hours=1)


@pytest.mark.parametrize(
    ("case", "kind", "idle", "absolute"),
    [
        ("a browser's", SessionKind.COOKIE, timedelta(minutes=60), timedelta(hours=24)),
        ("an app's", SessionKind.BEARER, timedelta(days=14), timedelta(days=90)),
    ],
)
async def test_a_session_lives_as_long_as_its_kind(
    host: Host, clock: Clock, case: str, kind: SessionKind, idle: timedelta, absolute: timedelta
) -> None:
    anna, at = await person(host), device()

    signed_in = await sign_in(host, anna, at, kind=kind)

    (row,) = await rows(host, "SELECT * FROM sessions WHERE id = $1", signed_in.session.id)
    assert (row["kind"], row["factors"], row["device_id"]) == (kind.value, ["PASSWORD", "EMAIL"], at.id)
    assert (row["idle_until"], row["ends_at"]) == (clock.now + idle, clock.now + absolute)
    assert signed_in.session.expires_at == clock.now + idle
    assert signed_in.session.lives_seconds == absolute.total_seconds()
    assert signed_in.account["email"] == anna.email


async def test_an_eleventh_session_ends_the_one_least_recently_used(host: Host, clock: Clock) -> None:
    anna, at = await person(host), device()
    for _ in range(11):
        await sign_in(host, anna, at)
        clock.pass_by(minutes=10)

    assert await sessions_of(host, anna) == [("ENDED", "TOO_MANY_SESSIONS")] + [("ACTIVE", None)] * 10


async def test_signing_out_ends_the_session_at_once(host: Host) -> None:
    anna, at = await person(host), device()
    token = (await sign_in(host, anna, at)).session.token

    await host.perform(caller(at, token=token), SIGN_OUT, operations.sign_out)

    assert await sessions_of(host, anna) == [("ENDED", "SIGNED_OUT")]
    with pytest.raises(Unauthenticated):
        async with host.read(caller(at, token=token)):
            pass


async def test_ending_one_s_other_sessions(host: Host, clock: Clock) -> None:
    anna, at = await person(host), device()
    for _ in range(3):
        last = await sign_in(host, anna, at)
        clock.pass_by(seconds=1)

    ended = await host.perform(caller(at, token=last.session.token), END, operations.end_other_sessions)

    assert ended == 2
    assert await sessions_of(host, anna) == [("ENDED", "ENDED_BY_OWNER")] * 2 + [("ACTIVE", None)]


async def test_the_session_of_somebody_else_is_not_found(host: Host) -> None:
    anna, bela, at = await person(host), await person(host), device()
    token = (await sign_in(host, anna, at)).session.token
    other = (await sign_in(host, bela, device())).session.id

    with pytest.raises(NotFound):
        await host.perform(caller(at, token=token), END, lambda work: operations.end_session(work, other))

    assert await sessions_of(host, bela) == [("ACTIVE", None)]


async def test_a_sign_in_is_journaled_at_the_operator_and_in_each_network(host: Host) -> None:
    anna, at = await person(host, networks=2), device()

    signed_in = await sign_in(host, anna, at)
    with pytest.raises(InvalidCredentials):
        await start(host, anna.email, at, password="wrong horse battery staple")
    await host.perform(
        caller(at, token=signed_in.session.token, network_id=anna.networks[0]), SIGN_OUT, operations.sign_out
    )

    words = [
        ("account.sign_in_started", "ok"),
        ("account.sign_in_code_sent", "ok"),
        ("account.signed_in", "ok"),
        ("account.sign_in_started", "denied"),
        ("account.signed_out", "ok"),
    ]
    # The mail is a row of its own; so are the session and the end of it.
    assert await entries(host, None, actor_id=anna.account_id) == [
        (*word, changes) for word, changes in zip(words, (0, 1, 1, 0, 1), strict=True)
    ]
    for network_id in anna.networks:
        assert await entries(host, network_id, actor_id=anna.account_id) == [(*word, 0) for word in words]


async def test_an_unknown_address_is_journaled_as_a_keyed_hash_at_the_operator_alone(host: Host) -> None:
    stranger = f"nobody.{uuid7().hex}@example.hu"

    with pytest.raises(InvalidCredentials):
        await start(host, stranger, device())

    (newest,) = await host.perform_as_system(
        None,
        Task(),
        lambda work: work.statements.fetch(
            "SELECT payload::jsonb ->> 'code' AS code, payload::jsonb ->> 'error' AS error,"
            " payload::jsonb #>> '{targets,0,type}' AS target, payload"
            " FROM journal_entries WHERE chain_id = $1 ORDER BY seq DESC LIMIT 1",
            UUID(int=0),
        ),
    )
    assert (newest["code"], newest["error"], newest["target"]) == (
        "account.sign_in_started",
        "INVALID_CREDENTIALS",
        "email_key",
    )
    assert "nobody" not in newest["payload"]


async def test_neither_code_nor_password_nor_token_is_in_any_table(host: Host) -> None:
    anna, at = await person(host), device()
    attempt_id, code = await ready_attempt(host, anna, at)
    token = (await verify(host, attempt_id, code, at)).session.token

    tables = await tables_with(host, anna, [code, PASSWORD, token])
    control = await tables_with(host, anna, [anna.email])

    assert tables == set()
    assert {"remit.accounts", "remit.mails", "remit.journal_changes"} <= control


async def tables_with(host: Host, someone: Person, texts: list[str]) -> set[str]:
    """The tables of which a row holds one of the texts, as text or as bytes: as identity and the network see them."""
    tables = await rows(
        host, "SELECT schemaname || '.' || tablename AS name FROM pg_tables WHERE schemaname IN ('remit', 'jobs')"
    )
    patterns = [f"%{form}%" for text in texts for form in (text, text.encode().hex())]
    found = set()
    for network_id in (None, *someone.networks):
        for table in tables:
            sql = f"SELECT EXISTS (SELECT FROM {table['name']} AS t WHERE t::text LIKE ANY ($1))"
            if await host.perform_as_system(network_id, Task(), partial(exists, sql=sql, patterns=patterns)):
                found.add(table["name"])
    return found


async def exists(work: Work, *, sql: str, patterns: list[str]) -> bool:
    """Whether there is such a row in the Work's scope."""
    return bool(await work.statements.fetchval(sql, patterns))


async def test_the_code_s_mail_names_device_and_address_prefix_in_the_person_s_language(host: Host) -> None:
    anna, at = await person(host, language="hu"), device()
    await ready_attempt(host, anna, at)

    (mail,) = await rows(host, "SELECT * FROM mails WHERE account_id = $1", anna.account_id)

    assert (mail["state"], mail["kind"], mail["recipient"]) == ("QUEUED", "sign_in.code", anna.email)
    text = open_text(host.keys, mail["id"], mail["sealed"])
    assert text.subject == "Bejelentkezési kód"
    assert text.body.splitlines()[2:4] == ["Eszköz: Firefox 140 on Windows", "Cím: 203.0.113.0/24"]
    jobs = await rows(
        host,
        "SELECT task_name, args FROM procrastinate_jobs WHERE args ->> 'mail_id' = $1",
        str(mail["id"]),
    )
    assert [job["task_name"] for job in jobs] == ["notices.send_mail"]


async def test_an_address_has_one_account(host: Host) -> None:
    anna = await person(host)
    again = operations.NewAccount(anna.email.upper(), "Somebody Else", password=PASSWORD)

    with pytest.raises(EmailTaken):
        await host.perform_as_system(None, CREATED, lambda work: operations.create_account(work, again))


async def test_a_weak_password_makes_no_account(host: Host) -> None:
    weak = operations.NewAccount(f"weak.{uuid7().hex}@example.hu", "Weak", password="short")

    with pytest.raises(WeakPassword):
        await host.perform_as_system(None, CREATED, lambda work: operations.create_account(work, weak))

    assert await rows(host, "SELECT 1 FROM accounts WHERE email = $1", weak.email) == []


async def test_without_a_device_nobody_signs_in(host: Host) -> None:
    anna = await person(host)
    blind = replace(caller(device()), device=None)

    with pytest.raises(RuntimeError, match="DeviceMiddleware"):
        await host.perform(
            blind,
            Task(operations.SIGN_IN_STARTED, is_public=True),
            lambda work: operations.start_sign_in(work, email=anna.email, password=PASSWORD),
        )
