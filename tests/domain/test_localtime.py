"""Golden instants: booking.md 4.1, and the series of 4.6."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.localtime import (
    DateRange,
    Interval,
    InvalidTime,
    LocalWindow,
    Occurrence,
    after,
    edge_instant,
    elapsed,
    instants_of,
    local_day,
    occurrence_instant,
    zone_named,
)
from errors import InvalidInput

BUDAPEST = ZoneInfo("Europe/Budapest")
NEW_YORK = ZoneInfo("America/New_York")
CAIRO = ZoneInfo("Africa/Cairo")
ZONES = [
    BUDAPEST,
    NEW_YORK,
    CAIRO,
    ZoneInfo("Australia/Lord_Howe"),
    ZoneInfo("Pacific/Apia"),
    ZoneInfo("America/Havana"),
]

# Years in which these zones change clocks, a whole day in Apia among them.
walls = st.datetimes(min_value=datetime(2005, 1, 1), max_value=datetime(2030, 1, 1))  # noqa: DTZ001  wall times
zones = st.sampled_from(ZONES)


def wall(text: str) -> datetime:
    """A wall time."""
    return datetime.fromisoformat(text)


def utc(text: str) -> datetime:
    """An instant in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("case", "zone", "day", "hours"),
    [
        ("Budapest, the day before spring", BUDAPEST, "2026-03-28", (8, 12, 17)),
        ("Budapest, spring", BUDAPEST, "2026-03-29", (7, 11, 16)),
        ("Budapest, the day before autumn", BUDAPEST, "2026-10-24", (7, 11, 16)),
        ("Budapest, autumn", BUDAPEST, "2026-10-25", (8, 12, 17)),
        ("New York, the day before spring", NEW_YORK, "2026-03-07", (14, 18, 23)),
        ("New York, spring", NEW_YORK, "2026-03-08", (13, 17, 22)),
    ],
)
def test_ordinary_wall_time_has_one_instant(case: str, zone: ZoneInfo, day: str, hours: tuple[int, ...]) -> None:
    for clock, hour in zip(("09:00", "13:00", "18:00"), hours, strict=True):
        instant = utc(f"{day}T{hour:02d}:00")

        assert instants_of(wall(f"{day}T{clock}"), zone) == (instant,)
        assert edge_instant(wall(f"{day}T{clock}"), zone) == instant
        assert occurrence_instant(wall(f"{day}T{clock}"), zone) == Occurrence(instant, is_shifted=False)


def test_in_a_gap_an_edge_moves_to_its_end_and_an_occurrence_forward_by_it() -> None:
    missing = wall("2026-03-29T02:30")

    assert instants_of(missing, BUDAPEST) == ()
    assert edge_instant(missing, BUDAPEST) == utc("2026-03-29T01:00")
    assert occurrence_instant(missing, BUDAPEST) == Occurrence(utc("2026-03-29T01:30"), is_shifted=True)


def test_in_a_fold_both_instants_exist_and_the_first_is_taken() -> None:
    twice = wall("2026-10-25T02:30")

    assert instants_of(twice, BUDAPEST) == (utc("2026-10-25T00:30"), utc("2026-10-25T01:30"))
    assert edge_instant(twice, BUDAPEST) == utc("2026-10-25T00:30")
    assert occurrence_instant(twice, BUDAPEST) == Occurrence(utc("2026-10-25T00:30"), is_shifted=False)


@pytest.mark.parametrize(
    ("case", "first_day", "clock", "instants"),
    [
        (
            "Tuesdays 10:00",
            "2026-03-17",
            "10:00",
            [("03-17T09:00", False), ("03-24T09:00", False), ("03-31T08:00", False)],
        ),
        (
            "Sundays 02:30",
            "2026-03-22",
            "02:30",
            [("03-22T01:30", False), ("03-29T01:30", True), ("04-05T00:30", False)],
        ),
    ],
)
def test_weekly_series_keeps_its_wall_time(
    case: str, first_day: str, clock: str, instants: list[tuple[str, bool]]
) -> None:
    first = wall(f"{first_day}T{clock}")

    occurrences = [occurrence_instant(first + timedelta(weeks=week), BUDAPEST) for week in range(3)]

    assert occurrences == [Occurrence(utc(f"2026-{instant}"), is_shifted=shifted) for instant, shifted in instants]


