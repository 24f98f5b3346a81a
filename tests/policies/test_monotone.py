"""What gives never takes away, what takes away never gives, and no order matters (policies.md 9, 4)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from random import Random
from types import SimpleNamespace
from typing import Any, TypeVar
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from policies.compile import DomainPolicy
from policies.limits import Limits
from policies.lines import Effect, Line
from policies.narrowing import Narrowing, Restriction, Taking
from policies.release import ClosedRole, close_role
from policies.viewer import Viewer, ViewerKind, viewer_in
from tests.policies.world import NORTH, NOW, SOUTH, all_assignments, asking, called, rebuilt
from tests.policies.worlds import (
    CATALOGUE,
    HOLDERS,
    NETWORK_CODES,
    PLACES,
    SAFE,
    TILL,
    honoured,
    lines,
    policies,
    some_limits,
)

T = TypeVar("T")

Access = tuple[str, str, UUID | None, str]
"""Who may do what, where, to which object."""

TODAY, LAST_WEEK = date(2026, 3, 10), date(2026, 3, 3)
OFFICE = asking(address="203.0.113.9").address
OWN_ROLES = st.sampled_from(["own_one", "own_two"])


def facts(owner: str, day: date, amount: int, account: UUID) -> dict[str, Any]:
    """An object of an owner, on a day, of an amount in minor units of the euro, in a cash account."""
    return {
        "specialist_id": called(owner),
        "starts_at": day,
        "amount": SimpleNamespace(amount=amount, currency="EUR"),
        "discount": amount * 5,
        "cash_account_id": account,
    }


OBJECTS = {
    "any": None,
    "ana's of today": facts("ana", TODAY, 100, TILL),
    "ana's of last week": facts("ana", LAST_WEEK, 100, TILL),
    "bo's of today": facts("bo", TODAY, 101, TILL),
    "bo's in the safe": facts("bo", TODAY, 100, SAFE),
}


def asker(policy: DomainPolicy, holder: str, takings: tuple[Taking, ...] = ()) -> Viewer:
    """Somebody at the office."""
    return viewer_in(
        policy,
        kind=ViewerKind.SPECIALIST,
        account_id=None,
        specialist_id=called(holder),
        now=NOW,
        address=OFFICE,
        takings=takings,
    )


def accesses_of(holder: str, viewer: Viewer) -> set[Access]:
    """Everything that somebody may do, to any object, to some, and to each of a few."""
    asked = [(code, at) for code in NETWORK_CODES for at in PLACES]
    given_of = {
        (holder, code, at, name) for code, at in asked for name, of in OBJECTS.items() if viewer.can(code, at=at, of=of)
    }
    return given_of | {(holder, code, at, "some") for code, at in asked if viewer.could(code, at=at)}


def accesses(policy: DomainPolicy) -> set[Access]:
    """Everything that anybody may do."""
    return set().union(*(accesses_of(holder, asker(policy, holder)) for holder in HOLDERS))


def with_lines(policy: DomainPolicy, code: str, given_lines: Iterable[Line]) -> DomainPolicy:
    """The same network where an own role has these lines."""
    return with_roles(policy, [close_role(code, code, given_lines, CATALOGUE)])


def with_roles(policy: DomainPolicy, changed: Sequence[ClosedRole]) -> DomainPolicy:
    """The same network with these own roles in place of those of the same code, in this order."""
    by_code = {role.code: role for role in changed}
    held = [replace(one, role=by_code.get(one.role.code, one.role)) for one in all_assignments(policy)]
    left = [role for code, role in policy.roles.items() if code not in by_code]
    return rebuilt(policy, held, own_roles=[*changed, *left])


@settings(max_examples=80, deadline=None)
@given(policies(), OWN_ROLES, st.data())
def test_a_further_allow_takes_nothing_away(policy: DomainPolicy, code: str, data: st.DataObject) -> None:
    written = policy.roles[code].lines
    more = data.draw(lines(code).filter(lambda line: line.effect is Effect.ALLOW))

    assert accesses(policy) <= accesses(with_lines(policy, code, [*written, more]))


@settings(max_examples=80, deadline=None)
@given(policies(), OWN_ROLES, st.data())
def test_a_further_deny_gives_nothing(policy: DomainPolicy, code: str, data: st.DataObject) -> None:
    written = policy.roles[code].lines
    more = data.draw(lines(code).filter(lambda line: line.effect is Effect.DENY))

    assert accesses(with_lines(policy, code, [*written, more])) <= accesses(policy)


@settings(max_examples=80, deadline=None)
@given(policies(), OWN_ROLES, st.data())
def test_a_limit_on_a_line_gives_nothing(policy: DomainPolicy, code: str, data: st.DataObject) -> None:
    written = policy.roles[code].lines
    allows = [line for line in written if line.effect is Effect.ALLOW and line.capability in CATALOGUE]
    if not allows:
        return
    line = data.draw(st.sampled_from(allows))
    added = data.draw(some_limits(honoured(line.capability)))
    narrower = replace(line, limits=joined(line.limits, added))

    limited = with_lines(policy, code, [narrower if one is line else one for one in written])

    assert accesses(limited) <= accesses(policy)


@settings(max_examples=80, deadline=None)
@given(policies(), some_limits(), st.data())
def test_a_limit_on_an_assignment_gives_nothing(policy: DomainPolicy, added: Limits, data: st.DataObject) -> None:
    assignments = all_assignments(policy)
    limited = data.draw(st.sampled_from(assignments))
    narrower = replace(limited, limits=joined(limited.limits, added))

    after = rebuilt(policy, [narrower if one is limited else one for one in assignments])

    assert accesses(after) <= accesses(policy)


def joined(limits: Limits, added: Limits) -> Limits:
    """Both together; of two of one name the first."""
    new = {name: getattr(added, name) for name in added.names - added.further - limits.names}
    return replace(limits, **new, further=limits.further | added.further)


@settings(max_examples=80, deadline=None)
@given(policies(), st.data())
def test_a_role_that_only_allows_takes_nothing_away_and_one_that_only_denies_gives_nothing(
    policy: DomainPolicy, data: st.DataObject
) -> None:
    assignments = all_assignments(policy)
    changed = data.draw(st.sampled_from(assignments))

    without_it = accesses(rebuilt(policy, [one for one in assignments if one is not changed]))

    if not changed.role.denies:
        assert without_it <= accesses(policy)
    if not changed.role.allows:
        assert accesses(policy) <= without_it


@settings(max_examples=80, deadline=None)
@given(policies(), st.randoms(use_true_random=False))
def test_the_order_of_lines_roles_and_assignments_is_irrelevant(policy: DomainPolicy, random: Random) -> None:
    roles = [
        close_role(role.code, role.title, shuffled(role.lines, random), CATALOGUE) for role in policy.roles.values()
    ]
    mixed = with_roles(policy, shuffled(roles, random))

    assert accesses(rebuilt(mixed, shuffled(all_assignments(mixed), random))) == accesses(policy)


def shuffled(ordered: Sequence[T], random: Random) -> list[T]:
    """The same in another order."""
    return random.sample(ordered, len(ordered))


TAKINGS: st.SearchStrategy[Taking] = st.one_of(
    st.builds(
        Narrowing,
        st.none() | st.frozensets(st.sampled_from(NETWORK_CODES)),
        st.none() | st.frozensets(st.sampled_from([NORTH, SOUTH])),
    ),
    st.builds(Restriction, st.just("billing"), st.just("Unpaid."), st.frozensets(st.sampled_from(NETWORK_CODES))),
)


@settings(max_examples=80, deadline=None)
@given(policies(), st.sampled_from(HOLDERS), TAKINGS)
def test_a_narrowed_token_is_a_subset(policy: DomainPolicy, holder: str, taking: Taking) -> None:
    whole, part = asker(policy, holder), asker(policy, holder, (taking,))

    left = accesses_of(holder, part)

    assert left <= accesses_of(holder, whole)
    assert {one for one in left if one[3] == "any"} == {
        (holder, code, at, "any") for code in NETWORK_CODES for at in PLACES if part.decision(code, at=at).allowed
    }
    assert left == {
        (who, code, at, of)
        for who, code, at, of in accesses_of(holder, whole)
        if (place := policy.asked_place(CATALOGUE[code], at)) is not None
        and not taking.takes_away(CATALOGUE[code], place.location_id)
    }
