"""Types of changes of policy: what is asked for, what would follow, and why it may not be."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

import strawberry

from domain.network import reads as network
from domain.team import access_tests, consequences, delta_pages, operations, proposals, reads, rules
from execution import declaration as remit
from policies import access_tests as tests
from policies import delta
from policies import lines as role_lines
from schema.connections import Connection
from schema.errors import BusyTryAgain, Forbidden, InvalidInput, NotFound, UserError
from schema.network import Location
from schema.role_lines import Effect
from schema.team import HoldingAccount, Specialist

strawberry.enum(delta.Change, name="AccessChange", description="What happens to one access.")
strawberry.enum(tests.Quantifier, name="AccessTestQuantifier", description="How many may meet it, or must.")
strawberry.enum(tests.Mode, name="AccessTestMode", description="What a change gets that makes the test untrue.")
strawberry.enum(tests.Group, name="AccessTestGroup", description="Subjects that need no name.")


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


@remit.type(row=tests.AccessTest)
class AccessTest:
    """A rule about who may what: no later change of policy may make it untrue."""

    id: UUID
    title: str
    sentence: str = remit.computed(access_tests.sentence_of, description="What it asks, in words.")
    quantifier: tests.Quantifier
    number: int = strawberry.field(description="Of AT_MOST and AT_LEAST; else 0.")
    mode: tests.Mode


@remit.type(row=tests.Evaluation)
class AccessTestEvaluation:
    """Whether a test is true."""

    holds: bool
    count: int = strawberry.field(description="How many of the subjects meet it.")
    offenders: list[Specialist] = remit.relation(
        access_tests.offenders_of, key="offenders", description="Who speaks against it; the first 100."
    )


@remit.type(row=access_tests.Evaluated)
class EvaluatedAccessTest:
    """A test as it stands now."""

    test: AccessTest
    evaluation: AccessTestEvaluation
    plugin: str | None = strawberry.field(description="The plugin that it comes with; null for the network's own.")


@remit.type(row=tests.AccessTestOutcome)
class AccessTestOutcome:
    """A test before and after a change."""

    test: AccessTest
    before: AccessTestEvaluation
    after: AccessTestEvaluation
    blocks: bool = strawberry.field(description="Whether the change is refused for it.")


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
    entries: Connection[AccessDeltaEntry] = remit.relation(
        delta_pages.entries_of_previews, key=lambda preview: preview, description="All of them, by place."
    )
    consequences: list[Consequence]
    access_tests: list[AccessTestOutcome] = strawberry.field(
        description="The rules that the change makes true or untrue, and those that stay untrue."
    )
    approval: str | None = strawberry.field(
        description="The capability of those who must approve it; null where you can make it yourself."
    )


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


@remit.type(row=proposals.ProposalRow)
class PolicyProposal:
    """A change of policy that waits, or waited, for a second person."""

    id: UUID
    state: str = strawberry.field(description="PROPOSED, APPROVED, REJECTED, WITHDRAWN or EXPIRED.")
    capability: str = strawberry.field(description="Whoever holds it may decide.")
    proposed_at: datetime
    expires_at: datetime
    decided_at: datetime | None
    proposed_by: Specialist | None = remit.relation(reads.specialists_by_id, key="proposed_by")
    decided_by: Specialist | None = remit.relation(reads.specialists_by_id, key="decided_by")


@remit.type(row=proposals.ApprovalRequired)
class ApprovalRequired(UserError):
    """The change is kept as a proposal, and waits for somebody who may approve it."""

    capability: str = strawberry.field(description="Whoever holds it may decide.")
    preview: PolicyPreview
    proposal: PolicyProposal | None = remit.relation(proposals.proposals_by_id, key="proposal_id")


@remit.type(row=proposals.ProposalRejected)
class ProposalRejected:
    """Somebody decided against the proposal; nothing was changed."""

    proposal: PolicyProposal | None = remit.relation(proposals.proposals_by_id, key="proposal_id")


@remit.type(row=proposals.ProposalWithdrawn)
class ProposalWithdrawn:
    """The proposal was taken back; nothing was changed."""

    proposal: PolicyProposal | None = remit.relation(proposals.proposals_by_id, key="proposal_id")


@remit.type(row=rules.ProposalDecided)
class ProposalDecided(UserError):
    """The proposal waits no longer."""

    state: str


@remit.type(row=rules.OwnProposal)
class OwnProposal(UserError):
    """Nobody approves what they proposed themselves."""


@remit.type(row=rules.ProposerMayNot)
class ProposerMayNot(UserError):
    """Whoever proposed the change may not make it any more."""

    refusal_code: str = strawberry.field(description="What refuses it, such as GRANT_EXCEEDS_OWN.")


@remit.type(row=rules.AccessTestFailed)
class AccessTestFailed(UserError):
    """The change would break rules that the network set itself."""

    tests: list[AccessTestOutcome]


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


@strawberry.input(one_of=True, description="Whom an access test concerns.")
class AccessTestWhoInput:
    """Whom an access test concerns."""

    group: tests.Group | None = strawberry.UNSET
    role: str | None = strawberry.UNSET
    holder: UUID | None = strawberry.UNSET


@strawberry.input(description="Holding a capability, or any of several.")
class HoldsInput:
    """Holding a capability, or any of several."""

    capability: str = strawberry.field(description="Its code, `area:*` or `*:verb`.")
    location: UUID | None = strawberry.field(default=None, description="Null: the whole network.")


@strawberry.input(description="Having an outcome by a verdict policy, such as `seats`: `free`.")
class HasVerdictInput:
    """Having an outcome by a verdict policy."""

    name: str
    outcome: str


@strawberry.input(one_of=True, description="What an access test asks of each.")
class AccessTestPredicateInput:
    """What an access test asks of each."""

    holds: HoldsInput | None = strawberry.UNSET
    verdict: HasVerdictInput | None = strawberry.UNSET


@strawberry.input(description="Keep a rule about who may what, as a new one or in place of another.")
class SaveAccessTestInput:
    """Keep a rule about who may what."""

    title: str
    who: AccessTestWhoInput
    quantifier: tests.Quantifier
    predicate: AccessTestPredicateInput
    mode: tests.Mode
    number: int = strawberry.field(default=0, description="For AT_MOST and AT_LEAST.")
    test: UUID | None = strawberry.field(default=None, description="The rule that it replaces.")


@strawberry.input(description="Give up one of the network's own rules.")
class EndAccessTestInput:
    """Give up one of the network's own rules."""

    test: UUID


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


