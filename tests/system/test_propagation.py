"""What is taken away is told to every socket of every process within a second, with signals and without.

Three processes, in each a socket that follows the person's access; the person's role, or session, is ended by a fourth.
Requests that begin after the commit are asked as well: none may be allowed, signals or not.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from statistics import quantiles
from typing import Final

import httpx
import pytest
from websockets.asyncio.client import ClientConnection

from app import Remit, open_remit
from database.epochs import FRESH_SECONDS
from database.migrate import migrate
from domain.identity.operations import SESSION_ENDED
from domain.team.operations import POLICY_CHANGED
from settings import Settings
from tests.factories import Person, Salon, make_salon
from tests.sockets import close_code, opened, receive, subscribe
from tests.system.server import PROCESSES, Server, running
from work import Task, Work

SIZE_OF_NETWORK: Final = 50
AT_ONCE: Final = 5
"""Revocations at a time where each takes the time of a poll."""

PROMISED_SECONDS: Final = 1.0
FOLLOW: Final = "subscription { accessChanged { codes } }"
ASK: Final = "{ roles { code } }"
REFUSED: Final = {"FORBIDDEN", "UNAUTHENTICATED"}
END_ROLE: Final = "UPDATE assignments SET ended_epoch = next_policy_epoch() WHERE network_id = $1 AND id = $2"
END_SESSIONS: Final = """
UPDATE sessions SET state = 'ENDED', ended_at = now(), ended_reason = 'SIGNED_OUT' WHERE account_id = $1
"""
SILENCE: Final = "CREATE FUNCTION silence(channel text, payload text) RETURNS void LANGUAGE sql AS 'SELECT'"
RAISERS: Final = ("raise_policy_epoch", "raise_principal_epoch")

pytestmark = pytest.mark.skipif(
    "REMIT_DATABASE_URL" in os.environ, reason="these start an embedded server, not the one of REMIT_DATABASE_URL"
)


@dataclass(frozen=True, slots=True)
class Found:
    """What one revocation was followed by: seconds until each process had told its socket, and requests let through."""

    seconds: tuple[float, ...]
    allowed: int


@dataclass(frozen=True, slots=True)
class Revocation:
    """Takes something away, and knows a socket that has been told so."""

    apply: Callable[[Work, Salon, Person], Awaitable[object]]
    task: Task
    is_of_network: bool
    await_told: Callable[[ClientConnection], Awaitable[None]]


Leaving = tuple[Salon, Person, Revocation]
"""Somebody, and what is taken away."""


async def end_role(work: Work, salon: Salon, person: Person) -> None:
    """The person holds nothing any more."""
    await work.statements.execute(END_ROLE, salon.network_id, person.assignment_id)


async def end_session(work: Work, _salon: Salon, person: Person) -> None:
    """The person is signed out."""
    await work.statements.execute(END_SESSIONS, person.account_id)


async def told_of_nothing_held(websocket: ClientConnection) -> None:
    """Wait for the event that shows no capability."""
    assert (await receive(websocket))["payload"]["data"] == {"accessChanged": {"codes": []}}


async def told_of_the_end(websocket: ClientConnection) -> None:
    """Wait for the end of the subscription and of the socket."""
    last = await receive(websocket)
    assert last["payload"][0]["extensions"]["code"] == "UNAUTHENTICATED", last
    assert await close_code(websocket) == 4403


REVOCATIONS: Final = (
    Revocation(end_role, Task(POLICY_CHANGED), True, told_of_nothing_held),
    Revocation(end_session, Task(SESSION_ENDED), False, told_of_the_end),
)


@dataclass(frozen=True, slots=True)
class Trial:
    """The processes under trial, and the fourth that takes away."""

    remit: Remit
    servers: Sequence[Server]
    http: httpx.AsyncClient
    late_requests: int

    async def revoked(self, salon: Salon, person: Person, revocation: Revocation) -> Found:
        """Take something from a person whom a socket in each process follows, and ask afterwards as that person."""
        async with following(self.servers, person) as sockets:
            telling = [asyncio.create_task(told_at(revocation, websocket)) for websocket in sockets]
            committing = await revoke(self.remit, salon, person, revocation)
            allowed = await self._allowed(person)
            return Found(tuple([await task - committing for task in telling]), allowed)

    async def _allowed(self, person: Person) -> int:
        """How many of the requests that begin now, in turns at each process, are allowed."""
        allowed = 0
        headers = {"authorization": f"Bearer {person.token}"}
        for server in islice(cycle(self.servers), self.late_requests):
            body = (await self.http.post(f"{server.url}/graphql", headers=headers, json={"query": ASK})).json()
            codes = {error["extensions"]["code"] for error in body.get("errors", ())}
            assert codes <= REFUSED, body
            allowed += not codes
        return allowed


@pytest.mark.timeout(1800)
@pytest.mark.parametrize(("revocations", "late_requests"), [(4, 6), pytest.param(1000, 10, marks=pytest.mark.slow)])
async def test_what_is_taken_away_is_told_to_every_process(
    folder: Path, tmp_path: Path, revocations: int, late_requests: int
) -> None:
    async with open_remit(Settings(data_dir=folder, _env_file=None), prepare=migrate) as remit:
        people = await leaving(remit, 2 * revocations)
        with running(folder, tmp_path / "server.log") as servers:
            async with httpx.AsyncClient(timeout=30) as http:
                trial = Trial(remit, servers, http, late_requests)
                signalled = [await trial.revoked(*one) for one in people[:revocations]]
                await silence(remit)
                silent: list[Found] = []
                for batch in batches(people[revocations:], AT_ONCE):
                    silent += await asyncio.gather(*(trial.revoked(*one) for one in batch))

    report("with signals", signalled, late_requests)
    report("without signals", silent, late_requests)
    assert sum(one.allowed for one in (*signalled, *silent)) == 0
    if revocations >= 1000:
        assert max(each for one in (*signalled, *silent) for each in one.seconds) <= PROMISED_SECONDS


@pytest.mark.slow
@pytest.mark.parametrize("revocation", REVOCATIONS, ids=["role", "session"])
async def test_a_process_that_was_paused_tells_nothing_old(
    folder: Path, tmp_path: Path, revocation: Revocation
) -> None:
    async with open_remit(Settings(data_dir=folder, _env_file=None), prepare=migrate) as remit:
        ((salon, person, _),) = await leaving(remit, 1)
        with running(folder, tmp_path / "server.log", processes=1) as servers:
            async with following(servers, person) as (websocket,):
                await asyncio.sleep(1)  # the socket's own watch has begun
                with paused(servers[0]):
                    await revoke(remit, salon, person, revocation)
                    await asyncio.sleep(FRESH_SECONDS + 1)
                began = time.monotonic()

                await revocation.await_told(websocket)

                print(f"told {(time.monotonic() - began) * 1000:.1f} ms after a pause")


@contextmanager
def paused(server: Server) -> Iterator[None]:
    """The process does nothing for the length of the block, as on a machine that sleeps."""
    server.process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        server.process.send_signal(signal.SIGCONT)


def batches(people: Sequence[Leaving], size: int) -> Iterator[Sequence[Leaving]]:
    """The people, so many at once."""
    for first in range(0, len(people), size):
        yield people[first : first + size]


async def leaving(remit: Remit, count: int) -> list[Leaving]:
    """So many people of several networks, each with what will be taken away: in turns the role and the session."""
    found: list[Leaving] = []
    kinds = cycle(REVOCATIONS)
    while len(found) < count:
        names = [f"ivy{number}" for number in range(min(SIZE_OF_NETWORK, count - len(found)))]
        salon = await make_salon(
            remit.host, {"hal": ("owner", "network"), **dict.fromkeys(names, ("viewer", "network"))}
        )
        found += [(salon, salon[name], next(kinds)) for name in names]
    return found


async def silence(remit: Remit) -> None:
    """Let the epochs be raised as ever, and nobody be signalled."""
    async with remit.host.database.owner_connection() as owner:
        await owner.execute(SILENCE)
        for name in RAISERS:
            source = await owner.fetchval("SELECT pg_get_functiondef($1::text::regproc)", name)
            assert "pg_notify(" in source
            await owner.execute(source.replace("pg_notify(", "silence("))


@asynccontextmanager
async def following(servers: Sequence[Server], person: Person) -> AsyncIterator[list[ClientConnection]]:
    """A socket in each process that has been told what the person holds, and waits for changes."""
    async with AsyncExitStack() as stack:
        sockets = []
        for server in servers:
            address = server.url.removeprefix("http://")
            sockets.append(await stack.enter_async_context(opened(address, authorization=f"Bearer {person.token}")))
            await subscribe(sockets[-1], FOLLOW)
            assert (await receive(sockets[-1]))["payload"]["data"]["accessChanged"]["codes"]
        yield sockets


async def told_at(revocation: Revocation, websocket: ClientConnection) -> float:
    """The instant at which the socket had been told."""
    await revocation.await_told(websocket)
    return time.monotonic()


async def revoke(remit: Remit, salon: Salon, person: Person, revocation: Revocation) -> float:
    """Commit the revocation; answers an instant shortly before its COMMIT began, so that no figure is too small."""

    async def run(work: Work) -> float:
        await revocation.apply(work, salon, person)
        return time.monotonic()

    return await remit.host.perform_as_system(
        salon.network_id if revocation.is_of_network else None, revocation.task, run
    )


def report(case: str, found: Sequence[Found], late_requests: int) -> None:
    """Print what was measured."""
    seconds = [each for one in found for each in one.seconds]
    cuts = quantiles(seconds, n=100, method="inclusive")
    print(
        f"{len(found)} revocations, {PROCESSES} processes, {case}: told after {cuts[49] * 1000:.1f} ms (median), "
        f"{cuts[98] * 1000:.1f} ms (p99), {max(seconds) * 1000:.1f} ms (most); "
        f"{sum(one.allowed for one in found)} of {len(found) * late_requests} requests begun afterwards were allowed"
    )
