"""Reading a network's policy as it was at an earlier epoch: who could, judged by this release's catalogue and roles.

Assignments and lines are ended and never changed, so their rows tell by themselves which stood at an epoch. What else a
policy is made of (is somebody active, which roles and places are there) is changed in place, and is taken back by what
the journal keeps of its changes. What was erased from the journal on somebody's request cannot be taken back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final
from uuid import UUID

import orjson

from errors import NotFound
from policies.compile import DomainPolicy
from policies.release import Release
from policies.store import Fetch, NetworkRows, Row, network_policy

Before = Mapping[UUID, Mapping[str, Any]]
"""What the changed columns of each row held before; of a row that was not there yet, its id held None."""

ACTIVE: Final = "ACTIVE"

_ASSIGNMENTS: Final = """
SELECT id, location_id, role_code, role_id, specialist_id, account_id, limits, valid_from, valid_until
FROM assignments WHERE network_id = $1 AND created_epoch <= $2 AND (ended_epoch IS NULL OR ended_epoch > $2)
"""
_ROLE_LINES: Final = """
SELECT role_id, capability, effect, limits FROM role_lines
WHERE network_id = $1 AND created_epoch <= $2 AND (ended_epoch IS NULL OR ended_epoch > $2) ORDER BY role_id, id
"""
_ROLES: Final = "SELECT id, code, title, version, state FROM roles WHERE network_id = $1"
_LOCATIONS: Final = "SELECT id, zone, call_center FROM locations WHERE network_id = $1 ORDER BY id"
_NETWORK: Final = "SELECT id, zone FROM networks WHERE id = $1"
_SPECIALISTS: Final = "SELECT id, state FROM specialists WHERE network_id = $1"
_BEFORE: Final = """
SELECT DISTINCT ON (c.row_id, changed.key) c.row_id::uuid AS id, changed.key AS name, changed.value -> 0 AS value
FROM journal_changes c
  JOIN journal_entries e ON e.chain_id = c.chain_id AND e.id = c.entry_id
  CROSS JOIN LATERAL jsonb_each(c.body::jsonb) AS changed
WHERE c.chain_id = $1 AND e.seq > $2 AND c.table_name IN ('networks', 'locations', 'roles', 'specialists')
  AND c.row_id IN (
    SELECT $1::text
    UNION ALL SELECT id::text FROM locations WHERE network_id = $1
    UNION ALL SELECT id::text FROM roles WHERE network_id = $1
    UNION ALL SELECT id::text FROM specialists WHERE network_id = $1)
ORDER BY c.row_id, changed.key, e.seq, c.n
"""


async def load_network_policy_at(
    fetch: Fetch, network_id: UUID, release: Release, *, epoch: int, last_seq: int
) -> DomainPolicy:
    """The policy of a network as it was at an epoch, whose change is the entry `last_seq` of the network's journal.

    Raises NotFound if the fetch's scope holds no such network.
    """
    before = _by_row(await fetch(_BEFORE, network_id, last_seq))
    networks = _taken_back(await fetch(_NETWORK, network_id), before, "zone")
    roles = _taken_back(await fetch(_ROLES, network_id), before, "code", "title", "version", "state")
    specialists = _taken_back(await fetch(_SPECIALISTS, network_id), before, "state")
    if not networks:
        raise NotFound()
    rows = NetworkRows(
        epoch=epoch,
        zone=networks[0]["zone"],
        roles=[role for role in roles if role["state"] == ACTIVE],
        role_lines=await fetch(_ROLE_LINES, network_id, epoch),
        locations=_taken_back(await fetch(_LOCATIONS, network_id), before, "zone", "call_center"),
        inactive=[one["id"] for one in specialists if one["state"] != ACTIVE],
        assignments=await fetch(_ASSIGNMENTS, network_id, epoch),
    )
    return network_policy(network_id, rows, release)


def _by_row(changes: Iterable[Row]) -> Before:
    before: dict[UUID, dict[str, Any]] = {}
    for change in changes:
        before.setdefault(change["id"], {})[change["name"]] = orjson.loads(change["value"])
    return before


def _taken_back(rows: Iterable[Row], before: Before, *columns: str) -> list[dict[str, Any]]:
    """The rows with these columns as they were; rows that were not there yet are left out."""
    found = []
    for row in rows:
        was = before.get(row["id"], {})
        if "id" not in was:
            found.append({"id": row["id"], **{name: was.get(name, row[name]) for name in columns}})
    return found
