"""Strawberry over Tortoise's models, as their tutorials have it: `prefetch_related`, then a typed object for each row.

Only what a document selects is prefetched. No sessions, no rights, no limits; Strawberry's defaults otherwise.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

import strawberry
from strawberry.asgi import GraphQL
from strawberry.types.nodes import SelectedField, Selection
from tortoise import Tortoise
from tortoise.query_utils import Prefetch

from benchmarks.contestants import tortoise_models as models
from benchmarks.contestants.serving import CONNECTIONS, network_id, serve
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
from terminal import run_to_end

Info = strawberry.Info[UUID, None]
"""The context is the id of the network."""


@strawberry.type
class AppointmentLine:
    """One service of an appointment."""

    id: UUID
    position: int
    starts_at: datetime
    service: Service
    specialist: Specialist


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
    client: Client | None
    lines: list[AppointmentLine]
    payments: list[Payment]


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
        selected = _selected(info.selected_fields)
        rows = (
            await models.Appointment.filter(network_id=info.context)
            .order_by("starts_at", "id")
            .limit(first + 1)
            .prefetch_related(*_prefetched(info.context, selected))
        )
        nodes = [_appointment(row, selected) for row in rows[:first]]
        return Appointments(nodes=nodes, page_info=PageInfo(has_next_page=len(rows) > first))

    @strawberry.field
    async def appointment(self, info: Info, id: strawberry.ID) -> Appointment:
        """One appointment."""
        selected = _selected(info.selected_fields)
        found = models.Appointment.get(network_id=info.context, id=id)
        return _appointment(await found.prefetch_related(*_prefetched(info.context, selected)), selected)

    @strawberry.field
    async def clients(self, info: Info, first: int) -> Clients:
        """The first clients, by name."""
        rows = await models.Client.filter(network_id=info.context).order_by("name_key", "id").limit(first)
        return Clients(nodes=[_client(row) for row in rows])

    @strawberry.field
    async def specialists(self, info: Info, first: int) -> Specialists:
        """The first specialists, by name."""
        rows = await models.Specialist.filter(network_id=info.context).order_by("name", "id").limit(first)
        return Specialists(nodes=[_specialist(row) for row in rows])

    @strawberry.field
    async def services(self, info: Info, first: int) -> Services:
        """The first services, by name."""
        rows = await models.Service.filter(network_id=info.context).order_by("name", "id").limit(first)
        return Services(nodes=[_service(row) for row in rows])

    @strawberry.field
    async def journal(self, info: Info, first: int) -> Journal:
        """The newest entries."""
        rows = await models.JournalEntry.filter(chain_id=info.context).order_by("-seq").limit(first)
        return Journal(nodes=[_entry(row) for row in rows])


def _selected(selections: Iterable[Selection]) -> set[str]:
    """The names of all fields that a root field's selection holds, at any depth."""
    found: set[str] = set()
    for one in selections:
        if isinstance(one, SelectedField):
            found.add(one.name)
        found |= _selected(one.selections)
    return found


def _prefetched(network: UUID, selected: set[str]) -> list[Prefetch]:
    prefetched = {
        "client": Prefetch("client", models.Client.filter(network_id=network)),
        "lines": Prefetch(
            "lines",
            models.AppointmentLine.filter(network_id=network)
            .order_by("position")
            .prefetch_related(
                Prefetch("service", models.Service.filter(network_id=network)),
                Prefetch("specialist", models.Specialist.filter(network_id=network)),
            ),
        ),
        "payments": Prefetch(
            "sales",
            models.Sale.filter(network_id=network).prefetch_related(
                Prefetch("payments", models.Payment.filter(network_id=network).order_by("captured_at", "id"))
            ),
        ),
    }
    return [relation for name, relation in prefetched.items() if name in selected]


def _appointment(row: models.Appointment, selected: set[str]) -> Appointment:
    return Appointment(
        id=row.id,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        state=row.state,
        local_start=row.local_start,
        zone=row.zone,
        source=row.source,
        client=_client(row.client) if "client" in selected else None,
        lines=[_line(line) for line in row.lines] if "lines" in selected else [],
        payments=_payments(row) if "payments" in selected else [],
    )


def _line(row: models.AppointmentLine) -> AppointmentLine:
    return AppointmentLine(
        id=row.id,
        position=row.position,
        starts_at=row.starts_at,
        service=_service(row.service),
        specialist=_specialist(row.specialist),
    )


def _payments(row: models.Appointment) -> list[Payment]:
    return [
        Payment(id=paid.id, method=paid.method, amount=Money(amount=paid.amount, currency=sale.currency))
        for sale in row.sales
        for paid in sale.payments
    ]


def _client(row: models.Client) -> Client:
    return Client(id=row.id, name=row.name, language=row.language, created_at=row.created_at)


def _service(row: models.Service) -> Service:
    return Service(id=row.id, name=row.name, duration=row.duration)


def _specialist(row: models.Specialist) -> Specialist:
    return Specialist(id=row.id, name=row.name, position=row.position, state=row.state)


def _entry(row: models.JournalEntry) -> JournalEntry:
    return JournalEntry(
        id=row.id, seq=row.seq, recorded_at=row.recorded_at, code=row.code, area=row.area, outcome=row.outcome
    )


class View(GraphQL[UUID, None]):
    """Strawberry's own view."""

    async def get_context(self, request: Any, response: Any) -> UUID:
        """The network that is asked about."""
        return network_id()


async def _served() -> None:
    credentials = {
        "host": os.environ["PGHOST"],
        "port": int(os.environ["PGPORT"]),
        "user": os.environ["PGUSER"],
        "password": None,
        "database": os.environ["PGDATABASE"],
        "minsize": CONNECTIONS,
        "maxsize": CONNECTIONS,
    }
    await Tortoise.init(
        config={
            "connections": {"default": {"engine": "tortoise.backends.asyncpg", "credentials": credentials}},
            "apps": {"bare": {"models": [models.__name__], "default_connection": "default"}},
            "use_tz": True,
            "timezone": "UTC",
        },
        _enable_global_fallback=True,
    )
    await serve(View(strawberry.Schema(Query)))


if __name__ == "__main__":
    run_to_end(_served())
