"""Types of the topic `network`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

import strawberry

from domain.network import operations, reads
from execution import declaration as remit
from schema.errors import BusyTryAgain, Forbidden, IdempotencyMismatch, InvalidInput, NotFound, UserError


@remit.type(row=reads.NetworkRow)
class Network:
    """A customer: one legal business with one or many locations."""

    id: UUID
    name: str
    legal_name: str
    country: str = strawberry.field(description="ISO 3166-1 alpha-2.")
    currency: str = strawberry.field(description="ISO 4217.")
    zone: str = strawberry.field(description="IANA time zone.")
    state: str = strawberry.field(description="ACTIVE, READ_ONLY or CLOSED.")


@remit.type(row=reads.LocationRow)
class Location:
    """A place of a network, with a time zone and a currency of its own."""

    id: UUID
    code: str
    name: str
    zone: str = strawberry.field(description="IANA time zone.")
    country: str = strawberry.field(description="ISO 3166-1 alpha-2.")
    currency: str = strawberry.field(description="ISO 4217.")
    address: str
    phone: str | None
    state: str = strawberry.field(description="OPEN or CLOSED.")
    call_center: bool = strawberry.field(description="Whether it opted in for the Call Center.")
    created_at: datetime


@remit.type(row=operations.CodeTaken)
class CodeTaken(UserError):
    """Another location of the network has this code."""


@strawberry.input(description="A place to be opened.")
class CreateLocationInput:
    """A place to be opened."""

    idempotency_key: str = strawberry.field(description="A fresh random UUID for each intention of a person.")
    code: str = strawberry.field(description="Small letters, digits and hyphens, such as budapest-1.")
    name: str
    zone: str = strawberry.field(description="IANA time zone.")
    country: str = strawberry.field(description="ISO 3166-1 alpha-2.")
    currency: str = strawberry.field(description="ISO 4217.")
    address: str = ""


@remit.type()
class LocationCreated:
    """The location is open."""

    location: Location
    journal_entry_id: UUID


CreateLocationResult = Annotated[
    LocationCreated | CodeTaken | IdempotencyMismatch | InvalidInput | NotFound | Forbidden | BusyTryAgain,
    strawberry.union("CreateLocationResult", description="The location, or why not."),
]
