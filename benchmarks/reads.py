"""Suite `reads`: what the API's reads cost beside other ways to the same JSON, from the same tables.

Remit is asked by the network's owner. It writes no line of its log for a request, as its rivals write none.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Final

import orjson

from benchmarks.contest import Contestant, Goal, Race, Server, race, race_of_loads, repeated, serving
from benchmarks.cores import available_cores
from benchmarks.installation import APPOINTMENTS, Installation, Network, installed
from benchmarks.load import Request
from benchmarks.measure import Note
from benchmarks.report import Finding
from terminal import run_to_end

REMIT: Final = "Remit"
TENFOLD: Final = 10
ORDINARY: Final = {"REMIT_COMPILED_EXECUTION": "false"}

NESTED: Final = """
{ appointments(first: 100) { nodes { id startsAt state client { id name }
  lines { id position startsAt service { id name } specialist { id name } }
  payments { id method amount { amount currency } } } } }
"""
PAGE: Final = """
{ appointments(first: 20) { nodes { id startsAt endsAt state localStart zone source } pageInfo { hasNextPage } } }
"""
SINGLE: Final = "query ($id: ID!) { appointment(id: $id) { id startsAt endsAt state localStart zone source } }"
DASHBOARD: Final = """
{ appointments(first: 20) { nodes { id startsAt state client { id name } } }
  clients(first: 20) { nodes { id name language createdAt } }
  specialists(first: 50) { nodes { id name position state } }
  services(first: 20) { nodes { id name duration } }
  journal(first: 20) { nodes { id seq recordedAt code area outcome } } }
"""
FAVOUR: Final = (
    "The rivals have no sessions, no rights, no limits and no journal, and sign in as superuser, whom no row-level "
    "security holds up: all of that favours them."
)
FIRST_ID: Final = "SELECT id FROM appointments WHERE network_id = $1 ORDER BY starts_at, id LIMIT 1"

TORTOISE: Final = "Strawberry + Tortoise"
FLOOR: Final = "asyncpg + orjson"
WITHOUT_GUARDS: Final = "Remit without guards"
RIVALS: Final = {
    TORTOISE: "strawberry_tortoise",
    "Strawberry + asyncpg": "strawberry_rows",
    FLOOR: "raw_rows",
    "json_agg": "raw_json",
}
"""The modules of `contestants`."""

GOALS: Final = {
    WITHOUT_GUARDS: Goal(most_cpu=1.02),
    TORTOISE: Goal(least_requests=30),
    FLOOR: Goal(most_cpu=1.6),
}
"""Of the nested list."""


@dataclass(frozen=True, slots=True)
class Case:
    """A document that every contestant answers; the raw ones have a path for it instead."""

    name: str
    document: str
    path: str
    variables: Mapping[str, str] = field(default_factory=dict)

    def request(self, network: Network, path: str = "/graphql") -> Request:
        """The request of the network's owner."""
        body = orjson.dumps({"query": self.document, "variables": self.variables})
        return Request(path, body, network.owner_headers)


@dataclass(frozen=True, slots=True)
class Entrant:
    """A server of the suite, and whether a document or a path tells it what is asked."""

    name: str
    server: Server
    speaks_graphql: bool = True

    def contestant(self, case: Case, network: Network) -> Contestant:
        """This server with the request of a case."""
        request = case.request(network) if self.speaks_graphql else case.request(network, case.path)
        return Contestant(self.name, self.server, request)


def findings() -> Iterable[Finding]:
    """The cases, and how the figures grow."""

    async def collected() -> list[Finding]:
        return [one async for one in _findings()]

    return run_to_end(collected())


async def _findings() -> AsyncIterator[Finding]:
    for text in notes():
        yield Note(text)
    async with installed() as installation:
        async for one in _races(installation):
            yield one
        async for one in _growth(installation):
            yield one


def notes() -> list[str]:
    """What a reader of a comparison with rivals must know."""
    return [text for text in (FAVOUR, available_cores().shared) if text]


async def _races(installation: Installation) -> AsyncIterator[Race]:
    """Remit and its rivals, case by case."""
    network = installation.networks[0]
    async with AsyncExitStack() as stack:
        entrants = await _entrants(installation, stack)
        for case in await cases_of(installation):
            contestants = [entrant.contestant(case, network) for entrant in entrants]
            goals = GOALS if case.document == NESTED else {}
            yield await race(case.name, f"{APPOINTMENTS:,} appointments", contestants, goals=goals)


async def _growth(installation: Installation) -> AsyncIterator[Race]:
    """Remit beside itself, with ten times as many appointments in the network, and with ten times as many networks."""
    async with (
        installed(appointments=APPOINTMENTS // TENFOLD) as small,
        installed(networks=TENFOLD) as wide,
        AsyncExitStack() as stack,
    ):
        servers = {one.data_dir: await remit(one, stack) for one in (small, installation, wide)}
        for few, many in ((small, installation), (installation, wide)):
            for case in (await cases_of(installation))[:2]:
                loads = {
                    one.size: (servers[one.data_dir], repeated(case.request(one.networks[0]))) for one in (few, many)
                }
                yield await race_of_loads(case.name, f"growth to {many.size}", loads)


async def cases_of(installation: Installation) -> list[Case]:
    """The documents of the suite; the lists come first."""
    async with installation.superuser.connection() as connection:
        first_id = await connection.fetchval(FIRST_ID, installation.networks[0].id)
    return [
        Case("nested list of 100", NESTED, "/nested"),
        Case("page of 20", PAGE, "/page"),
        Case("single object", SINGLE, "/single", {"id": str(first_id)}),
        Case("dashboard", DASHBOARD, "/dashboard"),
    ]


async def _entrants(installation: Installation, stack: AsyncExitStack) -> list[Entrant]:
    entrants = [
        Entrant(REMIT, await remit(installation, stack)),
        Entrant(WITHOUT_GUARDS, await remit(installation, stack, "unguarded")),
        Entrant("Remit, ordinary executor", await remit(installation, stack, **ORDINARY)),
    ]
    for name, module in RIVALS.items():
        started = serving(_module(module), log=installation.log(module), environment=installation.environment_of_rivals)
        entrants.append(Entrant(name, await stack.enter_async_context(started), not module.startswith("raw")))
    return entrants


async def remit(installation: Installation, stack: AsyncExitStack, *arguments: str, **environment: str) -> Server:
    """A Remit that serves the installation until the stack is closed."""
    log = installation.log("-".join(("remit", *arguments, *environment)))
    all_of_it = {**installation.environment, **environment}
    started = serving([*_module("remit"), *arguments], log=log, environment=all_of_it)
    return await stack.enter_async_context(started)


def _module(name: str) -> list[str]:
    return [sys.executable, "-m", f"benchmarks.contestants.{name}"]
