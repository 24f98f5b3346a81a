"""Root fields of the topic `catalogue`."""

from __future__ import annotations

from uuid import UUID

from domain.catalogue import reads
from domain.pages import Page
from execution.declaration import query
from execution.rows import shown
from policies.catalogue import Level
from schema.catalogue import Service
from schema.connections import Connection
from work import Work


@query(requires="services:read", at=Level.SHARED)
async def services(work: Work, *, first: int = 50, after: str | None = None) -> Connection[Service]:
    """The network's services, by name."""
    return shown(await reads.services(work, Page(first, after)))


@query(requires="services:read", at=Level.SHARED)
async def service(work: Work, *, id: UUID) -> Service:
    """One service."""
    return shown(await reads.service(work, id))
