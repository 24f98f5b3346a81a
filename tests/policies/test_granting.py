"""Rule R1 in random worlds: what a permitted change adds, the changer held, object by object and hour by hour."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from policies.compile import Assignment, DomainPolicy
from policies.delta import delta_between, missing_grants
from policies.limits import NO_LIMITS
from policies.release import ClosedRole, close_role
from policies.viewer import ViewerKind, viewer_in
from tests.policies.world import NOW, all_assignments, asking, called, rebuilt
from tests.policies.worlds import (
    CATALOGUE,
    DAY,
    HOLDERS,
    HOUR,
    NETWORK_CODES,
    NETWORK_ROLES,
    PERIODS,
    PLACES,
    SAFE,
    TILL,
    lines,
    policies,
    some_limits,
)

INSTANTS = (NOW, NOW + 2 * HOUR, NOW + DAY, NOW + timedelta(days=3))
ADDRESSES = ("203.0.113.9", "198.51.100.7")
OBJECTS = [
    (is_own, day, amount, account)
    for is_own in (True, False)
    for day in (date(2026, 3, 6), date(2026, 3, 10), date(2026, 3, 12))
    for amount, account in ((100, TILL), (101, SAFE))
]


def points(policy: DomainPolicy, holder_id: UUID) -> Iterator[tuple[Any, ...]]:
    """Everything that somebody may do; an object is their own or not, whoever they are."""
    for now in INSTANTS:
        for address in ADDRESSES:
            viewer = viewer_in(
                policy,
                kind=ViewerKind.SPECIALIST,
                account_id=None,
                specialist_id=holder_id,
                now=now,
                address=asking(address=address).address,
            )
            for code in NETWORK_CODES:
                for at in PLACES:
                    if viewer.could(code, at=at):
                        for asked in OBJECTS:
                            if viewer.can(code, at=at, of=facts(holder_id, now, *asked)):
                                yield code, at, now, address, asked


def facts(holder_id: UUID, now: datetime, is_own: bool, day: date, amount: int, account: UUID) -> dict[str, Any]:
    """An object whose age does not change with the instant at which one asks."""
    return {
        "specialist_id": holder_id if is_own else called("somebody"),
        "starts_at": day + (now.date() - NOW.date()),
        "amount": SimpleNamespace(amount=amount, currency="EUR"),
        "discount": amount * 5,
        "cash_account_id": account,
    }


@st.composite
def changed(draw: st.DrawFn, policy: DomainPolicy) -> DomainPolicy:
    """The network after one change of some kind."""
    held = all_assignments(policy)
    one = draw(st.sampled_from(held))
    others = [other for other in held if other is not one]
    match draw(st.sampled_from(["assign", "assign", "end", "limit", "lines", "suspend", "resume"])):
        case "assign":
            return rebuilt(policy, [*held, draw(new_assignments(policy))])
        case "end":
            return rebuilt(policy, others)
        case "limit":
            limits = draw(st.just(NO_LIMITS) | some_limits())
            return rebuilt(policy, [*others, replace(one, limits=limits)])
        case "lines":
            return with_line(policy, draw(st.sampled_from(sorted(policy.roles))), draw)
        case "suspend":
            return rebuilt(policy, inactive={*policy.inactive, one.holder_id})
        case _:
            return rebuilt(policy, inactive=())


def new_assignments(policy: DomainPolicy) -> st.SearchStrategy[Assignment]:
    """An assignment to anybody of any role."""
    return st.builds(
        lambda holder, role, at, limits, period: Assignment(called("new"), called(holder), role, at, limits, *period),
        st.sampled_from(HOLDERS),
        st.sampled_from([*NETWORK_ROLES, *policy.roles.values()]),
        st.sampled_from([place.location_id for place in (policy.top, *policy.locations)]),
        st.just(NO_LIMITS) | some_limits(),
        st.sampled_from(list(PERIODS.values())),
    )


def with_line(policy: DomainPolicy, code: str, draw: st.DrawFn) -> DomainPolicy:
    """The network after an own role lost a line, or got another one."""
    written = list(policy.roles[code].lines)
    del written[draw(st.integers(0, len(written) - 1))]
    if draw(st.booleans()):
        added = draw(lines(code))
        written = [*(line for line in written if line.capability != added.capability), added]
    role: ClosedRole = close_role(code, code, written, CATALOGUE)
    held = [replace(one, role=role) if one.role.code == code else one for one in all_assignments(policy)]
    return rebuilt(policy, held, own_roles=[role, *(one for one in policy.roles.values() if one.code != code)])


@settings(max_examples=150, deadline=None)
@given(policies(), st.sampled_from(HOLDERS), st.data())
def test_a_permitted_change_adds_nothing_that_the_changer_did_not_hold(
    before: DomainPolicy, changer: str, data: st.DataObject
) -> None:
    after = data.draw(changed(before))
    if missing_grants(called(changer), delta_between(before, after, now=NOW)):
        return

    of_changer = set(points(before, called(changer)))
    for holder_id in map(called, HOLDERS):
        gained = set(points(after, holder_id)) - set(points(before, holder_id))
        assert gained <= of_changer
