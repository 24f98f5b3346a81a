"""The catalogue: every capability that can be permitted, each fully decided, checked when it is assembled.

A capability without a decision (does it cost a seat, which limits does it honour, what does it require) cannot be
written down: the fields have no defaults. The assembled `Catalogue` gives every code one bit of an integer, in the
order of the codes, so that a person's whole access at a place is one number.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from itertools import pairwise
from types import MappingProxyType
from typing import Final

from errors import StartRefused


class Level(StrEnum):
    """Where a capability can be asked; SHARED is a network's data that every colleague there reads."""

    LOCATION = "LOCATION"
    NETWORK = "NETWORK"
    SHARED = "SHARED"
    OPERATOR = "OPERATOR"
    PARTNER = "PARTNER"


class Kind(StrEnum):
    """READ looks, CHANGE does everything else; derived from the verb, never declared."""

    READ = "READ"
    CHANGE = "CHANGE"


class Seat(StrEnum):
    """The core's answers to "does holding this cost a seat?"; billing plugins may name further reasons."""

    FREE = "FREE"
    APPOINTMENTS = "APPOINTMENTS"
    PAYMENTS = "PAYMENTS"


class DomainKind(StrEnum):
    """Whose business a role acts in. Domains never contain each other."""

    NETWORK = "NETWORK"
    OPERATOR = "OPERATOR"
    PARTNER = "PARTNER"


LEVELS_OF: Final[Mapping[DomainKind, frozenset[Level]]] = MappingProxyType(
    {
        DomainKind.NETWORK: frozenset({Level.LOCATION, Level.NETWORK, Level.SHARED}),
        DomainKind.OPERATOR: frozenset({Level.OPERATOR}),
        DomainKind.PARTNER: frozenset({Level.PARTNER}),
    }
)

OWN: Final = "own"
BACK: Final = "back"
AHEAD: Final = "ahead"
MAX: Final = "max"
PCT: Final = "pct"
ACCT: Final = "acct"
ALL: Final = (OWN, BACK, AHEAD)
"""For `immune`: own, back and ahead all leave the capability alone."""
AGE: Final = (BACK, AHEAD)
"""For `immune`: back and ahead leave it alone."""
VALUES: Final = (MAX, PCT, ACCT)
"""Limits that concern only the capabilities which honour them."""

CODE: Final = re.compile(r"(?:[a-z][a-z0-9_]*\.)?[a-z][a-z0-9_]*:[a-z][a-z0-9_]*")
SEAT_NAME: Final = re.compile(r"[A-Z][A-Z0-9_]*")

_MAY_REQUIRE: Final[Mapping[Level, frozenset[Level]]] = MappingProxyType(
    {
        Level.LOCATION: frozenset({Level.LOCATION, Level.SHARED}),
        Level.NETWORK: frozenset({Level.NETWORK, Level.LOCATION, Level.SHARED}),
        Level.SHARED: frozenset({Level.SHARED}),
        Level.OPERATOR: frozenset({Level.OPERATOR}),
        Level.PARTNER: frozenset({Level.PARTNER}),
    }
)


class CatalogueInvalid(StartRefused):
    """The assembled capabilities contradict each other; every problem is one sentence."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("The capability catalogue is invalid. " + " ".join(self.problems))


@dataclass(frozen=True, slots=True)
class LimitRule:
    """How a capability honours a limit: by comparing it with this fact of the object."""

    limit: str
    fact: str


def own(fact: str) -> LimitRule:
    """Honour `own`: the fact is the holder's id, or holds it."""
    return LimitRule(OWN, fact)


def back(fact: str) -> LimitRule:
    """Honour `back`: the fact is the object's date, or an instant of it."""
    return LimitRule(BACK, fact)


def ahead(fact: str) -> LimitRule:
    """Honour `ahead`: the fact is the object's date, or an instant of it."""
    return LimitRule(AHEAD, fact)


def age(fact: str) -> tuple[LimitRule, LimitRule]:
    """Honour `back` and `ahead` by the same date."""
    return back(fact), ahead(fact)


def max_amount(fact: str) -> LimitRule:
    """Honour `max`: the fact has an `amount` in minor units and a `currency`."""
    return LimitRule(MAX, fact)


