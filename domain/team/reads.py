"""Reads of the topic `team`: specialists (who may do what is the policy engine's: `policies`)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final
from uuid import UUID

from asyncpg import Record

from domain.columns import ALL, Columns, select
from domain.network import reads as network
from domain.pages import Count, Order, Page, Slice
from errors import InvalidInput, NotFound
from policies.catalogue import DomainKind
from policies.reach import Columns as ReachColumns
from policies.reach import Reach
from work import Work


class SpecialistRow(Record):
    """A row of `specialists`."""


class AssignmentRow(Record):
    """A row of `assignments`, with the code of its role whether built in or the network's own."""


class HoldingAccountRow(Record):
    """An account that holds something without being a specialist: its id and its name."""


ROLE_DESCRIPTIONS = "SELECT code, description FROM roles WHERE network_id = $1 AND state = 'ACTIVE'"
SPECIALIST = "SELECT * FROM specialists WHERE network_id = $1 AND id = $2"
SPECIALISTS_BY_ID = " FROM specialists WHERE network_id = $1 AND id = ANY ($2)"
SPECIALISTS_PAGE = """
SELECT * FROM specialists
WHERE network_id = $1 AND ($2::text IS NULL OR (name, id) > ($2, $3)) ORDER BY name, id LIMIT $4
"""
SPECIALISTS_COUNT = "SELECT count(*) FROM specialists WHERE network_id = $1"
ASSIGNMENTS_WITH_ROLES = """
SELECT a.*, COALESCE(a.role_code, r.code) AS role
FROM assignments a LEFT JOIN roles r ON r.network_id = a.network_id AND r.id = a.role_id
"""
ASSIGNMENTS_OF = (
    ASSIGNMENTS_WITH_ROLES
    + """
WHERE a.network_id = $1 AND a.specialist_id = ANY ($2) AND a.ended_epoch IS NULL AND """
)
ASSIGNMENTS_ORDER = " ORDER BY a.specialist_id, a.location_id NULLS FIRST, role, a.id"
ASSIGNMENTS_BY_ID = (
    ASSIGNMENTS_WITH_ROLES
    + """
WHERE a.network_id IS NOT DISTINCT FROM $1 AND a.partner_id IS NOT DISTINCT FROM $2 AND a.id = ANY ($3)
"""
)
ASSIGNMENTS_PAGE = (
    ASSIGNMENTS_WITH_ROLES
    + """
WHERE a.network_id = $1 AND a.ended_epoch IS NULL AND ($2::uuid IS NULL OR $2 IN (a.specialist_id, a.account_id))
  AND ($3::timestamptz IS NULL OR (a.valid_from, a.id) > ($3, $4)) AND """
)
PAGE_ORDER = " ORDER BY a.valid_from, a.id LIMIT $5"
ASSIGNMENTS_COUNT = """
SELECT count(*) FROM assignments a
WHERE a.network_id = $1 AND a.ended_epoch IS NULL
  AND ($2::uuid IS NULL OR $2 IN (a.specialist_id, a.account_id)) AND """

MEMBERS_PAGE = """
SELECT a.*, a.role_code AS role FROM assignments a
WHERE a.network_id IS NULL AND a.partner_id IS NOT DISTINCT FROM $1 AND a.ended_epoch IS NULL
  AND ($2::timestamptz IS NULL OR (a.valid_from, a.id) > ($2, $3)) ORDER BY a.valid_from, a.id LIMIT $4
"""
MEMBERS_COUNT = """
SELECT count(*) FROM assignments a
WHERE a.network_id IS NULL AND a.partner_id IS NOT DISTINCT FROM $1 AND a.ended_epoch IS NULL
"""
NAMES_OF_HOLDERS = "SELECT * FROM names_of_holders($1)"
HAS_PLACE = "SELECT EXISTS (SELECT FROM specialists WHERE network_id = $1 AND account_id = $2 AND state <> 'LEFT')"

READING_ASSIGNMENTS: Final[Mapping[DomainKind, str]] = MappingProxyType(
    {
        DomainKind.NETWORK: "assignments:read",
        DomainKind.OPERATOR: "operator_members:change",
        DomainKind.PARTNER: "partner_profile:read",
    }
)
"""What shows who holds which role."""

BY_NAME = Order("specialists", "name", str)
OLDEST_FIRST = Order("assignments", "valid_from", datetime)
OLDEST_MEMBERS_FIRST = Order("members", "valid_from", datetime)
# What has no location lies at the network: only who reads assignments there reaches it.
REACHED = ReachColumns(location="COALESCE(a.location_id, a.network_id)")


async def role_descriptions(work: Work) -> dict[str, str]:
    """What the network's own active roles are for, by code; elsewhere there are none."""
    if work.domain.network_id is None:
        return {}
    rows = await work.statements.fetch(ROLE_DESCRIPTIONS, work.network_id)
    return {row["code"]: row["description"] for row in rows}


