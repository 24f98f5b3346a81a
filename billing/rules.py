"""Who takes a seat, by which line of the terms, and who moves in or out of one. Pure: no clock, no database.

Order of evaluation: a person's facts meet the lines of the pinned seat policy, of which the first that holds decides;
owners past the plan's limit of free ones are judged again as if they were none; billable verdicts are seats.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Final, Literal, TypeAlias

from remit.plugin import (
    Changeable,
    Counterfactuals,
    FactKind,
    Line,
    Verdict,
    VerdictPolicy,
    Vocabulary,
    counterfactuals,
)

BILLABLE: Final = "billable"
FREE: Final = "free"
SPECIALIST: Final = "specialist"
ADMINISTRATOR: Final = "administrator"


@dataclass(frozen=True, slots=True)
class SeatFacts:
    """What a seat policy may ask about one person at one scope and instant.

    A person can be freed by taking rights or service links away, or by lifting what denies an owner full access.
    Whether somebody is active, a service account or an owner is nothing to be changed for the bill.
    """

    active: Annotated[bool, Changeable.NEVER]
    account_kind: Annotated[Literal["human", "service"], Changeable.NEVER]
    provides_services: Annotated[bool, Changeable.DOWN]
    capabilities: Annotated[frozenset[str], Changeable.DOWN]
    is_owner: Annotated[bool, Changeable.NEVER]
    full_access: Annotated[bool, Changeable.UP]


SeatPolicy: TypeAlias = VerdictPolicy[SeatFacts]

# No alternatives: each deciding line of a bill is one single reason.
SEAT_VOCABULARY: Final = Vocabulary(SeatFacts, frozenset({BILLABLE, FREE}), sets_of="capabilities", alternatives=False)
"""What the files `policies/seats-*.csv` may speak of; a file's sets are parts of the held capabilities."""


@dataclass(frozen=True, slots=True)
class ProvidedService:
    """A service that a person provides at a location."""

    service: str
    location: str


@dataclass(frozen=True, slots=True)
class Person:
    """One person at one scope. `owner_since` is when the first standing owner assignment was made; owners have it.

    Raises ValueError when it and the fact `is_owner` contradict each other.
    """

    id: str
    scope: str
    facts: SeatFacts
    services: tuple[ProvidedService, ...] = ()
    owner_since: datetime | None = None

    def __post_init__(self) -> None:
        if self.facts.is_owner is (self.owner_since is None):
            raise ValueError(f"{self.id}: owners, and only owners, have an instant since when they are")


@dataclass(frozen=True, slots=True)
class CapabilityWitness:
    """A held capability that made the deciding line true."""

    capability: str


@dataclass(frozen=True, slots=True)
class ServiceWitness:
    """A provided service that made the deciding line true."""

    service: str
    location: str


@dataclass(frozen=True, slots=True)
class FactWitness:
    """A fact that the deciding line names."""

    fact: str


Witness: TypeAlias = CapabilityWitness | ServiceWitness | FactWitness


@dataclass(frozen=True, slots=True)
class SeatVerdict:
    """Whether a person is paid for at a scope, as what, by which line, and which lines would decide next.

    `beyond_free_owners` marks an owner who was judged as none because the plan's free places were taken. A free verdict
    has no next lines: there is nothing to fall to.
    """

    person: str
    scope: str
    facts: SeatFacts
    verdict: Verdict
    witnesses: tuple[Witness, ...]
    beyond_free_owners: bool = False

    @property
    def is_billable(self) -> bool:
        """Whether it is a seat."""
        return self.verdict.outcome == BILLABLE

    @property
    def kind(self) -> str:
        """The deciding line's kind: of the seat, or of the reason to be free."""
        return self.verdict.kind

    @property
    def line(self) -> Line:
        """The deciding line."""
        return self.verdict.line

    @property
    def next_lines(self) -> tuple[Line, ...]:
        """The lines that hold below the deciding one, down to the first free one."""
        return self.verdict.next_lines if self.is_billable else ()


def seat_verdict(policy: SeatPolicy, person: Person) -> SeatVerdict:
    """Judge one person, as if free owners were unlimited."""
    verdict = policy.decide(person.facts)
    return SeatVerdict(person.id, person.scope, person.facts, verdict, tuple(_witnesses(verdict.line, person)))


