"""Suite `writes`: book, pay and reschedule over HTTP, in 1 and in 50 networks, 1 and 8 at once.

Remit stands beside itself without journal, chain and jobs, and beside raw SQL; the triggers that capture row changes
are off while the others have their turn. No consequence is due to these mutations: consequences belong to changes of
policy. The jobs are deferred, and nobody carries them out meanwhile: that is another process's work.

A turn counts only where it left one row for each answer: a refusal would be fast, and mean nothing.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from typing import Final

import asyncpg
import uvloop

from benchmarks.contest import ROUND_SECONDS, Goal, Race, Server, race_of_loads, serving
from benchmarks.cores import available_cores
from benchmarks.installation import Installation, installed
from benchmarks.load import Load, LoadFailed, Request, load
from benchmarks.measure import Note
from benchmarks.report import Finding
from benchmarks.writes.errands import ERRANDS, Errand
from benchmarks.writes.shops import Shop

REMIT: Final = "Remit"
UNJOURNALED: Final = "without journal, chain, jobs"
RAW: Final = "raw SQL"
PROGRAMS: Final = {
    REMIT: "benchmarks.contestants.remit",
    UNJOURNALED: "benchmarks.writes.unjournaled",
    RAW: "benchmarks.writes.raw_inserts",
}

NETWORKS: Final = 50
APPOINTMENTS_EACH: Final = 400
AT_ONCE: Final = (1, 8)
WITHOUT_WORKER: Final = {"REMIT_WORKER": "false"}

MOST_CPU: Final = 1.05
LEAST_REQUESTS: Final = 0.85
LEAST_REQUESTS_ON_ONE_CHAIN: Final = 0.6
"""Of one network with several mutations at once, which wait for each other at the chain's head."""

CAPTURE: Final = """
DO $$
DECLARE
  target regclass;
BEGIN
  FOR target IN SELECT tgrelid FROM pg_trigger WHERE tgname = 'journal_capture' LOOP
    EXECUTE format('ALTER TABLE %s ENABLE TRIGGER journal_capture', target);
  END LOOP;
END $$
"""
CAPTURE_NOTHING: Final = CAPTURE.replace("ENABLE", "DISABLE")


@dataclass(frozen=True, slots=True)
class Stand:
    """A server, and the state of the capturing triggers in which it writes."""

    name: str
    server: Server

    @property
    def capture(self) -> str:
        """The statement before its turn."""
        return CAPTURE if self.name == REMIT else CAPTURE_NOTHING

    def requests(self, errand: Errand) -> Iterator[Request]:
        """The errand as this server understands it."""
        return errand.for_raw_sql() if self.name == RAW else errand.for_remit()


def findings() -> Iterable[Finding]:
    """The mutations, in few and in many networks, one at a time and several at once."""

    async def collected() -> list[Finding]:
        return [one async for one in _findings()]

    return uvloop.run(collected())


async def _findings() -> AsyncIterator[Finding]:
    if shared := available_cores().shared:
        yield Note(shared)
    async with (
        installed(networks=NETWORKS, appointments=APPOINTMENTS_EACH) as installation,
        installation.superuser.connection() as superuser,
        AsyncExitStack() as stack,
    ):
        stands = [await _stand(name, installation, stack) for name in PROGRAMS]
        shops = [await Shop.of(network, superuser) for network in installation.networks]
        await _settle(stands, shops, superuser)
        for some in (shops[:1], shops):
            for kind in ERRANDS:
                for at_once in AT_ONCE:
                    yield await _race(kind(some), stands, superuser, networks=len(some), at_once=at_once)


async def _stand(name: str, installation: Installation, stack: AsyncExitStack) -> Stand:
    environment = {**installation.environment, **installation.environment_of_rivals, **WITHOUT_WORKER}
    started = serving([sys.executable, "-m", PROGRAMS[name]], log=installation.log(name), environment=environment)
    return Stand(name, await stack.enter_async_context(started))


async def _settle(stands: list[Stand], shops: list[Shop], superuser: asyncpg.Connection) -> None:
    """Let the planner know the tables as they are in use: of empty ones it reads all, for minutes after they fill."""
    for kind in ERRANDS:
        await _turn(kind(shops), stands[0], superuser, AT_ONCE[0], stands[0].server.url)
    await superuser.execute("ANALYZE")


async def _race(
    errand: Errand, stands: list[Stand], superuser: asyncpg.Connection, *, networks: int, at_once: int
) -> Race:
    loads = {stand.name: (stand.server, partial(_turn, errand, stand, superuser, at_once)) for stand in stands}
    least = LEAST_REQUESTS_ON_ONE_CHAIN if networks == 1 and at_once > 1 else LEAST_REQUESTS
    goals = {UNJOURNALED: Goal(least_requests=least, most_cpu=MOST_CPU)}
    return await race_of_loads(errand.name, f"networks: {networks}, at once: {at_once}", loads, goals=goals)


async def _turn(errand: Errand, stand: Stand, superuser: asyncpg.Connection, at_once: int, url: str) -> Load:
    """One server's load. Raises LoadFailed unless every answer left its row."""
    await superuser.execute(stand.capture)
    await errand.prepare(superuser)
    before = await superuser.fetchval(errand.written)
    done = await load(url, stand.requests(errand), seconds=ROUND_SECONDS, connections=at_once)
    written = await superuser.fetchval(errand.written) - before
    if written != done.answers:
        raise LoadFailed(f"{stand.name} answered {done.answers} times and did {errand.name} {written} times")
    return done
