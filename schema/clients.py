"""Types of the topic `clients`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

import strawberry

from domain.clients import reads, rules
from execution import declaration as remit
from schema.errors import BusyTryAgain, Forbidden, IdempotencyMismatch, InvalidInput, NotFound, UserError


@remit.type(row=reads.ClientRow)
class Client:
    """A person whom the network serves."""

    id: UUID
    name: str
    phone: str | None = remit.attribute(requires="clients:read_contacts", description="E.164.")
    email: str | None = remit.attribute(requires="clients:read_contacts")
    language: str | None
    created_at: datetime
    masked_phone: str | None = remit.computed(
        reads.masked_phone_of,
        reads=("phone",),
        description="The phone with its middle hidden, such as +36 ** *** **67.",
    )


@remit.type(row=rules.InvalidPhone)
class InvalidPhone(UserError):
    """This is no phone number of the location's country, nor an international one."""


@strawberry.input(description="A new client.")
class CreateClientInput:
    """A new client."""

    idempotency_key: str = strawberry.field(
        description="A fresh random UUID for each intention of a person; a repetition gets the first answer. "
        "A key made of the content would replay it for ever."
    )
    location_id: UUID = strawberry.field(description="Where the client was first seen.")
    name: str
    phone: str | None = strawberry.field(default=None, description="As people type it; read by the location's country.")
    email: str | None = None
    language: str | None = strawberry.field(default=None, description="BCP 47, such as hu.")


@remit.type()
class ClientCreated:
    """The client is entered."""

    client: Client
    replayed: bool = strawberry.field(description="Whether an earlier request with the same key had entered it.")
    journal_entry_id: UUID


CreateClientResult = Annotated[
    ClientCreated | InvalidPhone | IdempotencyMismatch | InvalidInput | NotFound | Forbidden | BusyTryAgain,
    strawberry.union("CreateClientResult", description="The client, or why not."),
]
