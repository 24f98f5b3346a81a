"""Networks with people, services and clients, made as plain async functions through real Works."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from uuid_utils.compat import uuid7

from audit.devices import Device
from audit.entries import Area, EventType
from audit.user_agents import traits_of
from domain.clients.models import Client
from domain.clients.rules import name_key
from domain.identity.models import Account
from domain.identity.rules import SessionKind
from domain.identity.sessions import open_session, see_device
from domain.network.models import Location, Network
from domain.team.models import Assignment, Specialist
from host import Host
from work import Task, Work

MADE = Task(EventType("test.made", Area.SYSTEM))
USER_AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
BEGINNING = date(2020, 1, 1)
NO_ASSIGNMENT = UUID(int=0)

INSERT_SERVICE = """
INSERT INTO services (network_id, id, name, duration, buffer_after) VALUES ($1, $2, $3, $4, $5)
"""
INSERT_PRICE = """
INSERT INTO service_prices (network_id, id, service_id, amount, currency, valid)
VALUES ($1, $2, $3, $4, $5, daterange($6, NULL))
"""
INSERT_LINK = """
INSERT INTO service_links (network_id, id, specialist_id, service_id, location_id, in_force)
VALUES ($1, $2, $3, $4, $5, daterange($6, NULL))
"""
SEEN = "INSERT INTO client_locations (network_id, client_id, location_id) VALUES ($1, $2, $3)"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of a network, with the bearer token of a session that is open."""

    name: str
    role: str
    specialist_id: UUID
    account_id: UUID
    assignment_id: UUID
    token: str


@dataclass(slots=True)
class Salon:
    """A network with two locations, a service of 45 minutes for 50.00 EUR at both, a client, and its people by name."""

    network_id: UUID
    north: UUID
    south: UUID
    service_id: UUID = field(default_factory=uuid7)
    client_id: UUID = field(default_factory=uuid7)
    people: dict[str, Person] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Person:
        return self.people[name]


async def make_salon(host: Host, people: Mapping[str, tuple[str, str]], *, provides: tuple[str, ...] = ()) -> Salon:
    """A salon whose people are given as `name: (role, place)`; the place is `network`, `north` or `south`.

    Somebody whose role is empty has none.

    Those in `provides` provide the service at both locations.
    """
    salon = Salon(uuid7(), north=uuid7(), south=uuid7())
    accounts = {name: uuid7() for name in people}

    async def found_accounts(work: Work) -> None:
        for name, account_id in accounts.items():
            await _make_account(work, account_id, name)

    async def found_network(work: Work) -> None:
        await _make_places(work, salon)
        for name, (role, place) in people.items():
            salon.people[name] = await _make_person(work, salon, name, role, place, accounts[name])
        await _make_business(work, salon, [salon.people[name].specialist_id for name in provides])

    await host.perform_as_system(None, MADE, found_accounts)
    await host.perform_as_system(salon.network_id, MADE, found_network)
    await _sign_in(host, salon)
    return salon


async def _make_account(work: Work, account_id: UUID, name: str) -> None:
    email = f"{name}.{account_id}@example.com"
    await Account.create(id=account_id, email=email, email_key=email, name=name.title(), created_at=work.at)


async def _make_places(work: Work, salon: Salon) -> None:
    await Network.create(
        id=salon.network_id,
        name=f"Salon {salon.network_id.hex[-4:]}",
        legal_name="Salon Kft.",
        country="GR",
        currency="EUR",
        zone="Europe/Athens",
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    for code, location_id in (("north", salon.north), ("south", salon.south)):
        await Location.create(
            id=location_id,
            network_id=salon.network_id,
            code=code,
            name=code.title(),
            zone="Europe/Athens",
            country="GR",
            currency="EUR",
            created_at=work.at,
        )


async def _make_person(work: Work, salon: Salon, name: str, role: str, place: str, account_id: UUID) -> Person:
    location_id = {"network": None, "north": salon.north, "south": salon.south}[place]
    specialist = await Specialist.create(
        network_id=salon.network_id, account_id=account_id, name=name.title(), created_at=work.at
    )
    assignment_id = await _assign(work, salon, specialist.id, role, location_id) if role else NO_ASSIGNMENT
    return Person(name, role, specialist.id, account_id, assignment_id, token="")


async def _assign(work: Work, salon: Salon, specialist_id: UUID, role: str, location_id: UUID | None) -> UUID:
    assignment = await Assignment.create(
        network_id=salon.network_id,
        location_id=location_id,
        role_code=role,
        specialist_id=specialist_id,
        valid_from=work.at - timedelta(days=1),
        created_epoch=await work.statements.fetchval("SELECT next_policy_epoch()"),
    )
    found: UUID = assignment.id
    return found


async def _make_business(work: Work, salon: Salon, providers: list[UUID]) -> None:
    network_id, service_id = salon.network_id, salon.service_id
    await work.statements.execute(INSERT_SERVICE, network_id, service_id, "Haircut", 45, 15)
    await work.statements.execute(INSERT_PRICE, network_id, uuid7(), service_id, 50_00, "EUR", BEGINNING)
    for specialist_id in providers:
        for location_id in (salon.north, salon.south):
            await work.statements.execute(
                INSERT_LINK, network_id, uuid7(), specialist_id, service_id, location_id, BEGINNING
            )
    await Client.create(
        id=salon.client_id,
        network_id=network_id,
        name="Nikos Client",
        name_key=name_key("Nikos Client"),
        phone="+302107489589",
        email="nikos@example.com",
        created_at=work.at,
    )
    await work.statements.execute(SEEN, network_id, salon.client_id, salon.north)


async def _sign_in(host: Host, salon: Salon) -> None:
    """Open a bearer session for each person, as a sign-in with both steps would."""

    async def open_sessions(work: Work) -> None:
        for name, person in salon.people.items():
            salon.people[name] = replace(person, token=await open_bearer_session(work, person.account_id))

    await host.perform_as_system(None, MADE, open_sessions)


async def open_bearer_session(work: Work, account_id: UUID) -> str:
    """Open a session on a device of its own; answers its token. For a Work in the scope of identity."""
    device = Device(uuid7(), is_new=True, traits=traits_of({"user-agent": USER_AGENT}), user_agent=USER_AGENT)
    await see_device(work, device)
    opened = await open_session(work, account_id, device=device, kind=SessionKind.BEARER, factors=("PASSWORD", "EMAIL"))
    return opened.token
