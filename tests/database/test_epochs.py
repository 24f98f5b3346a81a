"""The watch over epochs, on a real database: signals hurry it, losing them costs time, a cut connection is remade."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from uuid import UUID

import asyncpg
import pytest
from uuid_utils.compat import uuid7

from app import Remit
from database import epochs as watching
from database.connections import Database
from database.epochs import Epochs, EpochsUnread, Hold

NEVER = 3600.0
PATIENCE_SECONDS = 30
RAISE = """
INSERT INTO policy_epochs AS e (network_id, epoch) VALUES ($1, 1)
ON CONFLICT (network_id, partner_id) DO UPDATE SET epoch = e.epoch + 1
"""
SIGNAL = "SELECT pg_notify('remit_policy', $1::uuid::text)"
CUT = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE query LIKE 'SELECT id, epoch FROM epochs_of%' AND pid <> pg_backend_pid()
"""
READERS = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT id, epoch FROM epochs_of%'"


@pytest.fixture
async def epochs(remit: Remit) -> AsyncIterator[Epochs]:
    watch = Epochs(remit.host.database.app)
    yield watch
    await watch.close()


@pytest.fixture
async def owner(remit: Remit) -> AsyncIterator[asyncpg.Connection]:
    async with remit.host.database.owner_connection() as connection:
        yield connection


@pytest.fixture
async def app(remit: Remit) -> AsyncIterator[asyncpg.Connection]:
    """A role sees and ends its own connections only."""
    async with remit.host.database.app.connection() as connection:
        yield connection


