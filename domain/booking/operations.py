"""Booking, moving and cancelling: one path writes `busy`, and the database's exclusion constraint is its truth.

Order of a booking: visibility, capability, idempotency, what is provided at which price, the lock of the subjects
(for speed and an honest error; the constraint decides), the appointment, its lines, what it occupies, history, jobs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
import orjson
from uuid_utils.compat import uuid7

from audit.entries import Area, EventType
from database.sqlstate import constraint_of
from domain import idempotency
from domain.booking import reads
from domain.booking.errors import FreeStart, NotProvided, SlotTaken, StaleVersion
from domain.booking.models import Appointment, AppointmentLine
from domain.booking.rules import (
    AppointmentState,
    LaidLine,
    LineRequest,
    ServiceTiming,
    busy_parts,
    is_late,
    lay_lines,
    nearest_free_starts,
    transition,
)
from domain.catalogue import reads as catalogue
from domain.catalogue.rules import price_of_line
from domain.clients import reads as clients
from domain.localtime import local_day
from domain.money import Money
from domain.network import reads as network
from domain.notices.jobs import TELL_CLIENT
from errors import InvalidInput
from work import BusyTryAgain, Work

APPOINTMENT_CREATED = EventType("appointment.created", Area.DATA_CHANGES)
APPOINTMENT_RESCHEDULED = EventType("appointment.rescheduled", Area.DATA_CHANGES)
APPOINTMENT_CANCELLED = EventType("appointment.cancelled", Area.DATA_CHANGES)

MOST_LINES = 20
MOST_ALTERNATIVES = 5

LOCK_TIMEOUT = "SET LOCAL lock_timeout = '3s'"
LOCK_SUBJECT = "SELECT pg_advisory_xact_lock(hashtextextended($1::text, 0))"
OCCUPY = """
INSERT INTO busy (network_id, id, kind, subject_id, part, during, state, location_id, appointment_id, line_id)
SELECT $1, id, kind, subject_id, part, tstzrange(starts_at, ends_at), 'booked', $2, $3, line_id
FROM unnest($4::uuid[], $5::text[], $6::uuid[], $7::text[], $8::timestamptz[], $9::timestamptz[], $10::uuid[])
  AS part (id, kind, subject_id, part, starts_at, ends_at, line_id)
"""
RELEASE = "UPDATE busy SET state = 'released' WHERE network_id = $1 AND appointment_id = $2 AND state = 'booked'"
REMEMBER = """
INSERT INTO appointment_history
  (network_id, id, appointment_id, version, recorded_at, state, starts_at, ends_at, lines, actor_id, reason)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
"""
LOCK_APPOINTMENT = "SELECT version FROM appointments WHERE network_id = $1 AND id = $2 FOR UPDATE"


@dataclass(frozen=True, slots=True)
class LineWish:
    """One service of the visit, by whom."""

    service_id: UUID
    specialist_id: UUID


@dataclass(frozen=True, slots=True)
class Booking:
    """What is asked for: where, whom, when it starts (an instant), which services in which order."""

    location_id: UUID
    client_id: UUID | None
    starts_at: datetime
    lines: tuple[LineWish, ...]
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Booked:
    """The appointment's row; `replayed` where an earlier request with the same key had made it."""

    appointment: asyncpg.Record
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class PricedLine:
    """A line in its place, with its service and the price copied onto it."""

    laid: LaidLine
    service_id: UUID
    specialist_id: UUID
    price: Money
    line_id: UUID


