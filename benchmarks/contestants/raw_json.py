"""PostgreSQL writes the JSON: one statement with `json_agg` for a document, whose text is sent as it comes.

The server hardly works; the database does, which a deployment has one of.
"""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

import asyncpg
import orjson
from starlette.types import Receive, Scope, Send

from benchmarks.contestants.raw_rows import answer
from benchmarks.contestants.serving import network_id, serve_on_pool

NESTED: Final = """
SELECT json_build_object('appointments', json_build_object('nodes', json_agg(json_build_object(
  'id', a.id, 'startsAt', a.starts_at, 'state', a.state,
  'client', (SELECT json_build_object('id', c.id, 'name', c.name) FROM clients c
    WHERE c.network_id = a.network_id AND c.id = a.client_id),
  'lines', (SELECT json_agg(json_build_object('id', l.id, 'position', l.position, 'startsAt', l.starts_at,
      'service', json_build_object('id', s.id, 'name', s.name),
      'specialist', json_build_object('id', p.id, 'name', p.name)) ORDER BY l.position)
    FROM appointment_lines l
    JOIN services s ON s.network_id = l.network_id AND s.id = l.service_id
    JOIN specialists p ON p.network_id = l.network_id AND p.id = l.specialist_id
    WHERE l.network_id = a.network_id AND l.appointment_id = a.id),
  'payments', (SELECT COALESCE(json_agg(json_build_object('id', p.id, 'method', p.method,
      'amount', json_build_object('amount', p.amount, 'currency', s.currency)) ORDER BY p.captured_at, p.id), '[]')
    FROM sales s JOIN payments p ON p.network_id = s.network_id AND p.sale_id = s.id
    WHERE s.network_id = a.network_id AND s.appointment_id = a.id)
) ORDER BY a.starts_at, a.id)))::text
FROM (SELECT * FROM appointments WHERE network_id = $1 ORDER BY starts_at, id LIMIT 100) AS a
"""
APPOINTMENT_JSON: Final = """
json_build_object('id', a.id, 'startsAt', a.starts_at, 'endsAt', a.ends_at, 'state', a.state,
  'localStart', a.local_start, 'zone', a.zone, 'source', a.source)
"""
PAGE: Final = f"""
SELECT json_build_object('appointments', json_build_object(
  'nodes', json_agg({APPOINTMENT_JSON} ORDER BY a.n) FILTER (WHERE a.n <= 20),
  'pageInfo', json_build_object('hasNextPage', count(*) > 20)))::text
FROM (SELECT *, row_number() OVER (ORDER BY starts_at, id) AS n
  FROM (SELECT * FROM appointments WHERE network_id = $1 ORDER BY starts_at, id LIMIT 21) AS page) AS a
"""  # noqa: S608  (constants of this file)
SINGLE: Final = f"""
SELECT json_build_object('appointment', {APPOINTMENT_JSON})::text
FROM appointments a WHERE network_id = $1 AND id = $2
"""  # noqa: S608  (constants of this file)
DASHBOARD: Final = """
SELECT json_build_object(
  'appointments', (SELECT json_build_object('nodes', json_agg(json_build_object('id', a.id, 'startsAt', a.starts_at,
      'state', a.state, 'client', json_build_object('id', c.id, 'name', c.name)) ORDER BY a.starts_at, a.id))
    FROM (SELECT * FROM appointments WHERE network_id = $1 ORDER BY starts_at, id LIMIT 20) AS a
    JOIN clients c ON c.network_id = a.network_id AND c.id = a.client_id),
  'clients', (SELECT json_build_object('nodes', json_agg(json_build_object('id', c.id, 'name', c.name,
      'language', c.language, 'createdAt', c.created_at) ORDER BY c.name_key, c.id))
    FROM (SELECT * FROM clients WHERE network_id = $1 ORDER BY name_key, id LIMIT 20) AS c),
  'specialists', (SELECT json_build_object('nodes', json_agg(json_build_object('id', s.id, 'name', s.name,
      'position', s.position, 'state', s.state) ORDER BY s.name, s.id))
    FROM (SELECT * FROM specialists WHERE network_id = $1 ORDER BY name, id LIMIT 50) AS s),
  'services', (SELECT json_build_object('nodes', json_agg(json_build_object('id', s.id, 'name', s.name,
      'duration', s.duration) ORDER BY s.name, s.id))
    FROM (SELECT * FROM services WHERE network_id = $1 ORDER BY name, id LIMIT 20) AS s),
  'journal', (SELECT json_build_object('nodes', json_agg(json_build_object('id', e.id, 'seq', e.seq,
      'recordedAt', e.recorded_at, 'code', e.code, 'area', e.area, 'outcome', e.outcome) ORDER BY e.seq DESC))
    FROM (SELECT * FROM journal_entries WHERE chain_id = $1 ORDER BY seq DESC LIMIT 20) AS e))::text
"""
STATEMENTS: Final = {"/nested": NESTED, "/page": PAGE, "/single": SINGLE, "/dashboard": DASHBOARD}


class Passing:
    """A bare ASGI application that passes on what the database wrote."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self._network = network_id()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        message = await receive()
        variables = orjson.loads(message["body"]).get("variables", {})
        text = await self._pool.fetchval(STATEMENTS[scope["path"]], self._network, *_arguments(variables))
        await answer(send, b'{"data":' + text.encode() + b"}")


def _arguments(variables: dict[str, Any]) -> list[UUID]:
    return [UUID(value) for value in variables.values()]


if __name__ == "__main__":
    serve_on_pool(Passing)
