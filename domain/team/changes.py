"""What can be changed of a policy: one class a kind, with what it requires and how a consent binds it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from types import MappingProxyType
from typing import Any, ClassVar, Final
from uuid import UUID

from policies.access_tests import Group, HasVerdict, HoldersOf, Holds, Mode, OneHolder, Predicate, Quantifier, Who
from policies.catalogue import DomainKind
from policies.limit_syntax import limits_to_json
from policies.limits import NO_LIMITS, Limits
from policies.lines import Effect
from policies.scopes import Domain

GIVING_ROLES: Final[Mapping[DomainKind, str]] = MappingProxyType(
    {
        DomainKind.NETWORK: "assignments:change",
        DomainKind.OPERATOR: "operator_members:change",
        DomainKind.PARTNER: "partner_members:change",
    }
)
"""What giving and taking roles requires."""


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


def required_by(change: PolicyChange, domain: Domain) -> str:
    """The capability that a change requires in a domain."""
    if isinstance(change, AssignRole | EndAssignment | SetLimits):
        return GIVING_ROLES[domain.kind]
    return change.requires
