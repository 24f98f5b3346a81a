"""A job is carried out although the worker that had it in hand was killed; one with a schedule at its instants."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from uuid import UUID, uuid4

import pytest

import jobs
from app import Remit
from database.connections import Database
from jobs import Job, MisdeclaredJob, Worker, defer

IN_HAND = """
UPDATE procrastinate_jobs SET status = 'doing', attempts = $2, worker_id = NULL
WHERE queue_name = $1 AND status = 'todo'
"""
STATES = "SELECT status::text FROM procrastinate_jobs WHERE queue_name = $1 AND task_name = 'toy.note' ORDER BY id"


@pytest.fixture
async def queue(remit: Remit, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    """A queue of the test's own."""
    name = f"toy-{uuid4()}"
    monkeypatch.setattr(jobs, "QUEUE", name)
    yield name
    async with remit.host.database.transaction() as statements:
        await statements.execute("DELETE FROM procrastinate_jobs WHERE queue_name = $1", name)


async def carried_out(_host: list[str], note_id: str) -> None:
    _host.append(note_id)


TOY = Job("toy.note", carried_out, retries=3)


async def put(database: Database, note_id: UUID, *, lock: str | None = None) -> None:
    async with database.transaction() as statements:
        await defer(statements, TOY, arguments={"note_id": note_id}, queueing_lock=lock)


async def leave_in_hand(database: Database, queue: str, *, attempts: int) -> None:
    """Leave what waits as a worker does that is killed in the middle of it."""
    async with database.transaction() as statements:
        await statements.execute(IN_HAND, queue, attempts)


async def states(database: Database, queue: str) -> list[str]:
    async with database.read() as statements:
        return [row["status"] for row in await statements.fetch(STATES, queue)]


async def test_a_job_of_a_killed_worker_is_taken_up(remit: Remit, queue: str) -> None:
    database, note_id, notes = remit.host.database, uuid4(), list[str]()
    await put(database, note_id)
    await leave_in_hand(database, queue, attempts=2)

    await Worker(database.app, [TOY], notes).run(until_empty=True)

    assert notes == [str(note_id)]
    assert await states(database, queue) == ["succeeded"]


async def test_a_job_that_was_in_hand_too_often_fails(remit: Remit, queue: str) -> None:
    database, notes = remit.host.database, list[str]()
    await put(database, uuid4())
    await leave_in_hand(database, queue, attempts=3)

    await Worker(database.app, [TOY], notes).run(until_empty=True)

    assert notes == []
    assert await states(database, queue) == ["failed"]


async def test_a_job_behind_which_another_like_it_waits_is_done_once(remit: Remit, queue: str) -> None:
    database, second, notes = remit.host.database, uuid4(), list[str]()
    await put(database, uuid4(), lock=queue)
    await leave_in_hand(database, queue, attempts=0)
    await put(database, second, lock=queue)

    await Worker(database.app, [TOY], notes).run(until_empty=True)

    assert notes == [str(second)]
    assert await states(database, queue) == ["failed", "succeeded"]


async def test_a_job_with_a_schedule_is_carried_out_without_anybody_asking(remit: Remit, queue: str) -> None:
    rung = asyncio.Event()
    workers = [asyncio.create_task(Worker(remit.host.database.app, [ringing(queue)], rung).run()) for _ in range(2)]

    await asyncio.wait_for(rung.wait(), timeout=30)

    await stop(workers)
    async with remit.host.database.read() as statements:
        instants = await statements.fetch(
            "SELECT args ->> 'timestamp' AS instant FROM procrastinate_jobs WHERE task_name = $1", f"toy.ring-{queue}"
        )
    assert len({row["instant"] for row in instants}) == len(instants) >= 1


def ringing(queue: str) -> Job:
    """A job of each minute, in a queue of its own: that of the minute that has begun is made up for."""

    async def ring(rung: asyncio.Event) -> None:
        rung.set()

    return Job(f"toy.ring-{queue}", ring, cron="* * * * *")


async def stop(workers: list[asyncio.Task[None]]) -> None:
    for worker in workers:
        worker.cancel()
        with suppress(asyncio.CancelledError):
            await worker


@pytest.mark.parametrize("cron", ["", "each night", "* * * *", "61 * * * *"])
def test_a_schedule_that_cannot_be_read_is_refused(cron: str) -> None:
    with pytest.raises(MisdeclaredJob, match=r"toy\.note"):
        Job("toy.note", carried_out, cron=cron)
