"""Works as the tests need them: plain functions on an asyncpg connection."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import orjson
from uuid_utils.compat import uuid7

from tests.audit.conftest import Connection

PAYLOAD = (
    '{"actor":{"id":"billing","type":"plugin"},"area":"data_changes","code":"client.updated","outcome":"ok","v":1}'
)
SCOPES = ("network_id", "partner_id", "account_id", "operator", "identity")


async def set_scope(connection: Connection, **scope: UUID | str) -> None:
    """Set the scope of the open transaction and nothing else: `network_id=…`, `operator="on"` and so on."""
    for name in SCOPES:
        await connection.execute(f"SELECT set_config('remit.{name}', $1, true)", str(scope.get(name, "")))


async def open_work(connection: Connection, network: UUID, *, entry: UUID | None = None) -> UUID:
    """In an open transaction: scope and entry of a network's Work; returns the entry's id."""
    entry = entry or uuid7()
    await set_scope(connection, network_id=network)
    await connection.execute("SELECT journal_begin($1, $2)", network, entry)
    return entry


async def append(
    connection: Connection, chain: UUID, entry: UUID, payload: str = PAYLOAD, details: str | None = None
) -> int:
    """Append the entry; returns its number."""
    seq: int = await connection.fetchval("SELECT journal_append($1, $2, $3, $4)", chain, entry, payload, details)
    return seq


@asynccontextmanager
async def work(connection: Connection, network: UUID, *, details: str | None = None) -> AsyncIterator[UUID]:
    """A whole Work of a network: its writes in the block, its append at the end."""
    async with connection.transaction():
        entry = await open_work(connection, network)
        yield entry
        await append(connection, network, entry, details=details)


async def add_client(connection: Connection, network: UUID, *, name: str = "Kovács Anna") -> UUID:
    """Within a Work: one client."""
    client = uuid7()
    await connection.execute("INSERT INTO clients (network_id, id, name) VALUES ($1, $2, $3)", network, client, name)
    return client


async def network_with_client(connection: Connection) -> tuple[UUID, UUID]:
    """A new network's id, and the client that its first Work added."""
    network = uuid7()
    async with work(connection, network):
        client = await add_client(connection, network)
    return network, client


def payload_with(**fields: object) -> str:
    """The usual payload with other fields."""
    return orjson.dumps({**orjson.loads(PAYLOAD), **fields}, option=orjson.OPT_SORT_KEYS).decode()
