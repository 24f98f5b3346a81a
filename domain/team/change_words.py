"""Changes of policy told to people: a sentence for each, of the words that `policy_changes` keeps of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from domain.localtime import in_utc
from policies.limit_syntax import limits_to_words
from policies.store import stored_limits

Said = Mapping[str, Any]
"""What is kept of one change, such as `{"holder": ..., "role": ..., "scope": ...}`."""


@dataclass(frozen=True, slots=True)
class Given:
    """A role as somebody has it: whose it is, and where (None: the whole network)."""

    holder_id: UUID
    role: str
    location_id: UUID | None


@dataclass(frozen=True, slots=True)
class Named:
    """Whose access a change is about, in words: the person, the role (empty where it is about none) and the place."""

    holder: str
    role: str
    place: str


def sentence_of(kind: str, said: Said, named: Named | None) -> str:
    """One change as a sentence; a kind that has no words of its own is named. `named` is None where no person is."""
    if named is not None and kind in _OF_PEOPLE:
        return _OF_PEOPLE[kind](said, named)
    if kind in _OF_RULES:
        return _OF_RULES[kind](said)
    return f"A change of the kind {kind}."


def _assigned(said: Said, named: Named) -> str:
    return f"{named.holder} got the role {named.role} {named.place}{_period(said)}{_limits(said)}."


def _ended(_said: Said, named: Named) -> str:
    return f"{named.holder} no longer has the role {named.role} {named.place}."


def _limited(said: Said, named: Named) -> str:
    return f"{named.holder} has the role {named.role} {named.place}{_limits(said) or ' without limits'} from now on."


def _suspended(_said: Said, named: Named) -> str:
    return f"{named.holder} was suspended."


def _resumed(_said: Said, named: Named) -> str:
    return f"The suspension of {named.holder} was ended."


def _created(said: Said) -> str:
    return f"The role {said['role']} was made, with {_counted(said['lines'])}."


def _changed(said: Said) -> str:
    return f"The role {said['role']} was given other lines: it has {_counted(said['lines'])} now."


def _retired(said: Said) -> str:
    successor = f"; its holders have {said['replacement']} instead" if "replacement" in said else ""
    return f"The role {said['role']} was taken out of use{successor}."


def _visited(said: Said) -> str:
    return f"Somebody from outside was let in with the role {said['role']}{_period(said)}{_limits(said)}."


def _rule_saved(said: Said) -> str:
    return f"The rule “{said['title']}” was set."


def _rule_ended(_said: Said) -> str:
    return "A rule was given up."


def _counted(lines: list[object]) -> str:
    return "1 line" if len(lines) == 1 else f"{len(lines)} lines"


def _period(said: Said) -> str:
    return "".join(f", {word} {_instant(said[word])}" for word in ("from", "until") if word in said)


def _instant(text: str) -> str:
    return f"{in_utc(datetime.fromisoformat(text)):%Y-%m-%d %H:%M} UTC"


def _limits(said: Said) -> str:
    limits = said.get("limits")
    return f" under the limits {limits_to_words(stored_limits(limits))}" if limits else ""


_OF_PEOPLE: Final[Mapping[str, Callable[[Said, Named], str]]] = MappingProxyType(
    {"assign": _assigned, "end": _ended, "limit": _limited, "suspend": _suspended, "resume": _resumed}
)
_OF_RULES: Final[Mapping[str, Callable[[Said], str]]] = MappingProxyType(
    {
        "create": _created,
        "change": _changed,
        "retire": _retired,
        "visit": _visited,
        "saveTest": _rule_saved,
        "endTest": _rule_ended,
    }
)
