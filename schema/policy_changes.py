"""Types of changes of policy: what is asked for, what would follow, and why it may not be."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

import strawberry

from domain.network import reads as network
from domain.team import consequences, reads, rules
from execution import declaration as remit
from policies import delta
from policies import lines as role_lines
from schema.errors import BusyTryAgain, Forbidden, InvalidInput, NotFound, UserError
from schema.network import Location
from schema.team import HoldingAccount, Specialist

strawberry.enum(delta.Change, name="AccessChange", description="What happens to one access.")
strawberry.enum(role_lines.Effect, name="LineEffect", description="What a line does; a deny beats every allow.")


@remit.type(row=delta.Entry)
class AccessDeltaEntry:
    """One access that changes: whose, where, which."""

    capability: str
    change: delta.Change
    holder: Specialist | None = remit.relation(reads.specialists_by_id, key="holder_id")
    account: HoldingAccount | None = remit.relation(
        reads.holding_accounts, key="holder_id", description="Whose it is, where it is no specialist's: a visitor's."
    )
    location: Location | None = remit.relation(
        network.locations_by_id, key="location_id", description="Null: the whole network."
    )


@strawberry.interface(description="What a change of policy entails in a plugin's world.")
class Consequence:
    """What a change of policy entails in a plugin's world."""

    plugin: str
    title: str
    digest: str = strawberry.field(description="Of what people agree to.")
    requires_consent: bool


@remit.type(row=consequences.Unknown)
class UnknownConsequence(Consequence):
    """A plugin failed or was late: nobody knows what would follow."""


@remit.type(row=rules.PolicyPreview)
class PolicyPreview:
    """What a change would do."""

    consent: str = strawberry.field(description="Send it with the change: it agrees to just these consequences.")
    requires_consent: bool
    gained: int = strawberry.field(description="Accesses gained or widened.")
    lost: int = strawberry.field(description="Accesses lost or narrowed.")
    entries: list[AccessDeltaEntry] = strawberry.field(description="The first 200 of them.")
    consequences: list[Consequence]


@remit.type(row=rules.ConsentRequired)
class ConsentRequired(UserError):
    """The change has consequences that somebody must agree to."""

    preview: PolicyPreview


@remit.type(row=rules.ConsequencesChanged)
class ConsequencesChanged(UserError):
    """What was agreed to is no longer what would happen; nothing was written."""

    preview: PolicyPreview


@remit.type(row=rules.ConsequenceRefused)
class ConsequenceRefused(UserError):
    """A plugin does not let the change through."""

    plugin: str
    refusal_code: str = strawberry.field(description="The plugin's own code.")


@remit.type(row=rules.GrantExceedsOwn)
class GrantExceedsOwn(UserError):
    """Nobody grants what they do not hold."""

    missing: list[str] = strawberry.field(description="The capabilities that you do not hold yourself.")


@remit.type(row=rules.LastOwner)
class LastOwner(UserError):
    """This would leave the network, the operator or the partner firm without an owner."""


@remit.type(row=rules.OwnersOnly)
class OwnersOnly(UserError):
    """Only an owner changes an owner."""


@remit.type(row=rules.ServiceAccountGives)
class ServiceAccountGives(UserError):
    """A service account may take access away, and never give it."""


@remit.type(row=rules.RoleInUse)
class RoleInUse(UserError):
    """Somebody holds the role."""

    holders: int = strawberry.field(description="How many times it is given.")


@remit.type(row=role_lines.Problem)
class PolicyProblem:
    """What is wrong with a role or one of its lines."""

    code: str
    line: str = remit.attribute(column="source", description="The line, such as `role night_desk v1, line 3`.")
    message: str
    suggestion: str | None = strawberry.field(description="The right word, or the code to add.")


@remit.type(row=role_lines.InvalidPolicy)
class InvalidPolicy(UserError):
    """A change of policy that would not hold together."""

    problems: list[PolicyProblem]


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
    effect: role_lines.Effect
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


@strawberry.input(description="Changes of policy, made in their order, all or none.")
class PolicyChangesInput:
    """Changes of policy."""

    network: UUID | None = strawberry.field(
        default=None,
        description="The network that you act in. Null: the operator or the partner firm that you act for.",
    )
    changes: list[PolicyChangeInput] = strawberry.field(description="1 to 100.")


@remit.type()
class PolicyChanged:
    """The change is made."""

    preview: PolicyPreview = strawberry.field(description="What it did.")
    epoch: int
    unchanged: bool = strawberry.field(description="Whether it had been made before.")
    journal_entry_id: UUID


PolicyPreviewResult = Annotated[
    PolicyPreview
    | GrantExceedsOwn
    | ServiceAccountGives
    | LastOwner
    | OwnersOnly
    | RoleInUse
    | InvalidPolicy
    | InvalidInput
    | NotFound
    | Forbidden,
    strawberry.union("PolicyPreviewResult", description="What the change would do, or why it cannot be."),
]
ChangePolicyResult = Annotated[
    PolicyChanged
    | ConsentRequired
    | ConsequencesChanged
    | ConsequenceRefused
    | GrantExceedsOwn
    | ServiceAccountGives
    | LastOwner
    | OwnersOnly
    | RoleInUse
    | InvalidPolicy
    | InvalidInput
    | NotFound
    | Forbidden
    | BusyTryAgain,
    strawberry.union("ChangePolicyResult", description="The change, or why not."),
]
