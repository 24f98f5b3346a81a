"""Changing who may do what. Preview and change run the very same steps; a preview's Work is always rolled back.

Order: who may make such a change nowhere is refused, lock the policy's epoch, read the policy under the lock, check the
changer again by it, apply the changes, the last owner stays, read the policy anew, compare (delta), nobody grants what
they do not hold, ask the plugins, compare the consent, write the record.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import assert_never

import asyncpg
from uuid_utils.compat import uuid7

from audit.entries import Area, EventType
from database.sqlstate import constraint_of
from domain.team import assignments, roles, suspension, visits
from domain.team.consequences import ask_plugins
from domain.team.models import PolicyChange as PolicyChangeRecord
from domain.team.rules import (
    MOST_CHANGES,
    SHOWN_ENTRIES,
    ApproveVisit,
    AssignRole,
    ChangeRoleLines,
    CreateRole,
    EndAssignment,
    GrantExceedsOwn,
    LastOwner,
    PolicyChange,
    PolicyPreview,
    ResumeHolder,
    RetireRole,
    ServiceAccountGives,
    SetLimits,
    SuspendHolder,
    must_agree,
    only_takes_away,
    require_consent,
    require_taking,
    require_unrefused,
    required_by,
)
from errors import InvalidInput
from plugins.contract import AccessView, Consequence
from policies.catalogue import DomainKind
from policies.compile import DomainPolicy
from policies.delta import Change, Delta, consent_for, delta_between, missing_grants
from policies.narrowing import Narrowing
from policies.store import load_policy
from policies.viewer import ViewerKind, viewer_in
from work import Work

POLICY_CHANGED = EventType("policy.changed", Area.SETTINGS)

NEXT_EPOCH = "SELECT next_policy_epoch()"
LAST_OWNER = "last_owner"
CHECK_LAST_OWNER = "SET CONSTRAINTS last_owner, last_member_owner IMMEDIATE"


class TooMany(InvalidInput):
    """More changes than one request may carry."""

    code = "TOO_MANY"
    hint = f"Send at most {MOST_CHANGES} changes in one request."


@dataclass(frozen=True, slots=True)
class PolicyChanged:
    """The change is made; `is_unchanged` where it had been made before and nobody's access moved."""

    preview: PolicyPreview
    epoch: int
    is_unchanged: bool


@dataclass(frozen=True, slots=True)
class Applied:
    """The changes as applied within the transaction, with what they do."""

    epoch: int
    delta: Delta
    preview: PolicyPreview
    made: int


async def preview_policy_change(work: Work, changes: Sequence[PolicyChange]) -> PolicyPreview:
    """What these changes would do. Raises what making them would raise, but for the consent and a plugin's refusal."""
    return (await _apply(work, changes)).preview


async def change_policy(work: Work, changes: Sequence[PolicyChange], *, consent: str | None) -> PolicyChanged:
    """Make the changes, if their consequences were agreed to.

    Raises TooMany, NotFound, Forbidden, InvalidInput, InvalidPolicy, RoleInUse, GrantExceedsOwn, ServiceAccountGives,
    LastOwner, OwnersOnly, ConsentRequired, ConsequencesChanged, ConsequenceRefused.
    """
    applied = await _apply(work, changes)
    require_unrefused(changes, applied.preview.consequences)
    require_consent(applied.preview, consent)
    if applied.made:
        await _record(work, changes, applied, consent)
    epoch = applied.epoch if applied.made else applied.delta.before.epoch
    return PolicyChanged(applied.preview, epoch, is_unchanged=not applied.made)


async def _apply(work: Work, changes: Sequence[PolicyChange]) -> Applied:
    if not 1 <= len(changes) <= MOST_CHANGES:
        raise TooMany(f"{len(changes)} changes were sent.", path=("input", "changes"))
    _gate(work, changes)
    epoch = await work.statements.fetchval(NEXT_EPOCH)
    before = await _policy(work)
    _judge_by(work, before)
    _gate(work, changes)
    made = 0
    for position, change in enumerate(changes):
        made += await _apply_one(work, change, before, epoch=epoch, path=("input", "changes", position))
    await _check_last_owner(work)
    after = await _policy(work)
    delta = delta_between(before, after, now=work.at)
    _require_own(work, delta)
    preview = await _preview(work, changes, delta)
    return Applied(epoch, delta, preview, made)


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


def _judge_by(work: Work, policy: DomainPolicy) -> None:
    """Let the viewer be judged by the policy under the lock: the right may have been lost while waiting for it."""
    viewer = work.viewer
    work.viewer = viewer_in(
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


def _require_own(work: Work, delta: Delta) -> None:
    """Rules R1 and R5: nobody gives what they do not hold, and a service account gives nothing.

    A restriction of the network binds whoever is given something as it binds the giver; a token's narrowing does not.
    """
    viewer = work.viewer
    if viewer.kind is ViewerKind.SERVICE and _gained(delta):
        raise ServiceAccountGives
    if viewer.holder_id is None:
        return
    narrowings = [taking for taking in viewer.takings if isinstance(taking, Narrowing)]
    missing = missing_grants(viewer.holder_id, delta, narrowings=narrowings)
    if missing:
        raise GrantExceedsOwn(missing)


def _require_rights(work: Work, consequences: Sequence[Consequence]) -> None:
    for consequence in consequences:
        if consequence.requires_capability is not None:
            work.viewer.require(consequence.requires_capability)


async def _consequences(work: Work, delta: Delta) -> tuple[Consequence, ...]:
    """What plugins say follows; what they know of is networks."""
    if work.domain.kind is not DomainKind.NETWORK:
        return ()
    views = [AccessView(work.network_id, policy, work.at) for policy in (delta.before, delta.after)]
    return await ask_plugins(work, *views)


def _gained(delta: Delta) -> int:
    return sum(entry.change in (Change.GAINED, Change.WIDENED) for entry in delta.entries)


async def _preview(work: Work, changes: Sequence[PolicyChange], delta: Delta) -> PolicyPreview:
    consequences = await _consequences(work, delta)
    if not only_takes_away(changes):
        _require_rights(work, consequences)
    domain = delta.after.domain
    return PolicyPreview(
        consent=consent_for(
            str(domain),
            changes=[change.to_json(domain) for change in changes],
            delta=delta.to_json(),
            consequences=[(consequence.plugin, consequence.digest) for consequence in consequences],
        ),
        requires_consent=must_agree(changes, consequences),
        gained=_gained(delta),
        lost=sum(entry.change in (Change.LOST, Change.NARROWED) for entry in delta.entries),
        entries=delta.entries[:SHOWN_ENTRIES],
        consequences=consequences,
    )


async def _record(work: Work, changes: Sequence[PolicyChange], applied: Applied, consent: str | None) -> None:
    domain = applied.delta.after.domain
    await PolicyChangeRecord.create(
        id=uuid7(),
        network_id=domain.network_id,
        partner_id=domain.partner_id,
        epoch=applied.epoch,
        made_at=work.at,
        journal_id=work.entry_id,
        origin="REQUEST",
        changes=[change.to_json(domain) for change in changes],
        delta=applied.delta.to_json(),
        consequences=[[one.plugin, one.digest] for one in applied.preview.consequences],
        consent=consent,
    )
