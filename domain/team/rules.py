"""Changing policy: what is asked for, what follows from it, and whether it may be carried out.

Order of judgement: rights that a consequence asks for, refusals of a plugin, then the consent. Taking access away
(suspending, ending an assignment) waits for none of them: a stolen account must be stoppable even if that costs money.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from types import MappingProxyType
from typing import Any, ClassVar, Final
from uuid import UUID

from errors import UserError
from plugins.contract import Consequence
from policies.access_tests import (
    AccessTestOutcome,
    Group,
    HasVerdict,
    HoldersOf,
    Holds,
    Mode,
    OneHolder,
    Predicate,
    Quantifier,
    Who,
)
from policies.catalogue import DomainKind
from policies.delta import Entry, Missing
from policies.limit_syntax import limits_to_json
from policies.limits import NO_LIMITS, Limits
from policies.lines import Effect
from policies.scopes import Domain

MOST_CHANGES = 100
SHOWN_ENTRIES = 200
LONGEST_VISIT = timedelta(hours=72)
OWNER = "owner"
CHANGING_MEMBERS: Final[Mapping[DomainKind, str]] = MappingProxyType(
    {DomainKind.OPERATOR: "operator_members:change", DomainKind.PARTNER: "partner_members:change"}
)
"""What giving and taking roles requires where the holders are accounts."""


@dataclass(frozen=True, slots=True)
class AssignRole:
    """Give a role to a specialist at the network (`location_id` None) or a location, from an instant until another.

    At the operator and at partner firms the holder is an account, and there are no locations.
    """

    requires: ClassVar[str] = "assignments:change"

    holder_id: UUID
    role: str
    location_id: UUID | None = None
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    limits: Limits = NO_LIMITS
    reason: str = ""

    def to_json(self, domain: Domain) -> dict[str, Any]:
        """The change as consent binds it: what is left out stands at its default."""
        given = {
            "holder": str(self.holder_id),
            "role": self.role,
            "scope": domain.scope(self.location_id),
            "from": self.valid_from.isoformat() if self.valid_from else None,
            "until": self.valid_until.isoformat() if self.valid_until else None,
            "limits": limits_to_json(self.limits) or None,
        }
        return {"assign": {name: value for name, value in given.items() if value is not None}}


@dataclass(frozen=True, slots=True)
class ApproveVisit:
    """Let somebody of the operator or of a partner firm in at a location, until an instant or for some hours.

    The visitor is named by the account's id or by its address.
    """

    requires: ClassVar[str] = "visits:approve"

    role: str
    location_id: UUID
    account_id: UUID | None = None
    email: str | None = None
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    hours: int | None = None
    limits: Limits = NO_LIMITS
    reason: str = ""

    def to_json(self, domain: Domain) -> dict[str, Any]:
        """The change as consent binds it: what is left out stands at its default; of an address its SHA-256 is kept."""
        given = {
            "account": str(self.account_id) if self.account_id else None,
            "email": sha256(self.email.encode()).hexdigest() if self.email else None,
            "role": self.role,
            "scope": domain.scope(self.location_id),
            "from": self.valid_from.isoformat() if self.valid_from else None,
            "until": self.valid_until.isoformat() if self.valid_until else None,
            "hours": self.hours,
            "limits": limits_to_json(self.limits) or None,
        }
        return {"visit": {name: value for name, value in given.items() if value is not None}}


@dataclass(frozen=True, slots=True)
class EndAssignment:
    """Take a role away again."""

    requires: ClassVar[str] = "assignments:change"

    assignment_id: UUID
    reason: str = ""

    def to_json(self, _domain: Domain) -> dict[str, Any]:
        """The change as consent binds it."""
        return {"end": {"assignment": str(self.assignment_id)}}


@dataclass(frozen=True, slots=True)
class SetLimits:
    """Put an assignment under other limits, for the rest of its period."""

    requires: ClassVar[str] = "assignments:change"

    assignment_id: UUID
    limits: Limits
    reason: str = ""

    def to_json(self, _domain: Domain) -> dict[str, Any]:
        """The change as consent binds it."""
        return {"limit": {"assignment": str(self.assignment_id), "limits": limits_to_json(self.limits)}}


@dataclass(frozen=True, slots=True)
class SuspendHolder:
    """Take all access from somebody at once, until it is given back."""

    requires: ClassVar[str] = "specialists:suspend"

    holder_id: UUID
    reason: str = ""

    def to_json(self, _domain: Domain) -> dict[str, Any]:
        """The change as consent binds it."""
        return {"suspend": {"holder": str(self.holder_id)}}


@dataclass(frozen=True, slots=True)
class ResumeHolder:
    """Give a suspended person back what they hold."""

    requires: ClassVar[str] = "specialists:suspend"

    holder_id: UUID
    reason: str = ""

    def to_json(self, _domain: Domain) -> dict[str, Any]:
        """The change as consent binds it."""
        return {"resume": {"holder": str(self.holder_id)}}


@dataclass(frozen=True, slots=True)
class LineAsked:
    """A line that a role of the network's own shall have."""

    capability: str
    effect: Effect
    limits: Limits = NO_LIMITS

    def to_json(self) -> dict[str, Any]:
        """The line as consent binds it, and as rows say it."""
        return {"capability": self.capability, "effect": str(self.effect), "limits": limits_to_json(self.limits)}


