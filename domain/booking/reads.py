"""Reads of the topic `booking`: appointments in the viewer's reach, their lines, and what is taken."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString
from uuid import UUID

from asyncpg import Record

from domain.booking.rules import AppointmentState, BusyKind, BusyPart, SubjectKind
from domain.columns import ALL, Columns, select
from domain.conditions import Conditions
from domain.localtime import Interval
from domain.money import Money
from domain.pages import Count, Order, Page, Slice
from errors import NotFound
from policies.reach import Columns as ReachColumns
from work import Work


class AppointmentRow(Record):
    """A row of `appointments`; `specialist_id` are those who serve in it, in the rows of who has limits."""


class AppointmentLineRow(Record):
    """A row of `appointment_lines`."""


APPOINTMENTS = " FROM appointments WHERE network_id = $1 AND "
SERVED_APPOINTMENTS = """ FROM (
  SELECT a.*, ARRAY[a.location_id] AS location_ids,
    ARRAY(SELECT DISTINCT l.specialist_id FROM appointment_lines l
      WHERE l.network_id = a.network_id AND l.appointment_id = a.id) AS specialist_id
  FROM appointments a WHERE a.network_id = $1
) AS appointment WHERE """
APPOINTMENT = "SELECT *" + SERVED_APPOINTMENTS + "id = $2 AND "
PAGE_ORDER = " ORDER BY starts_at, id"
COUNTED = "SELECT count(*)"
SERVED_BY = """EXISTS (
  SELECT FROM appointment_lines l WHERE l.network_id = $1 AND l.appointment_id = id AND l.specialist_id = """
LOCK = "SELECT id FROM appointments WHERE network_id = $1 AND id = $2 FOR UPDATE"
LINES_OF = """
FROM appointment_lines WHERE network_id = $1 AND appointment_id = ANY ($2) ORDER BY appointment_id, position
"""
# 26 hours: the longest row that `busy` lets in, so that the index on its start finds all that reach into the window.
BUSY = """
SELECT kind, subject_id, part, lower(during) AS starts_at, upper(during) AS ends_at FROM busy
WHERE network_id = $1 AND subject_id = ANY ($2) AND state <> 'released' AND appointment_id IS DISTINCT FROM $5
  AND lower(during) >= $3::timestamptz - interval '26 hours' AND lower(during) < $4 AND upper(during) > $3
"""

BY_START = Order("appointments", "starts_at", datetime)
REACHED = ReachColumns(location="location_id", owners="specialist_id", instant="starts_at")


@dataclass(frozen=True, slots=True)
class AppointmentFilter:
    """Which appointments are asked for; None asks for all. `starts_from` and `starts_before` are instants."""

    location_id: UUID | None = None
    starts_from: datetime | None = None
    starts_before: datetime | None = None
    states: tuple[str, ...] | None = None
    specialist_id: UUID | None = None
    client_id: UUID | None = None


def planned_facts(specialist_ids: Collection[UUID], starts_at: datetime) -> dict[str, object]:
    """What limits ask of a visit that is not written yet; of one that is, its row says the same by the same names."""
    return {"specialist_id": frozenset(specialist_ids), "starts_at": starts_at}


def state_of(row: AppointmentRow) -> AppointmentState:
    """Where an appointment stands."""
    return AppointmentState(row["state"])


def agreed_price(line: AppointmentLineRow) -> Money:
    """The price that a line was booked for."""
    return Money(line["amount"], line["currency"])


async def appointment(
    work: Work, appointment_id: UUID, *, path: tuple[str | int, ...] = ("input", "appointmentId")
) -> AppointmentRow:
    """One appointment in the viewer's reach. Raises NotFound."""
    where = work.viewer.scope("appointments:read").where(REACHED, first=3)
    row = await work.statements.fetchrow(
        APPOINTMENT + where.sql, work.network_id, appointment_id, *where.args, record_class=AppointmentRow
    )
    if row is None:
        raise NotFound(path=path)
    return row


async def locked_appointment(work: Work, appointment_id: UUID) -> AppointmentRow:
    """An appointment as nobody else can change it until the Work ends. Raises NotFound."""
    await work.statements.execute(LOCK, work.network_id, appointment_id)
    return await appointment(work, appointment_id)


async def appointments(work: Work, page: Page, asked: AppointmentFilter, *, columns: Columns = ALL) -> Slice:
    """The appointments in the viewer's reach that pass the filter, by their start."""
    source: LiteralString = APPOINTMENTS if work.viewer.asks_no_facts else SERVED_APPOINTMENTS
    every, wanted = _conditions(work, asked), _conditions(work, asked)
    start, last_id = page.start(BY_START)
    if last_id is not None:
        wanted.add_behind("starts_at, id", start, last_id)
    sql = wanted.statement(select(columns, "id", BY_START.column) + source, PAGE_ORDER, limit=page.first + 1)
    rows = await work.statements.fetch(sql, *wanted.arguments, record_class=AppointmentRow)
    count = Count(every.statement(COUNTED + source), tuple(every.arguments))
    return Slice.cut(rows, page, order=BY_START, count=count)


def _conditions(work: Work, asked: AppointmentFilter) -> Conditions:
    """What is asked for, within the viewer's reach."""
    found = Conditions(work.network_id)
    if asked.location_id is not None:
        found.add("location_id = ", asked.location_id)
    if asked.starts_from is not None:
        found.add("starts_at >= ", asked.starts_from)
    if asked.starts_before is not None:
        found.add("starts_at < ", asked.starts_before)
    if asked.states is not None:
        found.add("state = ANY (", list(asked.states), ")")
    if asked.specialist_id is not None:
        found.add(SERVED_BY, asked.specialist_id, ")")
    if asked.client_id is not None:
        found.add("client_id = ", asked.client_id)
    found.add_reach(work.viewer.scope("appointments:read"), REACHED)
    return found


async def lines_of_appointments(
    work: Work, keys: list[UUID], *, columns: Columns = ALL
) -> dict[UUID, list[AppointmentLineRow]]:
    """The lines of each appointment, in their order."""
    sql = select(columns, "appointment_id") + LINES_OF
    rows = await work.statements.fetch(sql, work.network_id, keys, record_class=AppointmentLineRow)
    found: dict[UUID, list[AppointmentLineRow]] = {}
    for row in rows:
        found.setdefault(row["appointment_id"], []).append(row)
    return found


async def lines_of(work: Work, appointment_id: UUID) -> list[AppointmentLineRow]:
    """The lines of one appointment, in their order."""
    return (await lines_of_appointments(work, [appointment_id])).get(appointment_id, [])


async def busy_parts_of(
    work: Work, specialist_ids: Collection[UUID], *, within: Interval, except_for: UUID
) -> list[BusyPart]:
    """What is taken of these specialists within the interval, leaving out one appointment's own parts."""
    rows = await work.statements.fetch(
        BUSY, work.network_id, list(specialist_ids), within.start, within.end, except_for
    )
    return [
        BusyPart(
            SubjectKind(row["kind"]),
            row["subject_id"],
            BusyKind(row["part"]),
            Interval(row["starts_at"], row["ends_at"]),
            position=0,
        )
        for row in rows
    ]
