"""Strawberry as one writes it with care: typed objects made of asyncpg's rows, and a DataLoader for each relation.

No sessions, no rights, no limits; Strawberry's defaults otherwise.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

import asyncpg
import strawberry
from asyncpg import Record
from strawberry.asgi import GraphQL
from strawberry.dataloader import DataLoader

from benchmarks.contestants import statements
from benchmarks.contestants.serving import network_id, serve_on_pool
from benchmarks.contestants.strawberry_types import (
    Client,
    Clients,
    Journal,
    JournalEntry,
    Money,
    PageInfo,
    Payment,
    Service,
    Services,
    Specialist,
    Specialists,
)

T = TypeVar("T")


class Loaders:
    """The DataLoaders of one request."""

    def __init__(self, pool: asyncpg.Pool, network: UUID) -> None:
        self.pool = pool
        self.network = network
        self.clients = self._one(statements.CLIENTS_BY_ID, _client)
        self.services = self._one(statements.SERVICES_BY_ID, _service)
        self.specialists = self._one(statements.SPECIALISTS_BY_ID, _specialist)
        self.lines = self._many(statements.LINES_OF, _line)
        self.payments = self._many(statements.PAYMENTS_OF, _payment)

    def _one(self, statement: str, make: Callable[[Record], T]) -> DataLoader[UUID, T | None]:
        async def load(keys: list[UUID]) -> list[T | None]:
            found = {row["id"]: make(row) for row in await self.pool.fetch(statement, self.network, keys)}
            return [found.get(key) for key in keys]

        return DataLoader(load)

    def _many(self, statement: str, make: Callable[[Record], T]) -> DataLoader[UUID, list[T]]:
        async def load(keys: list[UUID]) -> list[list[T]]:
            found: dict[UUID, list[T]] = {key: [] for key in keys}
            for row in await self.pool.fetch(statement, self.network, keys):
                found[row["appointment_id"]].append(make(row))
            return [found[key] for key in keys]

        return DataLoader(load)


Info = strawberry.Info[Loaders, None]


@strawberry.type
class AppointmentLine:
    """One service of an appointment."""

    id: UUID
    position: int
    starts_at: datetime
    service_id: strawberry.Private[UUID]
    specialist_id: strawberry.Private[UUID]

    @strawberry.field
    async def service(self, info: Info) -> Service | None:
        """What is done."""
        return await info.context.services.load(self.service_id)

    @strawberry.field
    async def specialist(self, info: Info) -> Specialist | None:
        """Who does it."""
        return await info.context.specialists.load(self.specialist_id)


@strawberry.type
class Appointment:
    """One client's visit."""

    id: UUID
    starts_at: datetime
    ends_at: datetime
    state: str
    local_start: str
    zone: str
    source: str
    client_id: strawberry.Private[UUID]

    @strawberry.field
    async def client(self, info: Info) -> Client | None:
        """Who comes."""
        return await info.context.clients.load(self.client_id)

    @strawberry.field
    async def lines(self, info: Info) -> list[AppointmentLine]:
        """Its services, in their order."""
        return await info.context.lines.load(self.id)

    @strawberry.field
    async def payments(self, info: Info) -> list[Payment]:
        """What was paid for it."""
        return await info.context.payments.load(self.id)


@strawberry.type
class Appointments:
    """A page of appointments."""

    nodes: list[Appointment]
    page_info: PageInfo


@strawberry.type
class Query:
    """The root."""

    @strawberry.field
    async def appointments(self, info: Info, first: int) -> Appointments:
        """The first appointments, by their start."""
        rows = await _fetch(info, statements.APPOINTMENTS, first + 1)
        return Appointments(
            nodes=[Appointment(**row) for row in rows[:first]], page_info=PageInfo(has_next_page=len(rows) > first)
        )

    @strawberry.field
    async def appointment(self, info: Info, id: strawberry.ID) -> Appointment:
        """One appointment."""
        (row,) = await _fetch(info, statements.APPOINTMENT, UUID(id))
        return Appointment(**row)

    @strawberry.field
    async def clients(self, info: Info, first: int) -> Clients:
        """The first clients, by name."""
        return Clients(nodes=[Client(**row) for row in await _fetch(info, statements.CLIENTS, first)])

    @strawberry.field
    async def specialists(self, info: Info, first: int) -> Specialists:
        """The first specialists, by name."""
        return Specialists(nodes=[Specialist(**row) for row in await _fetch(info, statements.SPECIALISTS, first)])

    @strawberry.field
    async def services(self, info: Info, first: int) -> Services:
        """The first services, by name."""
        return Services(nodes=[Service(**row) for row in await _fetch(info, statements.SERVICES, first)])

    @strawberry.field
    async def journal(self, info: Info, first: int) -> Journal:
        """The newest entries."""
        return Journal(nodes=[JournalEntry(**row) for row in await _fetch(info, statements.JOURNAL, first)])


async def _fetch(info: Info, statement: str, argument: object) -> list[Record]:
    return await info.context.pool.fetch(statement, info.context.network, argument)


def _client(row: Record) -> Client:
    return Client(**row)


def _service(row: Record) -> Service:
    return Service(**row)


def _specialist(row: Record) -> Specialist:
    return Specialist(**row)


def _line(row: Record) -> AppointmentLine:
    return AppointmentLine(
        id=row["id"],
        position=row["position"],
        starts_at=row["starts_at"],
        service_id=row["service_id"],
        specialist_id=row["specialist_id"],
    )


def _payment(row: Record) -> Payment:
    return Payment(id=row["id"], method=row["method"], amount=Money(amount=row["amount"], currency=row["currency"]))


class View(GraphQL[Loaders, None]):
    """Strawberry's own view, with fresh loaders for each request."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        super().__init__(strawberry.Schema(Query))
        self._fresh = partial(Loaders, pool, network_id())

    async def get_context(self, request: Any, response: Any) -> Loaders:
        """The loaders of this request."""
        return self._fresh()


if __name__ == "__main__":
    serve_on_pool(View)
