"""Following one holder over epochs and time: when an answer may be another, and when it cannot."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.compile import END, DomainPolicy
from policies.limits import Place
from tests.policies.world import (
    ATHENS,
    EAST,
    NO_CLIENTS,
    NOW,
    PEOPLE,
    all_assignments,
    asking,
    called,
    golden_policy,
    limited,
    locations,
    own_role,
    policy_of,
)
from tests.policies.worlds import policies

HOLDERS = sorted({person[0] for person in PEOPLE})


def those_told_otherwise(before: DomainPolicy, after: DomainPolicy) -> set[str]:
    """The holders of whom two epochs do not say the same."""
    return {name for name in HOLDERS if not after.says_the_same(before, called(name))}


@pytest.mark.parametrize(
    ("case", "after", "concerned"),
    [
        ("nothing", golden_policy(), set()),
        ("a limit", limited(golden_policy(), "oz", {"own": True, "back": {"read": 1, "change": 1}}), {"oz"}),
        (
            "an own role that is closed anew, with the same lines",
            policy_of(all_assignments(golden_policy()), own_roles=[own_role("no_clients", "deny clients:read")]),
            set(),
        ),
        ("somebody's suspension", policy_of(all_assignments(golden_policy()), inactive=["sue", "gus"]), {"gus"}),
        (
            "a further location",
            policy_of(all_assignments(golden_policy()), places=[*locations(), Place(EAST, ATHENS)]),
            set(HOLDERS),
        ),
    ],
)
def test_a_change_concerns_those_of_whom_the_policy_says_something_else(
    case: str, after: DomainPolicy, concerned: set[str]
) -> None:
    assert those_told_otherwise(golden_policy(), after) == concerned, case


def test_other_lines_of_an_own_role_concern_its_holders() -> None:
    policy, wider = golden_policy(), own_role("no_clients", "deny clients:read_contacts")
    held = [replace(one, role=wider) if one.role is NO_CLIENTS else one for one in all_assignments(policy)]

    assert those_told_otherwise(policy, policy_of(held, own_roles=[wider])) == {"vic"}


@given(policies(), st.data())
def test_the_end_of_an_assignment_concerns_its_holder_and_nobody_else(
    policy: DomainPolicy, data: st.DataObject
) -> None:
    ended = data.draw(st.sampled_from(all_assignments(policy)))
    holders = {one.holder_id for one in all_assignments(policy)}
    inactive = [name for name in ("cy",) if called(name) in policy.inactive]
    left = [one for one in all_assignments(policy) if one.id != ended.id]
    after = policy_of(left, own_roles=policy.roles.values(), inactive=inactive, places=policy.locations)

    assert {holder for holder in holders if not after.says_the_same(policy, holder)} == {ended.holder_id}


@pytest.mark.parametrize(
    ("case", "holder", "now", "until"),
    [
        ("no period", "hal", NOW, END),
        ("before a period", "tim", NOW - timedelta(hours=2), NOW - timedelta(hours=1)),
        ("within a period", "tim", NOW - timedelta(minutes=30), NOW + timedelta(hours=2)),
        ("after a period", "tim", NOW + timedelta(hours=2), END),
        ("hours", "ned", NOW + timedelta(seconds=59, microseconds=1), NOW + timedelta(minutes=1)),
    ],
)
def test_an_answer_is_fresh_until_a_period_or_a_minute_ends(
    case: str, holder: str, now: datetime, until: datetime
) -> None:
    assert golden_policy().fresh_until(called(holder), now) == until, case


@given(policies(), st.sampled_from(["ana", "bo", "cy"]), st.integers(-4 * 86400, 4 * 86400), st.floats(0, 1))
def test_a_fresh_answer_is_the_answer_at_each_of_its_instants(
    policy: DomainPolicy, holder: str, seconds: int, part: float
) -> None:
    now = NOW + timedelta(seconds=seconds)
    until = min(policy.fresh_until(called(holder), now), now + timedelta(days=9))
    later = min(now + part * (until - now), until - timedelta(microseconds=1))

    first, second = (policy.grants_of(called(holder), asking(at, "203.0.113.9")) for at in (now, later))

    assert (first.can, first.could) == (second.can, second.could)
