"""Root fields of the topic `booking`."""

from __future__ import annotations

from uuid import UUID

from domain.booking import operations, reads
from domain.columns import ALL, Columns
from domain.pages import Page
from execution.declaration import mutation, query
from execution.rows import shown
from policies.catalogue import Level
from schema.booking import (
    Appointment,
    AppointmentBooked,
    AppointmentCancelled,
    AppointmentFilterInput,
    AppointmentRescheduled,
    BookAppointmentInput,
    BookAppointmentResult,
    CancelAppointmentInput,
    CancelAppointmentResult,
    RescheduleAppointmentInput,
    RescheduleAppointmentResult,
)
from schema.connections import Connection
from work import Work


@query(requires="appointments:read", at=Level.LOCATION)
async def appointments(
    work: Work,
    *,
    filter: AppointmentFilterInput | None = None,
    page: Page,
    columns: Columns = ALL,
) -> Connection[Appointment]:
    """The appointments that you may see, by their start."""
    asked = filter or AppointmentFilterInput()
    return shown(
        await reads.appointments(
            work,
            page,
            reads.AppointmentFilter(
                location_id=asked.location_id,
                starts_from=asked.starts_from,
                starts_before=asked.starts_before,
                states=tuple(state.value for state in asked.states) if asked.states is not None else None,
                specialist_id=asked.specialist_id,
                client_id=asked.client_id,
            ),
            columns=columns,
        )
    )


@query(requires="appointments:read", at=Level.LOCATION)
async def appointment(work: Work, *, id: UUID) -> Appointment:
    """One appointment."""
    return shown(await reads.appointment(work, id, path=("id",)))


@mutation(event=operations.APPOINTMENT_CREATED, requires="appointments:create", at=Level.LOCATION)
async def book_appointment(work: Work, *, input: BookAppointmentInput) -> BookAppointmentResult:
    """Book a visit; what is booked is never booked twice."""
    booked = await operations.book_appointment(
        work,
        operations.Booking(
            location_id=input.location_id,
            client_id=input.client_id,
            starts_at=input.starts_at,
            lines=tuple(operations.LineWish(line.service_id, line.specialist_id) for line in input.lines),
            comment=input.comment,
        ),
        idempotency_key=input.idempotency_key,
    )
    return AppointmentBooked(
        appointment=shown(booked.appointment), replayed=booked.replayed, journal_entry_id=work.entry_id
    )


@mutation(event=operations.APPOINTMENT_RESCHEDULED, requires="appointments:reschedule", at=Level.LOCATION)
async def reschedule_appointment(
    work: Work,
    *,
    input: RescheduleAppointmentInput,
) -> RescheduleAppointmentResult:
    """Move an appointment to another time or specialist; it stays the same appointment."""
    row = await operations.reschedule_appointment(
        work,
        input.appointment_id,
        starts_at=input.starts_at,
        specialist_id=input.specialist_id,
        expected_version=input.expected_version,
    )
    return AppointmentRescheduled(appointment=shown(row), journal_entry_id=work.entry_id)


@mutation(event=operations.APPOINTMENT_CANCELLED, requires="appointments:cancel", at=Level.LOCATION)
async def cancel_appointment(work: Work, *, input: CancelAppointmentInput) -> CancelAppointmentResult:
    """Cancel an appointment; its time is free at once."""
    row = await operations.cancel_appointment(
        work,
        input.appointment_id,
        reason=input.reason,
        by_client=input.by_client,
        expected_version=input.expected_version,
    )
    return AppointmentCancelled(appointment=shown(row), journal_entry_id=work.entry_id)
