"""The starts that a calendar leaves free, by bit masks: every start of a grid is one bit of an integer.

Order of evaluation, for one specialist:

1. A span that is taken blocks the starts at which the visit would meet it: an unbroken run of bits. All runs are
   joined by `|` (`blocked_starts`).
2. A window of work lets the visit start at another unbroken run of bits (`fitting_starts`).
3. What fits and is not blocked is free; `starts_by_day` reads the instants out of it.

No span is rounded to the grid, only its run of starts is: the answer is exact for times off the grid, too. A mask is an
integer of any length, so that masks of several specialists or units join by `&` (all of them) and `|` (any of them).
Times are whole microseconds since 2000, as PostgreSQL keeps and sends them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import compress
from struct import iter_unpack
from typing import Final, TypeAlias

from domain.localtime import Interval

Span: TypeAlias = tuple[int, int]
"""A half-open span `[begin, end)`, in microseconds since 2000."""

EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
MICROSECOND: Final = timedelta(microseconds=1)
PACKED_SPAN: Final = ">5xq4xq"
"""A `tstzrange` in PostgreSQL's binary form: a byte of flags, and each edge behind four bytes of its length."""

LONGEST_TAKEN: Final = timedelta(hours=26)
LONGEST_REACH: Final = timedelta(hours=32)
"""A visit of 24 hours, and both of the longest buffers."""

FLAGS: Final = bytes.maketrans(b"01", b"\x00\x01")


@dataclass(frozen=True, slots=True)
class Visit:
    """How long the client stays, and what the specialist needs before and after it."""

    duration: timedelta
    buffer_before: timedelta = timedelta(0)
    buffer_after: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class Grid:
    """The starts that may be offered: so many instants, the first at `origin`, `step` microseconds apart."""

    origin: int
    step: int
    instants: tuple[datetime, ...]

    @classmethod
    def over(cls, days: Sequence[Interval], step: timedelta) -> Grid:
        """The starts of successive local days: those whose wall time is a whole number of steps after midnight.

        `step` divides the day and every shift of the zone's clocks, so that all starts lie one step apart.
        The grid begins so long before the days that no run of starts begins before it: a shift is never negative.
        """
        run_up = -(-(LONGEST_TAKEN + LONGEST_REACH) // step)
        begin = days[0].start - run_up * step
        count = (days[-1].end - begin) // step
        return cls(microseconds(begin), step // MICROSECOND, tuple(begin + number * step for number in range(count)))

    def part(self, span: Interval) -> slice:
        """Where the starts within a span lie among all."""
        return slice(self._number(microseconds(span.start)), self._number(microseconds(span.end)))

    def run(self, first: int, past: int) -> int:
        """The bits of the starts from one instant until before another."""
        number, past_number = self._number(first), self._number(past)
        return ((1 << (past_number - number)) - 1) << number

    def _number(self, instant: int) -> int:
        """The number of the first start that is not before the instant."""
        return -((self.origin - instant) // self.step)


def microseconds(instant: datetime) -> int:
    """The instant as PostgreSQL keeps it."""
    return (instant - EPOCH) // MICROSECOND


def packed_spans(packed: bytes | None) -> Iterator[Span]:
    """The ranges that PostgreSQL put one behind the other into one value; NULL holds none. All are `[begin, end)`."""
    return iter_unpack(PACKED_SPAN, packed or b"")


def taken_starts(grid: Grid, visit: Visit, *, cores: Iterable[Span], pads: Iterable[Span]) -> int:
    """The starts at which the visit would meet work that is taken with its work or buffers, or a buffer with its work.

    Two buffers may overlap: the gap between neighbours is the longer of the two.
    """
    after = visit.duration // MICROSECOND
    with_buffers = after + visit.buffer_after // MICROSECOND
    met = blocked_starts(grid, cores, before=visit.buffer_before // MICROSECOND, after=with_buffers)
    return met | blocked_starts(grid, pads, before=0, after=after)


def blocked_starts(grid: Grid, taken: Iterable[Span], *, before: int, after: int) -> int:
    """The starts t of which `[t - before, t + after)` meets a taken span."""
    # As `Grid.run` does, with all that is constant drawn out of the loop: it sees every row of a month.
    step, first_origin, past_origin = grid.step, grid.origin + after - grid.step, grid.origin - before
    blocked = 0
    for begin, end in taken:
        first, past = (begin - first_origin) // step, -((past_origin - end) // step)
        blocked |= ((1 << (past - first)) - 1) << first
    return blocked


def fitting_starts(grid: Grid, windows: Iterable[Interval], duration: timedelta) -> int:
    """The starts t of which `[t, t + duration)` lies within a window of work."""
    fitting = 0
    for window in windows:
        last = window.end - duration
        if last >= window.start:
            fitting |= grid.run(microseconds(window.start), microseconds(last) + 1)
    return fitting


def starts_by_day(free: int, grid: Grid, parts: Sequence[slice]) -> list[list[datetime]]:
    """The instants of the bits that are set, in the parts of the grid that are the days."""
    flags = f"{free:0{len(grid.instants)}b}".encode().translate(FLAGS)[::-1]
    return [list(compress(grid.instants[part], flags[part])) for part in parts]
