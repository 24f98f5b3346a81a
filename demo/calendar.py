"""Where visits stand in the calendar of one place: who serves whom from when to when, without overlaps.

Each provider's day is filled from the morning on: a visit is tried at a quarter of an hour, and where the booking
rules find a conflict (a colleague's hand-over, a buffer) at the next one. Of all visits that fit, as many as wanted
are kept, so that the weeks to come are emptier than those behind.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random
from uuid import UUID
from zoneinfo import ZoneInfo

from demo.offers import Offer, Provider
from demo.places import Place
from domain.booking.rules import BusyPart, LaidLine, LineRequest, busy_parts, conflicts, lay_lines
from domain.localtime import Interval, LocalWindow

OPENING_HOURS = LocalWindow.between("09:00", "19:00")
DAYS_BACK, DAYS_AHEAD = 60, 30
STEP = timedelta(minutes=15)
LINE_COUNTS, LINE_WEIGHTS = (1, 2, 3), (68, 25, 7)
HAND_OVER_SHARE = 0.25
"""Of the visits with several services, how many end with a colleague."""
TODAYS_WEIGHT, FARTHEST_WEIGHT = 4.0, 0.3
"""How likely a visit is kept, compared with one of the past: today, and on the last day ahead."""

Calendar = defaultdict[UUID, list[BusyPart]]


@dataclass(frozen=True, slots=True)
class Placement:
    """A visit in its place: its lines in time with what was offered for each, and everything it occupies."""

    place: Place
    day: date
    offers: tuple[Offer, ...]
    lines: tuple[LaidLine, ...]
    parts: tuple[BusyPart, ...]

    @property
    def during(self) -> Interval:
        """From the first line's start to the last one's end."""
        return Interval(self.lines[0].during.start, self.lines[-1].during.end)


def placements_at(
    place: Place, providers: Sequence[Provider], *, draw: Random, today: date
) -> Iterator[tuple[float, Placement]]:
    """Every visit that fits into the days around today, each with a lot: the greatest lots are to be kept."""
    for offset in range(-DAYS_BACK, DAYS_AHEAD + 1):
        day = today + timedelta(days=offset)
        at_work = [provider for provider in providers if day.weekday() not in provider.rest_days]
        for placement in _on_day(place, at_work, draw=draw, day=day):
            yield draw.random() ** (1 / _weight(offset)), placement


def kept(lots: Sequence[tuple[float, Placement]], count: int) -> list[Placement]:
    """The `count` placements with the greatest lots, by their start. Raises ValueError if there are fewer."""
    if len(lots) < count:
        raise ValueError(f"only {len(lots)} of {count} visits fit into the calendar")
    chosen = sorted(lots, key=lambda lot: -lot[0])[:count]
    return sorted((placement for _, placement in chosen), key=_order)


def _order(placement: Placement) -> tuple[datetime, UUID]:
    return placement.during.start, placement.lines[0].request.specialist_id


def _weight(days_ahead: int) -> float:
    if days_ahead < 0:
        return 1.0
    if days_ahead == 0:
        return TODAYS_WEIGHT
    return 1.0 - (1.0 - FARTHEST_WEIGHT) * days_ahead / DAYS_AHEAD


def _on_day(place: Place, providers: Sequence[Provider], *, draw: Random, day: date) -> Iterator[Placement]:
    opening = OPENING_HOURS.on(day, ZoneInfo(place.zone))
    calendar: Calendar = defaultdict(list)
    for provider in providers:
        start = opening.start + STEP * draw.randrange(3)
        while True:
            wishes = _wishes(draw, provider, providers)
            lines, parts = _first_fit(wishes, start, calendar)
            if lines[-1].during.end > opening.end:
                break
            for part in parts:
                calendar[part.subject_id].append(part)
            yield Placement(place, day, tuple(offer for _, offer in wishes), lines, parts)
            start = lines[-1].during.end + STEP * draw.choice((0, 0, 0, 1))


def _wishes(draw: Random, provider: Provider, providers: Sequence[Provider]) -> list[tuple[UUID, Offer]]:
    """One to three services of a provider; the last one may be handed over to a colleague of another trade."""
    count = draw.choices(LINE_COUNTS, LINE_WEIGHTS)[0]
    wishes = [(provider.specialist_id, offer) for offer in draw.sample(provider.offers, count)]
    others = [other for other in providers if other.offers[0].category != provider.offers[0].category]
    if count > 1 and others and draw.random() < HAND_OVER_SHARE:
        colleague = draw.choice(others)
        wishes[-1] = (colleague.specialist_id, draw.choice(colleague.offers))
    return wishes


def _first_fit(
    wishes: Sequence[tuple[UUID, Offer]], start: datetime, calendar: Calendar
) -> tuple[tuple[LaidLine, ...], tuple[BusyPart, ...]]:
    """The visit at the first quarter of an hour where it meets nothing, be it after closing time."""
    requests = [LineRequest(offer.timing, specialist_id) for specialist_id, offer in wishes]
    while True:
        lines = lay_lines(start, requests)
        parts = busy_parts(lines)
        if not any(conflicts(part, taken) for part in parts for taken in calendar[part.subject_id]):
            return lines, parts
        start += STEP
