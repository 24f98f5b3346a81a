"""Free starts by bit masks, beside an oracle that looks at every minute of the visit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from struct import pack
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.slots.masks import (
    Grid,
    Span,
    Visit,
    fitting_starts,
    microseconds,
    packed_spans,
    starts_by_day,
    taken_starts,
)
from domain.localtime import Interval, LocalWindow, local_day

BUDAPEST = ZoneInfo("Europe/Budapest")
MIDNIGHT = datetime(2026, 3, 2, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
MINUTES_A_DAY = 24 * 60

Minutes = tuple[int, int]
"""A span in minutes after midnight."""

spans = st.lists(
    st.tuples(st.integers(-26 * 60, MINUTES_A_DAY), st.integers(1, 26 * 60)).map(lambda one: (one[0], one[0] + one[1])),
    max_size=6,
)
windows = st.lists(
    st.tuples(st.integers(0, MINUTES_A_DAY - 1), st.integers(1, MINUTES_A_DAY)).map(
        lambda one: (one[0], min(one[0] + one[1], MINUTES_A_DAY))
    ),
    max_size=3,
)
buffers = st.sampled_from([0, 7, 10, 240])


@given(
    step=st.sampled_from([5, 15, 20, 60]),
    duration=st.sampled_from([1, 10, 45, 60, 1440]),
    before=buffers,
    after=buffers,
    hours=windows,
    cores=spans,
    pads=spans,
)
def test_exactly_the_starts_whose_every_minute_is_free_are_free(
    step: int, duration: int, before: int, after: int, hours: list[Minutes], cores: list[Minutes], pads: list[Minutes]
) -> None:
    visit = Visit(duration * MINUTE, before * MINUTE, after * MINUTE)

    found = _free_starts(visit, step, hours, cores, pads)

    is_worked, is_core, is_pad = _member(hours), _member(cores), _member(pads)
    assert found == [
        start
        for start in range(0, MINUTES_A_DAY, step)
        if any(opens <= start and start + duration <= closes for opens, closes in hours)
        and all(is_worked(minute) and not is_pad(minute) for minute in range(start, start + duration))
        and not any(is_core(minute) for minute in range(start - before, start + duration + after))
    ]


@pytest.mark.parametrize(
    ("case", "visit", "step", "hours", "cores", "pads", "offered"),
    [
        (
            "a break and a neighbour",
            Visit(45 * MINUTE),
            15,
            ["09:00-11:00", "11:30-13:00"],
            ["09:30-10:15"],
            [],
            "10:15 11:30 11:45 12:00 12:15",
        ),
        (
            "one's own buffer may lie beyond the schedule",
            Visit(60 * MINUTE, buffer_after=20 * MINUTE),
            15,
            ["09:00-10:30"],
            [],
            [],
            "09:00 09:15 09:30",
        ),
        (
            "two buffers overlap, a buffer and work do not",
            Visit(30 * MINUTE, 5 * MINUTE, 10 * MINUTE),
            5,
            ["09:00-11:00"],
            ["09:00-09:30", "10:30-11:00"],
            ["09:30-09:40", "10:25-10:30"],
            "09:40 09:45 09:50",
        ),
    ],
)
def test_the_golden_cases_of_availability(
    case: str, visit: Visit, step: int, hours: list[str], cores: list[str], pads: list[str], offered: str
) -> None:
    """Specification of booking, section 4.3."""
    found = _free_starts(visit, step, _read(hours), _read(cores), _read(pads))

    assert " ".join(f"{minute // 60:02}:{minute % 60:02}" for minute in found) == offered


def test_the_spring_night_has_no_starts_that_no_clock_shows() -> None:
    day = local_day(date(2026, 3, 29), BUDAPEST)
    work = LocalWindow.between("01:00", "05:00").on(date(2026, 3, 29), BUDAPEST)
    grid = Grid.over([day], 30 * MINUTE)

    (found,) = starts_by_day(fitting_starts(grid, [work], 30 * MINUTE), grid, [grid.part(day)])

    shown = [start.astimezone(BUDAPEST).strftime("%H:%M") for start in found]
    assert shown == ["01:00", "01:30", "03:00", "03:30", "04:00", "04:30"]


def test_packed_ranges_are_read_as_spans() -> None:
    ranges = [(1, 2), (-3, 4)]
    packed = b"".join(pack(">BiqIq", 2, 8, begin, 8, end) for begin, end in ranges)

    assert list(packed_spans(packed)) == ranges
    assert list(packed_spans(None)) == []


def _free_starts(
    visit: Visit, step: int, hours: Sequence[Minutes], cores: Sequence[Minutes], pads: Sequence[Minutes]
) -> list[int]:
    """The free starts of one day, in minutes after midnight."""
    day = Interval(MIDNIGHT, MIDNIGHT + MINUTES_A_DAY * MINUTE)
    grid = Grid.over([day], step * MINUTE)
    windows = [Interval(MIDNIGHT + opens * MINUTE, MIDNIGHT + closes * MINUTE) for opens, closes in hours]
    taken = taken_starts(grid, visit, cores=map(_span, cores), pads=map(_span, pads))
    free = fitting_starts(grid, windows, visit.duration) & ~taken
    (starts,) = starts_by_day(free, grid, [grid.part(day)])
    return [(start - MIDNIGHT) // MINUTE for start in starts]


def _span(minutes: Minutes) -> Span:
    begin, end = (microseconds(MIDNIGHT + minute * MINUTE) for minute in minutes)
    return begin, end


def _member(spans: Sequence[Minutes]) -> Callable[[int], bool]:
    """Whether a minute lies in one of the spans."""
    minutes = {minute for begin, end in spans for minute in range(begin, end)}
    return minutes.__contains__


def _read(words: Sequence[str]) -> list[Minutes]:
    edges = [[int(clock[:2]) * 60 + int(clock[3:]) for clock in word.split("-")] for word in words]
    return [(begin, end) for begin, end in edges]
