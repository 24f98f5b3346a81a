"""The clients of a demo network: people with the phones and mailboxes that are kept for examples."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from demo import rows
from demo.calendar import DAYS_BACK
from demo.ids import chance, demo_id, location_id
from demo.names import PersonName, drawn_name
from demo.places import PHONE_RANGES, Business, Place
from domain.clients.rules import name_key

KNOWN_DAYS = (DAYS_BACK + 25, 900)
"""How many days ago clients were first seen: before the oldest of their bookings."""
WITHOUT_PHONE, WITHOUT_EMAIL = 0.03, 0.25
MAIL_DOMAINS = ("example.com", "example.net", "example.org")
BIRTH_YEARS = (60, 100)
"""The two digits after the name that make a mailbox one's own."""


@dataclass(frozen=True, slots=True)
class KnownClient:
    """A client and the location that knows them."""

    client: rows.Client
    location: rows.ClientLocation

    def __iter__(self) -> Iterator[rows.Row]:
        yield from (self.client, self.location)


def planned_clients(business: Business, place: Place, now: datetime) -> Iterator[KnownClient]:
    """The clients of one place, in the languages that are spoken there."""
    draw = chance(business.code, "clients", place.code)
    languages, shares = zip(*place.languages.items(), strict=True) if place.languages else ((), ())
    for number in range(place.clients):
        name = drawn_name(draw, draw.choices(languages, shares)[0])
        known_for = timedelta(minutes=draw.randrange(KNOWN_DAYS[0] * 1440, KNOWN_DAYS[1] * 1440))
        client = rows.Client(
            network_id=demo_id(business.code),
            id=demo_id(business.code, "client", place.code, number),
            name=name.full,
            name_key=name_key(name.full),
            phone=_phone(draw, place.country),
            email=_email(draw, name),
            language=name.language,
            created_at=now - known_for,
        )
        yield KnownClient(client, _known_at(client, business, place))


def _known_at(client: rows.Client, business: Business, place: Place) -> rows.ClientLocation:
    return rows.ClientLocation(
        network_id=client.network_id,
        client_id=client.id,
        location_id=location_id(business.code, place.code),
        first_seen=client.created_at,
    )


def _phone(draw: Random, country: str) -> str | None:
    if draw.random() < WITHOUT_PHONE:
        return None
    pattern = draw.choice(PHONE_RANGES[country])
    return "".join(str(draw.randrange(10)) if sign == "#" else sign for sign in pattern)


def _email(draw: Random, name: PersonName) -> str | None:
    if draw.random() < WITHOUT_EMAIL:
        return None
    return f"{name.mailbox}{draw.randrange(*BIRTH_YEARS)}@{draw.choice(MAIL_DOMAINS)}"
