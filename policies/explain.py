"""Why, and what would change it: the algorithm of `decisions.py` run again, keeping everything.

All lines that name the capability are shown, in canonical order, each decisive or with the reason why it was ignored.
For a no, `would_allow` lists the minimal sets of at most two changes that would turn it into a yes, in the order resume
the holder, lift a limit or the period, end an assignment, assign a role (fewest extra capabilities first).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from itertools import combinations
from typing import Final
from uuid import UUID

from policies.catalogue import Capability
from policies.compile import BEGINNING, Assignment, DomainPolicy, Holding, canonical_order
from policies.decisions import Judged, Ruling, decide, judge
from policies.delta import exceeds
from policies.limits import ANY_OBJECT, NO_LIMITS, NO_OBJECT, Circumstances, Object
from policies.lines import Effect, Line
from policies.narrowing import Taking
from policies.reasons import IgnoredBecause, Reason
from policies.release import ClosedRole
from policies.roles import OWNERS

MOST_CHANGES: Final = 2
MOST_SETS: Final = 10
PERIOD: Final = "period"

_OUTSIDE_THE_LINES: Final = frozenset(
    {Reason.NOT_ACTIVE, Reason.REQUIREMENT_MISSING, Reason.NARROWED, Reason.RESTRICTED}
)


@dataclass(frozen=True, slots=True)
class MatchedLine:
    """A line that names the capability: it decided, or it was ignored for this reason."""

    assignment: Assignment
    line: Line
    decisive: bool
    ignored_because: IgnoredBecause | None


class SuggestionKind(StrEnum):
    """What to do, in the order in which it is suggested."""

    RESUME_HOLDER = "RESUME_HOLDER"
    LIFT_LIMIT = "LIFT_LIMIT"
    END_ASSIGNMENT = "END_ASSIGNMENT"
    ASSIGN_ROLE = "ASSIGN_ROLE"


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One change: of an assignment (its role and scope are named), or a role to assign at a scope (None: the domain).

    `limit` is what to lift: a limit's name, or `period`.
    """

    kind: SuggestionKind
    role: str | None = None
    location_id: UUID | None = None
    assignment_id: UUID | None = None
    limit: str | None = None

    def __str__(self) -> str:
        match self.kind:
            case SuggestionKind.RESUME_HOLDER:
                return "resume the holder"
            case SuggestionKind.LIFT_LIMIT:
                return f"lift {self.limit} of {self.role}"
            case SuggestionKind.END_ASSIGNMENT:
                return f"end {self.role}"
            case SuggestionKind.ASSIGN_ROLE:
                return f"assign {self.role}"


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """Changes that together would allow it, none of them superfluous; and whether the asker may make them (R1)."""

    changes: tuple[Suggestion, ...]
    allowed_to_asker: bool


@dataclass(frozen=True, slots=True)
class Explanation:
    """The ruling on a capability with everything that spoke for and against it.

    `requirements` explain each missing requirement; `complete` is False if there were more change sets than listed.
    """

    capability: str
    location_id: UUID | None
    ruling: Ruling
    matched: tuple[MatchedLine, ...]
    requirements: tuple[Explanation, ...]
    would_allow: tuple[ChangeSet, ...]
    complete: bool


def explain(
    policy: DomainPolicy,
    holder_id: UUID,
    code: str,
    *,
    circumstances: Circumstances,
    asker_id: UUID,
    at: UUID | None = None,
    of: Object = NO_OBJECT,
    takings: Iterable[Taking] = (),
) -> Explanation:
    """Explain to the asker why the holder may or may not do this there."""
    question = _Question(policy, code, at, of, circumstances, tuple(takings))
    holding = policy.holding(holder_id)
    explained = _explained(question, holding)
    if explained.ruling.allowed:
        return explained
    found = list(_change_sets(question, holding))
    sets = tuple(
        ChangeSet(changes, _may_make(question, holding, changes, policy.holding(asker_id)))
        for changes in found[:MOST_SETS]
    )
    return replace(explained, would_allow=sets, complete=len(found) <= MOST_SETS)


def suspension_places(holding: Holding, *, now: datetime) -> tuple[UUID | None, ...]:
    """Where one must be allowed to suspend and resume the holder: at each place where something is held.

    None, the whole domain, comes first; it is the place of somebody who holds nothing.
    """
    places = {one.location_id for one in holding.assignments if not one.is_over(now)} or {None}
    return tuple(sorted(places, key=lambda place: str(place or "")))


