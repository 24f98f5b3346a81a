"""Wall time, instants, and the spans between them.

A wall time is a naive local date and time; it has an instant only together with its zone. `instants_of` is the one
function that turns the one into the other; the rest of this module chooses among its answers:

1. one instant: that one;
2. two (a fold, clocks go back): the first, as RFC 5545, section 3.3.5;
3. none (a gap, clocks go forward): an edge of a window moves to the first instant that exists, an occurrence of a
   series moves forward by the gap.

Instants are in UTC and durations are elapsed time, because Python subtracts two datetimes of one zone by their clocks.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from errors import InvalidInput

MINUTES_A_DAY = 24 * 60

_CLOCK = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])|24:00")


class InvalidTime(InvalidInput):
    """A time without an instant, a wall time that no clock shows, or a window without length."""

    code = "INVALID_TIME"


@dataclass(frozen=True, slots=True)
class Interval:
    """A half-open span `[start, end)` of instants, kept in UTC; neighbours that share an edge do not meet.

    Raises ValueError for a naive edge, or an end before the start.
    """

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        object.__setattr__(self, "start", in_utc(self.start))
        object.__setattr__(self, "end", in_utc(self.end))
        if self.end < self.start:
            raise ValueError("an interval does not end before it starts")

    @property
    def duration(self) -> timedelta:
        """Elapsed time."""
        return self.end - self.start

    def overlaps(self, other: Interval) -> bool:
        """Whether the two share an instant; an empty interval shares none."""
        return max(self.start, other.start) < min(self.end, other.end)


@dataclass(frozen=True, slots=True)
class DateRange:
    """Local dates from `start` to the day before `end`, as PostgreSQL's `daterange`; None is without limit."""

    start: date | None
    end: date | None

    def __contains__(self, day: date) -> bool:
        return (self.start is None or self.start <= day) and (self.end is None or day < self.end)


@dataclass(frozen=True, slots=True)
class Occurrence:
    """The instant of an occurrence; `is_shifted` if its wall time does not exist and it moved forward by the gap."""

    instant: datetime
    is_shifted: bool


def zone_named(name: str, *, path: tuple[str | int, ...] = ()) -> ZoneInfo:
    """The zone of this IANA name. Raises InvalidInput if the tz database has none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: the name of a folder, or one too long for a file
        raise InvalidInput(
            f"The tz database has no zone {name[:64]!r}.", hint="Use a name such as Europe/Budapest.", path=path
        ) from None


def instants_of(wall: datetime, zone: ZoneInfo) -> tuple[datetime, ...]:
    """Every instant at which clocks in `zone` show `wall`, earliest first: none in a gap, two in a fold, else one."""
    readings = {_read(wall, zone, fold=fold) for fold in (0, 1)}
    return tuple(sorted(instant for instant in readings if _wall_time(instant, zone) == wall))


def edge_instant(wall: datetime, zone: ZoneInfo) -> datetime:
    """The instant of a window's edge (schedule, break, hours, quiet hours, midnight); in a gap, the gap's end."""
    instants = instants_of(wall, zone)
    return instants[0] if instants else _gap_end(wall, zone)


def occurrence_instant(wall: datetime, zone: ZoneInfo) -> Occurrence:
    """The instant of an occurrence of a series; in a gap, moved forward by the gap."""
    instants = instants_of(wall, zone)
    if instants:
        return Occurrence(instants[0], is_shifted=False)
    return Occurrence(_read(wall, zone, fold=0), is_shifted=True)


def local_day(day: date, zone: ZoneInfo) -> Interval:
    """`[midnight, next midnight)` in `zone`: 23, 24 or 25 hours, or none where the zone left the day out."""
    return Interval(
        edge_instant(datetime.combine(day, time.min), zone),
        edge_instant(datetime.combine(day + timedelta(days=1), time.min), zone),
    )


def elapsed(start: datetime, end: datetime) -> timedelta:
    """The time that passes from `start` to `end`, whatever clocks show. Raises ValueError for a naive datetime."""
    return in_utc(end) - in_utc(start)


def after(start: datetime, duration: timedelta) -> datetime:
    """The instant at which `duration` has passed since `start`. Raises ValueError for a naive datetime."""
    return in_utc(start) + duration


def in_utc(instant: datetime) -> datetime:
    """The same instant in UTC. Raises ValueError for a naive datetime, which is no instant."""
    if instant.tzinfo is None:
        raise ValueError("a datetime without a zone is no instant")
    return instant.astimezone(UTC)


@dataclass(frozen=True, slots=True)
class LocalWindow:
    """A window of wall time, in minutes since midnight; an end at or before its start is on the next day."""

    start_minute: int
    end_minute: int

    def __post_init__(self) -> None:
        if not (0 <= self.start_minute < MINUTES_A_DAY and 0 <= self.end_minute <= MINUTES_A_DAY):
            raise InvalidTime("A window starts from 00:00 to 23:59 and ends at 24:00 at the latest.")
        if self.start_minute == self.end_minute:
            raise InvalidTime("A window ends at another time than it starts.", hint="For a whole day: 00:00 to 24:00.")

    @classmethod
    def between(cls, start: str, end: str) -> LocalWindow:
        """The window from "HH:MM" to "HH:MM"; the end may be "24:00". Raises InvalidTime."""
        return cls(_minutes(start), _minutes(end))

    def on(self, day: date, zone: ZoneInfo) -> Interval:
        """The window that begins on `day`, as instants."""
        days = 1 if self.end_minute <= self.start_minute else 0
        return Interval(
            edge_instant(_wall_at(day, self.start_minute), zone),
            edge_instant(_wall_at(day, self.end_minute + days * MINUTES_A_DAY), zone),
        )


def _minutes(clock: str) -> int:
    if _CLOCK.fullmatch(clock) is None:
        raise InvalidTime(f"{clock[:16]!r} is not a time of day.", hint='Write "HH:MM", such as "09:00".')
    return int(clock[:2]) * 60 + int(clock[3:])


def _wall_at(day: date, minutes: int) -> datetime:
    return datetime.combine(day, time.min) + timedelta(minutes=minutes)


def _wall_time(instant: datetime, zone: ZoneInfo) -> datetime:
    return instant.astimezone(zone).replace(tzinfo=None)


def _read(wall: datetime, zone: ZoneInfo, *, fold: int) -> datetime:
    """`wall` by the offset before (fold 0) or after (fold 1) a change of clocks; the same without one (PEP 495)."""
    if wall.tzinfo is not None:
        raise ValueError("a wall time has no zone of its own")
    return wall.replace(tzinfo=zone, fold=fold).astimezone(UTC)


def _gap_end(wall: datetime, zone: ZoneInfo) -> datetime:
    """The first instant after the gap around `wall`: zoneinfo does not tell, so it is searched to the second."""
    seconds = range(int(_read(wall, zone, fold=1).timestamp()), int(_read(wall, zone, fold=0).timestamp()) + 1)
    steps = bisect_left(seconds, wall, key=lambda second: _wall_time(datetime.fromtimestamp(second, UTC), zone))
    return datetime.fromtimestamp(seconds[steps], UTC)
