"""The floor: the rows that a mutation leaves, written by asyncpg in one transaction. Nothing is checked but by tables.

No GraphQL, no rights, no limits, no prices, no idempotency, no journal; the path names mutation and network.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias
from uuid import UUID

import asyncpg
import orjson
from asyncpg import Record
from asyncpg.pool import PoolConnectionProxy
from starlette.types import Receive, Scope, Send
from uuid_utils.compat import uuid7

from benchmarks.contestants.raw_rows import answer
from benchmarks.contestants.serving import serve_on_pool
from domain.booking.operations import OCCUPY, RELEASE, REMEMBER

Connection: TypeAlias = "PoolConnectionProxy[Record]"
Write: TypeAlias = Callable[[Connection, UUID, dict[str, Any]], Awaitable[UUID]]

APPOINTMENT: Final = """
INSERT INTO appointments (network_id, id, location_id, client_id, state, starts_at, ends_at, local_start, zone, source,
  created_at)
VALUES ($1, $2, $3, $4, 'CONFIRMED', $5, $5::timestamptz + interval '30 minutes',
  to_char($5 AT TIME ZONE 'Europe/Athens', 'YYYY-MM-DD"T"HH24:MI'), 'Europe/Athens', 'STAFF', now())
RETURNING ends_at
"""
LINE: Final = """
INSERT INTO appointment_lines (network_id, id, appointment_id, position, service_id, specialist_id, starts_at, ends_at,
  amount, currency)
VALUES ($1, $2, $3, 0, $4, $5, $6, $7, 2000, 'EUR')
"""
MOVE: Final = """
UPDATE appointments SET version = version + 1, starts_at = $3, ends_at = $3::timestamptz + interval '30 minutes',
  local_start = to_char($3 AT TIME ZONE 'Europe/Athens', 'YYYY-MM-DD"T"HH24:MI')
WHERE network_id = $1 AND id = $2 RETURNING location_id, ends_at
"""
MOVE_LINE: Final = """
UPDATE appointment_lines SET specialist_id = $3, starts_at = $4, ends_at = $5
WHERE network_id = $1 AND appointment_id = $2 RETURNING id
"""
SALE: Final = """
INSERT INTO sales (network_id, id, location_id, appointment_id, currency, opened_at)
SELECT network_id, $3, location_id, id, 'EUR', now() FROM appointments WHERE network_id = $1 AND id = $2
"""
SALE_LINES: Final = """
INSERT INTO sale_lines (network_id, id, sale_id, position, kind, appointment_line_id, served_by, amount)
SELECT network_id, gen_random_uuid(), $3, position, 'SERVICE', id, specialist_id, amount
FROM appointment_lines WHERE network_id = $1 AND appointment_id = $2
"""
PAYMENT: Final = """
INSERT INTO payments (network_id, id, sale_id, method, amount, captured_at, taken_by)
SELECT network_id, $2, sale_id, 'CASH', sum(amount), now(), min(served_by::text)::uuid
FROM sale_lines WHERE network_id = $1 AND sale_id = $3 GROUP BY network_id, sale_id
"""


async def book(connection: Connection, network_id: UUID, asked: dict[str, Any]) -> UUID:
    """Appointment, line, what it occupies, history."""
    appointment_id, line_id, location_id = uuid7(), uuid7(), UUID(asked["locationId"])
    starts_at, line = datetime.fromisoformat(asked["startsAt"]), asked["lines"][0]
    specialist_id, client_id = UUID(line["specialistId"]), UUID(asked["clientId"])
    ends_at = await connection.fetchval(APPOINTMENT, network_id, appointment_id, location_id, client_id, starts_at)
    await connection.execute(
        LINE, network_id, line_id, appointment_id, UUID(line["serviceId"]), specialist_id, starts_at, ends_at
    )
    during = (starts_at, ends_at)
    await _occupy(connection, network_id, location_id, appointment_id, line_id, specialist_id, during)
    return await _remembered(connection, network_id, appointment_id)


async def pay(connection: Connection, network_id: UUID, asked: dict[str, Any]) -> UUID:
    """Sale, its lines, payment."""
    payment_id, sale_id, appointment_id = uuid7(), uuid7(), UUID(asked["appointmentId"])
    await connection.execute(SALE, network_id, appointment_id, sale_id)
    await connection.execute(SALE_LINES, network_id, appointment_id, sale_id)
    await connection.execute(PAYMENT, network_id, payment_id, sale_id)
    return payment_id


async def reschedule(connection: Connection, network_id: UUID, asked: dict[str, Any]) -> UUID:
    """What is released, appointment, line, what it occupies, history."""
    appointment_id, specialist_id = UUID(asked["appointmentId"]), UUID(asked["specialistId"])
    starts_at = datetime.fromisoformat(asked["startsAt"])
    await connection.execute(RELEASE, network_id, appointment_id)
    location_id, ends_at = await _row(connection, MOVE, network_id, appointment_id, starts_at)
    (line_id,) = await _row(connection, MOVE_LINE, network_id, appointment_id, specialist_id, starts_at, ends_at)
    during = (starts_at, ends_at)
    await _occupy(connection, network_id, location_id, appointment_id, line_id, specialist_id, during)
    return await _remembered(connection, network_id, appointment_id)


WRITES: Final[Mapping[str, Write]] = {"book": book, "pay": pay, "reschedule": reschedule}


async def _row(connection: Connection, sql: str, *args: object) -> Record:
    row = await connection.fetchrow(sql, *args)
    if row is None:
        raise LookupError("nothing was written")
    return row


async def _occupy(
    connection: Connection,
    network_id: UUID,
    location_id: UUID,
    appointment_id: UUID,
    line_id: UUID,
    specialist_id: UUID,
    during: tuple[datetime, datetime],
) -> None:
    starts_at, ends_at = during
    part = [uuid7()], ["specialist"], [specialist_id], ["core"], [starts_at], [ends_at], [line_id]
    await connection.execute(OCCUPY, network_id, location_id, appointment_id, *part)


async def _remembered(connection: Connection, network_id: UUID, appointment_id: UUID) -> UUID:
    await connection.execute(REMEMBER, network_id, appointment_id, uuid7(), datetime.now(UTC), None)
    return appointment_id


class Inserts:
    """A bare ASGI application: one transaction a request."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request with the id of what was written."""
        message = await receive()
        _, name, network_id = scope["path"].split("/")
        asked = orjson.loads(message["body"])["variables"]["input"]
        async with self._pool.acquire() as connection, connection.transaction():
            written = await WRITES[name](connection, UUID(network_id), asked)
        await answer(send, orjson.dumps({"data": {name: written}}))


if __name__ == "__main__":
    serve_on_pool(Inserts)