async def specialist(work: Work, specialist_id: UUID, *, path: tuple[str | int, ...] = ()) -> SpecialistRow:
    """One colleague. Raises NotFound."""
    row: SpecialistRow | None = None
    if work.viewer.can("specialists:read"):
        row = await work.statements.fetchrow(SPECIALIST, work.network_id, specialist_id, record_class=SpecialistRow)
    if row is None:
        raise NotFound(path=path)
    return row


async def specialists(work: Work, page: Page) -> Slice:
    """The network's specialists, by name."""
    name, last_id = page.start(BY_NAME)
    rows = await work.statements.fetch(
        SPECIALISTS_PAGE, work.network_id, name, last_id, page.first + 1, record_class=SpecialistRow
    )
    return Slice.cut(rows, page, order=BY_NAME, count=Count(SPECIALISTS_COUNT, (work.network_id,)))


async def specialists_by_id(work: Work, keys: list[UUID], *, columns: Columns = ALL) -> dict[UUID, SpecialistRow]:
    """Specialists of the viewer's network by id; elsewhere there are none."""
    if work.domain.network_id is None:
        return {}
    sql = select(columns, "id") + SPECIALISTS_BY_ID
    rows = await work.statements.fetch(sql, work.network_id, keys, record_class=SpecialistRow)
    return {row["id"]: row for row in rows}


async def assignment(work: Work, assignment_id: UUID, *, path: tuple[str | int, ...] = ()) -> AssignmentRow:
    """One assignment in the viewer's reach, current or ended. Raises NotFound."""
    row = (await assignments_by_id(work, [assignment_id])).get(assignment_id)
    if row is None or not work.viewer.can(READING_ASSIGNMENTS[work.domain.kind], at=row["location_id"]):
        raise NotFound(path=path)
    return row


async def assignments_by_id(work: Work, keys: list[UUID]) -> dict[UUID, AssignmentRow]:
    """Assignments of the viewer's domain by id, for whoever is told why somebody may or may not do something."""
    rows = await work.statements.fetch(ASSIGNMENTS_BY_ID, *work.domain.columns, keys, record_class=AssignmentRow)
    return {row["id"]: row for row in rows}


async def assignments(work: Work, page: Page, *, network_id: UUID, holder_id: UUID | None) -> Slice:
    """The network's current assignments in the viewer's reach, oldest first: those of everybody, or of one holder.

    A holder is a specialist, or the account of somebody who visits. Raises NotFound, BadCursor.
    """
    network.require_network(work, network_id, path=("network",))
    reach = work.viewer.scope("assignments:read")
    since, last_id = page.start(OLDEST_FIRST)
    where = reach.where(REACHED, first=6)
    rows = await work.statements.fetch(
        ASSIGNMENTS_PAGE + where.sql + PAGE_ORDER,
        work.network_id,
        holder_id,
        since,
        last_id,
        page.first + 1,
        *where.args,
        record_class=AssignmentRow,
    )
    counted = reach.where(REACHED, first=3)
    count = Count(ASSIGNMENTS_COUNT + counted.sql, (work.network_id, holder_id, *counted.args))
    return Slice.cut(rows, page, order=OLDEST_FIRST, count=count)


async def members(work: Work, page: Page) -> Slice:
    """The current assignments of the operator or the partner firm, oldest first. Raises Forbidden, InvalidInput."""
    if work.domain.kind is DomainKind.NETWORK:
        raise InvalidInput("A network has specialists.", hint="Ask for `assignments` instead.")
    work.require(READING_ASSIGNMENTS[work.domain.kind])
    firm_id = work.domain.partner_id
    since, last_id = page.start(OLDEST_MEMBERS_FIRST)
    rows = await work.statements.fetch(
        MEMBERS_PAGE, firm_id, since, last_id, page.first + 1, record_class=AssignmentRow
    )
    return Slice.cut(rows, page, order=OLDEST_MEMBERS_FIRST, count=Count(MEMBERS_COUNT, (firm_id,)))


async def holding_accounts(work: Work, keys: list[UUID]) -> dict[UUID, HoldingAccountRow]:
    """The accounts, by id, that hold or held something in the viewer's domain: members at home, visitors elsewhere."""
    rows = await work.statements.fetch(NAMES_OF_HOLDERS, keys, record_class=HoldingAccountRow)
    return {row["id"]: row for row in rows}


async def has_place(work: Work, account_id: UUID) -> bool:
    """Whether the account has a place of its own in the viewer's network."""
    found: bool = await work.statements.fetchval(HAS_PLACE, work.network_id, account_id)
    return found


async def assignments_of_specialists(work: Work, keys: list[UUID], *, reach: Reach) -> dict[UUID, list[AssignmentRow]]:
    """The current assignments of each specialist, as far as the reach goes."""
    where = reach.where(REACHED, first=3)
    rows = await work.statements.fetch(
        ASSIGNMENTS_OF + where.sql + ASSIGNMENTS_ORDER,
        work.network_id,
        keys,
        *where.args,
        record_class=AssignmentRow,
    )
    found: dict[UUID, list[AssignmentRow]] = {}
    for row in rows:
        found.setdefault(row["specialist_id"], []).append(row)
    return found
