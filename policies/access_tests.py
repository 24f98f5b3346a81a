"""A customer's own access tests: sentences about who may what that no later change of policy may make untrue.

"No call center reads cash shifts", "every SMM manager is free", "at most 3 may refund". Order of evaluation: the
subjects are the active holders whom `who` names; each meets the predicate or not; the quantifier judges the count.

A doubt never passes a test. A test that forbids (NOBODY, AT_MOST) counts whoever might do it anywhere in the scope, on
some object, at some instant from now on: what shuts it for a while hides nothing. A test that demands (EVERYBODY,
AT_LEAST) counts only who may do it now, on every object, in the whole scope. An unknown verdict counts against both.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from uuid import UUID

from policies.access import StandingAccesses, boundaries
from policies.catalogue import Level
from policies.compile import DomainPolicy


class Quantifier(StrEnum):
    """How many of the subjects may meet the predicate, or must."""

    NOBODY = "NOBODY"
    EVERYBODY = "EVERYBODY"
    AT_MOST = "AT_MOST"
    AT_LEAST = "AT_LEAST"

    @property
    def forbids(self) -> bool:
        """Whether meeting the predicate speaks against the test."""
        return self in (Quantifier.NOBODY, Quantifier.AT_MOST)


class Mode(StrEnum):
    """What a change gets that makes the test untrue: a refusal, or a word in its payload."""

    BLOCK = "BLOCK"
    WARN = "WARN"


class Group(StrEnum):
    """Subjects that need no name."""

    EVERYBODY = "EVERYBODY"
    SERVICE_ACCOUNTS = "SERVICE_ACCOUNTS"


@dataclass(frozen=True, slots=True)
class HoldersOf:
    """Whoever has an assignment of this role that is not over."""

    role: str


@dataclass(frozen=True, slots=True)
class OneHolder:
    """One person, or one service account."""

    holder_id: UUID


Who = Group | HoldersOf | OneHolder


@dataclass(frozen=True, slots=True)
class Holds:
    """Holding a capability, or (`area:*`, `*:verb`) any of several, at a location or (None) in the whole domain."""

    capability: str
    location_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class HasVerdict:
    """Having this outcome by a verdict policy: `seats = free`."""

    policy: str
    outcome: str


Predicate = Holds | HasVerdict


@dataclass(frozen=True, slots=True)
class AccessTest:
    """One test. `number` belongs to AT_MOST and AT_LEAST; the other two leave it at 0."""

    id: UUID
    title: str
    who: Who
    quantifier: Quantifier
    predicate: Predicate
    mode: Mode
    number: int = 0


@dataclass(frozen=True, slots=True)
class Staff:
    """A domain at one instant, as access tests see it.

    `holders` are all its people and service accounts, those without any assignment, too. `verdicts` give the outcome of
    each holder by the verdict policy's code.
    """

    policy: DomainPolicy
    now: datetime
    holders: frozenset[UUID]
    service_accounts: frozenset[UUID] = frozenset()
    verdicts: Mapping[str, Mapping[UUID, str]] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Whether a test is true: how many of the subjects count, and who speaks against it.

    `offenders` of a test that forbids are those who meet the predicate, of one that demands those who do not; sorted,
    and empty for a test that is true.
    """

    holds: bool
    count: int
    offenders: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class AccessTestOutcome:
    """A test before and after a change."""

    test: AccessTest
    before: Evaluation
    after: Evaluation

    @property
    def is_broken_by_change(self) -> bool:
        """Whether the change made it untrue. One that was untrue before is not held against the change: people must be
        able to repair it step by step."""
        return self.before.holds and not self.after.holds

    @property
    def blocks(self) -> bool:
        """Whether the change must be refused (rule R6)."""
        return self.is_broken_by_change and self.test.mode is Mode.BLOCK