@dataclass(frozen=True, slots=True)
class CreateRole:
    """Make a role of the network's own. `based_on` is the code of the built-in role whose denies it keeps."""

    requires: ClassVar[str] = "roles:change"

    code: str
    title: str
    lines: tuple[LineAsked, ...]
    description: str = ""
    based_on: str | None = None

    def to_json(self, _domain: Domain) -> dict[str, Any]:
        """The change as consent binds it."""
        given = {
            "role": self.code,
            "title": self.title,
            "description": self.description,
            "basedOn": self.based_on,
            "lines": _in_order(self.lines),
        }
        return {"create": {name: value for name, value in given.items() if value is not None}}


@dataclass(frozen=True, slots=True)
class ChangeRoleLines:
    """Let a role of the network's own have these lines and no others, for all who hold it."""

    requires: ClassVar[str] = "roles:change"

    role: str
    lines: tuple[LineAsked, ...]

    def to_json(self, _domain: Domain) -> dict[str, Any]:
        """The change as consent binds it."""
        return {"change": {"role": self.role, "lines": _in_order(self.lines)}}


@dataclass(frozen=True, slots=True)
class RetireRole:
    """Take a role of the network's own out of use; its holders get the replacement in its place."""

    requires: ClassVar[str] = "roles:change"

    role: str
    replacement: str | None = None

    def to_json(self, _domain: Domain) -> dict[str, Any]:
        """The change as consent binds it."""
        given = {"role": self.role, "replacement": self.replacement}
        return {"retire": {name: value for name, value in given.items() if value is not None}}


@dataclass(frozen=True, slots=True)
class SaveAccessTest:
    """Keep a rule about who may what, in place of another one (`test_id`) or as a new one."""

    requires: ClassVar[str] = "access_tests:change"

    title: str
    who: Who
    quantifier: Quantifier
    predicate: Predicate
    mode: Mode
    number: int = 0
    test_id: UUID | None = None

    def to_json(self, domain: Domain) -> dict[str, Any]:
        """The change as consent binds it."""
        given = {
            "test": str(self.test_id) if self.test_id else None,
            "title": self.title,
            "who": who_to_json(self.who),
            "quantifier": str(self.quantifier),
            "number": self.number,
            "predicate": predicate_to_json(self.predicate),
            "scope": domain.scope(place_of(self.predicate)),
            "mode": str(self.mode),
        }
        return {"saveTest": {name: value for name, value in given.items() if value is not None}}


@dataclass(frozen=True, slots=True)
class EndAccessTest:
    """Give up one of the network's own rules about who may what."""

    requires: ClassVar[str] = "access_tests:change"

    test_id: UUID

    def to_json(self, _domain: Domain) -> dict[str, Any]:
        """The change as consent binds it."""
        return {"endTest": {"test": str(self.test_id)}}


def who_to_json(who: Who) -> dict[str, str]:
    """Whom an access test concerns, as rows and consents say it."""
    match who:
        case HoldersOf(role):
            return {"role": role}
        case OneHolder(holder_id):
            return {"holder": str(holder_id)}
        case Group():
            return {"group": str(who)}


