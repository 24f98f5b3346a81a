"""Entering and changing clients."""

from __future__ import annotations

import re
from dataclasses import dataclass
from uuid import UUID

from audit.entries import Area, EventType
from domain import idempotency
from domain.clients import reads
from domain.clients.models import Client
from domain.clients.rules import name_key, phone_number
from domain.identity.rules import EmailNotSupported, email_key
from domain.network import reads as network
from domain.texts import typed_text
from errors import InvalidInput
from work import Work

CLIENT_CREATED = EventType("client.created", Area.DATA_CHANGES)

LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}")
"""BCP 47 (RFC 5646), as far as people are written to: language, script, region."""

SEEN = """
INSERT INTO client_locations (network_id, client_id, location_id, first_seen) VALUES ($1, $2, $3, $4)
ON CONFLICT DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class ClientCard:
    """What is written on a client's card; a phone is typed as people do, and read by the location's country."""

    location_id: UUID
    name: str
    phone: str | None = None
    email: str | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Entered:
    """The client's row; `replayed` where an earlier request with the same key had entered it."""

    client: reads.ClientRow
    replayed: bool = False


async def create_client(work: Work, card: ClientCard, *, idempotency_key: str) -> Entered:
    """Enter a new client at a location.

    Raises NotFound, Forbidden, InvalidInput, InvalidText, InvalidPhone, IdempotencyMismatch.
    """
    location = await network.location(work, card.location_id, path=("input", "locationId"))
    work.location_id = location["id"]
    work.require("clients:create", at=location["id"])
    claim = await idempotency.claim(work, key=idempotency_key, operation="createClient", request=card)
    if claim.first_result is not None:
        work.touches("client", claim.first_result)
        return Entered(await reads.entered_client(work, claim.first_result), replayed=True)
    name = typed_text(card.name, least=1, path=("input", "name"))
    made = await Client.create(
        network_id=work.network_id,
        name=name,
        name_key=name_key(name),
        phone=_checked_phone(card.phone, country=location["country"]),
        email=_checked_email(card.email),
        language=_checked_language(card.language),
        created_at=work.at,
    )
    await note_seen(work, made.id, location["id"])
    await claim.keep(work, made.id)
    work.touches("client", made.id, name=name)
    return Entered(await reads.entered_client(work, made.id))


async def note_seen(work: Work, client_id: UUID, location_id: UUID) -> None:
    """Note that a client comes to a location: who works there may see the client from now on."""
    await work.statements.execute(SEEN, work.network_id, client_id, location_id, work.at)


def _checked_phone(typed: str | None, *, country: str) -> str | None:
    return phone_number(typed, country=country, path=("input", "phone")) if typed else None


def _checked_email(typed: str | None) -> str | None:
    if not typed:
        return None
    email = typed.strip()
    try:
        email_key(email)
    except EmailNotSupported as error:
        raise InvalidInput(
            "This is no e-mail address.", hint="Check it for typing errors.", path=("input", "email")
        ) from error
    return email


def _checked_language(tag: str | None) -> str | None:
    if tag and LANGUAGE.fullmatch(tag) is None:
        raise InvalidInput("This is no language tag.", hint="Such as hu or de-AT (BCP 47).", path=("input", "language"))
    return tag or None
