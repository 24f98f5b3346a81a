"""The answer by a loop in Python: every start of the grid is tested against what is taken near its day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Final, TypeAlias
from uuid import UUID

from benchmarks.slots.masks import LONGEST_REACH, LONGEST_TAKEN, Visit
from benchmarks.slots.question import Answer, Day, Question, Statements

TAKEN: Final = """
SELECT subject_id, part, lower(during) AS starts_at, upper(during) AS ends_at FROM busy
WHERE network_id = $1 AND subject_id = ANY ($2) AND state <> 'released'
  AND lower(during) >= $3::timestamptz - interval '26 hours' AND lower(during) < $4 AND upper(during) > $3
"""


Blocked: TypeAlias = tuple[datetime, datetime]
"""The starts after the one and before the other at which the visit would meet something taken."""

BlockedByDate: TypeAlias = Mapping[date, Sequence[Blocked]]
"""What is blocked by what one specialist has taken, by the date (in UTC) on which that starts."""


async def free_starts(statements: Statements, question: Question) -> Answer:
    """The free starts of each specialist and day."""
    blocked = await _blocked_of_specialists(statements, question)
    return {
        specialist_id: [_free_on(day, blocked[specialist_id], question) for day in question.days]
        for specialist_id in question.specialist_ids
    }


async def _blocked_of_specialists(statements: Statements, question: Question) -> Mapping[UUID, BlockedByDate]:
    rows = await statements.fetch(
        TAKEN, question.network_id, question.specialist_ids, question.earliest, question.latest
    )
    blocked: dict[UUID, dict[date, list[Blocked]]] = defaultdict(lambda: defaultdict(list))
    for subject_id, part, starts_at, ends_at in rows:
        by_it = _blocked_by(starts_at, ends_at, question.visit, is_pad=part == "pad")
        blocked[subject_id][starts_at.date()].append(by_it)
    return blocked


def _blocked_by(starts_at: datetime, ends_at: datetime, visit: Visit, *, is_pad: bool) -> Blocked:
    if is_pad:
        return starts_at - visit.duration, ends_at
    return starts_at - visit.duration - visit.buffer_after, ends_at + visit.buffer_before


def _free_on(day: Day, blocked: BlockedByDate, question: Question) -> list[datetime]:
    near = _near(day, blocked)
    return [
        start
        for start in _fitting(day, question.visit, question.step)
        if not any(after < start < before for after, before in near)
    ]


def _near(day: Day, blocked: BlockedByDate) -> list[Blocked]:
    """What is blocked by the dates on which something could start that meets a visit of the day."""
    first = (day.span.start - LONGEST_TAKEN - LONGEST_REACH).date()
    last = (day.span.end + LONGEST_REACH).date()
    dates = (first + timedelta(days=number) for number in range((last - first).days + 1))
    found = (one for on in dates for one in blocked.get(on, ()))
    return [(after, before) for after, before in found if after < day.span.end and before > day.span.start]


def _fitting(day: Day, visit: Visit, step: timedelta) -> Iterator[datetime]:
    for window in day.windows:
        start = day.span.start + -((day.span.start - window.start) // step) * step
        while start + visit.duration <= window.end:
            yield start
            start += step