def pct(fact: str) -> LimitRule:
    """Honour `pct`: the fact is a whole number of basis points."""
    return LimitRule(PCT, fact)


def acct(fact: str) -> LimitRule:
    """Honour `acct`: the fact is the id of a cash account."""
    return LimitRule(ACCT, fact)


@dataclass(frozen=True, slots=True)
class Capability:
    """`area:verb`, the only unit of permission; a plugin's is `plugin.area:verb` or `plugin:verb`.

    `title` and `description` are for people. `seat` is `Seat.FREE` or the reason why its holder pays.
    `limits` are honoured; those of own, back and ahead named in `immune` leave it alone, and one that is neither
    takes the capability away. `requires` must be held too. `escalates` can change somebody's access, `critical`
    needs a fresh step-up, `sensitive` is kept from the viewer role, `four_eyes` needs a second person.
    A retired code stays listed with `retired_in`, so that it is never used again with another meaning.
    """

    code: str
    title: str
    description: str
    level: Level
    seat: str
    limits: tuple[LimitRule, ...]
    immune: tuple[str, ...]
    requires: tuple[str, ...] = ()
    escalates: bool = False
    critical: bool = False
    sensitive: bool = False
    four_eyes: bool = False
    retired_in: str | None = None

    @property
    def verb(self) -> str:
        """What is done: the part behind the colon."""
        return self.code.partition(":")[2]

    @property
    def area(self) -> str:
        """What it is done to: the part before the colon, with the plugin's name if it is a plugin's."""
        return self.code.partition(":")[0]

    @property
    def kind(self) -> Kind:
        """READ for the verbs `read`, `read_*` and `search`, else CHANGE."""
        return kind_of(self.code)

    def rule(self, limit: str) -> LimitRule | None:
        """The rule by which it honours this limit, or None."""
        for rule in self.limits:
            if rule.limit == limit:
                return rule
        return None


def kind_of(code: str) -> Kind:
    """The kind of a capability by its code alone, so of one whose plugin is not there, too."""
    verb = code.partition(":")[2]
    return Kind.READ if verb in ("read", "search") or verb.startswith("read_") else Kind.CHANGE


class Catalogue:
    """All capabilities, sorted by code; bit n of a mask stands for the n-th code. Retired ones take no bit.

    Immutable once made. Raises `CatalogueInvalid` naming everything that is wrong with the capabilities.
    """

    def __init__(self, capabilities: Iterable[Capability]) -> None:
        listed = tuple(sorted(capabilities, key=lambda capability: capability.code))
        problems = tuple(_problems(listed))
        if problems:
            raise CatalogueInvalid(problems)
        self.capabilities: Final = tuple(one for one in listed if one.retired_in is None)
        self.by_code: Final[Mapping[str, Capability]] = MappingProxyType({one.code: one for one in self.capabilities})
        self.bits: Final[Mapping[str, int]] = MappingProxyType(
            {one.code: 1 << position for position, one in enumerate(self.capabilities)}
        )
        self._closures: Final = {code: _closure(code, self.by_code) for code in self.by_code}
        self.requirements: Final = tuple(
            (self.bits[code], self.mask(closure)) for code, closure in self._closures.items() if closure
        )
        self._levels: Final = {
            level: self.mask(one.code for one in self.capabilities if one.level is level) for level in Level
        }
        self._honouring: Final = {
            limit: self.mask(one.code for one in self.capabilities if one.rule(limit)) for limit in (*ALL, *VALUES)
        }
        self._losing: Final = {
            limit: self.mask(
                one.code for one in self.capabilities if one.rule(limit) is None and limit not in one.immune
            )
            for limit in ALL
        }

    def __contains__(self, code: object) -> bool:
        return code in self.by_code

    def __iter__(self) -> Iterator[Capability]:
        return iter(self.capabilities)

    def __getitem__(self, code: str) -> Capability:
        """The capability of this code; a KeyError is a mistake in our code, since people's input is checked first."""
        return self.by_code[code]

    def mask(self, codes: Iterable[str]) -> int:
        """These codes as one number."""
        answer = 0
        for code in codes:
            answer |= self.bits[code]
        return answer

    def codes(self, mask: int) -> frozenset[str]:
        """The codes whose bits are set."""
        return frozenset(code for code, bit in self.bits.items() if mask & bit)

    def level_mask(self, *levels: Level) -> int:
        """The capabilities of these levels."""
        answer = 0
        for level in levels:
            answer |= self._levels[level]
        return answer

    def honouring(self, limit: str) -> int:
        """The capabilities that compare their object with this limit."""
        return self._honouring.get(limit, 0)

    def losing(self, limit: str) -> int:
        """The capabilities that `own`, `back` or `ahead` takes away: neither honoured nor immune."""
        return self._losing.get(limit, 0)

    def requires(self, code: str) -> frozenset[str]:
        """All that this code requires, transitively, itself left out."""
        return self._closures[code]

    def nearest(self, code: str) -> str | None:
        """The code that a misspelt one most likely meant."""
        return next(iter(get_close_matches(code, self.by_code, n=1, cutoff=0.6)), None)

    def named_by(self, pattern: str) -> frozenset[str]:
        """The codes that a line's capability names: itself, `*`, `area:*` or `*:verb`."""
        if pattern in self.by_code:
            return frozenset({pattern})
        if "*" not in pattern:
            return frozenset()
        return frozenset(one.code for one in self.capabilities if names(one.code, pattern))