@pytest.mark.parametrize(
    ("case", "start", "end", "day", "span"),
    [
        ("night shift to spring", "22:00", "06:00", date(2026, 3, 28), ("2026-03-28T21:00", "2026-03-29T04:00")),
        ("night shift to autumn", "22:00", "06:00", date(2026, 10, 24), ("2026-10-24T20:00", "2026-10-25T05:00")),
        ("begins in the gap", "02:00", "04:00", date(2026, 3, 29), ("2026-03-29T01:00", "2026-03-29T02:00")),
        ("ends in the fold", "01:00", "02:30", date(2026, 10, 25), ("2026-10-24T23:00", "2026-10-25T00:30")),
        ("lies in the gap", "02:15", "02:45", date(2026, 3, 29), ("2026-03-29T01:00", "2026-03-29T01:00")),
        ("to the end of the day", "18:00", "24:00", date(2026, 7, 1), ("2026-07-01T16:00", "2026-07-01T22:00")),
        ("to midnight, as next day", "18:00", "00:00", date(2026, 7, 1), ("2026-07-01T16:00", "2026-07-01T22:00")),
    ],
)
def test_window_of_wall_time(case: str, start: str, end: str, day: date, span: tuple[str, str]) -> None:
    assert LocalWindow.between(start, end).on(day, BUDAPEST) == Interval(utc(span[0]), utc(span[1]))


@pytest.mark.parametrize(
    ("case", "start", "end", "day", "minutes"),
    [
        ("night shift to spring", "22:00", "06:00", date(2026, 3, 28), 7 * 60),
        ("night shift to autumn", "22:00", "06:00", date(2026, 10, 24), 9 * 60),
        ("ends in the fold", "01:00", "02:30", date(2026, 10, 25), 90),
    ],
)
def test_duration_of_a_window_is_elapsed_time(case: str, start: str, end: str, day: date, minutes: int) -> None:
    assert LocalWindow.between(start, end).on(day, BUDAPEST).duration == timedelta(minutes=minutes)


@pytest.mark.parametrize(
    ("start", "end"),
    [("09:00", "09:00"), ("24:00", "09:00"), ("9:00", "10:00"), ("09:00", "25:00"), ("09:60", "10:00"), ("", "10:00"),
     ("09:00\n", "10:00"), ("٠٩:00", "10:00")],
)  # fmt: skip
def test_window_that_is_none_is_refused(start: str, end: str) -> None:
    with pytest.raises(InvalidTime) as refusal:
        LocalWindow.between(start, end)

    assert refusal.value.code == "INVALID_TIME"


@pytest.mark.parametrize(
    ("case", "zone", "day", "span", "hours"),
    [
        ("spring", BUDAPEST, date(2026, 3, 29), ("2026-03-28T23:00", "2026-03-29T22:00"), 23),
        ("autumn", BUDAPEST, date(2026, 10, 25), ("2026-10-24T22:00", "2026-10-25T23:00"), 25),
        ("ordinary", BUDAPEST, date(2026, 7, 1), ("2026-06-30T22:00", "2026-07-01T22:00"), 24),
        ("midnight does not exist", CAIRO, date(2026, 4, 24), ("2026-04-23T22:00", "2026-04-24T21:00"), 23),
        ("day left out", ZoneInfo("Pacific/Apia"), date(2011, 12, 30), ("2011-12-30T10:00", "2011-12-30T10:00"), 0),
    ],
)
def test_local_day(case: str, zone: ZoneInfo, day: date, span: tuple[str, str], hours: int) -> None:
    bounds = local_day(day, zone)

    assert bounds == Interval(utc(span[0]), utc(span[1]))
    assert bounds.duration == timedelta(hours=hours)


@given(st.dates(date(2005, 1, 1), date(2030, 1, 1)), zones)
def test_local_days_follow_one_another_without_gap_or_overlap(day: date, zone: ZoneInfo) -> None:
    assert local_day(day, zone).end == local_day(day + timedelta(days=1), zone).start


@given(walls, zones)
def test_every_instant_of_a_wall_time_shows_it(moment: datetime, zone: ZoneInfo) -> None:
    instants = instants_of(moment, zone)

    assert len(instants) <= 2
    assert list(instants) == sorted(instants)
    assert {instant.astimezone(zone).replace(tzinfo=None) for instant in instants} <= {moment}


