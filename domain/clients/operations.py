"""Entering and changing clients."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from audit.entries import Area, EventType
from domain import idempotency
from domain.clients import reads
from domain.clients.models import Client
from domain.clients.rules import name_key, phone_number
from domain.network import reads as network
from domain.texts import typed_text
from errors import InvalidInput
from work import Work

CLIENT_CREATED = EventType("client.created", Area.DATA_CHANGES)

LONGEST_EMAIL = 320
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


async def create_client(work: Work, card: ClientCard, *, idempotency_key: str) -> reads.ClientRow:
    """Enter a new client at a location. Raises NotFound, Forbidden, InvalidInput, InvalidPhone, IdempotencyMismatch."""
    location = await network.location(work, card.location_id)
    work.viewer.require("clients:create", at=location["id"])
    claim = await idempotency.claim(work, key=idempotency_key, operation="createClient", request=card)
    if claim.first_result is not None:
        return await reads.client(work, claim.first_result)
    name = typed_text(card.name, least=1, path=("input", "name"))
    made = await Client.create(
        network_id=work.network_id,
        name=name,
        name_key=name_key(name),
        phone=phone_number(card.phone, country=location["country"]) if card.phone else None,
        email=_checked_email(card.email),
        language=card.language,
        created_at=work.at,
    )
    await work.statements.execute(SEEN, work.network_id, made.id, location["id"], work.at)
    await claim.keep(work, made.id)
    work.touches("client", made.id, name=name, location_id=location["id"])
    return await reads.client(work, made.id)


def _checked_email(email: str | None) -> str | None:
    if not email:
        return None
    local, at, domain = email.strip().rpartition("@")
    if not (local and at and "." in domain) or len(email) > LONGEST_EMAIL or not email.strip().isprintable():
        raise InvalidInput("This is no e-mail address.", hint="Check it for typing errors.", path=("input", "email"))
    return email.strip()
