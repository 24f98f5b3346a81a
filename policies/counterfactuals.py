"""What would turn a verdict: every minimal set of changes after which a policy answers otherwise.

Order of evaluation. Candidates: for each changeable fact that a line names, the flip of a flag; the nearest number or
day beyond each value that it is compared with; each other value of a text; each removal from and addition to a set; and
the steps that a policy computes itself for facts under arithmetic. They are tried by size; what contains a found set,
or a longer step in the direction of one found, is skipped. The work is bounded by counting what is tried and not by a
clock, so the same question has the same answer on every machine.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TypeAlias

from policies.conditions import Changeable, Comparison, Fact, FactKind, FactValue, Term
from policies.verdicts import F, VerdictPolicy

MAX_CHANGES = 6
"""Changes of one set at most (Decision: `counterfactual_max_changes`): nobody acts on a longer advice."""

MAX_TRIED = 4_000
"""Sets of changes tried at most, about 40 ms."""


@dataclass(frozen=True, slots=True)
class SetTo:
    """Make a fact this value."""

    fact: str
    value: bool | int | str | date


@dataclass(frozen=True, slots=True)
class Remove:
    """Take a member out of a set."""

    fact: str
    member: str


@dataclass(frozen=True, slots=True)
class Add:
    """Put a member into a set."""

    fact: str
    member: str


@dataclass(frozen=True, slots=True)
class Computed:
    """A step that a policy computes itself, such as "3 further ratings of 100", with the facts as they are after it."""

    text: str
    values: tuple[tuple[str, FactValue], ...]


Change: TypeAlias = SetTo | Remove | Add | Computed


@dataclass(frozen=True, slots=True)
class Counterfactuals:
    """All minimal sets of changes, the smallest first; not `complete` if there may be others that were not found."""

    sets: tuple[tuple[Change, ...], ...]
    complete: bool


@dataclass(frozen=True, slots=True)
class _Step:
    """A change with what it touches (no two of one set touch the same), its direction and how far it goes in it."""

    change: Change
    touches: frozenset[tuple[str, str]]
    direction: object
    distance: int = 0


def counterfactuals(
    policy: VerdictPolicy[F], facts: F, *, wanted: str | None = None, computed: Iterable[Computed] = ()
) -> Counterfactuals:
    """Every minimal set of changes after which the policy answers `wanted`, or anything else than now without it.

    `computed` are the steps that the policy's owner offers for facts under arithmetic. No sets if the outcome is wanted
    already. Raises ValueError for an outcome that the policy does not have.
    """
    if wanted is not None and wanted not in policy.outcomes:
        raise ValueError(f"{policy.code} has no outcome {wanted!r}")
    present = policy.outcome(facts)
    if present == wanted:
        return Counterfactuals((), complete=True)
    steps = [*_grid(policy, facts), *(_own_step(step) for step in computed)]
    goals = policy.outcomes - {present} if wanted is None else {wanted}
    found, exhausted = _search(policy, facts, goals=frozenset(goals), steps=steps)
    sets = tuple(tuple(step.change for step in steps) for steps in found)
    return Counterfactuals(sets, complete=exhausted and _is_grid_complete(policy))


def changed(facts: F, changes: Iterable[Change]) -> F:
    """The facts after the changes."""
    values: dict[str, FactValue] = {}
    for change in changes:
        match change:
            case SetTo(fact=name, value=value):
                values[name] = value
            case Remove(fact=name, member=member):
                values[name] = values.get(name, getattr(facts, name)) - {member}
            case Add(fact=name, member=member):
                values[name] = values.get(name, getattr(facts, name)) | {member}
            case Computed(values=pairs):
                values.update(pairs)
    return replace(facts, **values)


def _search(
    policy: VerdictPolicy[F], facts: F, *, goals: frozenset[str], steps: Sequence[_Step]
) -> tuple[list[tuple[_Step, ...]], bool]:
    """The minimal sets found, and whether the search was exhausted."""
    found: list[tuple[_Step, ...]] = []
    frontier: list[tuple[int, ...]] = [()]
    tried = 0
    for _size in range(MAX_CHANGES):
        unsolved: list[tuple[int, ...]] = []
        for indices in _longer(frontier, steps, found):
            if tried == MAX_TRIED:
                return found, False
            tried += 1
            combination = tuple(steps[index] for index in indices)
            if policy.outcome(changed(facts, (step.change for step in combination))) in goals:
                found.append(combination)
            else:
                unsolved.append(indices)
        frontier = unsolved
    return found, next(_longer(frontier, steps, found), None) is None


def _longer(
    frontier: Iterable[tuple[int, ...]], steps: Sequence[_Step], found: Sequence[tuple[_Step, ...]]
) -> Iterator[tuple[int, ...]]:
    """The sets one step longer than those that solved nothing, without any that a found set already covers."""
    for indices in frontier:
        touched = frozenset[tuple[str, str]]().union(*(steps[index].touches for index in indices))
        for index in range(indices[-1] + 1 if indices else 0, len(steps)):
            longer = (*indices, index)
            if touched.isdisjoint(steps[index].touches) and not _is_covered([steps[i] for i in longer], found):
                yield longer


def _is_covered(combination: Sequence[_Step], found: Iterable[tuple[_Step, ...]]) -> bool:
    reached = {step.direction: step.distance for step in combination}
    return any(all(step.distance <= reached.get(step.direction, -1) for step in solution) for solution in found)


def _grid(policy: VerdictPolicy[F], facts: F) -> Iterator[_Step]:
    """The candidate steps in a fixed order: facts as the lines name them, within a direction the nearest first."""
    compared = [comparison for line in policy.lines for comparison in line.when.comparisons]
    for fact in policy.named:
        match fact.kind:
            case _ if fact.changeable is Changeable.NEVER:
                continue
            case FactKind.FLAG:
                yield from _flips(fact, facts)
            case FactKind.NUMBER | FactKind.DAY:
                yield from _nearest_values(fact, facts, compared)
            case FactKind.TEXT:
                yield from _other_texts(fact, facts)
            case FactKind.SET:
                continue
    yield from _memberships(policy, facts, compared)


def _flips(fact: Fact, facts: F) -> Iterator[_Step]:
    flipped = not getattr(facts, fact.field)
    if fact.changeable.upwards if flipped else fact.changeable.downwards:
        yield _scalar(SetTo(fact.name, flipped), fact, direction=(fact.name, flipped))


def _other_texts(fact: Fact, facts: F) -> Iterator[_Step]:
    for value in sorted((fact.values or frozenset()) - {getattr(facts, fact.field)}):
        yield _scalar(SetTo(fact.name, value), fact, direction=(fact.name, value))


def _nearest_values(fact: Fact, facts: F, compared: Iterable[Comparison]) -> Iterator[_Step]:
    now = _position(getattr(facts, fact.field))
    beyond = {
        above if now <= below else below
        for comparison in compared
        for below, above in _boundaries(fact, facts, comparison)
    }
    for position in sorted(beyond, key=lambda position: (abs(position - now), position)):
        upwards = position > now
        if (fact.changeable.upwards if upwards else fact.changeable.downwards) and _exists(fact.kind, position):
            change = SetTo(fact.name, _at(fact.kind, position))
            yield _scalar(change, fact, direction=(fact.name, upwards), distance=abs(position - now))


def _scalar(change: SetTo, fact: Fact, *, direction: object, distance: int = 0) -> _Step:
    return _Step(change, frozenset({(fact.field, "")}), direction, distance)


def _boundaries(fact: Fact, facts: F, comparison: Comparison) -> Iterator[tuple[int, int]]:
    """The neighbouring values between which this comparison's answer turns, for a fact that stands alone in it."""
    left, sign, right = comparison.left, comparison.sign, comparison.right
    if right.fact == fact:
        left, sign, right = right, _MIRRORED.get(sign, sign), left
    if left.fact != fact or _is_changeable(right):
        return
    value = _position(right.read(facts))
    if sign in ("<", ">=", "==", "!="):
        yield value - 1, value
    if sign in ("<=", ">", "==", "!="):
        yield value, value + 1


