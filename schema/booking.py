"""Types of the topic `booking`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

import strawberry

from domain.booking import errors, reads, rules
from domain.booking.operations import MOST_ALTERNATIVES, MOST_LINES
from domain.booking.rules import AppointmentState
from domain.catalogue import reads as catalogue
from domain.clients import reads as clients
from domain.network import reads as network
from domain.team import reads as team
from domain.till import reads as till
from execution import declaration as remit
from schema.catalogue import PriceMissing, Service
from schema.clients import Client
from schema.errors import BusyTryAgain, Forbidden, IdempotencyMismatch, InvalidInput, NotFound, UserError
from schema.money import Money
from schema.network import Location
from schema.team import Specialist
from schema.till import Payment, Sale

strawberry.enum(AppointmentState, description="Where an appointment stands.")


@remit.type(row=reads.AppointmentLineRow)
class AppointmentLine:
    """One service of an appointment, by one specialist, with the price that was agreed."""

    id: UUID
    position: int
    starts_at: datetime
    ends_at: datetime
    service: Service = remit.relation(catalogue.services_by_id, key="service_id")
    specialist: Specialist = remit.relation(team.specialists_by_id, key="specialist_id")

    price: Money = remit.computed(
        reads.agreed_price, reads=("amount", "currency"), description="The price that was agreed."
    )


@remit.type(row=reads.AppointmentRow)
class Appointment:
    """One client's visit at one location."""

    id: UUID
    version: int = strawberry.field(description="Send it as `expectedVersion` with a change.")
    starts_at: datetime
    ends_at: datetime
    local_start: str = strawberry.field(description="The wall time that was agreed, in `zone`.")
    zone: str
    source: str = strawberry.field(description="STAFF, ONLINE, CALL_CENTER or IMPORT.")
    comment: str
    late: bool | None = strawberry.field(description="Whether it was cancelled too late; null unless cancelled.")
    reason: str | None = strawberry.field(description="Why it was cancelled.")
    created_at: datetime
    location: Location = remit.relation(network.locations_by_id, key="location_id")
    client: Client | None = remit.relation(clients.clients_by_id, key="client_id", requires="clients:read")
    lines: list[AppointmentLine] = remit.relation(reads.lines_of_appointments, key="id", max_items=MOST_LINES)
    created_by: Specialist | None = remit.relation(team.specialists_by_id, key="created_by")
    sale: Sale | None = remit.relation(
        till.sales_of_appointments, key="id", requires="payments:read", description="Null before the first payment."
    )
    payments: list[Payment] | None = remit.relation(
        till.payments_of_appointments, key="id", requires="payments:read", max_items=10
    )
    state: AppointmentState = remit.computed(reads.state_of, reads=("state",), description="Where it stands.")
    allowed_transitions: list[AppointmentState] = remit.computed(
        lambda row: rules.allowed_transitions(reads.state_of(row)),
        reads=("state",),
        description="What it may become next.",
    )


@remit.type(row=errors.FreeStart)
class FreeStart:
    """A start at which the same visit would fit."""

    starts_at: datetime
    local_start: str = strawberry.field(description="The wall time at the location.")


@remit.type(row=errors.SlotTaken)
class SlotTaken(UserError):
    """The specialist is not free for all of the visit."""

    specialist_id: UUID | None
    alternatives: list[FreeStart] = remit.attribute(
        max_items=MOST_ALTERNATIVES, description="The nearest free starts of that day, at most five."
    )


@remit.type(row=errors.TooSoon)
class TooSoon(UserError):
    """The visit would lie in the past."""

    capability: str = strawberry.field(description="The capability that allows to enter it all the same.")


@remit.type(row=errors.TooFar)
class TooFar(UserError):
    """The visit would lie further ahead than calendars are kept."""


@remit.type(row=errors.SettlementRequired)
class SettlementRequired(UserError):
    """Money was taken for the visit: it is not cancelled as if none had been."""

    paid: Money


