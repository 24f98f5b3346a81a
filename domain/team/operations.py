"""Changing who may do what. Preview and change run the very same steps; a preview's Work is always rolled back.

Order: apply the changes (`application.py`), ask the plugins what follows, judge the network's own access tests, refuse
what a plugin or a test forbids, keep as a proposal what somebody else must approve, compare the consent, write the
record, let the owners be told. Whoever approves a proposal must hold what its consequences ask for by then.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from audit.entries import Area, EventType
from domain.team import access_tests, proposals
from domain.team.application import Applied, apply_changes
from domain.team.changes import ApproveVisit, PolicyChange
from domain.team.consequences import ask_plugins
from domain.team.proposals import ApprovalRequired, ProposalRejected, ProposalRow
from domain.team.recording import Origin, record_change
from domain.team.rules import (
    GrantExceedsOwn,
    OwnersOnly,
    PolicyPreview,
    ProposerMayNot,
    ServiceAccountGives,
    only_takes_away,
    require_consent,
    require_unbroken,
    require_unrefused,
)
from domain.team.telling import TELL_OF_LOST_PROOF, TELL_OF_REVOCATION, TELL_OF_VISITS
from plugins.contract import AccessView, Consequence
from policies.access_tests import AccessTestOutcome
from policies.catalogue import DomainKind
from policies.decisions import Forbidden
from policies.delta import Delta, consent_for
from policies.free_roles import prove_free
from policies.seat_terms import catalogue_terms
from policies.viewer import ViewerKind
from work import Work

POLICY_CHANGED = EventType("policy.changed", Area.SETTINGS)


@dataclass(frozen=True, slots=True)
class PolicyChanged:
    """The change is made; `is_unchanged` where it had been made before and nobody's access moved."""

    preview: PolicyPreview
    epoch: int
    is_unchanged: bool
    journal_entry_id: UUID


async def preview_policy_change(work: Work, changes: Sequence[PolicyChange]) -> PolicyPreview:
    """What these changes would do. Raises what making them would raise, but for the consent and a plugin's refusal."""
    applied = await apply_changes(work, changes)
    return await _preview(work, changes, applied.delta)


async def change_policy(
    work: Work, changes: Sequence[PolicyChange], *, consent: str | None
) -> PolicyChanged | ApprovalRequired:
    """Make the changes, if their consequences were agreed to; keep them as a proposal where somebody else must approve.

    Raises what `apply_changes` raises, AccessTestFailed, ConsequenceRefused, ConsentRequired, ConsequencesChanged.
    """
    async with work.statements.savepoint() as savepoint:
        applied = await apply_changes(work, changes)
        preview = await _preview(work, changes, applied.delta)
        _require_possible(preview)
        if preview.approval is None:
            return await _settle(work, changes, applied, preview, consent)
        await savepoint.roll_back()
    proposal_id = await proposals.propose(work, changes, preview, preview.approval)
    return ApprovalRequired(proposal_id, preview.approval, preview)


async def preview_proposal(work: Work, proposal_id: UUID) -> PolicyPreview:
    """What approving a proposal would do now. Raises what `decide_proposal` raises, but for consent and refusals."""
    proposal = await proposals.waiting(work, proposal_id)
    changes = proposals.changes_of(proposal)
    applied = await _apply_proposed(work, changes, proposal)
    return await _preview(work, changes, applied.delta)


async def decide_proposal(
    work: Work, proposal_id: UUID, *, approve: bool, consent: str | None
) -> PolicyChanged | ProposalRejected:
    """Make the changes that somebody proposed, under a fresh preview, or reject them.

    Raises NotFound, Forbidden, OwnProposal, ProposalDecided, ProposerMayNot, ServiceAccountGives, and what
    `change_policy` raises.
    """
    proposal = await proposals.waiting(work, proposal_id)
    await proposals.decide(work, proposal, approve=approve)
    if not approve:
        return ProposalRejected(proposal_id)
    changes = proposals.changes_of(proposal)
    applied = await _apply_proposed(work, changes, proposal)
    preview = await _preview(work, changes, applied.delta)
    work.capability, work.event = proposal["capability"], POLICY_CHANGED
    work.require(preview.approval or proposal["capability"])
    _require_possible(preview)
    return await _settle(work, changes, applied, preview, consent)


