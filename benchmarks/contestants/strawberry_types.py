"""The types that both plain Strawberry contestants answer with: those whose fields are all at hand."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import strawberry


@strawberry.type
class Client:
    """A person whom the network serves."""

    id: UUID
    name: str
    language: str | None = None
    created_at: datetime | None = None


@strawberry.type
class Service:
    """What the network offers."""

    id: UUID
    name: str
    duration: int = 0


@strawberry.type
class Specialist:
    """A person of the network."""

    id: UUID
    name: str
    position: str = ""
    state: str = ""


@strawberry.type
class Money:
    """An amount in minor units."""

    amount: int
    currency: str


@strawberry.type
class Payment:
    """Money that came for an appointment."""

    id: UUID
    method: str
    amount: Money


@strawberry.type
class JournalEntry:
    """One journaled event."""

    id: UUID
    seq: int
    recorded_at: datetime
    code: str
    area: str
    outcome: str


@strawberry.type
class PageInfo:
    """Where a page stands in its list."""

    has_next_page: bool


@strawberry.type
class Clients:
    """A page of clients."""

    nodes: list[Client]


@strawberry.type
class Specialists:
    """A page of specialists."""

    nodes: list[Specialist]


@strawberry.type
class Services:
    """A page of services."""

    nodes: list[Service]


@strawberry.type
class Journal:
    """A page of the journal."""

    nodes: list[JournalEntry]
