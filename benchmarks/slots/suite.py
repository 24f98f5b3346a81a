"""Suite `slots`: 45 minutes on a grid of 15 for 50 specialists, on 30 days and on one, over 20,000 appointments.

Each way is timed from Python to Python: statement, rows, and the list of free starts of each specialist and day. All
ask on one connection as `remit_app`, under row-level security and through the indexes that the migrations make; the
opening of a Work is left out.

It grows twice tenfold: by specialists, and by the months around the one that is asked for. The months should cost
nothing, but do: row-level security lets no condition on `lower(during)` use an index, because that function is not
leakproof, so that `busy_by_start` finds the specialists' rows of all months.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, TypeVar

import asyncpg
import uvloop

from app import settle_memory
from benchmarks.installation import installed
from benchmarks.measure import AnswersDiffer, Comparison, compare
from benchmarks.slots import by_anti_join, by_loop, by_masks
from benchmarks.slots.booked_days import Calendar, booked
from benchmarks.slots.question import Answer, Question, Way
from database.bootstrap import APP_ROLE

T = TypeVar("T")

MONTH_SECONDS: Final = 0.025
MONTH: Final = 30
SPECIALISTS: Final = 50
TENFOLD: Final = 10

RIVALS: Final[Mapping[str, Way]] = {
    "naive Python (goal: 3)": by_loop.free_starts,
    "SQL anti-join": by_anti_join.free_starts,
}
ENTER_NETWORK: Final = "SELECT set_config('remit.network_id', $1, false)"


@dataclass(frozen=True, slots=True)
class Desk:
    """Where calendars are filled (as superuser) and asked (as `remit_app`), one call at a time on one event loop."""

    runner: asyncio.Runner
    superuser: asyncpg.Connection
    app: asyncpg.Connection

    def booked(self, *, specialists: int, days: int) -> Calendar:
        """The one calendar of the database; the one before it is gone."""
        calendar = self.runner.run(booked(self.superuser, specialists=specialists, days=days))
        self.runner.run(self.app.execute(ENTER_NETWORK, str(calendar.network_id)))
        return calendar

    def asking(self, way: Way, question: Question) -> Callable[[], Answer]:
        """The call that is timed."""
        return partial(self._ask, way, question)

    def _ask(self, way: Way, question: Question) -> Answer:
        return self.runner.run(way(self.app, question))


def comparisons() -> Iterator[Comparison]:
    """One comparison a size. Raises AnswersDiffer."""
    settle_memory()  # as a server does: else thousands of rows are walked by the garbage collector as they come
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner, _held(runner, _connected()) as (superuser, app):
        desk = Desk(runner, superuser, app)
        calendar = desk.booked(specialists=SPECIALISTS, days=MONTH)
        yield _comparison(desk, "month of slots", calendar, calendar.question(days=MONTH), goal=MONTH_SECONDS)
        yield _comparison(desk, "day of slots", calendar, calendar.question(days=1, first=MONTH // 2))
        calendar = desk.booked(specialists=SPECIALISTS, days=MONTH * TENFOLD)
        middle = MONTH * TENFOLD // 2
        yield _comparison(desk, "month of slots", calendar, calendar.question(days=MONTH, first=middle))
        calendar = desk.booked(specialists=SPECIALISTS * TENFOLD, days=MONTH)
        yield _comparison(desk, "month of slots", calendar, calendar.question(days=MONTH))


def _comparison(
    desk: Desk, name: str, calendar: Calendar, question: Question, *, goal: float | None = None
) -> Comparison:
    ours = desk.asking(by_masks.free_starts, question)
    rivals = {rival: desk.asking(way, question) for rival, way in RIVALS.items()}
    answer = ours()
    for rival, ask in rivals.items():
        if ask() != answer:
            raise AnswersDiffer(f"{rival} finds other starts than the bit masks")
    size = f"{len(question.specialist_ids)} x {len(question.days)} of {calendar.appointments:,}"
    return compare(name, size, ours, rivals, goal=goal)


@asynccontextmanager
async def _connected() -> AsyncIterator[tuple[asyncpg.Connection, asyncpg.Connection]]:
    """A prepared database without networks, as superuser and as `remit_app`."""
    async with installed(networks=0) as installation:
        login = installation.superuser
        async with login.connection() as superuser, replace(login, user=APP_ROLE).connection() as app:
            yield superuser, app


@contextmanager
def _held(runner: asyncio.Runner, context: AbstractAsyncContextManager[T]) -> Iterator[T]:
    """What the context gives, between calls of the runner."""
    held = runner.run(context.__aenter__())
    try:
        yield held
    finally:
        runner.run(context.__aexit__(None, None, None))
