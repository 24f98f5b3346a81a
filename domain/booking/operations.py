"""Booking, moving and cancelling: one path writes `busy`, and the database's exclusion constraint is its truth.

Order of a booking: visibility, capability, idempotency, what is provided, at which price, the lock of the subjects
(for speed and an honest error; the constraint decides), the appointment, its lines, what it occupies, history, jobs.

A moved appointment stays what was agreed: its price always, its duration unless somebody else does it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
from uuid_utils.compat import uuid7

from audit.entries import Area, EventType
from database.sqlstate import constraint_of
from domain import idempotency
from domain.booking import reads
from domain.booking.errors import (
    FreeStart,
    NotProvided,
    SettlementRequired,
    SlotTaken,
    StaleVersion,
    TooFar,
    TooSoon,
)
from domain.booking.models import Appointment, AppointmentLine
from domain.booking.rules import (
    LONGEST_AHEAD,
    AppointmentState,
    LaidLine,
    LineRequest,
    ServiceTiming,
    busy_parts,
    hindered_specialist,
    is_late,
    lay_lines,
    nearest_free_starts,
    require_movable,
    searched_span,
    transition,
)
from domain.catalogue import reads as catalogue
from domain.catalogue.rules import ServicePrice, price_of_line
from domain.clients import reads as clients
from domain.clients.operations import note_seen
from domain.localtime import local_day
from domain.money import Money
from domain.network import reads as network
from domain.notices.jobs import TELL_CLIENT
from domain.texts import require_kept
from domain.till import reads as till
from errors import InvalidInput, NotFound
from work import Work

APPOINTMENT_CREATED = EventType("appointment.created", Area.DATA_CHANGES)
APPOINTMENT_RESCHEDULED = EventType("appointment.rescheduled", Area.DATA_CHANGES)
APPOINTMENT_CANCELLED = EventType("appointment.cancelled", Area.DATA_CHANGES)

Path = tuple[str | int, ...]

MOST_LINES = 20
LONGEST_COMMENT = 2000
LONGEST_REASON = 1000
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
SELECT a.network_id, $3, a.id, a.version, $4, a.state, a.starts_at, a.ends_at,
  (SELECT jsonb_agg(jsonb_build_object('service', l.service_id, 'specialist', l.specialist_id, 'start', l.starts_at)
     ORDER BY l.position)
   FROM appointment_lines l WHERE l.network_id = a.network_id AND l.appointment_id = a.id),
  $5, a.reason
FROM appointments a WHERE a.network_id = $1 AND a.id = $2
"""


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

    appointment: reads.AppointmentRow
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class PlannedLine:
    """One service of the visit as it is going to be written: `id` is its row's, `minutes` its duration if agreed.

    `path` is where in the input it is asked for.
    """

    id: UUID
    service_id: UUID
    specialist_id: UUID
    path: Path
    minutes: int | None = None


@dataclass(frozen=True, slots=True)
class Visit:
    """The lines of a visit in their places at a location."""

    location: network.LocationRow
    lines: Sequence[PlannedLine]
    laid: Sequence[LaidLine]

    @property
    def starts_at(self) -> datetime:
        """The start of its first line."""
        return self.laid[0].during.start

    @property
    def ends_at(self) -> datetime:
        """The end of its last line."""
        return self.laid[-1].during.end

    @property
    def zone(self) -> ZoneInfo:
        """The zone of the location."""
        return ZoneInfo(self.location["zone"])

    @property
    def service_date(self) -> date:
        """The day on which it starts, by the location's calendar."""
        return self.starts_at.astimezone(self.zone).date()

    @property
    def local_start(self) -> str:
        """The wall time at which it starts."""
        return _wall_time(self.starts_at, self.zone)