@dataclass(frozen=True, slots=True)
class _Question:
    policy: DomainPolicy
    code: str
    at: UUID | None
    of: Object
    circumstances: Circumstances
    takings: tuple[Taking, ...]

    @property
    def capability(self) -> Capability:
        return self.policy.release.catalogue[self.code]

    @property
    def scope(self) -> UUID | None:
        place = self.policy.asked_place(self.capability, self.at)
        return place.location_id if place else None

    def ruling(self, holding: Holding) -> Ruling:
        return decide(
            self.policy,
            holding,
            self.code,
            at=self.at,
            of=self.of,
            circumstances=self.circumstances,
            takings=self.takings,
        )


def _explained(question: _Question, holding: Holding) -> Explanation:
    place = question.policy.asked_place(question.capability, question.at)
    ruling = question.ruling(holding)
    judged = judge(holding, question.capability, place=place, of=question.of, circumstances=question.circumstances)
    return Explanation(
        capability=question.code,
        location_id=question.scope,
        ruling=ruling,
        matched=tuple(_matched(judged, ruling)),
        requirements=tuple(_missing_requirements(question, holding, ruling)),
        would_allow=(),
        complete=True,
    )


def _matched(judged: Sequence[Judged], ruling: Ruling) -> Iterator[MatchedLine]:
    for one in judged:
        decisive = one == ruling.decisive
        yield MatchedLine(one.assignment, one.line, decisive, None if decisive else _why_ignored(one, ruling))


def _why_ignored(one: Judged, ruling: Ruling) -> IgnoredBecause:
    denied = ruling.reason is Reason.DENIED_BY_LINE
    if one.obstacle in (Reason.OTHER_SCOPE, Reason.NOT_NOW):
        return IgnoredBecause(one.obstacle)
    if one.line.effect is Effect.DENY:
        return IgnoredBecause.ALREADY_DENIED if denied else IgnoredBecause(ruling.reason)
    if denied:
        return IgnoredBecause.DENIED
    if one.obstacle is not None:
        return IgnoredBecause(one.obstacle)
    if ruling.reason in _OUTSIDE_THE_LINES:
        return IgnoredBecause(ruling.reason)
    return IgnoredBecause.ALREADY_GRANTED


def _missing_requirements(question: _Question, holding: Holding, ruling: Ruling) -> Iterator[Explanation]:
    if ruling.reason is not Reason.REQUIREMENT_MISSING:
        return
    for needed in question.capability.requires:
        of_needed = replace(question, code=needed, at=question.scope, of=ANY_OBJECT, takings=())
        if not of_needed.ruling(holding).allowed:
            yield _explained(of_needed, holding)


def _change_sets(question: _Question, holding: Holding) -> Iterator[tuple[Suggestion, ...]]:
    candidates = tuple(_candidates(question, holding))
    found: list[frozenset[Suggestion]] = []
    for size in range(1, MOST_CHANGES + 1):
        for changes in combinations(candidates, size):
            chosen = frozenset(changes)
            if any(smaller <= chosen for smaller in found) or _is_odd(changes):
                continue
            if question.ruling(_changed(question, holding, changes)).allowed:
                found.append(chosen)
                yield changes


def _is_odd(changes: Sequence[Suggestion]) -> bool:
    """Whether a role is ended and assigned again in one go."""
    ended = {one.role for one in changes if one.kind is SuggestionKind.END_ASSIGNMENT}
    return any(one.kind is SuggestionKind.ASSIGN_ROLE and one.role in ended for one in changes)


def _candidates(question: _Question, holding: Holding) -> Iterator[Suggestion]:
    """Every single change that could matter, in the order in which they are suggested."""
    if not holding.is_active:
        yield Suggestion(SuggestionKind.RESUME_HOLDER)
    catalogue = question.policy.release.catalogue
    wanted = catalogue.mask({question.code, *catalogue.requires(question.code)})
    for assignment in holding.assignments:
        if assignment.role.allows & wanted:
            yield from _lifts(assignment, question)
    for assignment in holding.assignments:
        if assignment.role.denies & wanted:
            yield _about(SuggestionKind.END_ASSIGNMENT, assignment)
    for role in _roles_to_assign(question, holding, wanted):
        yield Suggestion(SuggestionKind.ASSIGN_ROLE, role.code, question.scope)