def predicate_to_json(predicate: Predicate) -> dict[str, str]:
    """What an access test asks of each, as rows and consents say it; its place is said apart."""
    match predicate:
        case Holds(capability):
            return {"holds": capability}
        case HasVerdict(family, outcome):
            return {"verdict": family, "outcome": outcome}


def place_of(predicate: Predicate) -> UUID | None:
    """The location at which an access test asks, None for the whole network."""
    return predicate.location_id if isinstance(predicate, Holds) else None


def _in_order(lines: Sequence[LineAsked]) -> list[dict[str, Any]]:
    """The lines of a role, whose order means nothing: sorted, so that equal roles are equal."""
    return [line.to_json() for line in sorted(lines, key=lambda line: (line.capability, line.effect))]


PolicyChange = (
    AssignRole
    | ApproveVisit
    | EndAssignment
    | SetLimits
    | SuspendHolder
    | ResumeHolder
    | CreateRole
    | ChangeRoleLines
    | RetireRole
    | SaveAccessTest
    | EndAccessTest
)


@dataclass(frozen=True, slots=True, eq=False)
class PolicyPreview:
    """What a change would do: whose access it alters, what follows from it, and the consent that agrees to just that.

    `gained` and `lost` count the delta's `entries`. `access_tests` are those that the change
    makes true or untrue, and those that stay untrue. `approval` is the capability of those who must approve the change,
    None where nobody must.
    """

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
    """A network is never without an owner, nor is the operator, nor a partner firm."""

    code = "LAST_OWNER"
    hint = "Make somebody else an owner first."

    def __init__(self, kind: DomainKind) -> None:
        whose = {DomainKind.NETWORK: "network", DomainKind.OPERATOR: "operator", DomainKind.PARTNER: "firm"}[kind]
        super().__init__(f"This would leave the {whose} without an owner.")


class OwnersOnly(UserError):
    """Only an owner changes an owner."""

    code = "OWNERS_ONLY"
    hint = "Ask an owner."

    def __init__(self) -> None:
        super().__init__("Only an owner may suspend or resume an owner, or take the owner's role from somebody.")


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
    hint = "Let a person make this change. A service account may suspend, and end or narrow assignments."

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


def required_by(change: PolicyChange, domain: Domain) -> str:
    """The capability that a change requires in a domain."""
    if isinstance(change, AssignRole | EndAssignment | SetLimits):
        return CHANGING_MEMBERS.get(domain.kind, change.requires)
    return change.requires


def require_taking(changes: Sequence[PolicyChange]) -> None:
    """Let changes through of the kinds that can only take away or narrow. Raises ServiceAccountGives."""
    for position, change in enumerate(changes):
        if not isinstance(change, SuspendHolder | EndAssignment | SetLimits):
            raise ServiceAccountGives(path=("input", "changes", position))


def only_takes_away(changes: Sequence[PolicyChange]) -> bool:
    """Whether the changes suspend people and end assignments, and do nothing else."""
    return all(isinstance(change, SuspendHolder | EndAssignment) for change in changes)


def must_agree(changes: Sequence[PolicyChange], consequences: Sequence[Consequence]) -> bool:
    """Whether the change waits for a consent: a consequence asks for one, and it does more than take access away."""
    return not only_takes_away(changes) and any(consequence.requires_consent for consequence in consequences)


def require_unbroken(changes: Sequence[PolicyChange], outcomes: Sequence[AccessTestOutcome]) -> None:
    """Let a change through that breaks no blocking access test, or only takes access away. Raises AccessTestFailed."""
    broken = [outcome for outcome in outcomes if outcome.blocks]
    if broken and not only_takes_away(changes):
        raise AccessTestFailed(broken)


def require_unrefused(changes: Sequence[PolicyChange], consequences: Sequence[Consequence]) -> None:
    """Let a change through that no plugin refuses, or that only takes access away. Raises ConsequenceRefused."""
    if only_takes_away(changes):
        return
    for consequence in consequences:
        if consequence.refuses is not None:
            raise ConsequenceRefused(consequence, consequence.refuses)


def require_consent(preview: PolicyPreview, given: str | None) -> None:
    """Let a change through that was agreed to. Raises ConsentRequired, ConsequencesChanged."""
    if given is not None and given != preview.consent:
        raise ConsequencesChanged(preview)
    if given is None and preview.requires_consent:
        raise ConsentRequired(preview)