async def book_appointment(work: Work, booking: Booking, *, idempotency_key: str) -> Booked:
    """Book a visit. Raises NotFound, Forbidden, InvalidInput, InvalidText, TooSoon, TooFar, NotProvided, PriceMissing,
    SlotTaken, BusyTryAgain, IdempotencyMismatch.
    """
    location = await network.location(work, booking.location_id, path=("input", "locationId"))
    work.location_id = location["id"]
    if booking.client_id is not None:
        await clients.client(work, booking.client_id, path=("input", "clientId"))
    _require_lines(booking.lines)
    _require(work, "appointments:create", location["id"], booking.starts_at, booking.lines)
    claim = await idempotency.claim(work, key=idempotency_key, operation="bookAppointment", request=booking)
    if claim.first_result is not None:
        work.touches("appointment", claim.first_result)
        return Booked(await reads.appointment(work, claim.first_result), replayed=True)
    require_kept(booking.comment, longest=LONGEST_COMMENT, path=("input", "comment"))
    visit = await _visit(work, location, booking.starts_at, [_planned(*one) for one in enumerate(booking.lines)])
    prices = await _prices(work, visit)
    await _lock_subjects(work, visit)
    appointment_id = await _create(work, booking, visit, prices)
    await _occupy(work, appointment_id, visit)
    if booking.client_id is not None:
        await note_seen(work, booking.client_id, location["id"])
    await claim.keep(work, appointment_id)
    work.touches("appointment", appointment_id)
    return Booked(await _written(work, appointment_id))


async def reschedule_appointment(
    work: Work, appointment_id: UUID, *, starts_at: datetime, specialist_id: UUID | None, expected_version: int
) -> reads.AppointmentRow:
    """Move an appointment to another start (and, with `specialist_id`, all of it to another specialist).

    It stays the same appointment with its next version, at the price that was agreed. Raises NotFound, Forbidden,
    StaleVersion, NotMovable, InvalidInput, TooSoon, TooFar, NotProvided, SlotTaken, BusyTryAgain.
    """
    before = await _changeable(work, appointment_id, "appointments:reschedule", expected_version=expected_version)
    require_movable(reads.state_of(before))
    lines = [_moved(line, specialist_id) for line in await reads.lines_of(work, appointment_id)]
    _require(work, "appointments:reschedule", before["location_id"], starts_at, lines)
    location = await network.location(work, before["location_id"])
    visit = await _visit(work, location, starts_at, lines)
    await _lock_subjects(work, visit)
    await work.statements.execute(RELEASE, work.network_id, appointment_id)
    await _move(work, appointment_id, visit)
    await _occupy(work, appointment_id, visit)
    return await _written(work, appointment_id)


async def cancel_appointment(
    work: Work, appointment_id: UUID, *, reason: str, by_client: bool, expected_version: int
) -> reads.AppointmentRow:
    """Cancel an appointment and free its time.

    Raises NotFound, Forbidden, StaleVersion, InvalidText, InvalidTransition, ReasonRequired, SettlementRequired.
    """
    before = await _changeable(work, appointment_id, "appointments:cancel", expected_version=expected_version)
    require_kept(reason, longest=LONGEST_REASON, path=("input", "reason"))
    transition(reads.state_of(before), AppointmentState.CANCELLED, reason=reason)
    await _require_unpaid(work, appointment_id)
    await work.statements.execute(RELEASE, work.network_id, appointment_id)
    appointment = await Appointment.get(id=appointment_id)
    appointment.state = AppointmentState.CANCELLED.value
    appointment.cancelled_by = "CLIENT" if by_client else "BUSINESS"
    appointment.late = is_late(appointment.starts_at, now=work.at)
    appointment.reason = reason
    appointment.version += 1
    await appointment.save()
    work.reason = reason
    return await _written(work, appointment_id)


async def _written(work: Work, appointment_id: UUID) -> reads.AppointmentRow:
    """The appointment as it was written, remembered in its history and told to its client."""
    await work.statements.execute(
        REMEMBER, work.network_id, appointment_id, uuid7(), work.at, work.viewer.specialist_id
    )
    await work.defer(TELL_CLIENT, network_id=work.network_id, appointment_id=appointment_id)
    return await reads.appointment(work, appointment_id)


def _require(
    work: Work, capability: str, location_id: UUID, starts_at: datetime, lines: Sequence[LineWish | PlannedLine]
) -> None:
    # One by one: whose limit is `own` must not bring a colleague's calendar along with a line of one's own.
    for specialist_id in sorted({line.specialist_id for line in lines}):
        work.require(capability, at=location_id, of=reads.planned_facts({specialist_id}, starts_at))


