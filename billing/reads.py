"""The facts of seats: who is there, what they may do (asked of the policy engine), and what they provide."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from billing.rules import Person, ProvidedService, SeatFacts
from remit.plugin import AccessView, NotFound, Statements

SPECIALISTS = """
SELECT id, kind, account_id IS NOT NULL AS can_sign_in FROM specialists
WHERE network_id = $1 AND state <> 'LEFT' ORDER BY id
"""
PROVIDED = """
SELECT l.specialist_id, l.service_id, l.location_id FROM service_links l
JOIN services s ON s.network_id = l.network_id AND s.id = l.service_id AND s.state = 'ACTIVE'
JOIN locations o ON o.network_id = l.network_id AND o.id = l.location_id AND o.state = 'OPEN'
WHERE l.network_id = $1 AND l.in_force @> ($2::timestamptz AT TIME ZONE o.zone)::date
"""
NETWORK = "SELECT zone, created_at FROM networks WHERE id = $1"


@dataclass(frozen=True, slots=True)
class Customer:
    """The network as a customer: its periods are counted from `anchor`, in its own time zone."""

    network_id: UUID
    anchor: datetime


async def customer(statements: Statements, network_id: UUID) -> Customer:
    """The network as a customer. Raises NotFound."""
    row = await statements.fetchrow(NETWORK, network_id)
    if row is None:
        raise NotFound
    return Customer(network_id, row["created_at"].astimezone(ZoneInfo(row["zone"])))


async def people(statements: Statements, view: AccessView) -> tuple[Person, ...]:
    """Everybody of the network with the facts of a seat verdict at the view's instant."""
    provided: dict[UUID, list[ProvidedService]] = {}
    for row in await statements.fetch(PROVIDED, view.network_id, view.at):
        service = ProvidedService(str(row["service_id"]), str(row["location_id"]))
        provided.setdefault(row["specialist_id"], []).append(service)
    rows = await statements.fetch(SPECIALISTS, view.network_id)
    return tuple(
        _person(
            view,
            row["id"],
            is_service=row["kind"] == "SERVICE",
            can_sign_in=row["can_sign_in"],
            services=tuple(provided.get(row["id"], ())),
        )
        for row in rows
    )


def _person(
    view: AccessView,
    specialist_id: UUID,
    *,
    is_service: bool,
    can_sign_in: bool,
    services: tuple[ProvidedService, ...],
) -> Person:
    owner_since = view.owner_since(specialist_id)
    facts = SeatFacts(
        active=view.is_active(specialist_id),
        account_kind="service" if is_service else "human",
        provides_services=bool(services),
        capabilities=view.held(specialist_id) if can_sign_in or is_service else frozenset(),
        is_owner=owner_since is not None,
        full_access=view.has_full_access(specialist_id),
    )
    return Person(view.name_of(specialist_id), f"network:{view.network_id}", facts, services, owner_since)
