"""Changing who may do what. Preview and change run the very same steps; a preview's Work is always rolled back.

Order: who may make such a change nowhere is refused, lock the policy's epoch, read the policy under the lock, check the
changer again by it, apply the changes, the last owner stays, read the policy anew, compare (delta), nobody grants what
they do not hold, ask the plugins, judge the network's own access tests, ask for an approval, compare the consent, write
the record. Of a proposal its proposer is the changer, and whoever approves agrees to what follows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import assert_never
from uuid import UUID

import asyncpg
from uuid_utils.compat import uuid7

from audit.entries import Area, EventType
from database.sqlstate import constraint_of
from domain.team import access_tests, assignments, proposals, roles, suspension
from domain.team.consequences import ask_plugins
from domain.team.models import PolicyChange as PolicyChangeRecord
from domain.team.proposals import ApprovalRequired, ProposalRejected, ProposalRow
from domain.team.rules import (
    MOST_CHANGES,
    AssignRole,
    ChangeRoleLines,
    CreateRole,
    EndAccessTest,
    EndAssignment,
    GrantExceedsOwn,
    LastOwner,
    OwnersOnly,
    PolicyChange,
    PolicyPreview,
    ProposerMayNot,
    ResumeHolder,
    RetireRole,
    SaveAccessTest,
    SetLimits,
    SuspendHolder,
    must_agree,
    only_takes_away,
    require_consent,
    require_unbroken,
    require_unrefused,
)
from domain.team.telling import TELL_OF_LOST_PROOF, TELL_OF_REVOCATION
from errors import InvalidInput
from plugins.contract import AccessView, Consequence
from policies.compile import DomainPolicy
from policies.decisions import Forbidden
from policies.delta import Change, Delta, consent_for, delta_between, missing_grants
from policies.free_roles import prove_free
from policies.seat_terms import catalogue_terms
from policies.store import load_network_policy
from policies.viewer import Viewer, ViewerKind, viewer_in
from work import Work

POLICY_CHANGED = EventType("policy.changed", Area.SETTINGS)

NEXT_EPOCH = "SELECT next_policy_epoch()"
CHECK_LAST_OWNER = "SET CONSTRAINTS last_owner IMMEDIATE"


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
    journal_entry_id: UUID


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


async def change_policy(
    work: Work, changes: Sequence[PolicyChange], *, consent: str | None
) -> PolicyChanged | ApprovalRequired:
    """Make the changes, if their consequences were agreed to; keep them as a proposal where somebody else must approve.

    Raises TooMany, NotFound, Forbidden, InvalidInput, InvalidPolicy, RoleInUse, GrantExceedsOwn, LastOwner, OwnersOnly,
    AccessTestFailed, ConsequenceRefused, ConsentRequired, ConsequencesChanged.
    """
    async with work.statements.savepoint() as savepoint:
        applied = await _apply(work, changes)
        _require_possible(changes, applied.preview)
        capability = applied.preview.approval
        if capability is None:
            return await _settle(work, changes, applied, consent)
        await savepoint.roll_back()
    proposal_id = await proposals.propose(work, changes, applied.preview, capability)
    return ApprovalRequired(proposal_id, capability, applied.preview)


async def preview_proposal(work: Work, proposal_id: UUID) -> PolicyPreview:
    """What approving a proposal would do now. Raises what `decide_proposal` raises, but for consent and refusals."""
    proposal = await proposals.waiting(work, proposal_id)
    return (await _apply_proposed(work, proposal)).preview


async def decide_proposal(
    work: Work, proposal_id: UUID, *, approve: bool, consent: str | None
) -> PolicyChanged | ProposalRejected:
    """Make the changes that somebody proposed, under a fresh preview, or reject them.

    Raises NotFound, Forbidden, OwnProposal, ProposalDecided, ProposerMayNot, and what `change_policy` raises.
    """
    proposal = await proposals.waiting(work, proposal_id)
    await proposals.decide(work, proposal, approve=approve)
    if not approve:
        return ProposalRejected(proposal_id)
    changes = proposals.changes_of(proposal)
    applied = await _apply_proposed(work, proposal)
    work.capability, work.event = proposal["capability"], POLICY_CHANGED
    work.require(applied.preview.approval or proposal["capability"])
    _require_possible(changes, applied.preview)
    return await _settle(work, changes, applied, consent)


async def _apply_proposed(work: Work, proposal: ProposalRow) -> Applied:
    try:
        return await _apply(work, proposals.changes_of(proposal), proposer_id=proposal["proposed_by"])
    except (Forbidden, GrantExceedsOwn, OwnersOnly) as refusal:
        raise ProposerMayNot(refusal) from refusal


def _require_possible(changes: Sequence[PolicyChange], preview: PolicyPreview) -> None:
    """Let changes through that neither a plugin nor an access test forbids.

    Raises ConsequenceRefused, AccessTestFailed.
    """
    require_unrefused(changes, preview.consequences)
    require_unbroken(changes, preview.access_tests)


async def _settle(work: Work, changes: Sequence[PolicyChange], applied: Applied, consent: str | None) -> PolicyChanged:
    require_consent(applied.preview, consent)
    if applied.made:
        await _record(work, changes, applied, consent)
    epoch = applied.epoch if applied.made else applied.delta.before.epoch
    return PolicyChanged(applied.preview, epoch, is_unchanged=not applied.made, journal_entry_id=work.entry_id)


async def _apply(work: Work, changes: Sequence[PolicyChange], *, proposer_id: UUID | None = None) -> Applied:
    """Carry the changes out in the name of the viewer, or of a proposer, by the policy under the lock."""
    if not 1 <= len(changes) <= MOST_CHANGES:
        raise TooMany(f"{len(changes)} changes were sent.", path=("input", "changes"))
    if proposer_id is None:
        _gate(work, changes)
    epoch = await work.statements.fetchval(NEXT_EPOCH)
    before = await _policy(work)
    work.viewer = _judged_by(before, work.viewer)
    with _in_the_name_of(work, before, proposer_id):
        _gate(work, changes)
        made = 0
        for position, change in enumerate(changes):
            made += await _apply_one(work, change, before, epoch=epoch, path=("input", "changes", position))
        await _check_last_owner(work)
        after = await _policy(work)
        delta = delta_between(before, after, now=work.at)
        _require_own(work, delta)
    return Applied(epoch, delta, await _preview(work, changes, delta), made)


@contextmanager
def _in_the_name_of(work: Work, policy: DomainPolicy, proposer_id: UUID | None) -> Iterator[None]:
    """Let the Work ask what the proposer may do; where he proposed from, the policy cannot know."""
    viewer = work.viewer
    if proposer_id is not None:
        work.viewer = viewer_in(
            policy, kind=ViewerKind.SPECIALIST, account_id=None, specialist_id=proposer_id, now=viewer.now
        )
    try:
        yield
    finally:
        work.viewer = viewer


def _gate(work: Work, changes: Sequence[PolicyChange]) -> None:
    """Refuse who may make such a change nowhere: before they wait for the lock, and under it. Raises Forbidden.

    The journal names the capability that the first change requires; `policy_changes` keeps them all.
    """
    work.capability = changes[0].requires
    for change in changes:
        if not work.viewer.could_anywhere(change.requires):
            work.viewer.refuse(change.requires)


async def _policy(work: Work) -> DomainPolicy:
    return await load_network_policy(work.statements.fetch, work.network_id, work.host.release)


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
        if constraint_of(error) != "last_owner":
            raise
        raise LastOwner from error


def _require_own(work: Work, delta: Delta) -> None:
    holder_id = work.viewer.holder_id
    missing = missing_grants(holder_id, delta) if holder_id is not None else ()
    if missing:
        raise GrantExceedsOwn(missing)


def _approval(work: Work, changes: Sequence[PolicyChange], consequences: Sequence[Consequence]) -> str | None:
    """The capability that a consequence asks for and the viewer lacks, if the change does more than take away."""
    asked = [] if only_takes_away(changes) else [consequence.requires_capability for consequence in consequences]
    return next((code for code in asked if code is not None and not work.viewer.can(code)), None)


async def _preview(work: Work, changes: Sequence[PolicyChange], delta: Delta) -> PolicyPreview:
    views = [AccessView(work.network_id, policy, work.at) for policy in (delta.before, delta.after)]
    consequences = await ask_plugins(work, *views)
    domain = delta.after.domain
    return PolicyPreview(
        consent=consent_for(
            str(domain),
            changes=[change.to_json(domain) for change in changes],
            delta=delta.to_json(),
            consequences=[(consequence.plugin, consequence.digest) for consequence in consequences],
        ),
        requires_consent=must_agree(changes, consequences),
        gained=sum(entry.change in (Change.GAINED, Change.WIDENED) for entry in delta.entries),
        lost=sum(entry.change in (Change.LOST, Change.NARROWED) for entry in delta.entries),
        entries=delta.entries,
        consequences=consequences,
        access_tests=await access_tests.outcomes(work, *views),
        approval=_approval(work, changes, consequences),
    )


async def _record(work: Work, changes: Sequence[PolicyChange], applied: Applied, consent: str | None) -> None:
    domain = applied.delta.after.domain
    change_id = uuid7()
    await PolicyChangeRecord.create(
        id=change_id,
        network_id=work.network_id,
        epoch=applied.epoch,
        made_at=work.at,
        journal_id=work.entry_id,
        origin="REQUEST",
        changes=[change.to_json(domain) for change in changes],
        delta=applied.delta.to_json(),
        consequences=[[one.plugin, one.digest, one.title] for one in applied.preview.consequences],
        consent=consent,
    )
    if only_takes_away(changes) and applied.preview.consequences:
        await work.defer(TELL_OF_REVOCATION, network_id=work.network_id, change_id=change_id)
    if _loses_proof(applied.delta):
        await work.defer(TELL_OF_LOST_PROOF, network_id=work.network_id, change_id=change_id)


def _loses_proof(delta: Delta) -> bool:
    """Whether a role of the network's own was free, and costs a seat by its new lines."""
    release = delta.after.release
    terms = catalogue_terms(release.catalogue, release.digest)
    return any(
        prove_free(before, release, terms).is_proved and not prove_free(role, release, terms).is_proved
        for code, role in delta.after.roles.items()
        if (before := delta.before.roles.get(code)) is not None and before.lines != role.lines
    )