async def _changeable(
    work: Work, appointment_id: UUID, capability: str, *, expected_version: int
) -> reads.AppointmentRow:
    """The appointment, locked, for whoever may change it. Raises NotFound, Forbidden, StaleVersion."""
    seen = await reads.appointment(work, appointment_id)
    work.touches("appointment", appointment_id, location_id=seen["location_id"])
    work.require(capability, at=seen["location_id"], of=seen)
    before = await reads.locked_appointment(work, appointment_id)
    if before["version"] != expected_version:
        raise StaleVersion(before["version"])
    return before


async def _require_unpaid(work: Work, appointment_id: UUID) -> None:
    sale = await till.open_sale_of(work, appointment_id)
    if sale is not None and (paid := till.settlement_of(sale).paid).amount > 0:
        raise SettlementRequired(paid)


def _require_lines(lines: Sequence[LineWish]) -> None:
    if not 1 <= len(lines) <= MOST_LINES:
        raise InvalidInput(
            f"A visit has 1 to {MOST_LINES} services.",
            hint="Name each service with who does it; a longer visit is two.",
            path=("input", "lines"),
        )


def _planned(position: int, wish: LineWish) -> PlannedLine:
    return PlannedLine(uuid7(), wish.service_id, wish.specialist_id, path=("input", "lines", position))


def _moved(line: reads.AppointmentLineRow, specialist_id: UUID | None) -> PlannedLine:
    """A line of an appointment that is moved; with somebody else it takes as long as it takes them."""
    is_same = specialist_id is None or specialist_id == line["specialist_id"]
    minutes = (line["ends_at"] - line["starts_at"]) // timedelta(minutes=1)
    return PlannedLine(
        id=line["id"],
        service_id=line["service_id"],
        specialist_id=specialist_id or line["specialist_id"],
        path=("input", "startsAt" if is_same else "specialistId"),
        minutes=minutes if is_same else None,
    )


async def _visit(work: Work, location: network.LocationRow, starts_at: datetime, lines: Sequence[PlannedLine]) -> Visit:
    """The lines in their places. Raises InvalidInput, TooSoon, TooFar, NotFound, NotProvided."""
    _require_open(location)
    _require_start(work, location["id"], starts_at, lines)
    offers = await catalogue.offers_at(
        work,
        location["id"],
        on=starts_at.astimezone(ZoneInfo(location["zone"])).date(),
        pairs=[(line.service_id, line.specialist_id) for line in lines],
    )
    requests = [_line_request(offers, line, position) for position, line in enumerate(lines)]
    return Visit(location, lines, lay_lines(starts_at, requests))


def _require_open(location: network.LocationRow) -> None:
    if location["state"] != "OPEN":
        raise InvalidInput(
            "This location is closed.", hint="Choose a location that is open.", path=("input", "locationId")
        )


def _require_start(work: Work, location_id: UUID, starts_at: datetime, lines: Sequence[PlannedLine]) -> None:
    latest = work.at + LONGEST_AHEAD
    if starts_at > latest:
        raise TooFar(latest)
    facts = reads.planned_facts({line.specialist_id for line in lines}, starts_at)
    if starts_at < work.at and not work.viewer.can(TooSoon.capability, at=location_id, of=facts):
        raise TooSoon


def _line_request(offers: catalogue.Offers, line: PlannedLine, position: int) -> LineRequest:
    service = offers.services.get(line.service_id)
    if service is None:
        raise NotFound(path=(*line.path, "serviceId"))
    link = offers.links.get((line.service_id, line.specialist_id))
    if link is None:
        raise NotProvided(position, path=line.path)
    timing = ServiceTiming(
        duration=line.minutes or link.duration or service["duration"],
        buffer_before=service["buffer_before"],
        buffer_after=service["buffer_after"],
    )
    return LineRequest(timing, line.specialist_id)


async def _prices(work: Work, visit: Visit) -> list[Money]:
    """What each line costs on the service date, in the location's currency. Raises PriceMissing."""
    prices = await catalogue.prices_on(work, [line.service_id for line in visit.lines], on=visit.service_date)
    return [_price(prices.get(line.service_id, ()), line, visit) for line in visit.lines]


