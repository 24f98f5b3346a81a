"""Judging a change of policy: what follows from it, and whether it may be carried out.

Order of judgement: refusals of a plugin, access tests, rights that a consequence asks for, then the consent. Taking
access away (suspending, ending an assignment) waits for none of them: a stolen account must be stoppable even if that
costs money.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from domain.team.changes import EndAssignment, PolicyChange, SetLimits, SuspendHolder
from errors import UserError
from plugins.contract import Consequence
from policies.access_tests import AccessTestOutcome
from policies.catalogue import DomainKind
from policies.delta import Entry, Missing

MOST_CHANGES = 100
LONGEST_VISIT = timedelta(hours=72)


@dataclass(frozen=True, slots=True, eq=False)
class PolicyPreview:
    """What a change would do: whose access it alters, what follows from it, and the consent that agrees to just that.

    `gained` and `lost` count the delta's `entries`. `access_tests` are those that the change makes true or untrue, and
    those that stay untrue. `approval` is the capability of those who must approve the change, None where nobody must.
    What only takes access away does not wait: neither for consent or approval, nor for refusals and access tests.
    """

    waits: bool
    consent: str
    requires_consent: bool
    gained: int
    lost: int
    entries: tuple[Entry, ...]
    consequences: tuple[Consequence, ...]
    access_tests: tuple[AccessTestOutcome, ...]
    approval: str | None


class ConsentRequired(UserError):
    """The change has consequences that somebody must agree to."""

    code = "CONSENT_REQUIRED"
    hint = "Show the preview, and send the change again with its `consent`."

    def __init__(self, preview: PolicyPreview) -> None:
        super().__init__("This change has consequences that need your consent.", path=("consent",))
        self.preview = preview


class ConsequencesChanged(UserError):
    """What was agreed to is no longer what would happen; nothing was written."""

    code = "CONSEQUENCES_CHANGED"
    hint = "Show the new preview, and send the change again with its `consent`."

    def __init__(self, preview: PolicyPreview) -> None:
        super().__init__("The consequences have changed since the preview that you agreed to.", path=("consent",))
        self.preview = preview


class ConsequenceRefused(UserError):
    """A plugin does not let the change through."""

    code = "CONSEQUENCE_REFUSED"

    def __init__(self, consequence: Consequence, refusal: UserError) -> None:
        super().__init__(refusal.message, hint=refusal.hint, path=refusal.path)
        self.plugin = consequence.plugin
        self.refusal_code = refusal.code


class GrantExceedsOwn(UserError):
    """Nobody grants what they do not hold."""

    code = "GRANT_EXCEEDS_OWN"
    hint = "Ask somebody who holds it, such as an owner."

    def __init__(self, missing: Sequence[Missing]) -> None:
        codes = sorted({one.capability for one in missing})
        super().__init__(f"This would give rights that you do not hold yourself: {', '.join(codes)}.")
        self.missing = codes


class LastOwner(UserError):
    """A network is never without an owner who may give roles, nor is the operator, nor a partner firm."""

    code = "LAST_OWNER"
    hint = "Make somebody else an owner first."

    def __init__(self, kind: DomainKind) -> None:
        whose = {DomainKind.NETWORK: "network", DomainKind.OPERATOR: "operator", DomainKind.PARTNER: "firm"}[kind]
        super().__init__(f"This would leave the {whose} without an owner who may give roles.")


class OwnersOnly(UserError):
    """Only an owner changes an owner."""

    code = "OWNERS_ONLY"
    hint = "Ask an owner."

    def __init__(self) -> None:
        super().__init__("Only an owner may suspend or resume an owner, or take a role or a right from one.")


class ProposalDecided(UserError):
    """The proposal waits no longer: it was decided, withdrawn, or it expired."""

    code = "PROPOSAL_DECIDED"
    hint = "Look at its state, and propose the change anew if it is still wanted."

    def __init__(self, state: str) -> None:
        super().__init__(f"This proposal is {state.lower()}.", path=("id",))
        self.state = state


class OwnProposal(UserError):
    """Nobody approves what they proposed themselves, not even the only owner."""

    code = "OWN_PROPOSAL"
    hint = "Ask somebody else who may decide it, or withdraw it."

    def __init__(self) -> None:
        super().__init__("You proposed this change yourself.", path=("id",))


class ProposerMayNot(UserError):
    """Whoever proposed the change may not make it any more; an approval lends no rights."""

    code = "PROPOSER_MAY_NOT"
    hint = "Reject the proposal, or propose the change yourself."

    def __init__(self, refusal: UserError) -> None:
        super().__init__(f"Whoever proposed this may not make such a change now ({refusal.code}).", path=("id",))
        self.refusal_code = refusal.code


class AccessTestFailed(UserError):
    """The change would break rules that the network set itself, in mode BLOCK."""

    code = "ACCESS_TEST_FAILED"
    hint = "Change something else, or change the rule first (it takes `access_tests:change`)."

    def __init__(self, outcomes: Sequence[AccessTestOutcome]) -> None:
        broken = ", ".join(f"“{outcome.test.title}”" for outcome in outcomes)
        super().__init__(f"This would break what must stay true: {broken}.")
        self.tests = tuple(outcomes)


class ServiceAccountGives(UserError):
    """A service account gives nobody anything, whatever it holds: a leaked token must not make accomplices."""

    code = "SERVICE_ACCOUNT_GIVES"
    hint = "Let a person make or approve this change. A service account may suspend, and end or narrow assignments."

    def __init__(self, *, path: tuple[str | int, ...] = ()) -> None:
        super().__init__("A service account may take access away, and never give it.", path=path)


class RoleInUse(UserError):
    """Somebody holds the role: they would be left without."""

    code = "ROLE_IN_USE"
    hint = "Name a role that replaces it, or end its assignments first."

    def __init__(self, holders: int, *, path: tuple[str | int, ...]) -> None:
        gives = "assignment gives" if holders == 1 else "assignments give"
        super().__init__(f"{holders} {gives} this role.", path=path)
        self.holders = holders


def require_taking(changes: Sequence[PolicyChange]) -> None:
    """Let changes through of the kinds that can only take away or narrow. Raises ServiceAccountGives."""
    for position, change in enumerate(changes):
        if not isinstance(change, SuspendHolder | EndAssignment | SetLimits):
            raise ServiceAccountGives(path=("input", "changes", position))


def only_takes_away(changes: Sequence[PolicyChange], *, gained: int) -> bool:
    """Whether the changes suspend people and end assignments, and give nobody anything: ending a deny gives."""
    return not gained and all(isinstance(change, SuspendHolder | EndAssignment) for change in changes)


def require_unbroken(preview: PolicyPreview) -> None:
    """Let a change through that breaks no blocking access test, or waits for none. Raises AccessTestFailed."""
    broken = [outcome for outcome in preview.access_tests if outcome.blocks]
    if broken and preview.waits:
        raise AccessTestFailed(broken)


def require_unrefused(preview: PolicyPreview) -> None:
    """Let a change through that no plugin refuses, or that waits for none. Raises ConsequenceRefused."""
    for consequence in preview.consequences if preview.waits else ():
        if consequence.refuses is not None:
            raise ConsequenceRefused(consequence, consequence.refuses)


def require_consent(preview: PolicyPreview, given: str | None) -> None:
    """Let a change through that was agreed to, or waits for no consent. Raises ConsentRequired, ConsequencesChanged."""
    if not preview.waits:
        return
    if given is not None and given != preview.consent:
        raise ConsequencesChanged(preview)
    if given is None and preview.requires_consent:
        raise ConsentRequired(preview)