_MIRRORED = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}


def _position(value: int | date) -> int:
    return value.toordinal() if isinstance(value, date) else value


def _at(kind: FactKind, position: int) -> int | date:
    return date.fromordinal(position) if kind is FactKind.DAY else position


def _exists(kind: FactKind, position: int) -> bool:
    return kind is not FactKind.DAY or 1 <= position <= date.max.toordinal()


def _memberships(policy: VerdictPolicy[F], facts: F, compared: Sequence[Comparison]) -> Iterator[_Step]:
    """Removals from and additions to each set, of the members that some line can notice."""
    counted = frozenset(fact for line in policy.lines for fact in line.when.counted)
    noticed: dict[tuple[str, Changeable], set[str]] = {}
    for fact in policy.named:
        if fact.kind is FactKind.SET:
            members = noticed.setdefault((fact.field, fact.changeable), set())
            members |= _noticed(fact, facts, is_counted=fact in counted, compared=compared)
    for (field, changeable), members in noticed.items():
        held = getattr(facts, field)
        changes: list[Remove | Add] = []
        if changeable.downwards:
            changes += [Remove(field, member) for member in sorted(members & held)]
        if changeable.upwards:
            changes += [Add(field, member) for member in sorted(members - held)]
        yield from (_Step(change, frozenset({(field, change.member)}), direction=change) for change in changes)


def _noticed(fact: Fact, facts: F, *, is_counted: bool, compared: Iterable[Comparison]) -> set[str]:
    asked = {
        comparison.left.read(facts)
        for comparison in compared
        if comparison.right.fact == fact and not _is_changeable(comparison.left)
    }
    if not is_counted:
        return asked
    return asked | set(getattr(facts, fact.field) if fact.members is None else fact.members)


def _own_step(change: Computed) -> _Step:
    return _Step(change, frozenset((name, "") for name, _ in change.values), direction=change)


def _is_changeable(term: Term) -> bool:
    return any(fact.changeable is not Changeable.NEVER for fact in term.facts)


def _is_grid_complete(policy: VerdictPolicy[F]) -> bool:
    """Whether changeable facts are compared alone, with values that nobody can change: then the grid misses nothing."""
    conditions = [line.when for line in policy.lines]
    sets_are_known = all(
        fact.members is not None or not fact.changeable.upwards for when in conditions for fact in when.counted
    )
    return sets_are_known and all(_is_on_grid(comparison) for when in conditions for comparison in when.comparisons)


def _is_on_grid(comparison: Comparison) -> bool:
    left, right = comparison.left, comparison.right
    if _is_changeable(left) and _is_changeable(right):
        return False
    return all(term.fact is not None or _is_count(term) for term in (left, right) if _is_changeable(term))


def _is_count(term: Term) -> bool:
    return all(fact.kind is FactKind.SET for fact in term.facts if fact.changeable is not Changeable.NEVER)