def _price(prices: Sequence[ServicePrice], line: PlannedLine, visit: Visit) -> Money:
    payable = [price for price in prices if price.amount.currency == visit.location["currency"]]
    return price_of_line(
        payable,
        location_id=visit.location["id"],
        specialist_id=line.specialist_id,
        service_date=visit.service_date,
        path=(*line.path, "serviceId"),
    ).amount


async def _lock_subjects(work: Work, visit: Visit) -> None:
    # For speed and an honest error: two inserts into an exclusion constraint can else wait for each other (40P01).
    await work.statements.execute(LOCK_TIMEOUT)
    for subject_id in sorted({line.specialist_id for line in visit.lines}):
        await work.statements.execute(LOCK_SUBJECT, str(subject_id))


async def _create(work: Work, booking: Booking, visit: Visit, prices: Sequence[Money]) -> UUID:
    appointment = await Appointment.create(
        network_id=work.network_id,
        location_id=visit.location["id"],
        client_id=booking.client_id,
        state=AppointmentState.CONFIRMED.value,
        starts_at=visit.starts_at,
        ends_at=visit.ends_at,
        local_start=visit.local_start,
        zone=visit.location["zone"],
        source="STAFF",
        created_by=work.viewer.specialist_id,
        comment=booking.comment,
        created_at=work.at,
    )
    await AppointmentLine.bulk_create(_line_rows(work, appointment.id, visit, prices))
    made: UUID = appointment.id
    return made


def _line_rows(work: Work, appointment_id: UUID, visit: Visit, prices: Sequence[Money]) -> list[AppointmentLine]:
    return [
        AppointmentLine(
            id=line.id,
            network_id=work.network_id,
            appointment_id=appointment_id,
            position=laid.position,
            service_id=line.service_id,
            specialist_id=line.specialist_id,
            starts_at=laid.during.start,
            ends_at=laid.during.end,
            amount=price.amount,
            currency=price.currency,
        )
        for line, laid, price in zip(visit.lines, visit.laid, prices, strict=True)
    ]


async def _move(work: Work, appointment_id: UUID, visit: Visit) -> None:
    """Give the appointment its new times, and its lines theirs."""
    appointment = await Appointment.get(id=appointment_id)
    appointment.starts_at = visit.starts_at
    appointment.ends_at = visit.ends_at
    appointment.local_start = visit.local_start
    appointment.version += 1
    await appointment.save()
    for line, laid in zip(visit.lines, visit.laid, strict=True):
        await AppointmentLine.filter(id=line.id).update(
            specialist_id=line.specialist_id, starts_at=laid.during.start, ends_at=laid.during.end
        )


async def _occupy(work: Work, appointment_id: UUID, visit: Visit) -> None:
    """Write what the visit occupies. Raises SlotTaken with the nearest starts that fit."""
    parts = busy_parts(visit.laid)
    try:
        async with work.statements.savepoint():
            await work.statements.execute(
                OCCUPY,
                work.network_id,
                visit.location["id"],
                appointment_id,
                [uuid7() for _ in parts],
                [part.subject_kind.value for part in parts],
                [part.subject_id for part in parts],
                [part.part.value for part in parts],
                [part.during.start for part in parts],
                [part.during.end for part in parts],
                [visit.lines[part.position].id for part in parts],
            )
    except asyncpg.ExclusionViolationError as error:
        if constraint_of(error) != "busy_no_overlap":
            raise
        raise await _slot_taken(work, appointment_id, visit) from error


async def _slot_taken(work: Work, appointment_id: UUID, visit: Visit) -> SlotTaken:
    day = local_day(visit.service_date, visit.zone)
    taken = await reads.busy_parts_of(
        work,
        {line.specialist_id for line in visit.lines},
        within=searched_span(visit.laid, day),
        except_for=appointment_id,
    )
    starts = nearest_free_starts(visit.laid, taken, day=day, now=work.at)
    alternatives = tuple(FreeStart(start, _wall_time(start, visit.zone)) for start in starts[:MOST_ALTERNATIVES])
    return SlotTaken(hindered_specialist(visit.laid, taken), alternatives)


def _wall_time(instant: datetime, zone: ZoneInfo) -> str:
    return instant.astimezone(zone).strftime("%Y-%m-%dT%H:%M")
