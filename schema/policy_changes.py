"""Types of changes of policy: what is asked for, what would follow, and why it may not be."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

import strawberry

from domain.network import reads as network
from domain.team import consequences, delta_pages, operations, proposals, reads, rules
from domain.team.access_tests import MOST_TESTS
from execution import declaration as remit
from policies import delta
from policies import lines as role_lines
from schema.access_tests import AccessTestOutcome
from schema.connections import Connection
from schema.errors import BusyTryAgain, Forbidden, InvalidInput, NotFound, UserError
from schema.network import Location
from schema.team import HoldingAccount, Specialist

strawberry.enum(delta.Change, name="AccessChange", description="What happens to one access.")


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
    entries: Connection[AccessDeltaEntry] = remit.relation(
        delta_pages.entries_of_previews, key=lambda preview: preview, description="All of them, by place."
    )
    consequences: list[Consequence] = remit.attribute(max_items=5)
    access_tests: list[AccessTestOutcome] = remit.attribute(
        max_items=MOST_TESTS, description="The rules that the change makes true or untrue, and those that stay untrue."
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
    """This would leave the network, the operator or the partner firm without an owner who may give roles."""


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

    tests: list[AccessTestOutcome] = remit.attribute(max_items=MOST_TESTS)


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

    problems: list[PolicyProblem] = remit.attribute(max_items=100)


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
    | ServiceAccountGives
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
