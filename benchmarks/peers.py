"""Suite `peers`: Remit's nested read beside GraphQL servers of Node, from the npm registry.

They are set up for production as their manuals have it: one process on the core where Remit serves in its turn, ten
connections to the database, prepared statements, and their own caches of parsed and compiled documents, warm. Those of
"same SQL" are given what Remit does of itself: one statement for each relation, and rows handed out by hand. They are
installed from `node/package-lock.json`.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson

from benchmarks.contest import Contestant, Goal, race, serving
from benchmarks.contestants import statements
from benchmarks.installation import Installation, installed
from benchmarks.load import Request
from benchmarks.measure import Note
from benchmarks.reads import NESTED, REMIT, notes, remit
from benchmarks.report import Finding
from terminal import run_to_end

FOLDER: Final = Path(__file__).with_name("node")
INSTALL: Final = ("ci", "--no-fund", "--no-audit", "--ignore-scripts")
LOCK: Final = FOLDER / "package-lock.json"
INSTALLED: Final = FOLDER / "node_modules" / ".package-lock.json"

OF_POSTGRAPHILE: Final = """
query ($network: UUID!) {
  appointments: allAppointments(first: 100, condition: {networkId: $network}, orderBy: [STARTS_AT_ASC, ROW_ID_ASC]) {
    nodes {
      id: rowId startsAt state
      client: clientByNetworkIdAndClientId { id: rowId name }
      lines: appointmentLinesByNetworkIdAndAppointmentId(orderBy: [POSITION_ASC]) { nodes {
        id: rowId position startsAt
        service: serviceByNetworkIdAndServiceId { id: rowId name }
        specialist: specialistByNetworkIdAndSpecialistId { id: rowId name }
      } }
      sales: salesByNetworkIdAndAppointmentId { nodes { currency
        payments: paymentsByNetworkIdAndSaleId(orderBy: [CAPTURED_AT_ASC, ROW_ID_ASC]) { nodes {
          id: rowId method amount
        } }
      } }
    }
  }
}
"""
"""The nested list in PostGraphile's own words: every to-many is a connection, and money lies in the sale."""


@dataclass(frozen=True, slots=True)
class Peer:
    """A server of Node: its program, what it is to be beaten by, and how its answer is read as Remit's."""

    name: str
    program: str
    goal: Goal
    document: str
    plain: Callable[[Any], Any]

    def request(self, installation: Installation) -> Request:
        """The request for the first network's appointments."""
        variables = {"network": str(installation.networks[0].id)} if "$network" in self.document else {}
        return Request("/graphql", orjson.dumps({"query": self.document, "variables": variables}))


def findings() -> Iterable[Finding]:
    """The race, or the reason why there is none."""
    if reason := _reason_to_skip():
        return [Note(f"The suite peers is skipped: {reason}")]

    async def collected() -> list[Finding]:
        return [one async for one in _findings()]

    return run_to_end(collected())


def _reason_to_skip() -> str | None:
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        return "node and npm are not installed."
    if INSTALLED.exists() and INSTALLED.stat().st_mtime >= LOCK.stat().st_mtime:
        return None
    done = subprocess.run([npm, *INSTALL], cwd=FOLDER, capture_output=True, check=False, text=True)  # noqa: S603  (npm as the developer has it, with arguments of ours)
    return f"npm could not install the peers: {done.stderr.strip()[-500:]}" if done.returncode else None


async def _findings() -> AsyncIterator[Finding]:
    for text in (_versions(), *notes()):
        yield Note(text)
    async with installed() as installation, AsyncExitStack() as stack:
        contestants = [await _remit(installation, stack)]
        contestants += [await _contestant(peer, installation, stack) for peer in PEERS]
        yield await race(
            "nested list of 100", installation.size, contestants, goals={one.name: one.goal for one in PEERS}
        )


async def _remit(installation: Installation, stack: AsyncExitStack) -> Contestant:
    request = Request("/graphql", orjson.dumps({"query": NESTED}), installation.networks[0].owner_headers)
    return Contestant(REMIT, await remit(installation, stack), request)


async def _contestant(peer: Peer, installation: Installation, stack: AsyncExitStack) -> Contestant:
    environment = {
        **installation.environment_of_rivals,
        "NODE_ENV": "production",
        "BENCH_STATEMENTS": orjson.dumps(_statements()).decode(),
    }
    log = installation.log(peer.program)
    started = serving(["node", peer.program], log=log, environment=environment, folder=FOLDER)
    return Contestant(peer.name, await stack.enter_async_context(started), peer.request(installation), peer.plain)


def _statements() -> dict[str, str]:
    return {name: text for name, text in vars(statements).items() if name.isupper()}


def _versions() -> str:
    pinned = orjson.loads((FOLDER / "package.json").read_bytes())["dependencies"]
    node = subprocess.run(["node", "--version"], capture_output=True, check=True, text=True).stdout.strip()  # noqa: S607  (node as the developer has it)
    return f"node {node}, " + ", ".join(f"{name} {version}" for name, version in pinned.items())


def as_of_remit(data: Any) -> Any:
    """PostGraphile's answer in Remit's shape."""
    return {"appointments": {"nodes": [_appointment(one) for one in data["appointments"]["nodes"]]}}


def _appointment(node: dict[str, Any]) -> dict[str, Any]:
    sales = node.pop("sales")["nodes"]
    payments = [_payment(paid, sale["currency"]) for sale in sales for paid in sale["payments"]["nodes"]]
    return {**node, "lines": node["lines"]["nodes"], "payments": payments}


def _payment(node: dict[str, Any], currency: str) -> dict[str, Any]:
    return {**node, "amount": {"amount": int(node["amount"]), "currency": currency}}


def _unchanged(data: Any) -> Any:
    return data


PEERS: Final = (
    Peer("Apollo Server, DataLoader", "apollo_loaders.js", Goal(least_requests=8), NESTED, _unchanged),
    Peer("Apollo Server, same SQL", "apollo_batches.js", Goal(least_requests=3.5), NESTED, _unchanged),
    Peer("Yoga + graphql-jit, same SQL", "yoga_jit.js", Goal(least_requests=1.6), NESTED, _unchanged),
    Peer("PostGraphile", "postgraphile.js", Goal(least_requests=5), OF_POSTGRAPHILE, as_of_remit),
)
