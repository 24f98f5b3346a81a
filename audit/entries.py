"""What a journal entry says: its kind, its outcome, who acted, and the two texts the database keeps of it.

The payload is hashed as it is written and holds nothing personal; the details (names, address, reason) are a
sealed change of their own, so that they can be erased while the chain stays provable.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum
from uuid import UUID

from audit.chain import Json, canonical_json, journal_time

PAYLOAD_VERSION = 1
OPERATOR_CHAIN = UUID(int=0)

_CODE = re.compile(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*")


class Area(StrEnum):
    """The views of the journal; each needs a capability of its own besides `journal:read`."""

    SIGN_INS = "sign_ins"
    STAFF_CHANGES = "staff_changes"
    DATA_CHANGES = "data_changes"
    EXPORTS = "exports"
    SETTINGS = "settings"
    BILLING = "billing"
    SUPPORT = "support"
    SYSTEM = "system"


class Outcome(StrEnum):
    """Done, refused by a rule, or broken off by a fault."""

    OK = "ok"
    DENIED = "denied"
    FAILED = "failed"


class Severity(IntEnum):
    """OCSF 1.5.0 `severity_id`."""

    INFORMATIONAL = 1
    LOW = 2
    MEDIUM = 3
    HIGH = 4
    CRITICAL = 5


class ActorType(StrEnum):
    """Who may act: people and tokens by their UUID; plugins, webhooks and the system by name."""

    SPECIALIST = "specialist"
    ACCOUNT = "account"
    TOKEN = "token"  # noqa: S105 - the word of the journal, no secret
    PARTNER = "partner"
    OPERATOR = "operator"
    PLUGIN = "plugin"
    WEBHOOK = "webhook"
    SYSTEM = "system"


NAMED_ACTORS = frozenset({ActorType.PLUGIN, ActorType.WEBHOOK, ActorType.SYSTEM})


class MisdeclaredEvent(ValueError):
    """An event type, or an entry of it, contradicts its declaration: a fault of the code, never of a person."""


@dataclass(frozen=True, slots=True)
class EventType:
    """A kind of entry, declared beside the operation that writes it.

    `code` is permanent and never used again for something else; `since` is the release that brought it.
    Raises MisdeclaredEvent for a code that is not `subject.happened` in lower case, or without an outcome.
    """

    code: str
    area: Area
    severity: Severity = Severity.INFORMATIONAL
    outcomes: frozenset[Outcome] = frozenset(Outcome)
    since: str = "0.1"

    def __post_init__(self) -> None:
        if not _CODE.fullmatch(self.code):
            raise MisdeclaredEvent(f'the event code "{self.code}" is not of the form subject.happened')
        if not self.outcomes:
            raise MisdeclaredEvent(f"the event {self.code} has no outcome")


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acted, with the roles held at that moment.

    Raises MisdeclaredEvent if a person or token is not named by a UUID, or a machine is: `journal_append` seals
    the details for the actor, and a machine has none to be erased.
    """

    type: ActorType
    id: UUID | str
    roles: tuple[str, ...] = ()
    on_behalf_of: UUID | None = None

    def __post_init__(self) -> None:
        if isinstance(self.id, UUID) is (self.type in NAMED_ACTORS):
            raise MisdeclaredEvent(f"an actor of type {self.type} cannot be named {self.id}")


@dataclass(frozen=True, slots=True)
class Operation:
    """The GraphQL operation: its name and the SHA-256 of its document, as `sha256:<hex>`."""

    name: str | None
    document: str | None


@dataclass(frozen=True, slots=True)
class Target:
    """What was acted on; `name` is personal and goes into the sealed details."""

    type: str
    id: UUID | str
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Erased:
    """What `journal_erase` returned: the number of blanked changes and the SHA-256 of their digests, in hex."""

    count: int
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One journaled event, as the arguments of `journal_append`.

    `at` is the Work's clock, `request` and `correlation` are ids of the request and of a series of Works,
    `stepped_up_seconds` is how long ago a factor was proven again, `verdict` is (policy, deciding line). `decision` is
    the id of the answer whether the actor may use the `capability`, and `ruling` that answer in words of the policy.
    Raises MisdeclaredEvent if the event type does not have this outcome.
    """

    event: EventType
    outcome: Outcome
    at: datetime
    actor: Actor
    request: str | None = None
    correlation: str | None = None
    session_id: UUID | None = None
    factors: tuple[str, ...] = ()
    stepped_up_seconds: int | None = None
    device_id: UUID | None = None
    location_id: UUID | None = None
    operation: Operation | None = None
    targets: tuple[Target, ...] = ()
    capability: str | None = None
    decision: UUID | None = None
    ruling: Mapping[str, Json] | None = None
    verdict: tuple[str, str] | None = None
    error: str | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    erased: Erased | None = None
    actor_name: str | None = None
    ip: str | None = None
    user_agent: str | None = None
    device_name: str | None = None
    reason: str | None = None

    def __post_init__(self) -> None:
        if self.outcome not in self.event.outcomes:
            raise MisdeclaredEvent(f"the event {self.event.code} has no outcome {self.outcome}")

    def payload(self) -> str:
        """The hashed text: canonical JSON without the fields that are not known. Raises NotCanonical."""
        return canonical_json(
            _known(
                {
                    "v": PAYLOAD_VERSION,
                    "code": self.event.code,
                    "area": self.event.area.value,
                    "outcome": self.outcome.value,
                    "at": journal_time(self.at),
                    "actor": _actor_json(self.actor),
                    "session": session_reference(self.session_id) if self.session_id else None,
                    "factors": list(self.factors),
                    "steppedUp": self.stepped_up_seconds,
                    "device": _text(self.device_id),
                    "location": _text(self.location_id),
                    "request": self.request,
                    "correlation": self.correlation,
                    "operation": _operation_json(self.operation) if self.operation else None,
                    "targets": [{"type": target.type, "id": str(target.id)} for target in self.targets],
                    "capability": self.capability,
                    "decision": _text(self.decision),
                    "ruling": _known(self.ruling) if self.ruling else None,
                    "verdict": {"policy": self.verdict[0], "line": self.verdict[1]} if self.verdict else None,
                    "error": self.error,
                    "counts": dict(self.counts) or None,
                    "erased": {"count": self.erased.count, "digest": self.erased.digest} if self.erased else None,
                }
            )
        )

    def details(self) -> str | None:
        """The sealed text, or None if nothing personal is known. Names stay as they were at the time."""
        names: list[Json] = [target.name for target in self.targets]
        known = _known(
            {
                "actorName": self.actor_name,
                "ip": self.ip,
                "userAgent": self.user_agent,
                "deviceName": self.device_name,
                "targetNames": names if any(names) else None,
                "reason": self.reason,
            }
        )
        return canonical_json(known) if known else None


def session_reference(session_id: UUID) -> str:
    """How entries name a session: the first 16 hex digits of the SHA-256 of its id's text."""
    return hashlib.sha256(str(session_id).encode()).hexdigest()[:16]


def _actor_json(actor: Actor) -> Json:
    return _known(
        {
            "type": actor.type.value,
            "id": str(actor.id),
            "roles": list(actor.roles),
            "onBehalfOf": _text(actor.on_behalf_of),
        }
    )


def _operation_json(operation: Operation) -> Json:
    return _known({"name": operation.name, "document": operation.document})


def _known(fields: Mapping[str, Json]) -> dict[str, Json]:
    return {name: value for name, value in fields.items() if value is not None}


def _text(value: UUID | None) -> str | None:
    return None if value is None else str(value)
