"""Root fields that change who may do what: the preview, and the change."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from domain.team import operations
from domain.team.limits import typed_limits
from domain.team.rules import (
    ApproveVisit,
    AssignRole,
    ChangeRoleLines,
    CreateRole,
    EndAssignment,
    LineAsked,
    PolicyChange,
    ResumeHolder,
    RetireRole,
    SetLimits,
    SuspendHolder,
)
from errors import InvalidInput, NotFound
from execution.declaration import mutation, query
from execution.rows import shown
from schema.policy_changes import (
    ApproveVisitInput,
    AssignRoleInput,
    ChangePolicyResult,
    ChangeRoleLinesInput,
    CreateRoleInput,
    EndAssignmentInput,
    PolicyChanged,
    PolicyChangeInput,
    PolicyChangesInput,
    PolicyPreviewResult,
    ResumeHolderInput,
    RetireRoleInput,
    RoleLineInput,
    SetLimitsInput,
    SuspendHolderInput,
)
from work import Work

Path = tuple[str | int, ...]


@query(signed_in=True, rehearsal=True)
async def preview_policy_change(work: Work, *, input: PolicyChangesInput) -> PolicyPreviewResult:
    """What a change of policy would do and cost. It is carried out and rolled back: nothing of it remains.

    Each change requires what making it requires.
    """
    return shown(await operations.preview_policy_change(work, _changes(work, input)))


@mutation(event=operations.POLICY_CHANGED, signed_in=True)
async def change_policy(work: Work, *, input: PolicyChangesInput, consent: str | None = None) -> ChangePolicyResult:
    """Change who may do what. Where it has consequences, it takes the `consent` that the preview gave.

    Roles given, limited and ended require `assignments:change`, visits approved `visits:approve`, people suspended and
    resumed `specialists:suspend`, own roles `roles:change`. The operator's roles require `operator_members:change`, a
    partner firm's `partner_members:change`.
    """
    changed = await operations.change_policy(work, _changes(work, input), consent=consent)
    return PolicyChanged(
        preview=shown(changed.preview),
        epoch=changed.epoch,
        unchanged=changed.is_unchanged,
        journal_entry_id=work.entry_id,
    )


def _changes(work: Work, input: PolicyChangesInput) -> list[PolicyChange]:
    _require_meant(work, input.network)
    return [_change(change, ("input", "changes", position)) for position, change in enumerate(input.changes)]


def _require_meant(work: Work, network_id: UUID | None) -> None:
    """Let through who means what they act in. Raises NotFound, InvalidInput."""
    path = ("input", "network")
    if network_id is None and work.domain.network_id is not None:
        raise InvalidInput("You act in a network.", hint="Name it, so that no other one is changed.", path=path)
    if network_id != work.domain.network_id:
        raise NotFound(path=path)


def _change(change: PolicyChangeInput, path: Path) -> PolicyChange:
    for kind, read in KINDS.items():
        given = getattr(change, kind)
        if given:
            return read(given, path)
    raise InvalidInput("A change names exactly one kind.", path=path)


def _assign_role(given: AssignRoleInput, path: Path) -> AssignRole:
    return AssignRole(
        holder_id=given.holder,
        role=given.role,
        location_id=given.location,
        valid_from=given.valid_from,
        valid_until=given.valid_until,
        limits=typed_limits(given.limits, path=(*path, "assignRole", "limits")),
        reason=given.reason,
    )


def _approve_visit(given: ApproveVisitInput, path: Path) -> ApproveVisit:
    return ApproveVisit(
        role=given.role,
        location_id=given.location,
        account_id=given.account,
        email=given.email,
        valid_from=given.valid_from,
        valid_until=given.valid_until,
        hours=given.hours,
        limits=typed_limits(given.limits, path=(*path, "approveVisit", "limits")),
        reason=given.reason,
    )


def _end_assignment(given: EndAssignmentInput, _path: Path) -> EndAssignment:
    return EndAssignment(given.assignment, given.reason)


def _set_limits(given: SetLimitsInput, path: Path) -> SetLimits:
    limits = typed_limits(given.limits, path=(*path, "setLimits", "limits"))
    return SetLimits(given.assignment, limits, given.reason)


def _suspend_holder(given: SuspendHolderInput, _path: Path) -> SuspendHolder:
    return SuspendHolder(given.holder, given.reason)


def _resume_holder(given: ResumeHolderInput, _path: Path) -> ResumeHolder:
    return ResumeHolder(given.holder, given.reason)


def _create_role(given: CreateRoleInput, path: Path) -> CreateRole:
    return CreateRole(
        code=given.code,
        title=given.title,
        description=given.description,
        lines=_lines(given.lines, (*path, "createRole")),
        based_on=given.based_on,
    )


def _change_role_lines(given: ChangeRoleLinesInput, path: Path) -> ChangeRoleLines:
    return ChangeRoleLines(given.role, _lines(given.lines, (*path, "changeRoleLines")))


def _retire_role(given: RetireRoleInput, _path: Path) -> RetireRole:
    return RetireRole(given.role, given.replacement)


def _lines(given: Sequence[RoleLineInput], path: Path) -> tuple[LineAsked, ...]:
    return tuple(
        LineAsked(line.capability, line.effect, typed_limits(line.limits, path=(*path, "lines", position, "limits")))
        for position, line in enumerate(given)
    )


KINDS: Final[Mapping[str, Callable[[Any, Path], PolicyChange]]] = MappingProxyType(
    {
        "assign_role": _assign_role,
        "approve_visit": _approve_visit,
        "end_assignment": _end_assignment,
        "set_limits": _set_limits,
        "suspend_holder": _suspend_holder,
        "resume_holder": _resume_holder,
        "create_role": _create_role,
        "change_role_lines": _change_role_lines,
        "retire_role": _retire_role,
    }
)
"""How each kind of `PolicyChangeInput` is read, by its field."""
