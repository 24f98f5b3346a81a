"""Root fields that ask the policy engine: what may be done, and why."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from uuid import UUID

from domain.team import explanations
from domain.team.own_access import own_holdings
from execution.declaration import query, subscription
from execution.live import Live
from execution.rows import shown
from policies.catalogue import Level
from schema.policy import Access, AccessExplanation, Capability, Role
from work import Work


@query(signed_in=True)
async def capabilities(work: Work) -> list[Capability]:
    """The catalogue: everything that can be permitted, and whether it costs a seat."""
    return shown(explanations.capabilities(work))


@query(signed_in=True)
async def my_access(work: Work, *, scope: UUID | None = None) -> Access:
    """What you may do at the network (without `scope`) or at a location."""
    return shown(await explanations.my_access(work, scope))


@query(requires="roles:read", at=Level.SHARED)
async def roles(work: Work) -> list[Role]:
    """The roles that can be given, with their lines."""
    return shown(await explanations.roles(work))


@query(signed_in=True)
async def explain_access(
    work: Work, *, holder: UUID, capability: str, scope: UUID, at: datetime | None = None
) -> AccessExplanation:
    """Why somebody may or may not do something at the network or a location (its id), and what would change it.

    Your own access is yours to ask; that of others requires `policies:explain`.
    """
    return shown(await explanations.explain_access(work, holder_id=holder, capability=capability, scope=scope, at=at))


@subscription(signed_in=True)
async def access_changed(live: Live) -> AsyncIterator[Access]:
    """What you may do at the network: at once, and again whenever what you hold there, at any location, has changed.

    Ends with an error when you are suspended and when your session is over.
    """
    told = None
    async for work in live:
        holdings = own_holdings(work)
        if holdings != told:
            told = holdings
            yield shown(await explanations.my_access(work, None))
