"""Types of the topic `network`."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import strawberry

from domain.network import reads
from execution import declaration as remit


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
