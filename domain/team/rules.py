"""Changing policy: what is asked for, what follows from it, and whether it may be carried out.

Order of judgement: refusals of a plugin, rights that a consequence asks for, then the consent. Taking access away
(ending an assignment) never waits for consent: a stolen account must be stoppable even if that costs money.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from errors import UserError
from plugins.contract import Consequence
from policies.delta import Entry, Missing
from policies.scopes import Domain

MOST_CHANGES = 100
SHOWN_ENTRIES = 200
OWNER = "owner"


@dataclass(frozen=True, slots=True)
class AssignRole:
    """Give a role to a specialist at the network (`location_id` None) or a location, from an instant until another."""

    holder_id: UUID
    role: str
    location_id: UUID | None = None
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    reason: str = ""

    def to_json(self, domain: Domain) -> dict[str, Any]:
        """The change as consent binds it: what is left out stands at its default."""
        given = {
            "holder": str(self.holder_id),
            "role": self.role,
            "scope": domain.scope(self.location_id),
            "from": self.valid_from.isoformat() if self.valid_from else None,
            "until": self.valid_until.isoformat() if self.valid_until else None,
        }
        return {"assign": {name: value for name, value in given.items() if value is not None}}


@dataclass(frozen=True, slots=True)
class EndAssignment:
    """Take a role away again."""

    assignment_id: UUID
    reason: str = ""

    def to_json(self, _domain: Domain) -> dict[str, Any]:
        """The change as consent binds it."""
        return {"end": {"assignment": str(self.assignment_id)}}


PolicyChange = AssignRole | EndAssignment


@dataclass(frozen=True, slots=True)
class PolicyPreview:
    """What a change would do: whose access it alters, what follows from it, and the consent that agrees to just that.

    `entries` are the first of the delta; `gained` and `lost` count all of it.
    """

    consent: str
    requires_consent: bool
    gained: int
    lost: int
    entries: tuple[Entry, ...]
    consequences: tuple[Consequence, ...]


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
    """A network is never without an owner."""

    code = "LAST_OWNER"
    hint = "Make somebody else an owner first."

    def __init__(self) -> None:
        super().__init__("This would leave the network without an owner.")


class OwnersOnly(UserError):
    """Only an owner changes an owner."""

    code = "OWNERS_ONLY"
    hint = "Ask an owner."

    def __init__(self) -> None:
        super().__init__("Only an owner may take the owner's role from somebody.")


def must_agree(changes: Sequence[PolicyChange], consequences: Sequence[Consequence]) -> bool:
    """Whether the change waits for a consent: a consequence asks for one, and it does more than take access away."""
    only_ends = all(isinstance(change, EndAssignment) for change in changes)
    return not only_ends and any(consequence.requires_consent for consequence in consequences)


def require_consent(preview: PolicyPreview, given: str | None) -> None:
    """Let a change through that was agreed to. Raises ConsequenceRefused, ConsentRequired, ConsequencesChanged."""
    for consequence in preview.consequences:
        if consequence.refuses is not None:
            raise ConsequenceRefused(consequence, consequence.refuses)
    if given is not None and given != preview.consent:
        raise ConsequencesChanged(preview)
    if given is None and preview.requires_consent:
        raise ConsentRequired(preview)
