"""The question of the suite: at which starts of a grid is each specialist free for a visit, day by day?"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, TypeAlias
from uuid import UUID

from asyncpg import Record

from benchmarks.slots.masks import Visit
from domain.localtime import Interval


@dataclass(frozen=True, slots=True)
class Day:
    """A local day, and the windows of work within it, in their order."""

    span: Interval
    windows: tuple[Interval, ...]

    @property
    def hours(self) -> Interval:
        """From the beginning of the first window to the end of the last; an empty span where there is none."""
        if not self.windows:
            return Interval(self.span.start, self.span.start)
        return Interval(self.windows[0].start, self.windows[-1].end)


@dataclass(frozen=True, slots=True)
class Question:
    """Who is asked, for which visit, on which successive days, on a grid of which step."""

    network_id: UUID
    specialist_ids: Sequence[UUID]
    visit: Visit
    days: Sequence[Day]
    step: timedelta

    @property
    def earliest(self) -> datetime:
        """What ends by then meets no visit."""
        return self.days[0].span.start - self.visit.buffer_before

    @property
    def latest(self) -> datetime:
        """What begins then or later meets no visit."""
        return self.days[-1].span.end + self.visit.duration + self.visit.buffer_after


Answer: TypeAlias = dict[UUID, list[list[datetime]]]
"""The free starts of each specialist, one list a day."""


class Statements(Protocol):
    """What reads rows in the scope of the network: a Work's statements, or a connection."""

    async def fetch(self, sql: str, /, *args: object) -> Sequence[Record]:
        """All rows of one statement."""


Way: TypeAlias = Callable[[Statements, Question], Coroutine[object, object, Answer]]
"""One way to the answer."""