def names(code: str, pattern: str) -> bool:
    """Whether a line's capability (a code, `*`, `area:*`, `*:verb`) names this code. Never raises: Casbin calls it."""
    if pattern in (code, "*"):
        return True
    area, _, verb = code.partition(":")
    return pattern in (f"{area}:*", f"*:{verb}")


def _closure(code: str, by_code: Mapping[str, Capability]) -> frozenset[str]:
    found: set[str] = set()
    waiting = list(by_code[code].requires)
    while waiting:
        needed = waiting.pop()
        if needed not in found:
            found.add(needed)
            waiting.extend(by_code[needed].requires)
    return frozenset(found)


def _problems(capabilities: tuple[Capability, ...]) -> Iterator[str]:
    by_code = {one.code: one for one in capabilities}
    for before, after in pairwise(capabilities):
        if before.code == after.code:
            yield f"{after.code} is listed twice."
    for one in capabilities:
        yield from _undecided(one)
        yield from _wrong_requirements(one, by_code)
    yield from _cycles(by_code)


def _undecided(one: Capability) -> Iterator[str]:
    if not CODE.fullmatch(one.code):
        yield f"{one.code!r} is no code: write area:verb in small letters."
    if not one.title or not one.description:
        yield f"{one.code} needs a title and a description for people."
    if not SEAT_NAME.fullmatch(one.seat):
        yield f"{one.code} must decide its seat: FREE, or the reason why its holder pays."
    honoured = [rule.limit for rule in one.limits]
    for limit in sorted(set(honoured) - {*ALL, *VALUES}):
        yield f"{one.code} honours {limit!r}, which is no limit."
    if len(set(honoured)) < len(honoured):
        yield f"{one.code} gives two rules for one limit."
    for limit in one.immune:
        if limit not in ALL:
            yield f"{one.code} calls itself immune to {limit!r}; only own, back and ahead can leave it alone."
        elif limit in honoured:
            yield f"{one.code} both honours {limit} and is immune to it."
    if one.escalates and not one.critical:
        yield f"{one.code} escalates, hence it must be critical."


def _wrong_requirements(one: Capability, by_code: Mapping[str, Capability]) -> Iterator[str]:
    for code in one.requires:
        needed = by_code.get(code)
        if needed is None or needed.retired_in is not None:
            yield f"{one.code} requires {code}, which is not in the catalogue."
        elif needed.level not in _MAY_REQUIRE[one.level]:
            yield f"{one.code} ({one.level}) cannot require {code} ({needed.level})."


def _cycles(by_code: Mapping[str, Capability]) -> Iterator[str]:
    known = {code: tuple(need for need in one.requires if need in by_code) for code, one in by_code.items()}
    while leaves := [code for code, needs in known.items() if not needs]:
        for code in leaves:
            del known[code]
        known = {code: tuple(need for need in needs if need in known) for code, needs in known.items()}
    if known:
        yield f"These require each other in a circle: {', '.join(sorted(known))}."