def access_test_outcomes(tests: Iterable[AccessTest], before: Staff, after: Staff) -> tuple[AccessTestOutcome, ...]:
    """Every test before and after a change, in the order given."""
    then, now = _Judging(before), _Judging(after)
    return tuple(AccessTestOutcome(test, then.evaluation(test), now.evaluation(test)) for test in tests)


def evaluate(test: AccessTest, staff: Staff) -> Evaluation:
    """Whether a test is true of a staff."""
    return _Judging(staff).evaluation(test)


class _Judging:
    """Judges tests by one staff, whose compiled accesses all tests share."""

    def __init__(self, staff: Staff) -> None:
        self._staff = staff
        self._standing = StandingAccesses(staff.policy)
        self._known: dict[UUID, tuple[Mapping[UUID | None, int], ...]] = {}

    def evaluation(self, test: AccessTest) -> Evaluation:
        subjects = self._subjects(test.who)
        meeting = frozenset(one for one in subjects if self._meets(one, test))
        holds = _is_true(test, count=len(meeting), of=len(subjects))
        against = meeting if test.quantifier.forbids else subjects - meeting
        return Evaluation(holds, len(meeting), () if holds else tuple(sorted(against)))

    def _subjects(self, who: Who) -> frozenset[UUID]:
        staff = self._staff
        active = staff.holders - staff.policy.inactive
        match who:
            case Group.EVERYBODY:
                return active
            case Group.SERVICE_ACCOUNTS:
                return active & staff.service_accounts
            case OneHolder(holder_id):
                return active & {holder_id}
            case HoldersOf(role):
                return frozenset(one for one in active if self._has(one, role))

    def _has(self, holder_id: UUID, role: str) -> bool:
        held = self._staff.policy.assignments.get(holder_id, ())
        return any(one.role.code == role and not one.is_over(self._staff.now) for one in held)

    def _meets(self, holder_id: UUID, test: AccessTest) -> bool:
        forbids = test.quantifier.forbids
        match test.predicate:
            case HasVerdict(policy, outcome):
                known = self._staff.verdicts.get(policy, {}).get(holder_id)
                return forbids if known is None else known == outcome
            case Holds() as asked:
                held = self._might(holder_id, asked) if forbids else self._may(holder_id, asked)
                catalogue = self._staff.policy.release.catalogue
                return bool(held & catalogue.mask(catalogue.named_by(asked.capability)))

    def _might(self, holder_id: UUID, asked: Holds) -> int:
        """What somebody might do anywhere in the scope, at some instant from now on."""
        found = 0
        for could in self._coming(holder_id):
            for mask in could.values() if asked.location_id is None else (could.get(asked.location_id, 0),):
                found |= mask
        return found

    def _coming(self, holder_id: UUID) -> tuple[Mapping[UUID | None, int], ...]:
        """What somebody might do at each place, from each instant on at which something begins or ends."""
        if holder_id not in self._known:
            holding = self._staff.policy.holding(holder_id)
            instants = boundaries(self._staff.now, holding)
            self._known[holder_id] = tuple(self._standing.at(holding, one).compiled.could for one in instants)
        return self._known[holder_id]

    def _may(self, holder_id: UUID, asked: Holds) -> int:
        """What somebody may do now on every object in the whole scope."""
        policy = self._staff.policy
        can = policy.held_by(holder_id, self._staff.now).can
        if asked.location_id is not None:
            return can.get(asked.location_id, 0)
        local = policy.release.catalogue.level_mask(Level.LOCATION)
        everywhere = can.get(None, 0)
        for place in policy.locations:
            # A deny at one location shuts it there, though the whole network is held.
            everywhere &= can.get(place.location_id, 0) | ~local
        return everywhere


def _is_true(test: AccessTest, *, count: int, of: int) -> bool:
    match test.quantifier:
        case Quantifier.NOBODY:
            return count == 0
        case Quantifier.EVERYBODY:
            return count == of
        case Quantifier.AT_MOST:
            return count <= test.number
        case Quantifier.AT_LEAST:
            return count >= test.number
