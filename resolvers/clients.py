"""Root fields of the topic `clients`."""

from __future__ import annotations

from uuid import UUID

from domain.clients import operations, reads
from domain.columns import ALL, Columns
from domain.pages import Page
from execution.declaration import mutation, query
from execution.rows import shown
from policies.catalogue import Level
from schema.clients import Client, ClientCreated, CreateClientInput, CreateClientResult
from schema.connections import Connection
from work import Work


@query(requires="clients:read", at=Level.LOCATION)
async def clients(work: Work, *, search: str | None = None, page: Page, columns: Columns = ALL) -> Connection[Client]:
    """The clients of your locations (or your own), by name.

    `search` is a part of the name, of three letters at least, or a whole phone number with its country code. It
    requires `clients:search` and brings ten at a time.
    """
    return shown(await reads.clients(work, page, search=search, columns=columns))


@query(requires="clients:read", at=Level.LOCATION)
async def client(work: Work, *, id: UUID) -> Client:
    """One client."""
    return shown(await reads.client(work, id, path=("id",)))


@mutation(event=operations.CLIENT_CREATED, requires="clients:create", at=Level.LOCATION)
async def create_client(work: Work, *, input: CreateClientInput) -> CreateClientResult:
    """Enter a new client."""
    card = operations.ClientCard(
        location_id=input.location_id,
        name=input.name,
        phone=input.phone,
        email=input.email,
        language=input.language,
    )
    entered = await operations.create_client(work, card, idempotency_key=input.idempotency_key)
    return ClientCreated(client=shown(entered.client), replayed=entered.replayed, journal_entry_id=work.entry_id)
