"""Root fields of the topic `network`."""

from __future__ import annotations

from uuid import UUID

from domain.network import operations, reads
from domain.pages import Page
from execution.declaration import mutation, query
from execution.rows import shown
from policies.catalogue import Level
from schema.connections import Connection
from schema.network import CreateLocationInput, CreateLocationResult, Location, LocationCreated, Network
from work import Work


@query(requires="networks:read", at=Level.SHARED)
async def network(work: Work) -> Network:
    """The network that you act in: the one of the header Remit-Domain, or your only one."""
    return shown(await reads.network(work))


@query(requires="locations:read", at=Level.SHARED)
async def locations(work: Work, *, page: Page) -> Connection[Location]:
    """The network's locations, by name."""
    return shown(await reads.locations(work, page))


@query(requires="locations:read", at=Level.SHARED)
async def location(work: Work, *, id: UUID) -> Location:
    """One location."""
    return shown(await reads.location(work, id, path=("id",)))


@mutation(event=operations.LOCATION_CREATED, requires="locations:create", at=Level.NETWORK)
async def create_location(work: Work, *, input: CreateLocationInput) -> CreateLocationResult:
    """Open a location."""
    new = operations.NewLocation(
        code=input.code,
        name=input.name,
        zone=input.zone,
        country=input.country,
        currency=input.currency,
        address=input.address,
    )
    row = await operations.create_location(work, new, idempotency_key=input.idempotency_key)
    return LocationCreated(location=shown(row), journal_entry_id=work.entry_id)
