"""Root fields by which owners question the policy: who may, is a role free, what is never used, what has changed."""

from __future__ import annotations

from uuid import UUID

from domain.pages import Page
from domain.team import history, questions, uses
from execution.declaration import query
from execution.rows import shown
from policies.catalogue import Level
from schema.connections import Connection
from schema.policy_history import PolicyChange
from schema.policy_questions import FreeRoleCertificate, Holder, UnusedCapabilityConnection
from work import Work


@query(requires="policies:explain", at=Level.LOCATION)
async def who_can(
    work: Work, *, capability: str, scope: UUID, epoch: int | None = None, page: Page
) -> Connection[Holder]:
    """Everybody who may do something at the network or a location (its id), whatever the object, and what lets them.

    With `epoch`, one of `policyChanges`: who could when that change was made, by the roles and capabilities of today's
    release. At the network, a right of locations means: at all of them, future ones too.
    """
    return shown(await questions.who_can(work, page, capability=capability, scope=scope, epoch=epoch))


@query(requires="roles:read", at=Level.SHARED)
async def prove_free(work: Work, *, role: str, policy: str | None = None) -> FreeRoleCertificate:
    """Whether a role (its code) is free: whatever its holder does with it, no capability within reach costs a seat.

    `policy` names published terms, such as `seats-2025-03@1`; without it the catalogue's own decisions count.
    """
    return shown(questions.prove_free(work, role, policy))


@query(requires="policies:explain", at=Level.NETWORK)
async def unused_capabilities(work: Work, *, network: UUID, days: int = 90, page: Page) -> UnusedCapabilityConnection:
    """What people may change and have not changed for so many days, and what would free a seat; by person.

    Reading is not recorded, so nothing is said of it. Uses are counted each night: see `knownSince` and `knownUntil`.
    """
    return shown(await uses.unused_capabilities(work, page, network_id=network, days=days))


@query(requires="policies:explain", at=Level.NETWORK)
async def policy_changes(work: Work, *, network: UUID, page: Page) -> Connection[PolicyChange]:
    """What was changed in who may do what, by whom, and whose access it altered; newest first."""
    return shown(await history.policy_changes(work, page, network_id=network))
