"""The plan of the demo: every row of it, made of nothing but an instant. No clock, no database, no other chance.

Ids are the same in every plan. What depends on `now` are dates, and which visits are over.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from demo import rows
from demo.calendar import Placement, kept, placements_at
from demo.clients import KnownClient, planned_clients
from demo.ids import chance, demo_id, location_id, service_id
from demo.offers import Offering, planned_offering
from demo.places import AURORA, HARBOUR, Business, Place
from demo.team import Team, planned_team
from demo.visits import Desk, Visit, planned_visit

BUSINESSES = (AURORA, HARBOUR)


@dataclass(frozen=True, slots=True)
class NetworkPlan:
    """One network, whole."""

    network: rows.Network
    locations: tuple[rows.Location, ...]
    services: tuple[rows.Service, ...]
    team: Team
    offering: Offering
    clients: tuple[KnownClient, ...]
    visits: tuple[Visit, ...]

    @property
    def accounts(self) -> tuple[rows.Account, ...]:
        """The team's accounts."""
        return tuple(member.account for member in self.team.members)

    def setup(self) -> Iterator[rows.Row]:
        """What stands before the first client comes, accounts excepted."""
        yield from (self.network, *self.locations, *self.services)
        for member in self.team.members:
            yield from (member.specialist, member.assignment)
        yield from (*self.offering.prices, *self.offering.links)


@dataclass(frozen=True, slots=True)
class Plan:
    """All networks of the demo as of `now`."""

    now: datetime
    networks: tuple[NetworkPlan, ...]


def demo_plan(now: datetime) -> Plan:
    """The plan as of an instant. Raises ValueError for a naive one."""
    if now.tzinfo is None:
        raise ValueError("a datetime without a zone is no instant")
    return Plan(now, tuple(_network_plan(business, now) for business in BUSINESSES))


def _network_plan(business: Business, now: datetime) -> NetworkPlan:
    team = planned_team(business, now)
    offering = planned_offering(business, team, now)
    clients = {place.code: tuple(planned_clients(business, place, now)) for place in business.places}
    return NetworkPlan(
        _network(business, now),
        locations=tuple(_location(business, place, now) for place in business.places),
        services=tuple(_services(business, now)),
        team=team,
        offering=offering,
        clients=tuple(known for of_place in clients.values() for known in of_place),
        visits=tuple(_visits(business, team, offering=offering, clients=clients, now=now)),
    )


def _network(business: Business, now: datetime) -> rows.Network:
    return rows.Network(
        id=demo_id(business.code),
        name=business.name,
        legal_name=business.legal_name,
        country=business.country,
        currency=business.currency,
        zone=business.zone,
        created_at=now,
    )


def _location(business: Business, place: Place, now: datetime) -> rows.Location:
    return rows.Location(
        network_id=demo_id(business.code),
        id=location_id(business.code, place.code),
        code=place.code,
        name=place.name,
        zone=place.zone,
        country=place.country,
        currency=place.currency,
        address=place.address,
        phone=place.phone,
        call_center=place.call_center,
        created_at=now,
    )


def _services(business: Business, now: datetime) -> Iterator[rows.Service]:
    for treatment in business.treatments:
        yield rows.Service(
            network_id=demo_id(business.code),
            id=service_id(business.code, treatment.code),
            category=treatment.category,
            name=treatment.name,
            duration=treatment.duration,
            buffer_before=treatment.buffer_before,
            buffer_after=treatment.buffer_after,
            created_at=now,
        )


def _visits(
    business: Business,
    team: Team,
    *,
    offering: Offering,
    clients: Mapping[str, Sequence[KnownClient]],
    now: datetime,
) -> Iterator[Visit]:
    """A client for each placement, none twice on a day, and what became of it."""
    draw = chance(business.code, "visits")
    desks = {place.code: _desk(business, place, team) for place in business.places}
    seen: set[tuple[UUID, date]] = set()
    for number, placement in enumerate(_placements(business, offering, now)):
        place = placement.place.code
        client = draw.choice(clients[place]).client
        while (client.id, placement.day) in seen:
            client = draw.choice(clients[place]).client
        seen.add((client.id, placement.day))
        path = (business.code, "visit", number)
        yield planned_visit(path, placement, client=client, desk=desks[place], draw=draw, now=now)


def _placements(business: Business, offering: Offering, now: datetime) -> list[Placement]:
    lots = [
        lot
        for place in business.places
        for lot in placements_at(
            place,
            [provider for provider in offering.providers if provider.place == place.code],
            draw=chance(business.code, "calendar", place.code),
            today=now.astimezone(ZoneInfo(place.zone)).date(),
        )
    ]
    return kept(lots, business.appointments)


def _desk(business: Business, place: Place, team: Team) -> Desk:
    call_center = team.holders("call_center")
    return Desk(
        location_id(business.code, place.code),
        team.holders("administrator", place.code),
        call_center[0] if place.call_center and call_center else None,
    )
