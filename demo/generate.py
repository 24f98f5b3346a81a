"""Writing the demo: its plan, imported through real Works in the order that the rows need.

Order: the lock, the refusals, the mark `installation.is_demo`, then stage by stage: accounts, team, clients,
appointments. A stage's Works need nothing of each other and run some at a time. Each is atomic and journaled, so the
journal tells which are done: a run that was cut short is completed by the next.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from itertools import groupby
from operator import attrgetter
from typing import Protocol
from uuid import UUID

import asyncpg

from demo.events import DEMO_IMPORTED
from demo.ids import demo_id
from demo.places import PASSWORD
from demo.plan import Plan, demo_plan
from demo.rows import TABLES, Account, Row, columns
from domain.identity.passwords import PasswordHashing
from errors import StartRefused
from host import Host
from policies import scopes
from work import Caller, Task, Work

IMPORT = Task(DEMO_IMPORTED, is_system=True)
MOST_ROWS = 500
"""Rows of one Work (specification of the journal, 4.1)."""
AT_ONCE = 3
"""Works that are under way at a time: PostgreSQL then writes with more than one processor."""
LONGEST_HASHING = timedelta(minutes=5)

LOCK = "SELECT pg_advisory_lock(hashtextextended('remit.demo', 0))"
UNLOCK = "SELECT pg_advisory_unlock(hashtextextended('remit.demo', 0))"
IS_DEMO = "SELECT is_demo FROM installation"
MARK_FILLED = "UPDATE installation SET demo_filled_at = COALESCE(demo_filled_at, now())"
IS_FILLED = "SELECT demo_filled_at IS NOT NULL FROM installation"
MARK = "UPDATE installation SET is_demo = true"
HOLDS_ANYTHING = "SELECT EXISTS (SELECT FROM networks) OR EXISTS (SELECT FROM accounts)"
BEGUN_AT = "SELECT created_at FROM networks WHERE id = $1"
DONE = """
SELECT (payload::jsonb #>> '{targets,0,id}')::uuid AS id FROM journal_entries WHERE code = $1 AND outcome = 'ok'
"""


class NotADemo(StartRefused):
    """The database holds something, and it was not made as a demo."""

    def __init__(self) -> None:
        super().__init__(
            "The database is not empty and is no demo: invented people must not be mixed with real ones. "
            "Set REMIT_DATA_DIR to a new folder (or REMIT_DATABASE_URL to an empty database) for the demo."
        )


class Progress(Protocol):
    """Told at the start of each stage and after each Work what is being written, and how many rows of all are."""

    def __call__(self, label: str, done: int, total: int, /) -> object: ...


@dataclass(frozen=True, slots=True)
class Import:
    """What one Work writes: rows of one network, or (None) of accounts, which belong to none.

    Imports of one label are a stage: they may be written in any order.
    """

    id: UUID
    label: str
    network_id: UUID | None
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Summary:
    """What the demo holds; `was_there` if an earlier run had made all of it."""

    networks: int
    locations: int
    specialists: int
    services: int
    clients: int
    appointments: int
    payments: int
    was_there: bool


async def generate(host: Host, database_owner: asyncpg.Connection, *, progress: Progress) -> Summary:
    """Make the demo, complete one that was cut short, or leave a whole one as it is. Raises NotADemo.

    What goes wrong while writing leaves as an ExceptionGroup; running again then completes the demo.

    `database_owner` is a connection as `remit_owner`, which alone may say that the database is a demo.
    """
    async with _alone(database_owner):
        await _mark_as_demo(database_owner)
        plan = await asyncio.to_thread(demo_plan, await _begun_at(database_owner) or host.clock())
        done = {row["id"] for row in await database_owner.fetch(DONE, DEMO_IMPORTED.code)}
        imports = tuple(imports_of(plan))
        missing = [part for part in imports if part.id not in done]
        await _Writing(host, progress, total=_count(imports), done=_count(imports) - _count(missing)).run(missing)
        if missing:
            # Until autovacuum has looked, the planner takes every table for empty.
            await database_owner.execute("ANALYZE")
        await database_owner.execute(MARK_FILLED)
    return _summary(plan, was_there=not missing)


async def is_demo(connection: asyncpg.Connection) -> bool:
    """Whether the database was made as a demo; any role may ask."""
    return bool(await connection.fetchval(IS_DEMO))


async def is_filled(connection: asyncpg.Connection) -> bool:
    """Whether a run of `generate` has come to its end: told without planning the demo again."""
    return bool(await connection.fetchval(IS_FILLED))


@asynccontextmanager
async def _alone(database_owner: asyncpg.Connection) -> AsyncIterator[None]:
    await database_owner.execute(LOCK)
    try:
        yield
    finally:
        await database_owner.execute(UNLOCK)


async def _mark_as_demo(database_owner: asyncpg.Connection) -> None:
    if await is_demo(database_owner):
        return
    if await database_owner.fetchval(HOLDS_ANYTHING):
        raise NotADemo
    await database_owner.execute(MARK)


async def _begun_at(database_owner: asyncpg.Connection) -> datetime | None:
    """The instant of the plan that an earlier run began to write: its network was founded at it."""
    begun_at: datetime | None = await database_owner.fetchval(BEGUN_AT, demo_id("aurora"))
    return begun_at


# --- What is written


def imports_of(plan: Plan) -> Iterator[Import]:
    """The Works of a plan, stage by stage, each within `MOST_ROWS`."""
    for network in plan.networks:
        name, network_id = network.network.name, network.network.id
        stages: tuple[tuple[str, UUID | None, Iterable[tuple[Row, ...]]], ...] = (
            (f"{name}: accounts", None, [network.accounts]),
            (f"{name}: team", network_id, [tuple(network.setup())]),
            (f"{name}: clients", network_id, packed(network.clients)),
            (f"{name}: appointments", network_id, packed(network.visits)),
        )
        for label, scope, loads in stages:
            for number, load in enumerate(loads):
                yield Import(demo_id("import", label, number), label, scope, load)


def packed(bundles: Iterable[Iterable[Row]]) -> Iterator[tuple[Row, ...]]:
    """The rows in loads as full as `MOST_ROWS` allows; what belongs together stays in one load."""
    load: list[Row] = []
    for bundle in map(tuple, bundles):
        if len(load) + len(bundle) > MOST_ROWS:
            yield tuple(load)
            load = []
        load += bundle
    if load:
        yield tuple(load)


def _count(imports: Iterable[Import]) -> int:
    return sum(len(part.rows) for part in imports)


class _Writing:
    """One run: the imports that are missing, and how far it has come, in rows."""

    def __init__(self, host: Host, progress: Progress, *, total: int, done: int) -> None:
        self._host = host
        self._progress = progress
        self._total = total
        self._done = done

    async def run(self, missing: Iterable[Import]) -> None:
        for label, parts in groupby(missing, key=attrgetter("label")):
            self._progress(label, self._done, self._total)
            stage = iter(tuple(parts))
            async with asyncio.TaskGroup() as group:
                for _ in range(AT_ONCE):
                    group.create_task(self._write_all(stage))

    async def _write_all(self, stage: Iterator[Import]) -> None:
        """Write what the stage still has: those that run beside this take from the same iterator."""
        for part in stage:
            rows = await _with_passwords(part.rows)
            # All Works of the import are one request: the journal shows them together.
            domain = scopes.network(part.network_id) if part.network_id else None
            caller = Caller(domain=domain, transport="demo", request_id=demo_id("import"))
            await self._host.perform(caller, IMPORT, partial(_write, part_id=part.id, rows=rows))
            self._done += len(rows)
            self._progress(part.label, self._done, self._total)


async def _with_passwords(rows: Sequence[Row]) -> Sequence[Row]:
    if not isinstance(rows[0], Account):
        return rows
    hashing = PasswordHashing(concurrency=AT_ONCE, wait=LONGEST_HASHING)
    return await asyncio.gather(*(_with_password(row, hashing) for row in rows))


async def _with_password(row: Row, hashing: PasswordHashing) -> Row:
    if not isinstance(row, Account):
        return row
    return replace(row, password_hash=await hashing.hash(PASSWORD, now=row.created_at))


async def _write(work: Work, *, part_id: UUID, rows: Sequence[Row]) -> None:
    for table in TABLES:
        of_table = [row for row in rows if type(row) is table]
        if of_table:
            await work.statements.execute(table.INSERT, *columns(of_table))
    work.touches("import", part_id)
    work.counts["rows"] = len(rows)


def _summary(plan: Plan, *, was_there: bool) -> Summary:
    return Summary(
        networks=len(plan.networks),
        locations=sum(len(network.locations) for network in plan.networks),
        specialists=sum(len(network.team.members) for network in plan.networks),
        services=sum(len(network.services) for network in plan.networks),
        clients=sum(len(network.clients) for network in plan.networks),
        appointments=sum(len(network.visits) for network in plan.networks),
        payments=sum(len(visit.bill.payments) for network in plan.networks for visit in network.visits if visit.bill),
        was_there=was_there,
    )
