"""Types of the topic `catalogue`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

import strawberry

from domain.catalogue import reads, rules
from domain.network import reads as network
from execution import declaration as remit
from schema.errors import BusyTryAgain, Forbidden, IdempotencyMismatch, InvalidInput, NotFound, UserError
from schema.money import AmountNotInUnit, MoneyInput
from schema.network import Location


@remit.type(row=reads.ServiceRow)
class Service:
    """What a network offers."""

    id: UUID
    category: str
    name: str
    duration: int = strawberry.field(description="Minutes.")
    buffer_before: int = strawberry.field(description="Minutes kept free before it.")
    buffer_after: int = strawberry.field(description="Minutes kept free after it.")
    state: str = strawberry.field(description="ACTIVE or ARCHIVED.")
    created_at: datetime


@remit.type(row=reads.ServiceLinkRow)
class ServiceLink:
    """This specialist provides this service at this location."""

    id: UUID
    duration: int | None = strawberry.field(description="Minutes, where it is the person's own.")
    service: Service = remit.relation(reads.services_by_id, key="service_id")
    location: Location = remit.relation(network.locations_by_id, key="location_id")


@remit.type(row=rules.PriceMissing)
class PriceMissing(UserError):
    """No price of the service is valid on the service date."""


@strawberry.input(description="A service to be offered.")
class CreateServiceInput:
    """A service to be offered."""

    idempotency_key: str = strawberry.field(description="A fresh random UUID for each intention of a person.")
    name: str
    category: str = ""
    duration: int = strawberry.field(description="Minutes, 1 to 1440.")
    buffer_after: int = strawberry.field(default=0, description="Minutes kept free after it, 0 to 240.")
    price: MoneyInput = strawberry.field(description="From today on, in the whole network.")


@remit.type()
class ServiceCreated:
    """The service is offered."""

    service: Service
    journal_entry_id: UUID


CreateServiceResult = Annotated[
    ServiceCreated | AmountNotInUnit | IdempotencyMismatch | InvalidInput | NotFound | Forbidden | BusyTryAgain,
    strawberry.union("CreateServiceResult", description="The service, or why not."),
]
