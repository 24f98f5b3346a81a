"""Connections are never all given to transactions that wait for a second one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextvars import Context

import asyncpg
import pytest

from database import turns
from database.connections import Database
from database.turns import Turns
from settings import Settings
from tests.database.toyapp import TOY

CONNECTIONS = 4
OUTER = 3


@pytest.fixture
async def database(toy: Database, database_settings: Settings) -> AsyncIterator[Database]:
    opened = await Database.open(database_settings.model_copy(update={"database_connections": CONNECTIONS}), [TOY])
    yield opened
    await opened.close()


@pytest.fixture
def no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "WAIT_SECONDS", 0.05)


@pytest.mark.timeout(30)
async def test_many_transactions_within_others_all_end(database: Database) -> None:
    async def one_within_another() -> int:
        async with database.read() as outer:
            await outer.fetchval("SELECT 1")
            async with database.transaction() as inner:
                answer: int = await inner.fetchval("SELECT 2")
                return answer

    answers = await asyncio.gather(*(one_within_another() for _ in range(50)))

    assert answers == [2] * 50


async def test_an_inner_turn_is_always_there_and_an_outer_one_is_told_what_to_do(no_patience: None) -> None:
    pool, released = Turns(CONNECTIONS), asyncio.Event()

    async def hold() -> None:
        async with pool.turn():
            await released.wait()

    holders = [asyncio.create_task(hold()) for _ in range(OUTER - 1)]
    await asyncio.sleep(0)
    async with pool.turn(), pool.turn():
        with pytest.raises(TimeoutError, match="Raise REMIT_DATABASE_CONNECTIONS, or run more server processes"):
            await asyncio.create_task(hold(), context=Context())
    released.set()
    await asyncio.gather(*holders)


async def test_a_turn_is_given_back_by_whoever_fails_in_it(no_patience: None) -> None:
    pool = Turns(CONNECTIONS)

    for _ in range(OUTER + 1):
        with pytest.raises(KeyError):
            async with pool.turn():
                raise KeyError

    async with pool.turn():
        pass


async def test_a_transaction_that_gets_no_connection_in_time_is_refused(database: Database, no_patience: None) -> None:
    released = asyncio.Event()

    async def hold() -> None:
        async with database.read():
            await released.wait()

    holders = [asyncio.create_task(hold()) for _ in range(OUTER)]
    await asyncio.sleep(0)
    with pytest.raises(TimeoutError):
        async with database.transaction():
            pass
    released.set()
    await asyncio.gather(*holders)

    async with database.read() as statements:
        assert await statements.fetchval("SELECT 1") == 1


async def test_a_statement_of_the_pool_ends_after_its_time(database: Database) -> None:
    async with database.transaction() as statements:
        limits = [
            await statements.fetchval("SELECT current_setting($1)", name)
            for name in ("statement_timeout", "idle_in_transaction_session_timeout")
        ]
        await statements.execute("SET LOCAL statement_timeout = 10")
        with pytest.raises(asyncpg.QueryCanceledError):
            await statements.execute("SELECT pg_sleep(5)")

    assert limits == ["8s", "15s"]
