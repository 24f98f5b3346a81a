"""What if? Other lines of roles, or of a verdict policy, over everyone at one instant. Nothing is changed by asking.

A simulation answers totals and the rows that differ: whose access, or whose verdict. Unlike the delta of a change it
looks at one instant: an assignment that begins tomorrow, or ended yesterday, counts for nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from uuid import UUID

from policies.compile import Assignment, DomainPolicy
from policies.delta import Change, Entry, delta_between
from policies.release import ClosedRole
from policies.verdicts import F, Verdict, VerdictPolicy


@dataclass(frozen=True, slots=True)
class AccessSimulation:
    """Whose access would differ: the rows, how many of each kind, and how many of the holders they concern."""

    rows: tuple[Entry, ...]
    totals: Mapping[Change, int]
    holders: int
    holders_concerned: int


@dataclass(frozen=True, slots=True)
class VerdictRow:
    """A holder whose outcome would differ."""

    holder_id: UUID
    before: Verdict
    after: Verdict


@dataclass(frozen=True, slots=True)
class VerdictSimulation:
    """Whose outcome would differ, and how many holders have each outcome before and after."""

    rows: tuple[VerdictRow, ...]
    before: Mapping[str, int]
    after: Mapping[str, int]


def simulate_roles(policy: DomainPolicy, roles: Iterable[ClosedRole], *, at: datetime) -> AccessSimulation:
    """The domain as it stands at an instant, with these roles in place of those of the same code, built-in ones too."""
    standing = _standing(policy, at)
    rows = delta_between(standing, with_roles(standing, roles), now=at).entries
    return AccessSimulation(
        rows=rows,
        totals=MappingProxyType(Counter(row.change for row in rows)),
        holders=len(standing.assignments.keys() - standing.inactive),
        holders_concerned=len({row.holder_id for row in rows}),
    )


def simulate_verdicts(facts: Mapping[UUID, F], policy: VerdictPolicy[F], other: VerdictPolicy[F]) -> VerdictSimulation:
    """The same facts of each holder, judged by a verdict policy and by another."""
    rows = [VerdictRow(holder, policy.decide(facts[holder]), other.decide(facts[holder])) for holder in sorted(facts)]
    return VerdictSimulation(
        rows=tuple(row for row in rows if row.before.outcome != row.after.outcome),
        before=MappingProxyType(Counter(row.before.outcome for row in rows)),
        after=MappingProxyType(Counter(row.after.outcome for row in rows)),
    )


def with_roles(policy: DomainPolicy, roles: Iterable[ClosedRole]) -> DomainPolicy:
    """The same domain with these roles in place of those of the same code; one that nobody has yet is added."""
    given = {role.code: role for role in roles}
    built_in = policy.release.closed
    return replace(
        policy,
        release=replace(policy.release, closed=MappingProxyType({**built_in, **_named(given, built_in)})),
        roles=MappingProxyType({**policy.roles, **{code: given[code] for code in given.keys() - built_in.keys()}}),
        assignments={
            holder: tuple(_with_role(one, given) for one in assignments)
            for holder, assignments in policy.assignments.items()
        },
    )


def _named(given: Mapping[str, ClosedRole], known: Mapping[str, ClosedRole]) -> dict[str, ClosedRole]:
    return {code: given[code] for code in given.keys() & known.keys()}


def _with_role(assignment: Assignment, given: Mapping[str, ClosedRole]) -> Assignment:
    role = given.get(assignment.role.code)
    return assignment if role is None else replace(assignment, role=role)


def _standing(policy: DomainPolicy, at: datetime) -> DomainPolicy:
    """What stands at the instant, without the ends of the periods: they would count as differences of access."""
    standing = {
        holder: tuple(replace(one, valid_until=None) for one in assignments if one.stands(at))
        for holder, assignments in policy.assignments.items()
    }
    held = {holder: assignments for holder, assignments in standing.items() if assignments}
    return replace(policy, assignments=held)