async def _apply_proposed(work: Work, changes: Sequence[PolicyChange], proposal: ProposalRow) -> Applied:
    if work.viewer.kind is ViewerKind.SERVICE:
        raise ServiceAccountGives(path=("id",))
    try:
        return await apply_changes(work, changes, proposer_id=proposal["proposed_by"])
    except (Forbidden, GrantExceedsOwn, OwnersOnly, ServiceAccountGives) as refusal:
        raise ProposerMayNot(refusal) from refusal


def _require_possible(preview: PolicyPreview) -> None:
    """Let changes through that neither a plugin nor an access test forbids.

    Raises ConsequenceRefused, AccessTestFailed.
    """
    require_unrefused(preview)
    require_unbroken(preview)


async def _settle(
    work: Work, changes: Sequence[PolicyChange], applied: Applied, preview: PolicyPreview, consent: str | None
) -> PolicyChanged:
    require_consent(preview, consent)
    if applied.made:
        await _record(work, changes, applied, preview, consent)
    epoch = applied.epoch if applied.made else applied.delta.before.epoch
    return PolicyChanged(preview, epoch, is_unchanged=not applied.made, journal_entry_id=work.entry_id)


async def _preview(work: Work, changes: Sequence[PolicyChange], delta: Delta) -> PolicyPreview:
    domain = delta.after.domain
    consequences, outcomes = await _entailed(work, delta)
    waits = not only_takes_away(changes, gained=delta.gained)
    return PolicyPreview(
        waits=waits,
        consent=consent_for(
            str(domain),
            changes=[change.to_json(domain) for change in changes],
            delta=delta.to_json(),
            consequences=[(consequence.plugin, consequence.digest) for consequence in consequences],
        ),
        requires_consent=waits and any(consequence.requires_consent for consequence in consequences),
        gained=delta.gained,
        lost=delta.lost,
        entries=delta.entries,
        consequences=consequences,
        access_tests=outcomes,
        approval=_approval(work, consequences) if waits else None,
    )


async def _entailed(work: Work, delta: Delta) -> tuple[tuple[Consequence, ...], tuple[AccessTestOutcome, ...]]:
    """What plugins say follows, and which access tests it touches; both know of networks alone."""
    if work.domain.kind is not DomainKind.NETWORK:
        return (), ()
    before, after = (AccessView(work.network_id, policy, work.at) for policy in (delta.before, delta.after))
    return await ask_plugins(work, before, after), await access_tests.outcomes(work, before, after)


def _approval(work: Work, consequences: Sequence[Consequence]) -> str | None:
    """The capability that a consequence asks for and the viewer lacks."""
    asked = [consequence.requires_capability for consequence in consequences]
    return next((code for code in asked if code is not None and not work.viewer.can(code)), None)


async def _record(
    work: Work, changes: Sequence[PolicyChange], applied: Applied, preview: PolicyPreview, consent: str | None
) -> None:
    change_id = await record_change(
        work,
        epoch=applied.epoch,
        origin=Origin.REQUEST,
        changes=[change.to_json(work.domain) for change in changes],
        delta=applied.delta.to_json(),
        consequences=[[one.plugin, one.digest, one.title] for one in preview.consequences],
        consent=consent,
    )
    if preview.consequences and not preview.waits:
        await work.defer(TELL_OF_REVOCATION, network_id=work.network_id, change_id=change_id)
    if any(isinstance(change, ApproveVisit) for change in changes):
        await work.defer(TELL_OF_VISITS, network_id=work.network_id, change_id=change_id)
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