async def book_appointment(work: Work, booking: Booking, *, idempotency_key: str) -> Booked:
    """Book a visit. Raises NotFound, Forbidden, InvalidInput, NotProvided, PriceMissing, SlotTaken, BusyTryAgain,
    IdempotencyMismatch.
    """
    location = await network.location(work, booking.location_id)
    if booking.client_id is not None:
        await clients.client(work, booking.client_id, path=("input", "clientId"))
    _require(work, "appointments:create", location["id"], booking.starts_at, booking.lines)
    claim = await idempotency.claim(work, key=idempotency_key, operation="bookAppointment", request=booking)
    if claim.first_result is not None:
        return Booked(await reads.appointment(work, claim.first_result), replayed=True)
    lines = await _priced_lines(work, location, booking.starts_at, booking.lines)
    await _lock_subjects(work, lines)
    appointment = await _create(work, booking, location, lines)
    await _occupy(work, appointment, lines, zone=location["zone"])
    await _remember(work, appointment, lines, reason=None)
    await work.defer(TELL_CLIENT, network_id=work.network_id, appointment_id=appointment.id)
    await claim.keep(work, appointment.id)
    work.touches("appointment", appointment.id, location_id=location["id"])
    return Booked(await reads.appointment(work, appointment.id))


async def reschedule_appointment(
    work: Work, appointment_id: UUID, *, starts_at: datetime, specialist_id: UUID | None, expected_version: int
) -> asyncpg.Record:
    """Move an appointment to another start (and, with `specialist_id`, all of it to another specialist).

    It stays the same appointment with its next version. Raises NotFound, Forbidden, StaleVersion, InvalidTransition,
    NotProvided, SlotTaken, BusyTryAgain.
    """
    before = await _changeable(work, appointment_id, "appointments:reschedule", expected_version=expected_version)
    _refuse_unless_movable(AppointmentState(before["state"]))
    wishes = [
        LineWish(line["service_id"], specialist_id or line["specialist_id"])
        for line in await reads.lines_of(work, appointment_id)
    ]
    _require(work, "appointments:reschedule", before["location_id"], starts_at, wishes)
    location = await network.location(work, before["location_id"])
    lines = await _priced_lines(work, location, starts_at, wishes)
    await _lock_subjects(work, lines)
    await work.statements.execute(RELEASE, work.network_id, appointment_id)
    appointment = await _move(work, appointment_id, lines, zone=location["zone"])
    await _occupy(work, appointment, lines, zone=location["zone"])
    await _remember(work, appointment, lines, reason=None)
    await work.defer(TELL_CLIENT, network_id=work.network_id, appointment_id=appointment_id)
    work.touches("appointment", appointment_id, location_id=location["id"])
    return await reads.appointment(work, appointment_id)


async def cancel_appointment(
    work: Work, appointment_id: UUID, *, reason: str, by_client: bool, expected_version: int
) -> asyncpg.Record:
    """Cancel an appointment and free its time.

    Raises NotFound, Forbidden, StaleVersion, InvalidTransition, ReasonRequired.
    """
    before = await _changeable(work, appointment_id, "appointments:cancel", expected_version=expected_version)
    transition(AppointmentState(before["state"]), AppointmentState.CANCELLED, reason=reason)
    await work.statements.execute(RELEASE, work.network_id, appointment_id)
    appointment = await Appointment.get(id=appointment_id)
    appointment.state = AppointmentState.CANCELLED.value
    appointment.cancelled_by = "CLIENT" if by_client else "BUSINESS"
    appointment.late = is_late(appointment.starts_at, now=work.at)
    appointment.reason = reason
    appointment.version += 1
    await appointment.save()
    await _remember(work, appointment, None, reason=reason)
    await work.defer(TELL_CLIENT, network_id=work.network_id, appointment_id=appointment_id)
    work.reason = reason
    work.touches("appointment", appointment_id, location_id=before["location_id"])
    return await reads.appointment(work, appointment_id)


def _require(work: Work, capability: str, location_id: UUID, starts_at: datetime, lines: Sequence[LineWish]) -> None:
    specialists = frozenset(line.specialist_id for line in lines)
    work.viewer.require(capability, at=location_id, of={"specialist_id": specialists, "starts_at": starts_at})