@remit.type(row=operations.PolicyChanged)
class PolicyChanged:
    """The change is made."""

    preview: PolicyPreview = strawberry.field(description="What it did.")
    epoch: int
    unchanged: bool = remit.attribute(column="is_unchanged", description="Whether it had been made before.")
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
    | ProposalDecided
    | OwnProposal
    | ProposerMayNot
    | NotFound
    | Forbidden,
    strawberry.union("PolicyPreviewResult", description="What the change would do, or why it cannot be."),
]
ChangePolicyResult = Annotated[
    PolicyChanged
    | ConsentRequired
    | ConsequencesChanged
    | ApprovalRequired
    | ConsequenceRefused
    | AccessTestFailed
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
DecideProposalResult = Annotated[
    PolicyChanged
    | ProposalRejected
    | ConsentRequired
    | ConsequencesChanged
    | ConsequenceRefused
    | AccessTestFailed
    | ProposalDecided
    | OwnProposal
    | ProposerMayNot
    | LastOwner
    | RoleInUse
    | InvalidPolicy
    | InvalidInput
    | NotFound
    | Forbidden
    | BusyTryAgain,
    strawberry.union("DecideProposalResult", description="The change, its rejection, or why neither."),
]
WithdrawProposalResult = Annotated[
    ProposalWithdrawn | ProposalDecided | NotFound | Forbidden | BusyTryAgain,
    strawberry.union("WithdrawProposalResult", description="The proposal as it is now, or why not."),
]
