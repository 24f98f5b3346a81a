"""Carrying changes of policy out within a transaction, and telling what they do.

Order: who may make such a change nowhere is refused, lock the policy's epoch, read the policy under the lock, check the
changer again by it, apply the changes, an owner stays, read the policy anew, compare (delta), only owners take from
owners, nobody gives what they do not hold. Of a proposal its proposer is the changer.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import assert_never
from uuid import UUID

import asyncpg

from database.sqlstate import constraint_of
from domain.team import access_tests, assignments, roles, suspension, visits
from domain.team.changes import (
    GIVING_ROLES,
    ApproveVisit,
    AssignRole,
    ChangeRoleLines,
    CreateRole,
    EndAccessTest,
    EndAssignment,
    PolicyChange,
    ResumeHolder,
    RetireRole,
    SaveAccessTest,
    SetLimits,
    SuspendHolder,
    required_by,
)
from domain.team.rules import (
    MOST_CHANGES,
    GrantExceedsOwn,
    LastOwner,
    OwnersOnly,
    ServiceAccountGives,
    require_taking,
)
from errors import InvalidInput
from policies.compile import DomainPolicy
from policies.delta import Delta, delta_between, missing_grants, owners
from policies.narrowing import Narrowing
from policies.store import load_policy
from policies.viewer import Viewer, ViewerKind, viewer_in
from work import Work

NEXT_EPOCH = "SELECT next_policy_epoch()"
IS_SERVICE = "SELECT kind = 'SERVICE' FROM specialists WHERE network_id = $1 AND id = $2"
LAST_OWNER = "last_owner"
CHECK_LAST_OWNER = "SET CONSTRAINTS last_owner, last_member_owner IMMEDIATE"


class TooMany(InvalidInput):
    """More changes than one request may carry."""

    code = "TOO_MANY"
    hint = f"Send at most {MOST_CHANGES} changes in one request."


@dataclass(frozen=True, slots=True)
class Applied:
    """The changes as applied within the transaction: how many did anything, and whose access they move."""

    epoch: int
    delta: Delta
    made: int


async def apply_changes(work: Work, changes: Sequence[PolicyChange], *, proposer_id: UUID | None = None) -> Applied:
    """Carry the changes out in the name of the viewer, or of a proposer.

    Raises TooMany, NotFound, Forbidden, InvalidInput, InvalidPolicy, RoleInUse, GrantExceedsOwn, ServiceAccountGives,
    LastOwner, OwnersOnly.
    """
    if not 1 <= len(changes) <= MOST_CHANGES:
        raise TooMany(f"{len(changes)} changes were sent.", path=("input", "changes"))
    if proposer_id is None:
        _gate(work, changes)
    epoch = await work.statements.fetchval(NEXT_EPOCH)
    before = await _policy(work)
    work.viewer = _judged_by(before, work.viewer)
    async with _in_the_name_of(work, before, proposer_id):
        _gate(work, changes)
        made = 0
        for position, change in enumerate(changes):
            made += await _apply_one(work, change, before, epoch=epoch, path=("input", "changes", position))
        await _check_last_owner(work)
        delta = delta_between(before, await _policy(work), now=work.at)
        _require_able_owner(work, delta.after)
        _require_owners_spared(work, delta)
        _require_own(work, delta)
    return Applied(epoch, delta, made)


@asynccontextmanager
async def _in_the_name_of(work: Work, policy: DomainPolicy, proposer_id: UUID | None) -> AsyncIterator[None]:
    """Let the Work ask what the proposer may do; where he proposed from, the policy cannot know."""
    viewer = work.viewer
    if proposer_id is not None:
        is_service = await work.statements.fetchval(IS_SERVICE, work.network_id, proposer_id)
        kind = ViewerKind.SERVICE if is_service else ViewerKind.SPECIALIST
        work.viewer = viewer_in(policy, kind=kind, account_id=None, specialist_id=proposer_id, now=viewer.now)
    try:
        yield
    finally:
        work.viewer = viewer


def _gate(work: Work, changes: Sequence[PolicyChange]) -> None:
    """Refuse who may make such a change nowhere: before they wait for the lock, and under it.

    Raises Forbidden, ServiceAccountGives.

    The journal names the capability that the first change requires; `policy_changes` keeps them all.
    """
    work.capability = required_by(changes[0], work.domain)
    for change in changes:
        needed = required_by(change, work.domain)
        if not work.viewer.could_anywhere(needed):
            work.viewer.refuse(needed)
    if work.viewer.kind is ViewerKind.SERVICE:
        require_taking(changes)


async def _policy(work: Work) -> DomainPolicy:
    return await load_policy(work.statements.fetch, work.domain, work.host.release)


def _judged_by(policy: DomainPolicy, viewer: Viewer) -> Viewer:
    """The viewer by the policy under the lock: the right may have been lost while waiting for it."""
    return viewer_in(
        policy,
        kind=viewer.kind,
        account_id=viewer.account_id,
        specialist_id=viewer.specialist_id,
        session_id=viewer.session_id,
        language=viewer.language,
        address=viewer.address,
        network_name=viewer.network_name,
        takings=viewer.takings,
        now=viewer.now,
    )


async def _apply_one(
    work: Work, change: PolicyChange, policy: DomainPolicy, *, epoch: int, path: tuple[str | int, ...]
) -> bool:
    """Apply one change; False where it had been made before."""
    match change:
        case AssignRole():
            return await assignments.assign(work, change, epoch=epoch, path=(*path, "assignRole"))
        case ApproveVisit():
            return await visits.approve(work, change, epoch=epoch, path=(*path, "approveVisit"))
        case EndAssignment():
            return await assignments.end(work, change, policy, epoch=epoch, path=(*path, "endAssignment"))
        case SetLimits():
            return await assignments.set_limits(work, change, epoch=epoch, path=(*path, "setLimits"))
        case SuspendHolder():
            return await suspension.suspend(work, change, policy, path=(*path, "suspendHolder"))
        case ResumeHolder():
            return await suspension.resume(work, change, policy, path=(*path, "resumeHolder"))
        case CreateRole():
            return await roles.create_role(work, change, epoch=epoch, path=(*path, "createRole"))
        case ChangeRoleLines():
            return await roles.change_role_lines(work, change, epoch=epoch, path=(*path, "changeRoleLines"))
        case RetireRole():
            return await roles.retire_role(work, change, epoch=epoch, path=(*path, "retireRole"))
        case SaveAccessTest():
            return await access_tests.save(work, change, epoch=epoch, path=(*path, "saveAccessTest"))
        case EndAccessTest():
            return await access_tests.end(work, change, epoch=epoch, path=(*path, "endAccessTest"))
        case _:
            assert_never(change)


async def _check_last_owner(work: Work) -> None:
    """Word the deferred constraint's refusal here; at the commit it would come behind the journal's head lock."""
    try:
        await work.statements.execute(CHECK_LAST_OWNER)
    except asyncpg.CheckViolationError as error:
        if constraint_of(error) != LAST_OWNER:
            raise
        raise LastOwner(work.domain.kind) from error


def _require_able_owner(work: Work, policy: DomainPolicy) -> None:
    """Rule R2, whatever the kind of change: owners whom a deny keeps from giving roles could not undo it any more."""
    giving = policy.release.catalogue.bits[GIVING_ROLES[work.domain.kind]]
    if not any(policy.held_by(owner, work.at).could.get(None, 0) & giving for owner in owners(policy)):
        raise LastOwner(work.domain.kind)


def _require_owners_spared(work: Work, delta: Delta) -> None:
    """Rule R4, whatever the kind of change: a role that shuts something takes it from an owner as well."""
    protected = owners(delta.before)
    if work.viewer.holder_id not in protected and delta.losing & protected:
        raise OwnersOnly


def _require_own(work: Work, delta: Delta) -> None:
    """Rules R1 and R5: nobody gives what they do not hold, and a service account gives nothing.

    A restriction of the network binds whoever is given something as it binds the giver; a token's narrowing does not.
    """
    viewer = work.viewer
    if viewer.kind is ViewerKind.SERVICE and delta.gained:
        raise ServiceAccountGives
    if viewer.holder_id is None:
        return
    narrowings = [taking for taking in viewer.takings if isinstance(taking, Narrowing)]
    missing = missing_grants(viewer.holder_id, delta, narrowings=narrowings)
    if missing:
        raise GrantExceedsOwn(missing)
