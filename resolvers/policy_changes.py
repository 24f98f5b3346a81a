"""Root fields that change who may do what: the preview, and the change."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from domain.pages import Page
from domain.team import access_tests, operations, proposals
from domain.team.changes import (
    ApproveVisit,
    AssignRole,
    ChangeRoleLines,
    CreateRole,
    EndAccessTest,
    EndAssignment,
    LineAsked,
    PolicyChange,
    ResumeHolder,
    RetireRole,
    SaveAccessTest,
    SetLimits,
    SuspendHolder,
)
from domain.team.limits import typed_limits
from errors import InvalidInput, NotFound
from execution.declaration import mutation, query
from execution.rows import shown
from policies.access_tests import HasVerdict, HoldersOf, Holds, OneHolder, Predicate, Who
from policies.catalogue import Level
from schema.access_tests import (
    AccessTestPredicateInput,
    AccessTestWhoInput,
    EndAccessTestInput,
    EvaluatedAccessTest,
    SaveAccessTestInput,
)
from schema.connections import Connection
from schema.policy_change_inputs import (
    ApproveVisitInput,
    AssignRoleInput,
    ChangeRoleLinesInput,
    CreateRoleInput,
    EndAssignmentInput,
    PolicyChangeInput,
    PolicyChangesInput,
    ResumeHolderInput,
    RetireRoleInput,
    RoleLineInput,
    SetLimitsInput,
    SuspendHolderInput,
)
from schema.policy_changes import (
    ChangePolicyResult,
    DecideProposalResult,
    PolicyPreviewResult,
    PolicyProposal,
    WithdrawProposalResult,
)
from work import Work

Path = tuple[str | int, ...]


@query(signed_in=True, rehearsal=True)
async def preview_policy_change(work: Work, *, input: PolicyChangesInput) -> PolicyPreviewResult:
    """What a change of policy would do and cost. It is carried out and rolled back: nothing of it remains.

    Each change requires what making it requires.
    """
    return shown(await operations.preview_policy_change(work, _changes(work, input)))


@query(signed_in=True, rehearsal=True)
async def preview_proposal(work: Work, *, id: UUID) -> PolicyPreviewResult:
    """What approving a proposal would do now: for those who may decide it."""
    return shown(await operations.preview_proposal(work, id))


@query(signed_in=True)
async def policy_proposals(work: Work, *, network: UUID, page: Page) -> Connection[PolicyProposal]:
    """The changes that you proposed, and those that you may decide; newest first."""
    return shown(await proposals.proposals(work, page, network_id=network))


@query(requires="policies:explain", at=Level.NETWORK, max_items=150, name="access_tests")
async def tested(work: Work, *, network: UUID) -> list[EvaluatedAccessTest]:
    """The rules about who may what that the network and its plugins keep, and whether they are true now."""
    return shown(await access_tests.evaluated(work, network_id=network))


@mutation(event=operations.POLICY_CHANGED, signed_in=True)
async def change_policy(work: Work, *, input: PolicyChangesInput, consent: str | None = None) -> ChangePolicyResult:
    """Change who may do what. Where it has consequences, it takes the `consent` that the preview gave.

    Roles given, limited and ended require `assignments:change`, visits approved `visits:approve`, people suspended and
    resumed `specialists:suspend`, own roles `roles:change`, rules of the network's own `access_tests:change`. The
    operator's roles require `operator_members:change`, a partner firm's `partner_members:change`. Where a consequence
    must be approved by somebody else, the change is kept as a proposal.
    """
    changed = await operations.change_policy(work, _changes(work, input), consent=consent)
    return shown(changed)


@mutation(event=proposals.DECIDED, signed_in=True)
async def decide_proposal(work: Work, *, id: UUID, approve: bool, consent: str | None = None) -> DecideProposalResult:
    """Approve or reject what a colleague proposed. It takes the capability that the proposal names.

    An approved change is made now, under a fresh preview: where that has consequences, it takes their `consent`.
    """
    return shown(await operations.decide_proposal(work, id, approve=approve, consent=consent))


@mutation(event=proposals.WITHDRAWN, signed_in=True)
async def withdraw_proposal(work: Work, *, id: UUID) -> WithdrawProposalResult:
    """Take back what you proposed, while it waits."""
    return shown(await proposals.withdraw_proposal(work, id))


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
        lines=lines_asked(given.lines, (*path, "createRole")),
        based_on=given.based_on,
    )


def _change_role_lines(given: ChangeRoleLinesInput, path: Path) -> ChangeRoleLines:
    return ChangeRoleLines(given.role, lines_asked(given.lines, (*path, "changeRoleLines")))


def _retire_role(given: RetireRoleInput, _path: Path) -> RetireRole:
    return RetireRole(given.role, given.replacement)


def _save_access_test(given: SaveAccessTestInput, path: Path) -> SaveAccessTest:
    return SaveAccessTest(
        title=given.title,
        who=_who(given.who, (*path, "saveAccessTest", "who")),
        quantifier=given.quantifier,
        predicate=_predicate(given.predicate, (*path, "saveAccessTest", "predicate")),
        mode=given.mode,
        number=given.number,
        test_id=given.test,
    )


def _end_access_test(given: EndAccessTestInput, _path: Path) -> EndAccessTest:
    return EndAccessTest(given.test)


def _who(given: AccessTestWhoInput, path: Path) -> Who:
    if given.role:
        return HoldersOf(given.role)
    if given.holder:
        return OneHolder(given.holder)
    if given.group:
        return given.group
    raise InvalidInput("A rule concerns a group, a role or a holder.", path=path)


def _predicate(given: AccessTestPredicateInput, path: Path) -> Predicate:
    if given.holds:
        return Holds(given.holds.capability, given.holds.location)
    if given.verdict:
        return HasVerdict(given.verdict.name, given.verdict.outcome)
    raise InvalidInput("A rule asks for a capability or a verdict.", path=path)


def lines_asked(given: Sequence[RoleLineInput], path: Path) -> tuple[LineAsked, ...]:
    """The lines of a role as they were typed. Raises LimitInvalid."""
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
        "save_access_test": _save_access_test,
        "end_access_test": _end_access_test,
    }
)
"""How each kind of `PolicyChangeInput` is read, by its field."""
