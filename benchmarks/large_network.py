"""What a change of policy costs in a large network: 10,000 specialists, 12,500 assignments, 40 roles of its own.

Everything is in memory, as it is after the rows are read. Casbin has no part in it: it has no previews, and it would
build the role graph of this network in quadratic time. The same question of a small one is asked in `policies.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from itertools import cycle, islice
from typing import Final
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from benchmarks.measure import Comparison, compare
from policies.catalogue import DomainKind
from policies.compile import Assignment, DomainPolicy, build_policy
from policies.delta import Delta, delta_between, missing_grants
from policies.limits import NO_LIMITS, Circumstances, Place
from policies.lines import Effect, Line
from policies.release import ClosedRole, Release, close_role
from policies.scopes import network
from policies.simulation import with_roles

SPECIALISTS: Final = 10_000
ASSIGNMENTS: Final = 12_500
OWN_ROLES: Final = 40
NOW: Final = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
NETWORK: Final = UUID(int=1)
OWNER: Final = UUID(int=2)
ZONE: Final = ZoneInfo("Europe/Athens")
LOCATIONS: Final = tuple(uuid5(NETWORK, f"location {number}") for number in range(20))

RECOMPILE_SECONDS: Final = 0.05
ASSIGNMENT_SECONDS: Final = 0.1
ROLE_SECONDS: Final = 1.0


def comparisons(release: Release) -> Iterator[Comparison]:
    """A recompilation, and the previews of two changes."""
    policy = large_network(release)
    size = f"{SPECIALISTS:,}"
    yield compare("recompile", size, partial(recompiled, policy), {}, goal=RECOMPILE_SECONDS)
    assigned = partial(with_assignment, policy, _holder(0))
    yield compare("preview of an assignment", size, partial(preview, policy, assigned), {}, goal=ASSIGNMENT_SECONDS)
    edited = partial(with_roles, policy, [_edited(release)])
    yield compare("preview of a role that all hold", size, partial(preview, policy, edited), {}, goal=ROLE_SECONDS)


def large_network(release: Release) -> DomainPolicy:
    """Everybody holds the first own role; a quarter holds another one at the same place, too; one is the owner."""
    own = [_own_role(release, number) for number in range(OWN_ROLES)]
    built_in = [release.closed[code] for code, role in release.roles.items() if role.domain is DomainKind.NETWORK]
    places = list(islice(cycle((None, *LOCATIONS)), SPECIALISTS))
    more = islice(cycle([*own[1:], *built_in]), ASSIGNMENTS - SPECIALISTS)
    assignments = [
        _assignment(OWNER, release.closed["owner"], None),
        *(_assignment(_holder(number), own[0], at) for number, at in enumerate(places)),
        *(_assignment(_holder(number), role, places[number]) for number, role in enumerate(more)),
    ]
    return build_policy(
        network(NETWORK),
        epoch=1,
        release=release,
        own_roles=own,
        zone=ZONE,
        locations=[Place(at, ZONE) for at in LOCATIONS],
        assignments=assignments,
    )


def recompiled(policy: DomainPolicy) -> DomainPolicy:
    """The network at its next epoch, with the masks of everybody."""
    fresh = rebuilt(policy, _all_assignments(policy))
    circumstances = Circumstances(NOW)
    for holder_id in fresh.assignments:
        fresh.grants_of(holder_id, circumstances)
    return fresh


def preview(before: DomainPolicy, change: Callable[[], DomainPolicy]) -> Delta:
    """What a preview computes: the policy after the change, who gains and loses, and whether the owner may give it."""
    delta = delta_between(before, change(), now=NOW)
    if missing_grants(OWNER, delta) or delta.is_empty:
        raise AssertionError("the owner may make the change, and it changes something")
    return delta


def with_assignment(policy: DomainPolicy, holder_id: UUID) -> DomainPolicy:
    """The network after somebody became its manager."""
    given = _assignment(holder_id, policy.release.closed["manager"], None)
    return rebuilt(policy, [*_all_assignments(policy), given])


def rebuilt(policy: DomainPolicy, assignments: list[Assignment]) -> DomainPolicy:
    """The same network built from its rows, with these assignments."""
    return build_policy(
        policy.domain,
        epoch=2,
        release=policy.release,
        own_roles=policy.roles.values(),
        zone=ZONE,
        locations=policy.locations,
        assignments=assignments,
    )


def _own_role(release: Release, number: int) -> ClosedRole:
    return close_role(f"own_{number}", f"Own {number}", _lines(release, number), release.catalogue)


def _lines(release: Release, number: int) -> list[Line]:
    """The lines of the built-in specialist without the one at this position: roles that differ, all of them valid."""
    lines = list(release.closed["specialist"].lines)
    del lines[number % len(lines)]
    return [replace(line, role=f"own_{number}", source=f"role own_{number} v1") for line in lines]


def _edited(release: Release) -> ClosedRole:
    """The role that everybody holds, after somebody added a line."""
    line = Line("own_0", "resources:update", Effect.ALLOW, NO_LIMITS, "role own_0 v2")
    return close_role("own_0", "Own 0", [*_lines(release, 0), line], release.catalogue)


def _all_assignments(policy: DomainPolicy) -> list[Assignment]:
    return [one for assignments in policy.assignments.values() for one in assignments]


def _holder(number: int) -> UUID:
    return uuid5(NETWORK, f"holder {number}")


def _assignment(holder_id: UUID, role: ClosedRole, at: UUID | None) -> Assignment:
    return Assignment(
        id=uuid5(holder_id, f"{role.code} {at}"),
        holder_id=holder_id,
        role=role,
        location_id=at,
        limits=NO_LIMITS,
        valid_from=NOW,
        valid_until=None,
    )