@given(walls, zones)
def test_an_instant_is_among_those_of_the_wall_time_it_shows(moment: datetime, zone: ZoneInfo) -> None:
    instant = moment.replace(tzinfo=UTC)

    assert instant in instants_of(instant.astimezone(zone).replace(tzinfo=None), zone)


@given(st.integers(0, 24 * 60 * 365), zones, st.sampled_from([2011, 2026]))
def test_edge_is_the_first_instant_whose_clock_has_reached_the_wall_time(
    minute: int, zone: ZoneInfo, year: int
) -> None:
    moment = wall(f"{year}-01-01T00:00") + timedelta(minutes=minute)

    edge = edge_instant(moment, zone)

    assert edge.astimezone(zone).replace(tzinfo=None) >= moment
    assert (edge - timedelta(seconds=1)).astimezone(zone).replace(tzinfo=None) < moment


def test_service_over_the_spring_gap_ends_by_elapsed_minutes() -> None:
    start = edge_instant(wall("2026-03-29T01:30"), BUDAPEST)

    end = after(start, timedelta(minutes=90))

    assert end.astimezone(BUDAPEST).replace(tzinfo=None) == wall("2026-03-29T04:00")


def test_elapsed_time_does_not_go_by_the_clocks_of_one_zone() -> None:
    evening = wall("2026-03-28T22:00").replace(tzinfo=BUDAPEST)
    morning = wall("2026-03-29T06:00").replace(tzinfo=BUDAPEST)

    assert morning - evening == timedelta(hours=8)
    assert elapsed(evening, morning) == timedelta(hours=7)


def test_naive_datetime_is_no_instant_and_an_aware_one_no_wall_time() -> None:
    naive, aware = wall("2026-07-01T10:00"), utc("2026-07-01T10:00")

    with pytest.raises(ValueError, match="no instant"):
        elapsed(naive, aware)
    with pytest.raises(ValueError, match="no instant"):
        Interval(naive, aware)
    with pytest.raises(ValueError, match="no zone of its own"):
        instants_of(aware, BUDAPEST)


def test_interval_is_kept_in_utc_and_does_not_end_before_it_starts() -> None:
    ten = wall("2026-07-01T10:00").replace(tzinfo=timezone(timedelta(hours=2)))

    assert Interval(ten, ten).start.tzinfo is UTC
    with pytest.raises(ValueError, match="before it starts"):
        Interval(ten, ten - timedelta(seconds=1))


@pytest.mark.parametrize(
    ("case", "one", "other", "overlaps"),
    [
        ("neighbours", (10, 11), (11, 12), False),
        ("one minute shared", (10, 12), (11, 13), True),
        ("inside", (10, 13), (11, 12), True),
        ("empty", (10, 12), (11, 11), False),
    ],
)
def test_intervals_are_half_open(case: str, one: tuple[int, int], other: tuple[int, int], overlaps: bool) -> None:
    spans = [Interval(*(datetime(2026, 7, 1, hour, tzinfo=UTC) for hour in hours)) for hours in (one, other)]

    assert spans[0].overlaps(spans[1]) is overlaps
    assert spans[1].overlaps(spans[0]) is overlaps


@pytest.mark.parametrize(
    ("case", "valid", "days"),
    [
        ("from the first to before the last", DateRange(date(2026, 1, 2), date(2026, 1, 4)), [2, 3]),
        ("without an end", DateRange(date(2026, 1, 3), None), [3, 4, 5]),
        ("without a start", DateRange(None, date(2026, 1, 3)), [1, 2]),
    ],
)
def test_date_range_is_half_open(case: str, valid: DateRange, days: list[int]) -> None:
    assert [day for day in range(1, 6) if date(2026, 1, day) in valid] == days


def test_zone_of_the_tz_database_is_found() -> None:
    assert zone_named("Europe/Budapest") == BUDAPEST


@pytest.mark.parametrize("name", ["", "Europe", "Europe/Nowhere", "../etc/passwd", "a\0b", "x" * 300])
def test_zone_that_the_tz_database_lacks_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput, match="has no zone"):
        zone_named(name)