async def _changeable(work: Work, appointment_id: UUID, capability: str, *, expected_version: int) -> asyncpg.Record:
    """The appointment, locked, for whoever may change it. Raises NotFound, Forbidden, StaleVersion."""
    seen = await reads.appointment(work, appointment_id)
    work.viewer.require(
        capability, at=seen["location_id"], of={"specialist_id": seen["specialist_id"], "starts_at": seen["starts_at"]}
    )
    version = await work.statements.fetchval(LOCK_APPOINTMENT, work.network_id, appointment_id)
    if version != expected_version:
        raise StaleVersion(version)
    return await reads.appointment(work, appointment_id)


def _refuse_unless_movable(state: AppointmentState) -> None:
    if state not in (AppointmentState.PENDING, AppointmentState.CONFIRMED):
        transition(state, AppointmentState.CONFIRMED, reason=None)
        raise InvalidInput("Only an appointment that is still to come can be moved.")


async def _priced_lines(
    work: Work, location: asyncpg.Record, starts_at: datetime, wishes: Sequence[LineWish]
) -> list[PricedLine]:
    """The lines in their places with their prices. Raises NotFound, InvalidInput, NotProvided, PriceMissing."""
    if not 1 <= len(wishes) <= MOST_LINES:
        raise InvalidInput(f"A visit has 1 to {MOST_LINES} services.", path=("input", "lines"))
    service_date = starts_at.astimezone(ZoneInfo(location["zone"])).date()
    offers = await catalogue.offers_at(
        work,
        location["id"],
        on=service_date,
        pairs=[(wish.service_id, wish.specialist_id) for wish in wishes],
    )
    requests = [_line_request(offers, wish, position) for position, wish in enumerate(wishes)]
    laid = lay_lines(starts_at, requests)
    return [
        PricedLine(line, wish.service_id, wish.specialist_id, _price(offers, wish, location, service_date), uuid7())
        for line, wish in zip(laid, wishes, strict=True)
    ]


def _line_request(offers: catalogue.Offers, wish: LineWish, position: int) -> LineRequest:
    link = offers.links.get((wish.service_id, wish.specialist_id))
    if link is None:
        raise NotProvided(position)
    service = offers.services[wish.service_id]
    timing = ServiceTiming(
        duration=link.duration or service["duration"],
        buffer_before=service["buffer_before"],
        buffer_after=service["buffer_after"],
    )
    return LineRequest(timing, wish.specialist_id)


def _price(offers: catalogue.Offers, wish: LineWish, location: asyncpg.Record, service_date: date) -> Money:
    prices = [row for row in offers.prices.get(wish.service_id, ()) if row.amount.currency == location["currency"]]
    price = price_of_line(
        prices,
        location_id=location["id"],
        specialist_id=wish.specialist_id,
        service_date=service_date,
    )
    return price.amount


async def _lock_subjects(work: Work, lines: Sequence[PricedLine]) -> None:
    # For speed and an honest error: two inserts into an exclusion constraint can else wait for each other (40P01).
    await work.statements.execute(LOCK_TIMEOUT)
    try:
        for subject_id in sorted({line.specialist_id for line in lines}):
            await work.statements.execute(LOCK_SUBJECT, str(subject_id))
    except asyncpg.LockNotAvailableError as error:
        raise BusyTryAgain("Others are booking these specialists at this moment.") from error


async def _create(work: Work, booking: Booking, location: asyncpg.Record, lines: Sequence[PricedLine]) -> Appointment:
    appointment = await Appointment.create(
        network_id=work.network_id,
        location_id=location["id"],
        client_id=booking.client_id,
        state=AppointmentState.CONFIRMED.value,
        starts_at=lines[0].laid.during.start,
        ends_at=lines[-1].laid.during.end,
        local_start=_local_start(lines, location["zone"]),
        zone=location["zone"],
        source="STAFF",
        created_by=work.viewer.specialist_id,
        comment=booking.comment,
        created_at=work.at,
    )
    await AppointmentLine.bulk_create(_line_rows(work, appointment.id, lines))
    return appointment


