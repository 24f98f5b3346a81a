"""A job is carried out although the worker that had it in hand was killed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest

import jobs
from app import Remit
from database.connections import Database
from jobs import Job, Worker, defer

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