@remit.type(row=errors.NotProvided)
class NotProvided(UserError):
    """The specialist does not provide this service at this location on this day."""

    position: int = strawberry.field(description="Of the line.")


@remit.type(row=errors.StaleVersion)
class StaleVersion(UserError):
    """Somebody else has changed it meanwhile; nothing was changed."""

    current: int


@remit.type(row=rules.InvalidTransition)
class InvalidTransition(UserError):
    """From its state the appointment cannot become this."""

    source: AppointmentState = strawberry.field(name="from")
    target: AppointmentState = strawberry.field(name="to")
    allowed: list[AppointmentState]


@remit.type(row=rules.ReasonRequired)
class ReasonRequired(UserError):
    """The change needs a reason."""


@strawberry.input(description="Which appointments; what is left out does not matter.")
class AppointmentFilterInput:
    """Which appointments."""

    location_id: UUID | None = None
    starts_from: datetime | None = strawberry.field(default=None, description="Inclusive.")
    starts_before: datetime | None = strawberry.field(default=None, description="Exclusive.")
    states: list[AppointmentState] | None = None
    specialist_id: UUID | None = None
    client_id: UUID | None = None


@strawberry.input(description="One service of the visit.")
class AppointmentLineInput:
    """One service of the visit."""

    service_id: UUID
    specialist_id: UUID


@strawberry.input(description="A visit to be booked.")
class BookAppointmentInput:
    """A visit to be booked."""

    idempotency_key: str = strawberry.field(
        description="A fresh random UUID for each intention of a person; a repetition gets the first answer. "
        "A key made of the content would replay it: book, cancel, book again would return the cancelled one."
    )
    location_id: UUID
    client_id: UUID | None = None
    starts_at: datetime = strawberry.field(description="An instant, with its offset.")
    lines: list[AppointmentLineInput] = strawberry.field(description="One after the other, without gaps.")
    comment: str = ""


@strawberry.input(description="An appointment to be moved.")
class RescheduleAppointmentInput:
    """An appointment to be moved."""

    appointment_id: UUID
    expected_version: int
    starts_at: datetime
    specialist_id: UUID | None = strawberry.field(default=None, description="Moves all of it to this specialist.")


@strawberry.input(description="An appointment to be cancelled.")
class CancelAppointmentInput:
    """An appointment to be cancelled."""

    appointment_id: UUID
    expected_version: int
    reason: str
    by_client: bool = strawberry.field(default=False, description="Whether the client cancelled, not the business.")


@remit.type()
class AppointmentBooked:
    """The visit is booked."""

    appointment: Appointment
    replayed: bool = strawberry.field(description="Whether an earlier request with the same key had booked it.")
    journal_entry_id: UUID


@remit.type()
class AppointmentRescheduled:
    """The appointment is moved."""

    appointment: Appointment
    journal_entry_id: UUID


@remit.type()
class AppointmentCancelled:
    """The appointment is cancelled, and its time is free."""

    appointment: Appointment
    journal_entry_id: UUID


BookAppointmentResult = Annotated[
    AppointmentBooked
    | SlotTaken
    | TooSoon
    | TooFar
    | NotProvided
    | PriceMissing
    | IdempotencyMismatch
    | InvalidInput
    | NotFound
    | Forbidden
    | BusyTryAgain,
    strawberry.union("BookAppointmentResult", description="The appointment, or why not."),
]
RescheduleAppointmentResult = Annotated[
    AppointmentRescheduled
    | SlotTaken
    | TooSoon
    | TooFar
    | NotProvided
    | StaleVersion
    | InvalidTransition
    | InvalidInput
    | NotFound
    | Forbidden
    | BusyTryAgain,
    strawberry.union("RescheduleAppointmentResult", description="The appointment, or why not."),
]
CancelAppointmentResult = Annotated[
    AppointmentCancelled
    | StaleVersion
    | InvalidTransition
    | ReasonRequired
    | SettlementRequired
    | InvalidInput
    | NotFound
    | Forbidden
    | BusyTryAgain,
    strawberry.union("CancelAppointmentResult", description="The appointment, or why not."),
]