def seat_verdicts(
    policy: SeatPolicy, people: Iterable[Person], *, max_free_owners: int | None
) -> tuple[SeatVerdict, ...]:
    """Judge everybody of one network, in the order given; at most `max_free_owners` are free for being owners.

    None means unlimited. An owner who provides services, or lacks full access, uses up no free place.
    """
    judged = [(person, seat_verdict(policy, person)) for person in people]
    beyond = _owners_beyond(judged, max_free_owners)
    return tuple(_as_no_owner(policy, person) if person in beyond else verdict for person, verdict in judged)


def seat_remedies(policy: SeatPolicy, verdict: SeatVerdict) -> Counterfactuals:
    """Every minimal set of changes that frees this person; none for a free one."""
    return counterfactuals(policy, verdict.facts, wanted=FREE)


@dataclass(frozen=True, slots=True)
class SeatEffect:
    """What holding one capability does to a person's seat: the verdict with it and without it, all else as it is."""

    held: Verdict
    lacking: Verdict

    @property
    def costs_seat(self) -> bool:
        """Whether the person is paid for because of it."""
        return self.held.outcome == BILLABLE and self.lacking.outcome != BILLABLE


def seat_effect(policy: SeatPolicy, facts: SeatFacts, capability: str) -> SeatEffect:
    """What a capability does to somebody's seat. Whoever lacks one has no full access."""
    held = replace(facts, capabilities=facts.capabilities | {capability})
    lacking = replace(facts, capabilities=facts.capabilities - {capability}, full_access=False)
    return SeatEffect(policy.decide(held), policy.decide(lacking))


def _witnesses(line: Line, person: Person) -> Iterator[Witness]:
    for fact in line.when.facts:
        if fact.kind is FactKind.SET:
            yield from (CapabilityWitness(code) for code in sorted(fact.reader()(person.facts)))
        elif fact.name == "provides_services" and person.services:
            services = sorted(person.services, key=lambda provided: (provided.service, provided.location))
            yield from (ServiceWitness(provided.service, provided.location) for provided in services)
        else:
            yield FactWitness(fact.name)


def _owners_beyond(judged: list[tuple[Person, SeatVerdict]], limit: int | None) -> frozenset[Person]:
    if limit is None:
        return frozenset()
    candidates = [
        (person.owner_since, person.id, person)
        for person, verdict in judged
        if person.owner_since is not None and not verdict.is_billable and _names_ownership(verdict.line)
    ]
    candidates.sort(key=lambda candidate: candidate[:2])
    return frozenset(person for _, _, person in candidates[limit:])


def _names_ownership(line: Line) -> bool:
    return any(fact.name == "is_owner" for fact in line.when.facts)


def _as_no_owner(policy: SeatPolicy, person: Person) -> SeatVerdict:
    plain = replace(person, facts=replace(person.facts, is_owner=False), owner_since=None)
    return replace(seat_verdict(policy, plain), beyond_free_owners=True)


@dataclass(frozen=True, slots=True)
class Seat:
    """The fact that a person at a scope is paid for, as this kind."""

    person: str
    scope: str
    kind: str


@dataclass(frozen=True, slots=True)
class SeatChange:
    """A person at a scope who takes a seat (`kind_before` None), leaves it (`kind_after` None) or changes its kind."""

    person: str
    scope: str
    kind_before: str | None
    kind_after: str | None


def seats_of(verdicts: Iterable[SeatVerdict]) -> tuple[Seat, ...]:
    """The billable verdicts, as seats."""
    return tuple(Seat(verdict.person, verdict.scope, verdict.kind) for verdict in verdicts if verdict.is_billable)


def seat_changes(before: Iterable[Seat], after: Iterable[Seat]) -> tuple[SeatChange, ...]:
    """Who moves in or out of which seat, sorted by person and scope."""
    kinds_before = {(seat.person, seat.scope): seat.kind for seat in before}
    kinds_after = {(seat.person, seat.scope): seat.kind for seat in after}
    return tuple(
        SeatChange(*place, kinds_before.get(place), kinds_after.get(place))
        for place in sorted(kinds_before.keys() | kinds_after.keys())
        if kinds_before.get(place) != kinds_after.get(place)
    )