def _lifts(assignment: Assignment, question: _Question) -> Iterator[Suggestion]:
    for limit in sorted(assignment.limits.names):
        yield _about(SuggestionKind.LIFT_LIMIT, assignment, limit)
    if not assignment.stands(question.circumstances.now):
        yield _about(SuggestionKind.LIFT_LIMIT, assignment, PERIOD)


def _about(kind: SuggestionKind, assignment: Assignment, limit: str | None = None) -> Suggestion:
    return Suggestion(kind, assignment.role.code, assignment.location_id, assignment.id, limit)


def _roles_to_assign(question: _Question, holding: Holding, wanted: int) -> list[ClosedRole]:
    policy = question.policy
    built_in = [
        policy.release.closed[role.code]
        for role in policy.release.roles.values()
        if role.domain is policy.domain.kind and role.code not in OWNERS
    ]
    held = policy.shared_grants(holding.grants(question.circumstances.now)).could.get(question.scope, 0)
    allowed = 0
    for assignment in holding.assignments:
        allowed |= assignment.role.allows & ~assignment.role.denies
    there = {one.role.code for one in holding.assignments if one.location_id == question.scope}
    fitting = [
        role
        for role in (*built_in, *policy.roles.values())
        if role.allows & ~role.denies & wanted and not role.denies & allowed and role.code not in there
    ]
    return sorted(fitting, key=lambda role: ((role.allows & ~role.denies & ~held).bit_count(), role.code))


def _changed(question: _Question, holding: Holding, changes: Iterable[Suggestion]) -> Holding:
    for change in changes:
        holding = _after(question, holding, change)
    return holding


def _after(question: _Question, holding: Holding, change: Suggestion) -> Holding:
    match change.kind:
        case SuggestionKind.RESUME_HOLDER:
            return replace(holding, is_active=True)
        case SuggestionKind.LIFT_LIMIT:
            lifted = (_lifted(one, change) for one in holding.assignments)
            return replace(holding, assignments=tuple(lifted))
        case SuggestionKind.END_ASSIGNMENT:
            left = (one for one in holding.assignments if one.id != change.assignment_id)
            return replace(holding, assignments=tuple(left))
        case SuggestionKind.ASSIGN_ROLE:
            given = (*holding.assignments, _newly_assigned(question, holding, change))
            return replace(holding, assignments=tuple(sorted(given, key=canonical_order)))


def _lifted(assignment: Assignment, change: Suggestion) -> Assignment:
    if assignment.id != change.assignment_id or change.limit is None:
        return assignment
    if change.limit == PERIOD:
        return replace(assignment, valid_from=BEGINNING, valid_until=None)
    return replace(assignment, limits=assignment.limits.without(change.limit))


def _newly_assigned(question: _Question, holding: Holding, change: Suggestion) -> Assignment:
    own, built_in = question.policy.roles, question.policy.release.closed
    code = str(change.role)
    return Assignment(
        id=UUID(int=0),
        holder_id=holding.holder_id,
        role=own[code] if code in own else built_in[code],
        location_id=change.location_id,
        limits=NO_LIMITS,
        valid_from=BEGINNING,
        valid_until=None,
    )


def _holds_what_it_takes(question: _Question, holding: Holding, change: Suggestion, asker: Holding) -> bool:
    """Whether the asker may make a change of this kind at each place that it concerns."""
    policy, circumstances = question.policy, question.circumstances
    needed = "assignments:change"
    places: tuple[UUID | None, ...] = (change.location_id,)
    if change.kind is SuggestionKind.RESUME_HOLDER:
        needed, places = "specialists:suspend", suspension_places(holding, now=circumstances.now)
    return needed in policy.release.catalogue and all(
        decide(policy, asker, needed, at=place, circumstances=circumstances).allowed for place in places
    )


def _may_make(question: _Question, holding: Holding, changes: Sequence[Suggestion], asker: Holding) -> bool:
    """Whether the asker holds the capabilities that the changes need, and everything that they would give (R1)."""
    policy, now = question.policy, question.circumstances.now
    if not all(_holds_what_it_takes(question, holding, change, asker) for change in changes):
        return False
    return not exceeds(policy, holding, _changed(question, holding, changes), giver=asker, now=now)
