"""The floor: asyncpg's rows put into dictionaries by hand and written by orjson. No GraphQL, no rights, no framework.

Every document of the suite has its own path. What no server in Python that reads these rows can be faster than.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias
from uuid import UUID

import asyncpg
import orjson
from asyncpg import Record
from asyncpg.pool import PoolConnectionProxy
from starlette.types import Receive, Scope, Send

from benchmarks.contestants import statements
from benchmarks.contestants.serving import network_id, serve_on_pool

Connection: TypeAlias = "PoolConnectionProxy[Record]"
Read: TypeAlias = Callable[[Connection, UUID, dict[str, Any]], Awaitable[dict[str, Any]]]


async def nested(connection: Connection, network: UUID, _variables: dict[str, Any]) -> dict[str, Any]:
    """A hundred appointments with client, lines, services, specialists and payments: six statements."""
    rows = await connection.fetch(statements.APPOINTMENTS, network, 100)
    ids = [row["id"] for row in rows]
    clients = await _named(connection, statements.CLIENTS_BY_ID, network, {row["client_id"] for row in rows})
    line_rows = await connection.fetch(statements.LINES_OF, network, ids)
    services = await _named(connection, statements.SERVICES_BY_ID, network, {row["service_id"] for row in line_rows})
    specialist_ids = {row["specialist_id"] for row in line_rows}
    specialists = await _named(connection, statements.SPECIALISTS_BY_ID, network, specialist_ids)
    lines = _grouped(line_rows, lambda row: _line(row, services, specialists))
    payments = _grouped(await connection.fetch(statements.PAYMENTS_OF, network, ids), _payment)
    nodes = [
        {
            "id": row["id"],
            "startsAt": row["starts_at"],
            "state": row["state"],
            "client": clients[row["client_id"]],
            "lines": lines.get(row["id"], []),
            "payments": payments.get(row["id"], []),
        }
        for row in rows
    ]
    return {"appointments": {"nodes": nodes}}


async def page(connection: Connection, network: UUID, _variables: dict[str, Any]) -> dict[str, Any]:
    """Twenty appointments, and whether more follow."""
    rows = await connection.fetch(statements.APPOINTMENTS, network, 21)
    nodes = [_appointment(row) for row in rows[:20]]
    return {"appointments": {"nodes": nodes, "pageInfo": {"hasNextPage": len(rows) > 20}}}


async def single(connection: Connection, network: UUID, variables: dict[str, Any]) -> dict[str, Any]:
    """One appointment by its id."""
    (row,) = await connection.fetch(statements.APPOINTMENT, network, variables["id"])
    return {"appointment": _appointment(row)}


async def dashboard(connection: Connection, network: UUID, _variables: dict[str, Any]) -> dict[str, Any]:
    """Several lists at once."""
    rows = await connection.fetch(statements.APPOINTMENTS, network, 20)
    named = await _named(connection, statements.CLIENTS_BY_ID, network, {row["client_id"] for row in rows})
    clients = await connection.fetch(statements.CLIENTS, network, 20)
    specialists = await connection.fetch(statements.SPECIALISTS, network, 50)
    services = await connection.fetch(statements.SERVICES, network, 20)
    entries = await connection.fetch(statements.JOURNAL, network, 20)
    appointments = [
        {"id": row["id"], "startsAt": row["starts_at"], "state": row["state"], "client": named[row["client_id"]]}
        for row in rows
    ]
    return {
        "appointments": {"nodes": appointments},
        "clients": {"nodes": [_client(row) for row in clients]},
        "specialists": {"nodes": [dict(row) for row in specialists]},
        "services": {"nodes": [dict(row) for row in services]},
        "journal": {"nodes": [_entry(row) for row in entries]},
    }


READS: dict[str, Read] = {"/nested": nested, "/page": page, "/single": single, "/dashboard": dashboard}


async def _named(connection: Connection, statement: str, network: UUID, ids: set[str]) -> dict[str, dict[str, Any]]:
    return {row["id"]: dict(row) for row in await connection.fetch(statement, network, ids)}


def _grouped(rows: list[Record], write: Callable[[Record], dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault(row["appointment_id"], []).append(write(row))
    return found


def _line(row: Record, services: dict[str, Any], specialists: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": row["id"],
        "position": row["position"],
        "startsAt": row["starts_at"],
        "service": services[row["service_id"]],
        "specialist": specialists[row["specialist_id"]],
    }


def _payment(row: Record) -> dict[str, Any]:
    amount = {"amount": row["amount"], "currency": row["currency"]}
    return {"id": row["id"], "method": row["method"], "amount": amount}


def _appointment(row: Record) -> dict[str, Any]:
    return {
        "id": row["id"],
        "startsAt": row["starts_at"],
        "endsAt": row["ends_at"],
        "state": row["state"],
        "localStart": row["local_start"],
        "zone": row["zone"],
        "source": row["source"],
    }


def _client(row: Record) -> dict[str, Any]:
    return {"id": row["id"], "name": row["name"], "language": row["language"], "createdAt": row["created_at"]}


def _entry(row: Record) -> dict[str, Any]:
    return {
        "id": row["id"],
        "seq": row["seq"],
        "recordedAt": row["recorded_at"],
        "code": row["code"],
        "area": row["area"],
        "outcome": row["outcome"],
    }


class Floor:
    """A bare ASGI application."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self._network = network_id()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        message = await receive()
        variables = orjson.loads(message["body"]).get("variables", {})
        async with self._pool.acquire() as connection:
            data = await READS[scope["path"]](connection, self._network, variables)
        await answer(send, orjson.dumps({"data": data}))


async def answer(send: Send, body: bytes) -> None:
    """Send a body of JSON."""
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def read_ids_as_text(connection: asyncpg.Connection) -> None:
    """Take ids as the text that goes into the answer: asyncpg's own UUID is unknown to orjson."""
    await connection.set_type_codec("uuid", schema="pg_catalog", encoder=str, decoder=str)


if __name__ == "__main__":
    serve_on_pool(Floor, init=read_ids_as_text)
