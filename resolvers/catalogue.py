"""Root fields of the topic `catalogue`."""

from __future__ import annotations

from uuid import UUID

from domain.catalogue import operations, reads
from domain.money import Money
from domain.pages import Page
from execution.declaration import mutation, query
from execution.rows import shown
from policies.catalogue import Level
from schema.catalogue import CreateServiceInput, CreateServiceResult, Service, ServiceCreated
from schema.connections import Connection
from work import Work


@query(requires="services:read", at=Level.SHARED)
async def services(work: Work, *, page: Page) -> Connection[Service]:
    """The network's services, by name."""
    return shown(await reads.services(work, page))


@query(requires="services:read", at=Level.SHARED)
async def service(work: Work, *, id: UUID) -> Service:
    """One service."""
    return shown(await reads.service(work, id, path=("id",)))


@mutation(event=operations.SERVICE_CREATED, requires="services:update", at=Level.NETWORK)
async def create_service(work: Work, *, input: CreateServiceInput) -> CreateServiceResult:
    """Offer a service at one price from today on."""
    new = operations.NewService(
        name=input.name,
        category=input.category,
        duration=input.duration,
        buffer_after=input.buffer_after,
        price=Money(input.price.amount, input.price.currency),
    )
    row = await operations.create_service(work, new, idempotency_key=input.idempotency_key)
    return ServiceCreated(service=shown(row), journal_entry_id=work.entry_id)
