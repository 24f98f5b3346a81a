"""Root fields of the policy engine: what may be done, why, and how that is changed."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from domain.team import explanations, operations
from domain.team.rules import AssignRole, EndAssignment, PolicyChange
from errors import InvalidInput, NotFound
from execution.declaration import mutation, query
from execution.rows import shown
from policies.catalogue import Level
from schema.policy import (
    Access,
    AccessExplanation,
    Capability,
    ChangePolicyResult,
    PolicyChanged,
    PolicyChangeInput,
    PolicyChangesInput,
    PolicyPreviewResult,
    Role,
)
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
    return shown(explanations.roles(work))


@query(signed_in=True)
async def explain_access(
    work: Work, *, holder: UUID, capability: str, scope: UUID, at: datetime | None = None
) -> AccessExplanation:
    """Why somebody may or may not do something at the network or a location (its id), and what would change it.

    Your own access is yours to ask; that of others requires `policies:explain`.
    """
    return shown(await explanations.explain_access(work, holder_id=holder, capability=capability, scope=scope, at=at))


@query(requires="assignments:change", at=Level.LOCATION, rehearsal=True)
async def preview_policy_change(work: Work, *, input: PolicyChangesInput) -> PolicyPreviewResult:
    """What a change of policy would do and cost. It is carried out and rolled back: nothing of it remains."""
    return shown(await operations.preview_policy_change(work, _changes(work, input)))


@mutation(event=operations.POLICY_CHANGED, requires="assignments:change", at=Level.LOCATION)
async def change_policy(work: Work, *, input: PolicyChangesInput, consent: str | None = None) -> ChangePolicyResult:
    """Change who may do what. Where it has consequences, it takes the `consent` that the preview gave."""
    changed = await operations.change_policy(work, _changes(work, input), consent=consent)
    return PolicyChanged(
        preview=shown(changed.preview),
        epoch=changed.epoch,
        unchanged=changed.is_unchanged,
        journal_entry_id=work.entry_id,
    )


def _changes(work: Work, input: PolicyChangesInput) -> list[PolicyChange]:
    if input.network != work.network_id:
        raise NotFound(path=("input", "network"))
    return [_change(change, position) for position, change in enumerate(input.changes)]


def _change(change: PolicyChangeInput, position: int) -> PolicyChange:
    if change.assign_role:
        assign = change.assign_role
        return AssignRole(
            holder_id=assign.holder,
            role=assign.role,
            location_id=assign.location,
            valid_from=assign.valid_from,
            valid_until=assign.valid_until,
            reason=assign.reason,
        )
    if change.end_assignment:
        return EndAssignment(change.end_assignment.assignment, change.end_assignment.reason)
    raise InvalidInput("A change names exactly one kind.", path=("input", "changes", position))
