"""Reads of the topic `team`: specialists (who may do what is the policy engine's: `policies`)."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from asyncpg import Record

from domain.pages import Count, Page, Slice
from errors import NotFound
from policies.reach import Reach
from work import Work


class SpecialistRow(Record):
    """A row of `specialists`."""


class AssignmentRow(Record):
    """A current row of `assignments`, with the code of its role whether built in or the network's own."""


SPECIALIST = "SELECT * FROM specialists WHERE network_id = $1 AND id = $2"
SPECIALISTS_BY_ID = "SELECT * FROM specialists WHERE network_id = $1 AND id = ANY ($2)"
SPECIALISTS_PAGE = """
SELECT * FROM specialists
WHERE network_id = $1 AND ($2::text IS NULL OR (name, id) > ($2, $3)) ORDER BY name, id LIMIT $4
"""
SPECIALISTS_COUNT = "SELECT count(*) FROM specialists WHERE network_id = $1"
ASSIGNMENTS_OF = """
SELECT a.*, COALESCE(a.role_code, r.code) AS role
FROM assignments a LEFT JOIN roles r ON r.network_id = a.network_id AND r.id = a.role_id
WHERE a.network_id = $1 AND a.specialist_id = ANY ($2) AND a.ended_epoch IS NULL
ORDER BY a.specialist_id, a.location_id NULLS FIRST, role, a.id
"""
ASSIGNMENT = """
SELECT a.*, COALESCE(a.role_code, r.code) AS role
FROM assignments a LEFT JOIN roles r ON r.network_id = a.network_id AND r.id = a.role_id
WHERE a.network_id = $1 AND a.id = $2 AND a.ended_epoch IS NULL
"""
ASSIGNMENTS_PAGE = """
SELECT a.*, COALESCE(a.role_code, r.code) AS role
FROM assignments a LEFT JOIN roles r ON r.network_id = a.network_id AND r.id = a.role_id
WHERE a.network_id = $1 AND a.ended_epoch IS NULL AND ($2::uuid IS NULL OR a.specialist_id = $2)
  AND ($3::timestamptz IS NULL OR (a.valid_from, a.id) > ($3, $4))
ORDER BY a.valid_from, a.id LIMIT $5
"""
ASSIGNMENTS_COUNT = """
SELECT count(*) FROM assignments
WHERE network_id = $1 AND ended_epoch IS NULL AND ($2::uuid IS NULL OR specialist_id = $2)
"""


async def specialist(work: Work, specialist_id: UUID) -> SpecialistRow:
    """One colleague. Raises NotFound."""
    row: SpecialistRow | None = None
    if work.viewer.can("specialists:read"):
        row = await work.statements.fetchrow(SPECIALIST, work.network_id, specialist_id, record_class=SpecialistRow)
    if row is None:
        raise NotFound
    return row


async def specialists(work: Work, page: Page) -> Slice:
    """The network's specialists, by name."""
    name, last_id = page.key(str)
    rows = await work.statements.fetch(
        SPECIALISTS_PAGE, work.network_id, name, last_id, page.first + 1, record_class=SpecialistRow
    )
    return Slice.cut(rows, page, order="name", count=Count(SPECIALISTS_COUNT, (work.network_id,)))


async def specialists_by_id(work: Work, keys: list[UUID]) -> dict[UUID, SpecialistRow]:
    """Specialists of the viewer's network by id."""
    rows = await work.statements.fetch(SPECIALISTS_BY_ID, work.network_id, keys, record_class=SpecialistRow)
    return {row["id"]: row for row in rows}


async def assignment(work: Work, assignment_id: UUID) -> AssignmentRow:
    """One current assignment in the viewer's reach. Raises NotFound."""
    row = await work.statements.fetchrow(ASSIGNMENT, work.network_id, assignment_id, record_class=AssignmentRow)
    if row is None or not work.viewer.can("assignments:read", at=row["location_id"]):
        raise NotFound
    return row


async def assignments(work: Work, page: Page, *, holder_id: UUID | None) -> Slice:
    """The network's current assignments (of one holder), oldest first."""
    since, last_id = page.key(datetime)
    rows = await work.statements.fetch(
        ASSIGNMENTS_PAGE, work.network_id, holder_id, since, last_id, page.first + 1, record_class=AssignmentRow
    )
    count = Count(ASSIGNMENTS_COUNT, (work.network_id, holder_id))
    return Slice.cut(rows, page, order="valid_from", count=count)


async def assignments_of_specialists(work: Work, keys: list[UUID], *, reach: Reach) -> dict[UUID, list[AssignmentRow]]:
    """The current assignments of each specialist, as far as the reach goes."""
    rows = await work.statements.fetch(ASSIGNMENTS_OF, work.network_id, keys, record_class=AssignmentRow)
    found: dict[UUID, list[AssignmentRow]] = {}
    for row in rows:
        if reach.is_always or work.viewer.can("assignments:read", at=row["location_id"]):
            found.setdefault(row["specialist_id"], []).append(row)
    return found
