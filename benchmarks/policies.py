"""Suite `policies`: may somebody do this? The compiled policy beside Casbin's `Enforcer`, on the same lines.

A network of 3 locations and 10 to 1,000 specialists, the built-in roles in turn. Both sides have everything in memory.
Casbin answers one `enforce` a question; the capabilities that a question requires are asked of ours only, which makes
Casbin's part lighter than it would be. `FastEnforcer` is no contestant: it looks lines up by equal words, and roles
have wildcards.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from itertools import cycle, islice
from typing import Final
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

import casbin

from benchmarks.measure import Comparison, compare
from policies.capabilities import CORE
from policies.catalogue import Catalogue, DomainKind, names
from policies.compile import Assignment, DomainPolicy, build_policy
from policies.limit_syntax import limits_to_words
from policies.limits import NO_LIMITS, Place
from policies.oracle import MODEL, covers
from policies.release import Release, assemble_release, core_lines
from policies.scopes import network
from policies.viewer import Viewer, ViewerKind, viewer_in

SIZES: Final = (10, 100, 1000)
NOW: Final = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
NETWORK: Final = UUID(int=1)
ZONE: Final = ZoneInfo("Europe/Athens")
LOCATIONS: Final = tuple(uuid5(NETWORK, f"location {number}") for number in range(3))


QUESTIONS: Final = (("allowed", "owner", "appointments:create"), ("refused", "call_center", "cash_shifts:read"))


class AnswersDiffer(AssertionError):
    """The contestants do not answer alike: their speeds mean nothing."""


def comparisons() -> Iterator[Comparison]:
    """One comparison a question and size. Raises AnswersDiffer."""
    release = assemble_release(Catalogue(CORE), lines=core_lines())
    for size in SIZES:
        policy = _policy(release, size)
        yield from _checks(policy, f"{size:,}")
        yield compare(
            "new epoch",
            f"{size:,}",
            partial(viewer_of_new_epoch, policy),
            {"Enforcer": partial(_enforcer, policy)},
        )


def _checks(policy: DomainPolicy, size: str) -> Iterator[Comparison]:
    enforcer = _enforcer(policy)
    for name, role, code in QUESTIONS:
        held = next(one for assignments in policy.assignments.values() for one in assignments if one.role.code == role)
        at = held.location_id or LOCATIONS[0]
        ours = partial(_viewer(policy, held.holder_id).can, code, at=at)
        theirs = partial(enforcer.enforce, f"holder:{held.holder_id}", code, policy.domain.scope(at), "object")
        if {ours(), theirs()} != {name == "allowed"}:
            raise AnswersDiffer(f"{role}, {code}: Remit says {ours()}, Casbin {theirs()}")
        yield compare(name, size, ours, {"Enforcer": theirs})


def viewer_of_new_epoch(policy: DomainPolicy) -> Viewer:
    """What the first request after a change of policy pays for, after its rows are read."""
    rows = [one for assignments in policy.assignments.values() for one in assignments]
    fresh = build_policy(
        policy.domain, epoch=2, release=policy.release, zone=ZONE, locations=policy.locations, assignments=rows
    )
    return _viewer(fresh, rows[0].holder_id)


def _policy(release: Release, size: int) -> DomainPolicy:
    roles = [release.closed[code] for code, role in release.roles.items() if role.domain is DomainKind.NETWORK]
    places = cycle((None, *LOCATIONS))
    assignments = [
        Assignment(
            id=uuid5(NETWORK, f"assignment {number}"),
            holder_id=uuid5(NETWORK, f"holder {number}"),
            role=role,
            location_id=place,
            limits=NO_LIMITS,
            valid_from=NOW,
            valid_until=None,
        )
        for number, (role, place) in enumerate(islice(zip(cycle(roles), places, strict=False), size))
    ]
    locations = [Place(location, ZONE) for location in LOCATIONS]
    return build_policy(
        network(NETWORK), epoch=1, release=release, zone=ZONE, locations=locations, assignments=assignments
    )


def _viewer(policy: DomainPolicy, holder_id: UUID) -> Viewer:
    return viewer_in(policy, kind=ViewerKind.SPECIALIST, account_id=None, specialist_id=holder_id, now=NOW)


def _enforcer(policy: DomainPolicy) -> casbin.Enforcer:
    """One enforcer with all lines and all assignments; the lines of these roles have no limits to be met."""
    enforcer = casbin.Enforcer(casbin.Enforcer.new_model(str(MODEL)))
    enforcer.add_function("names", names)
    enforcer.add_function("within", lambda _object, words: words == "none")
    held = [one for assignments in policy.assignments.values() for one in assignments]
    lines = {(line.role, line.capability, str(line.effect), line.limits) for one in held for line in one.role.lines}
    enforcer.add_policies(
        [
            [f"role:{role}", code, effect, limits_to_words(limits)]
            for role, code, effect, limits in sorted(lines, key=str)
        ]
    )
    for relation in ("g", "g2"):
        enforcer.add_named_domain_matching_func(relation, covers)
        enforcer.add_named_grouping_policies(relation, [_link(policy, one) for one in held])
    return enforcer


def _link(policy: DomainPolicy, one: Assignment) -> list[str]:
    return [f"holder:{one.holder_id}", f"role:{one.role.code}", policy.domain.scope(one.location_id)]