@pytest.fixture
def polls_never(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what is named is read, after the first reading of all."""
    monkeypatch.setattr(watching, "POLL_SECONDS", NEVER)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds by which the watch's clock is ahead."""
    ahead, now = [0.0], watching._now
    monkeypatch.setattr(watching, "_now", lambda: now() + ahead[0])
    return ahead


async def woken(hold: Hold) -> bool:
    """Whether an epoch was found to differ."""
    await hold.change(within=PATIENCE_SECONDS)
    return bool(hold.differing)


@contextmanager
def timed(what: str) -> Iterator[None]:
    """Print how long it took; how long it may take is the system test's matter."""
    began = time.perf_counter()
    yield
    print(f"{what}: {(time.perf_counter() - began) * 1000:.1f} ms")


async def test_an_epoch_is_awaited_until_it_differs(epochs: Epochs, owner: asyncpg.Connection) -> None:
    changed, same = uuid7(), uuid7()
    with epochs.hold() as first, epochs.hold() as second:
        first.renew({changed: 0})
        second.renew({same: 0})
        await epochs.fresh()
        await owner.execute(RAISE, changed)

        assert await woken(first)
        assert second.differing == {}


async def test_a_signal_is_enough(epochs: Epochs, owner: asyncpg.Connection, polls_never: None) -> None:
    network_id = uuid7()
    with epochs.hold() as hold:
        hold.renew({network_id: 0})
        await epochs.fresh()
        async with owner.transaction():
            await owner.execute(RAISE, network_id)
            await owner.execute(SIGNAL, network_id)

        with timed("signal to wake"):
            assert await woken(hold)


async def test_a_lost_signal_is_found_by_the_poll(epochs: Epochs, owner: asyncpg.Connection) -> None:
    network_id = uuid7()
    with epochs.hold() as hold:
        hold.renew({network_id: 0})
        await epochs.fresh()
        await owner.execute(RAISE, network_id)

        with timed("commit to wake without a signal"):
            assert await woken(hold)


async def test_what_was_raised_before_it_was_held_is_found_at_once(
    epochs: Epochs, owner: asyncpg.Connection, polls_never: None
) -> None:
    network_id = uuid7()
    with epochs.hold() as hold:
        await epochs.fresh()
        await owner.execute(RAISE, network_id)

        hold.renew({network_id: 0})

        assert await woken(hold)


async def test_an_epoch_that_is_raised_early_and_committed_late_is_not_passed_over(
    remit: Remit, epochs: Epochs, owner: asyncpg.Connection
) -> None:
    late, soon = uuid7(), uuid7()
    with epochs.hold() as of_late, epochs.hold() as of_soon:
        of_late.renew({late: 0})
        of_soon.renew({soon: 0})
        async with remit.host.database.owner_connection() as other:
            raised = other.transaction()
            await raised.start()
            await other.execute(RAISE, late)
            await owner.execute(RAISE, soon)
            assert await woken(of_soon)
            assert of_late.differing == {}

            await raised.commit()

        assert await woken(of_late)


async def test_a_cut_connection_is_made_again(
    epochs: Epochs, owner: asyncpg.Connection, app: asyncpg.Connection
) -> None:
    network_id = uuid7()
    with epochs.hold() as hold:
        hold.renew({network_id: 0})
        await epochs.fresh()
        assert await app.fetch(CUT)
        await owner.execute(RAISE, network_id)

        with timed("cut to wake"):
            assert await woken(hold)


async def test_a_new_connection_hears_signals(
    epochs: Epochs, owner: asyncpg.Connection, app: asyncpg.Connection, polls_never: None, clock: list[float]
) -> None:
    network_id = uuid7()
    with epochs.hold() as hold:
        hold.renew({network_id: 0})
        await epochs.fresh()
        clock[0] += 2 * watching.FRESH_SECONDS
        assert await app.fetch(CUT)
        await epochs.fresh()
        async with owner.transaction():
            await owner.execute(RAISE, network_id)
            await owner.execute(SIGNAL, network_id)

        assert await woken(hold)


@pytest.mark.parametrize("payload", ["", "nonsense", str(UUID(int=5))])
async def test_a_signal_that_means_nothing_here_harms_nothing(
    epochs: Epochs, owner: asyncpg.Connection, polls_never: None, payload: str
) -> None:
    network_id = uuid7()
    with epochs.hold() as hold:
        hold.renew({network_id: 0})
        await epochs.fresh()
        await owner.execute("SELECT pg_notify('remit_policy', $1)", payload)
        await owner.execute(RAISE, network_id)
        await owner.execute(SIGNAL, network_id)

        assert await woken(hold)


async def test_a_paused_process_reads_before_it_is_fresh(epochs: Epochs, clock: list[float]) -> None:
    with epochs.hold():
        await epochs.fresh()
        clock[0] += 60
        assert not epochs.is_fresh

        await epochs.fresh()

        assert epochs.is_fresh


async def test_all_connections_of_the_pool_in_use_do_not_hinder_the_watch(
    remit: Remit, owner: asyncpg.Connection
) -> None:
    database, network_id = remit.host.database, uuid7()
    connections = remit.settings.database_connections
    async with asyncio.TaskGroup() as tasks:
        occupied = connections - max(1, connections // 3)
        busy, done = asyncio.Barrier(occupied + 1), asyncio.Event()
        for _ in range(occupied):
            tasks.create_task(_occupy(database, busy, done))
        await busy.wait()
        with database.epochs.hold() as hold:
            hold.renew({network_id: 0})
            await owner.execute(RAISE, network_id)
            assert await woken(hold)
        done.set()


async def _occupy(database: Database, busy: asyncio.Barrier, done: asyncio.Event) -> None:
    async with database.read():
        await busy.wait()
        await done.wait()


async def test_what_nobody_can_read_for_long_is_given_up(
    remit: Remit, monkeypatch: pytest.MonkeyPatch, clock: list[float]
) -> None:
    watch = Epochs(replace(remit.host.database.app, database="gone"))
    with watch.hold() as hold, watch.hold() as other:
        hold.renew({uuid7(): 0})
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await watch.fresh()
        clock[0] += watching.LOST_SECONDS

        with pytest.raises(EpochsUnread):
            await hold.change(within=PATIENCE_SECONDS)
        with pytest.raises(EpochsUnread):
            await other.change(within=PATIENCE_SECONDS)
        with pytest.raises(EpochsUnread):
            await watch.fresh()
    await watch.close()


async def test_who_begins_to_hold_later_has_all_the_time_again(remit: Remit, clock: list[float]) -> None:
    watch = Epochs(replace(remit.host.database.app, database="gone"))
    with watch.hold() as hold:
        clock[0] += 2 * watching.LOST_SECONDS
        with pytest.raises(EpochsUnread):
            await hold.change(within=PATIENCE_SECONDS)

    with watch.hold() as hold:
        await hold.change(within=0)

    await watch.close()


async def test_a_change_is_awaited_for_the_time_that_is_given(epochs: Epochs) -> None:
    with epochs.hold() as hold:
        for within in (0.0, -1.0):
            await hold.change(within=within)

        assert hold.differing == {}


async def test_the_watch_has_one_connection_from_the_first_hold_to_its_end(
    remit: Remit, app: asyncpg.Connection
) -> None:
    watch = Epochs(remit.host.database.app)
    before = await app.fetchval(READERS)

    with watch.hold(), watch.hold():
        await watch.fresh()
        held = await app.fetchval(READERS)
    await watch.close()

    assert held == before + 1
    async with asyncio.timeout(PATIENCE_SECONDS):
        while await app.fetchval(READERS) != before:  # noqa: ASYNC110  (of another process)
            await asyncio.sleep(0.01)