def _line_rows(work: Work, appointment_id: UUID, lines: Sequence[PricedLine]) -> list[AppointmentLine]:
    return [
        AppointmentLine(
            id=line.line_id,
            network_id=work.network_id,
            appointment_id=appointment_id,
            position=line.laid.position,
            service_id=line.service_id,
            specialist_id=line.specialist_id,
            starts_at=line.laid.during.start,
            ends_at=line.laid.during.end,
            amount=line.price.amount,
            currency=line.price.currency,
        )
        for line in lines
    ]


async def _move(work: Work, appointment_id: UUID, lines: Sequence[PricedLine], *, zone: str) -> Appointment:
    """Give the appointment its new times, and its lines theirs (their price stays as it was agreed)."""
    appointment = await Appointment.get(id=appointment_id)
    appointment.starts_at = lines[0].laid.during.start
    appointment.ends_at = lines[-1].laid.during.end
    appointment.local_start = _local_start(lines, zone)
    appointment.version += 1
    await appointment.save()
    for line in lines:
        await AppointmentLine.filter(appointment_id=appointment_id, position=line.laid.position).update(
            specialist_id=line.specialist_id, starts_at=line.laid.during.start, ends_at=line.laid.during.end
        )
    return appointment


async def _occupy(work: Work, appointment: Appointment, lines: Sequence[PricedLine], *, zone: str) -> None:
    """Write what the visit occupies. Raises SlotTaken with the nearest starts that fit."""
    parts = busy_parts([line.laid for line in lines])
    by_position = {line.laid.position: line.line_id for line in lines}
    try:
        async with work.statements.savepoint():
            await work.statements.execute(
                OCCUPY,
                work.network_id,
                appointment.location_id,
                appointment.id,
                [uuid7() for _ in parts],
                [part.subject_kind.value for part in parts],
                [part.subject_id for part in parts],
                [part.part.value for part in parts],
                [part.during.start for part in parts],
                [part.during.end for part in parts],
                [by_position[part.position] for part in parts],
            )
    except asyncpg.ExclusionViolationError as error:
        if constraint_of(error) != "busy_no_overlap":
            raise
        raise await _slot_taken(work, appointment, [line.laid for line in lines], zone=zone) from error


async def _slot_taken(work: Work, appointment: Appointment, lines: Sequence[LaidLine], *, zone: str) -> SlotTaken:
    tz = ZoneInfo(zone)
    day = local_day(appointment.starts_at.astimezone(tz).date(), tz)
    taken = await reads.busy_parts_of(
        work, {line.request.specialist_id for line in lines}, within=day, except_for=appointment.id
    )
    starts = nearest_free_starts(lines, taken, day=day, now=work.at)
    alternatives = tuple(FreeStart(start, _wall(start, zone)) for start in starts[:MOST_ALTERNATIVES])
    return SlotTaken(lines[0].request.specialist_id, alternatives)


async def _remember(
    work: Work, appointment: Appointment, lines: Sequence[PricedLine] | None, *, reason: str | None
) -> None:
    said = [
        {"service": line.service_id, "specialist": line.specialist_id, "start": line.laid.during.start}
        for line in lines or ()
    ]
    await work.statements.execute(
        REMEMBER,
        work.network_id,
        uuid7(),
        appointment.id,
        appointment.version,
        work.at,
        appointment.state,
        appointment.starts_at,
        appointment.ends_at,
        orjson.dumps(said, default=str).decode(),
        work.viewer.specialist_id,
        reason,
    )


def _local_start(lines: Sequence[PricedLine], zone: str) -> str:
    return _wall(lines[0].laid.during.start, zone)


def _wall(instant: datetime, zone: str) -> str:
    return instant.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%dT%H:%M")
