"""One process under more questions at once than it has connections: nothing fails, and its memory stays what it was.

A thousand clients ask without a pause. Two questions in three have a text of their own, as those of a client that
writes its arguments into its documents: the plans that are kept must be bounded however many documents there are.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import count, cycle
from typing import Final

import orjson
import psutil
import pytest

from benchmarks.installation import Network, installed
from benchmarks.load import Request, load
from tests.system.server import Server, start_server

CLIENTS: Final = 1000
SECONDS: Final = 60
WARMING_SECONDS: Final = 20
LEAST_DISTINCT: Final = 10_000
MOST_GROWTH: Final = 1.1
"""Of the process's memory from the end of its warming to the end of the load."""

QUESTIONS: Final = (
    "{ appointments(first: 5) { nodes { id state client { name phone } lines { service { name } } } totalCount } }",
    "{ clients(first: 10) { edges { cursor node { name email } } pageInfo { hasNextPage endCursor } } }",
    "{ specialists { nodes { name assignments { role location { name } } } } }",
    "{ viewer { account { name } network { name } roles } myAccess { codes } }",
    "{ journal(first: 5) { nodes { sentence actor { name } } } services { nodes { name duration } } }",
)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif("REMIT_DATABASE_URL" in os.environ, reason="this fills an embedded server of its own"),
]


def questions(network: Network, numbers: Iterator[int]) -> Iterator[Request]:
    """Questions without end; two of three are asked only once."""
    for number, usual in zip(numbers, cycle(QUESTIONS), strict=False):
        text = f"{{ n{number}: locations {{ nodes {{ id name }} }} }}" if number % 3 else usual
        yield Request("/graphql", orjson.dumps({"query": text}), network.owner_headers)


def memory_of(server: Server) -> int:
    """The bytes that the process holds in memory."""
    return int(psutil.Process(server.process.pid).memory_info().rss)


@pytest.mark.timeout(600)
async def test_a_thousand_clients_are_answered_and_the_memory_stays() -> None:
    async with installed(appointments=2000) as installation:
        server = start_server(installation.data_dir, installation.log("server"))
        try:
            (network,) = installation.networks
            numbers = count()
            await load(server.url, questions(network, numbers), seconds=WARMING_SECONDS, connections=CLIENTS)
            before, asked_before = memory_of(server), next(numbers)
            found = await load(server.url, questions(network, numbers), seconds=SECONDS, connections=CLIENTS)
            after, distinct = memory_of(server), (next(numbers) - asked_before) * 2 // 3
        finally:
            server.stop()

    print(f"{found.answers} answers in {found.seconds:.0f} s, p50 {found.p50:.2f} s, p99 {found.p99:.2f} s")
    print(f"{distinct} documents asked once; memory {before / 1e6:.0f} MB before, {after / 1e6:.0f} MB after")
    assert after <= before * MOST_GROWTH
    assert distinct >= LEAST_DISTINCT, "so few questions prove nothing of the plans that are kept"
