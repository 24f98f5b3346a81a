"""Inputs of changes of policy: one kind a class, and the one of which exactly one is given."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import strawberry

from schema.access_tests import EndAccessTestInput, SaveAccessTestInput
from schema.role_lines import Effect

LIMITS = "In words, in any order: `own back=7 ahead=14 max=10000/EUR pct=500 hours=12345/08:00-20:00`, or `none`."
NO_LIMITS = "none"


@strawberry.input(description="Give a role to a specialist, or to a member of the operator or of a partner firm.")
class AssignRoleInput:
    """Give a role to a specialist, or to a member of the operator or of a partner firm."""

    holder: UUID = strawberry.field(description="The specialist; at the operator or a partner firm the account.")
    role: str = strawberry.field(description="The role's code.")
    location: UUID | None = strawberry.field(default=None, description="Null: the whole network.")
    valid_from: datetime | None = strawberry.field(default=None, description="Null: at once.")
    valid_until: datetime | None = strawberry.field(default=None, description="Null: without an end.")
    limits: str = strawberry.field(default=NO_LIMITS, description=LIMITS)
    reason: str = ""


@strawberry.input(
    description="Let somebody in at one location for some hours. Whoever works neither for the operator nor for a "
    "partner firm is not found: invite them as specialists."
)
class ApproveVisitInput:
    """Let somebody of the operator or of a partner firm in."""

    role: str = strawberry.field(description="The code of a role of networks; not owner.")
    location: UUID
    account: UUID | None = strawberry.field(default=None, description="The visitor's account; or `email`.")
    email: str | None = strawberry.field(default=None, description="The visitor's address; or `account`.")
    valid_from: datetime | None = strawberry.field(default=None, description="Null: at once.")
    valid_until: datetime | None = strawberry.field(
        default=None, description="At most 72 hours later; or else `hours`."
    )
    hours: int | None = strawberry.field(default=None, description="1 to 72; or else `validUntil`.")
    limits: str = strawberry.field(default=NO_LIMITS, description=LIMITS)
    reason: str = ""


@strawberry.input(description="Take a role away.")
class EndAssignmentInput:
    """Take a role away."""

    assignment: UUID
    reason: str = ""


@strawberry.input(description="Put an assignment under other limits: it is ended, and written anew.")
class SetLimitsInput:
    """Put an assignment under other limits."""

    assignment: UUID
    limits: str = strawberry.field(description=LIMITS)
    reason: str = ""


@strawberry.input(description="Take all access from somebody, until it is given back. It never waits for a consent.")
class SuspendHolderInput:
    """Take all access from somebody."""

    holder: UUID = strawberry.field(description="The specialist.")
    reason: str = ""


@strawberry.input(description="Give a suspended person back what they hold.")
class ResumeHolderInput:
    """Give a suspended person back what they hold."""

    holder: UUID = strawberry.field(description="The specialist.")
    reason: str = ""


@strawberry.input(description="A line of a role.")
class RoleLineInput:
    """A line of a role."""

    capability: str = strawberry.field(description="Its code; a deny may say `area:*` or `*:verb`.")
    effect: Effect
    limits: str = strawberry.field(default=NO_LIMITS, description=LIMITS)


@strawberry.input(description="Make a role of the network's own.")
class CreateRoleInput:
    """Make a role of the network's own."""

    code: str = strawberry.field(description="2 to 40 small letters, digits and _, a letter first.")
    title: str
    lines: list[RoleLineInput]
    description: str = ""
    based_on: str | None = strawberry.field(default=None, description="A built-in role, whose denies are kept.")


@strawberry.input(description="Let a role of the network's own have these lines and no others.")
class ChangeRoleLinesInput:
    """Let a role of the network's own have these lines and no others."""

    role: str = strawberry.field(description="The role's code.")
    lines: list[RoleLineInput]


@strawberry.input(description="Take a role of the network's own out of use.")
class RetireRoleInput:
    """Take a role of the network's own out of use."""

    role: str = strawberry.field(description="The role's code.")
    replacement: str | None = strawberry.field(default=None, description="The code of what its holders get instead.")


@strawberry.input(one_of=True, description="One change of policy.")
class PolicyChangeInput:
    """One change of policy."""

    assign_role: AssignRoleInput | None = strawberry.UNSET
    approve_visit: ApproveVisitInput | None = strawberry.UNSET
    end_assignment: EndAssignmentInput | None = strawberry.UNSET
    set_limits: SetLimitsInput | None = strawberry.UNSET
    suspend_holder: SuspendHolderInput | None = strawberry.UNSET
    resume_holder: ResumeHolderInput | None = strawberry.UNSET
    create_role: CreateRoleInput | None = strawberry.UNSET
    change_role_lines: ChangeRoleLinesInput | None = strawberry.UNSET
    retire_role: RetireRoleInput | None = strawberry.UNSET
    save_access_test: SaveAccessTestInput | None = strawberry.UNSET
    end_access_test: EndAccessTestInput | None = strawberry.UNSET


@strawberry.input(description="Changes of policy, made in their order, all or none.")
class PolicyChangesInput:
    """Changes of policy."""

    network: UUID | None = strawberry.field(
        default=None,
        description="The network that you act in. Null: the operator or the partner firm that you act for.",
    )
    changes: list[PolicyChangeInput] = strawberry.field(description="1 to 100.")
