"""Hashing: identity.md 3 (secrets at rest) and 4.2 (password)."""

from __future__ import annotations

import asyncio
import threading
from datetime import UTC, datetime, timedelta

import pytest
from argon2 import PasswordHasher, extract_parameters

from domain.identity.passwords import Busy, PasswordCheck, PasswordHashing, breached_passwords

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.fixture
def closed_gate(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Hold every comparison in its thread until the gate is set."""
    gate = threading.Event()
    original = PasswordHasher.verify

    def wait_then_verify(self: PasswordHasher, stored: str, password: str) -> bool:
        assert gate.wait(timeout=30)
        return original(self, stored, password)

    monkeypatch.setattr(PasswordHasher, "verify", wait_then_verify)
    return gate


async def turns(count: int = 10) -> None:
    """Let every ready task run."""
    for _ in range(count):
        await asyncio.sleep(0)


async def verified_in_the_end(hashing: PasswordHashing) -> PasswordCheck:
    """The answer once a slot is free."""
    async with asyncio.timeout(30):
        while True:
            try:
                return await hashing.verify(None, "x", now=NOW)
            except Busy:
                await asyncio.sleep(0.01)


async def test_hash_is_argon2id_with_the_parameters_of_the_specification() -> None:
    stored = await PasswordHashing().hash("correct horse", now=NOW)

    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    parameters = extract_parameters(stored)
    assert (parameters.salt_len, parameters.hash_len) == (16, 32)


async def test_password_is_compared_byte_for_byte() -> None:
    hashing = PasswordHashing()
    stored = await hashing.hash("jelszó ", now=NOW)

    assert await hashing.verify(stored, "jelszó ", now=NOW) == PasswordCheck(is_right=True, needs_rehash=False)
    for other in ("jelszó", "Jelszó ", "jelszo\N{COMBINING ACUTE ACCENT} "):
        assert await hashing.verify(stored, other, now=NOW) == PasswordCheck(is_right=False, needs_rehash=False)


async def test_right_password_with_outdated_parameters_needs_a_new_hash() -> None:
    stored = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash("correct horse")

    assert await PasswordHashing().verify(stored, "correct horse", now=NOW) == PasswordCheck(
        is_right=True, needs_rehash=True
    )


async def test_unknown_account_costs_one_comparison_with_today_s_parameters(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[str] = []
    original = PasswordHasher.verify

    def recorded(self: PasswordHasher, stored: str, password: str) -> bool:
        compared.append(stored)
        return original(self, stored, password)

    monkeypatch.setattr(PasswordHasher, "verify", recorded)

    check = await PasswordHashing().verify(None, "anything at all", now=NOW)

    assert check == PasswordCheck(is_right=False, needs_rehash=False)
    assert [hash_.rpartition("$")[0].rpartition("$")[0] for hash_ in compared] == ["$argon2id$v=19$m=19456,t=2,p=1"]
    parameters = extract_parameters(compared[0])
    assert (parameters.salt_len, parameters.hash_len) == (16, 32)


async def test_unknown_account_stays_shut_even_to_the_password_of_the_stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PasswordHasher, "verify", lambda *_: True)

    check = await PasswordHashing().verify(None, "the very one", now=NOW)

    assert check == PasswordCheck(is_right=False, needs_rehash=False)


async def test_caller_beyond_the_queue_is_refused_at_once(closed_gate: threading.Event) -> None:
    hashing = PasswordHashing(concurrency=1, queue=2, wait=timedelta(seconds=30))
    accepted = [asyncio.create_task(hashing.verify(None, "x", now=NOW)) for _ in range(3)]
    await turns()

    with pytest.raises(Busy) as refusal:
        await hashing.verify(None, "x", now=NOW)

    assert refusal.value.code == "BUSY"
    assert refusal.value.retry_at == NOW + timedelta(seconds=5)
    closed_gate.set()
    assert await asyncio.gather(*accepted) == [PasswordCheck(is_right=False, needs_rehash=False)] * 3


async def test_caller_who_has_waited_long_enough_is_refused(closed_gate: threading.Event) -> None:
    hashing = PasswordHashing(concurrency=1, wait=timedelta(milliseconds=10))
    first = asyncio.create_task(hashing.verify(None, "x", now=NOW))
    await turns()

    with pytest.raises(Busy) as refusal:
        await hashing.verify(None, "x", now=NOW)

    assert refusal.value.retry_at == NOW + timedelta(seconds=5, milliseconds=10)
    closed_gate.set()
    assert not (await first).is_right


async def test_caller_who_leaves_keeps_the_slot_until_the_thread_has_ended(closed_gate: threading.Event) -> None:
    hashing = PasswordHashing(concurrency=1, queue=0)
    leaving = asyncio.create_task(hashing.verify(None, "x", now=NOW))
    await turns()

    leaving.cancel()
    await turns()

    assert leaving.cancelled()
    with pytest.raises(Busy):
        await hashing.verify(None, "x", now=NOW)
    closed_gate.set()
    assert not (await verified_in_the_end(hashing)).is_right


async def test_slot_is_free_again_after_each_answer() -> None:
    hashing = PasswordHashing(concurrency=1, queue=1)

    for _ in range(3):
        assert not (await hashing.verify(None, "x", now=NOW)).is_right


def test_breached_list_holds_folded_passwords_that_length_alone_would_let_through() -> None:
    breached = breached_passwords()

    assert {"password1234", "qwertyuiop123", "iloveyou1234", "jelszo123456"} <= breached
    assert len(breached) >= 200
    assert {word for word in breached if len(word) < 12 or word != word.casefold()} == set()
