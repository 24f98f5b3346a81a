"""What became of a visit: how it was booked, which states it went through, and the rows that say so."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson

from demo import rows
from demo.calendar import Placement
from demo.ids import Path, demo_id
from demo.payments import Bill, planned_bill
from demo.places import CANCELLING_REASONS
from domain.booking.rules import OCCUPYING_STATES, AppointmentState, is_late

SOON = timedelta(minutes=20)
EARLY_SHARE = 0.4
"""Of the clients who are due within `SOON`, how many are here already."""
SOURCES, SOURCE_WEIGHTS = ("STAFF", "ONLINE", "CALL_CENTER"), (55, 33, 12)
PENDING_SHARE = 0.35
"""Of the visits to come that were booked online, how many wait for their confirmation."""
PAST_STATES, PAST_WEIGHTS = (
    (AppointmentState.COMPLETED, AppointmentState.NO_SHOW, AppointmentState.CANCELLED),
    (87, 5, 8),
)
CANCELLED_AHEAD_SHARE = 0.05
BY_CLIENT_SHARE = 0.75
# Ranges in minutes: how long ahead a visit is booked, how long ago at least, and how long a confirmation takes.
BOOKED_AHEAD, BOOKED_AGO, CONFIRMED_AFTER = (720, 21 * 1440), (120, 4320), (5, 60)
PENDING_FOR, EARLY_BY = (10, 720), (0, 10)


@dataclass(frozen=True, slots=True)
class Desk:
    """Who books and takes money at a place: its administrators, and who answers its phone from afar (None: nobody)."""

    location_id: UUID
    administrators: tuple[UUID, ...]
    call_center: UUID | None


@dataclass(frozen=True, slots=True)
class Booking:
    """What was known when a visit was booked; `path` is that of its ids, `at_desk` the administrator of the day."""

    path: Path
    placement: Placement
    client: rows.Client
    desk: Desk
    source: str
    at_desk: UUID


@dataclass(frozen=True, slots=True)
class Step:
    """A state that the appointment came into, when, through whom, and why."""

    state: AppointmentState
    at: datetime
    actor_id: UUID | None
    cancelled_by: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Visit:
    """An appointment with every row that belongs to it."""

    appointment: rows.Appointment
    lines: tuple[rows.AppointmentLine, ...]
    history: tuple[rows.AppointmentHistory, ...]
    busy: tuple[rows.Busy, ...]
    bill: Bill | None

    def __iter__(self) -> Iterator[rows.Row]:
        yield from (self.appointment, *self.lines, *self.history, *self.busy, *(self.bill or ()))


def planned_visit(
    path: Path, placement: Placement, *, client: rows.Client, desk: Desk, draw: Random, now: datetime
) -> Visit:
    """The visit of a client at a placement. Nothing of its past lies after `now`."""
    booking = Booking(path, placement, client, desk, _source(draw, desk), draw.choice(desk.administrators))
    steps = _steps(draw, booking, now)
    appointment = _appointment(booking, steps)
    lines = tuple(_lines(booking, appointment))
    bill = None
    if steps[-1].state is AppointmentState.COMPLETED:
        bill = planned_bill(path, (appointment, lines), administrators=desk.administrators, draw=draw, now=now)
    return Visit(
        appointment,
        lines,
        history=tuple(_history(booking, steps, appointment=appointment, lines=lines)),
        busy=tuple(_busy(booking, appointment, lines=lines)),
        bill=bill,
    )


# --- The course of things


def _source(draw: Random, desk: Desk) -> str:
    source = draw.choices(SOURCES, SOURCE_WEIGHTS)[0]
    return "STAFF" if source == "CALL_CENTER" and desk.call_center is None else source


def _steps(draw: Random, booking: Booking, now: datetime) -> tuple[Step, ...]:
    """The states of the appointment in their order; the last is what it is now."""
    start, end = booking.placement.during.start, booking.placement.during.end
    state = _state(draw, booking, now)
    booked = _booked(draw, booking, now)
    arrival = Step(AppointmentState.ARRIVED, min(start - _minutes(draw, EARLY_BY), now), booking.at_desk)
    match state:
        case AppointmentState.PENDING:
            return (Step(state, now - _minutes(draw, PENDING_FOR), None),)
        case AppointmentState.ARRIVED:
            return *booked, arrival
        case AppointmentState.COMPLETED:
            return *booked, arrival, Step(state, end, booking.placement.lines[0].request.specialist_id)
        case AppointmentState.NO_SHOW:
            return *booked, Step(state, start + SOON, booking.at_desk)
        case AppointmentState.CANCELLED:
            return *booked, _cancellation(draw, booking, after=booked[-1].at, before=min(start, now))
        case _:
            return booked


def _state(draw: Random, booking: Booking, now: datetime) -> AppointmentState:
    start, end = booking.placement.during.start, booking.placement.during.end
    if end <= now:
        return draw.choices(PAST_STATES, PAST_WEIGHTS)[0]
    if start <= now or (start <= now + SOON and draw.random() < EARLY_SHARE):
        return AppointmentState.ARRIVED
    if booking.source == "ONLINE" and draw.random() < PENDING_SHARE:
        return AppointmentState.PENDING
    return AppointmentState.CANCELLED if draw.random() < CANCELLED_AHEAD_SHARE else AppointmentState.CONFIRMED


def _booked(draw: Random, booking: Booking, now: datetime) -> tuple[Step, ...]:
    """Booked by the desk or the call center at once, or online, which waits for the desk's confirmation."""
    start = booking.placement.during.start
    at = min(start - _minutes(draw, BOOKED_AHEAD), now - _minutes(draw, BOOKED_AGO))
    if booking.source == "ONLINE":
        confirmed_at = at + _minutes(draw, CONFIRMED_AFTER)
        return (
            Step(AppointmentState.PENDING, at, None),
            Step(AppointmentState.CONFIRMED, confirmed_at, booking.at_desk),
        )
    booked_by = booking.desk.call_center if booking.source == "CALL_CENTER" else booking.at_desk
    return (Step(AppointmentState.CONFIRMED, at, booked_by),)


