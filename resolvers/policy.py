"""Root fields that ask the policy engine: what may be done, and why."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from uuid import UUID

from domain.team import decisions, explanations
from domain.team.own_access import own_holdings
from execution.declaration import query, subscription
from execution.live import Live
from execution.rows import shown
from policies.catalogue import DomainKind, Level
from schema.policy import Access, AccessExplanation, Capability, Decision, Role
from work import Work


@query(signed_in=True, max_items=500)
async def capabilities(work: Work, *, domain: DomainKind | None = None) -> list[Capability]:
    """The catalogue: everything that can be permitted (in one kind of domain), and whether it costs a seat."""
    return shown(explanations.capabilities(work, domain))


@query(signed_in=True)
async def my_access(work: Work, *, scope: UUID | None = None) -> Access:
    """What you may do at the network (without `scope`) or at a location."""
    return shown(await explanations.my_access(work, scope))


@query(requires="roles:read", at=Level.SHARED, max_items=200)
async def roles(work: Work) -> list[Role]:
    """The roles that can be given, with their lines."""
    return shown(await explanations.roles(work))


@query(signed_in=True)
async def explain_access(
    work: Work,
    *,
    holder: UUID,
    capability: str,
    scope: UUID,
    object: UUID | None = None,
    at: datetime | None = None,
) -> AccessExplanation:
    """Why somebody may or may not do something at the network or a location (its id), and what would change it.

    With `object` it is about one appointment, client, sale or payment (for `payments:create`, the appointment to be
    paid). Limits to an address are judged by yours. Your own access is yours to ask; that of others requires
    `policies:explain`.
    """
    asked = explanations.AccessQuestion(holder, capability, scope, object, at)
    return shown(await explanations.explain_access(work, asked))


@query(signed_in=True)
async def decision(work: Work, *, id: UUID) -> Decision | None:
    """What was decided under this id, which a refusal or an entry of the journal gave.

    Decisions about yourself are yours to see; those about others require `policies:explain` at their scope. Null for
    all else.
    """
    return shown(await decisions.decision(work, id))


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
