"""The calendar of the suite: specialists whose days are well booked, as rows of `busy`.

A day has 13 or 14 appointments, one behind the other from its opening on, of 30 to 45 minutes; a third leave a buffer
behind them, and now and then an hour stays free. The rows come in no order, as bookings do. They are written as
superuser without triggers: the appointments themselves, which no contestant reads, do not exist.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
from uuid_utils.compat import uuid7

from benchmarks.slots.masks import Visit
from benchmarks.slots.question import Day, Question
from domain.localtime import LocalWindow, local_day

FIRST_DAY: Final = date(2026, 3, 2)
ZONE: Final = ZoneInfo("Europe/Athens")
HOURS: Final = LocalWindow.between("08:00", "20:00")
VISIT: Final = Visit(timedelta(minutes=45), buffer_after=timedelta(minutes=10))
STEP: Final = timedelta(minutes=15)

APPOINTMENTS_OF_DAYS: Final = (13, 13, 14)
"""In turn: 20,000 on 50 x 30 days."""
MINUTES_OF_APPOINTMENTS: Final = (30, 35, 40, 45)
MINUTES_OF_BUFFERS: Final = (0, 0, 10)
MINUTES_BETWEEN: Final = (0, 0, 0, 0, 0, 60)

COLUMNS: Final = ("network_id", "id", "kind", "subject_id", "part", "during", "state", "appointment_id")
WITHOUT_TRIGGERS: Final = "SET session_replication_role = replica"


@dataclass(frozen=True, slots=True)
class Calendar:
    """The booked days of a network."""

    network_id: UUID
    specialist_ids: Sequence[UUID]
    days: int

    @property
    def appointments(self) -> int:
        """How many appointments there are, about."""
        return sum(APPOINTMENTS_OF_DAYS) * len(self.specialist_ids) * self.days // len(APPOINTMENTS_OF_DAYS)

    def question(self, *, days: int, first: int = 0) -> Question:
        """When all have time on so many days, from the one of that number on."""
        dates = [FIRST_DAY + timedelta(days=number) for number in range(first, first + days)]
        working = [Day(local_day(on, ZONE), (HOURS.on(on, ZONE),)) for on in dates]
        return Question(self.network_id, self.specialist_ids, VISIT, working, STEP)


async def booked(superuser: asyncpg.Connection, *, specialists: int, days: int) -> Calendar:
    """Fill an empty `busy` with the calendar of so many specialists on so many days."""
    calendar = Calendar(uuid7(), [uuid7() for _ in range(specialists)], days)
    random = Random(days * specialists)  # noqa: S311  (no secret: the same calendar in every run)
    rows = list(_rows(calendar, random))
    random.shuffle(rows)
    await superuser.execute(WITHOUT_TRIGGERS)
    await superuser.execute("TRUNCATE busy")
    await superuser.copy_records_to_table("busy", schema_name="remit", columns=COLUMNS, records=rows)
    await superuser.execute("VACUUM (ANALYZE) busy")
    return calendar


def _rows(calendar: Calendar, random: Random) -> Iterator[tuple[object, ...]]:
    for specialist_id in calendar.specialist_ids:
        for number in range(calendar.days):
            opens = HOURS.on(FIRST_DAY + timedelta(days=number), ZONE).start
            for part, during in _parts_of_day(opens, APPOINTMENTS_OF_DAYS[number % 3], random):
                row_id = uuid7()
                yield calendar.network_id, row_id, "specialist", specialist_id, part, during, "booked", row_id


def _parts_of_day(opens: datetime, appointments: int, random: Random) -> Iterator[tuple[str, asyncpg.Range[datetime]]]:
    begins = opens
    for _ in range(appointments):
        ends = begins + timedelta(minutes=random.choice(MINUTES_OF_APPOINTMENTS))
        yield "core", asyncpg.Range(begins, ends)
        begins = ends + timedelta(minutes=random.choice(MINUTES_OF_BUFFERS))
        if begins > ends:
            yield "pad", asyncpg.Range(ends, begins)
        begins += timedelta(minutes=random.choice(MINUTES_BETWEEN))