def _cancellation(draw: Random, booking: Booking, *, after: datetime, before: datetime) -> Step:
    return Step(
        AppointmentState.CANCELLED,
        after + draw.random() * (before - after),
        booking.at_desk,
        cancelled_by="CLIENT" if draw.random() < BY_CLIENT_SHARE else "BUSINESS",
        reason=draw.choice(CANCELLING_REASONS[booking.client.language]),
    )


def _minutes(draw: Random, between: tuple[int, int]) -> timedelta:
    return timedelta(minutes=draw.randrange(*between))


# --- Rows


def _appointment(booking: Booking, steps: tuple[Step, ...]) -> rows.Appointment:
    first, last = steps[0], steps[-1]
    start, zone = booking.placement.during.start, booking.placement.place.zone
    return rows.Appointment(
        network_id=booking.client.network_id,
        id=demo_id(*booking.path),
        location_id=booking.desk.location_id,
        client_id=booking.client.id,
        state=last.state.value,
        version=len(steps),
        starts_at=start,
        ends_at=booking.placement.during.end,
        local_start=start.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%dT%H:%M"),
        zone=zone,
        source=booking.source,
        created_by=first.actor_id,
        cancelled_by=last.cancelled_by,
        late=is_late(start, now=last.at) if last.cancelled_by else None,
        reason=last.reason,
        created_at=first.at,
    )


def _lines(booking: Booking, appointment: rows.Appointment) -> Iterator[rows.AppointmentLine]:
    for line, offer in zip(booking.placement.lines, booking.placement.offers, strict=True):
        yield rows.AppointmentLine(
            network_id=appointment.network_id,
            id=demo_id(*booking.path, "line", line.position),
            appointment_id=appointment.id,
            position=line.position,
            service_id=offer.service_id,
            specialist_id=line.request.specialist_id,
            starts_at=line.during.start,
            ends_at=line.during.end,
            amount=offer.price.amount,
            currency=offer.price.currency,
        )


def _history(
    booking: Booking,
    steps: tuple[Step, ...],
    *,
    appointment: rows.Appointment,
    lines: tuple[rows.AppointmentLine, ...],
) -> Iterator[rows.AppointmentHistory]:
    said = orjson.dumps(
        [{"service": line.service_id, "specialist": line.specialist_id, "start": line.starts_at} for line in lines]
    ).decode()
    for version, step in enumerate(steps, start=1):
        yield rows.AppointmentHistory(
            network_id=appointment.network_id,
            id=demo_id(*booking.path, "version", version),
            appointment_id=appointment.id,
            version=version,
            recorded_at=step.at,
            state=step.state.value,
            starts_at=appointment.starts_at,
            ends_at=appointment.ends_at,
            lines="[]" if step.cancelled_by else said,
            actor_id=step.actor_id,
            reason=step.reason,
        )


def _busy(
    booking: Booking, appointment: rows.Appointment, *, lines: tuple[rows.AppointmentLine, ...]
) -> Iterator[rows.Busy]:
    is_occupying = AppointmentState(appointment.state) in OCCUPYING_STATES
    for number, part in enumerate(booking.placement.parts):
        yield rows.Busy(
            network_id=appointment.network_id,
            id=demo_id(*booking.path, "busy", number),
            kind=part.subject_kind.value,
            subject_id=part.subject_id,
            part=part.part.value,
            starts_at=part.during.start,
            ends_at=part.during.end,
            state="booked" if is_occupying else "released",
            location_id=appointment.location_id,
            appointment_id=appointment.id,
            line_id=lines[part.position].id,
        )
