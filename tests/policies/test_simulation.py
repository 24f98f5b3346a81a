"""Simulations: who would differ under other lines, at one instant, and that asking changes nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from policies.compile import DomainPolicy
from policies.delta import Change, Entry
from policies.simulation import simulate_roles, simulate_verdicts, with_roles
from tests.policies.test_free_roles import BOOKING, Facts, terms_of
from tests.policies.world import (
    CATALOGUE,
    NORTH,
    NOW,
    RELEASE,
    SOUTH,
    assigned,
    called,
    golden_policy,
    own_role,
    policy_of,
)
from tests.policies.worlds import HOLDERS, policies

TOMORROW = NOW + timedelta(days=1)


def test_other_lines_of_a_built_in_role() -> None:
    marketer = own_role("marketer", "allow networks:read", "allow services:read", "allow payroll:read")

    found = simulate_roles(golden_policy(), [marketer], at=NOW)

    fay = called("fay")
    assert set(found.rows) == {
        Entry(fay, None, "clients:read", Change.LOST),
        Entry(fay, None, "templates:update", Change.LOST),
        Entry(fay, None, "payroll:read", Change.GAINED),
    }
    assert found.totals == {Change.LOST: 2, Change.GAINED: 1}
    assert (found.holders, found.holders_concerned) == (17, 1)


def test_lifting_a_deny_of_an_own_role() -> None:
    found = simulate_roles(golden_policy(), [own_role("no_clients", "deny payroll:*")], at=NOW)

    assert {row.holder_id for row in found.rows} == {called("vic")}
    assert {row.capability for row in found.rows if row.change is Change.GAINED} == {
        "appointments:create",
        "clients:create",
        "clients:read",
        "clients:read_contacts",
    }


def test_only_what_stands_at_the_instant_counts() -> None:
    policy = policy_of(
        [
            assigned("ana", "viewer", "north", since=TOMORROW),
            assigned("bo", "viewer", "south", until=TOMORROW),
        ],
        own_roles=(),
    )
    viewer = own_role("viewer", "allow networks:read")

    assert {row.holder_id for row in simulate_roles(policy, [viewer], at=NOW).rows} == {called("bo")}
    assert {row.holder_id for row in simulate_roles(policy, [viewer], at=TOMORROW).rows} == {called("ana")}
    assert {row.location_id for row in simulate_roles(policy, [viewer], at=NOW).rows} == {None, SOUTH}


def test_a_role_that_nobody_has_changes_nothing() -> None:
    found = simulate_roles(golden_policy(), [own_role("desk", "allow clients:read")], at=NOW)

    assert found.rows == ()
    assert "desk" in with_roles(golden_policy(), [own_role("desk", "allow clients:read")]).roles


def test_other_roles_leave_the_policy_and_the_release_as_they_were() -> None:
    policy = golden_policy()
    before = policy.held_by(called("fay"), NOW).could[NORTH]

    other = with_roles(policy, [own_role("marketer", "allow networks:read")])

    assert policy.held_by(called("fay"), NOW).could[NORTH] == before
    assert CATALOGUE.codes(other.held_by(called("fay"), NOW).could[NORTH]) == {"networks:read"}
    assert policy.release.closed["marketer"] is RELEASE.closed["marketer"]


@settings(max_examples=60, deadline=None)
@given(policies(), st.sampled_from(["manager", "own_one", "own_two", "viewer"]))
def test_every_access_that_differs_is_a_row(policy: DomainPolicy, code: str) -> None:
    catalogue = policy.release.catalogue
    places = {at: replace(place, traits=policy.release.further) for at, place in policy.places.items()}
    opened = replace(policy, places=places)
    lines = () if code == "viewer" else ("allow roles:read", "allow clients:read", "deny payroll:*")
    role = own_role(code, *lines, release=policy.release)

    rows = simulate_roles(opened, [role], at=NOW).rows

    other = with_roles(opened, [role])
    for holder in map(called, HOLDERS):
        differing = {
            row.capability for row in rows if row.holder_id == holder and row.change in (Change.GAINED, Change.LOST)
        }
        for at in (None, NORTH, SOUTH):
            lost_or_gained = opened.held_by(holder, NOW).could[at] ^ other.held_by(holder, NOW).could[at]
            assert catalogue.codes(lost_or_gained) <= differing


def test_other_verdict_lines_over_everyone() -> None:
    people = {
        called("ana"): Facts(provides=False, held=frozenset({"payments:create"})),
        called("bo"): Facts(provides=True, held=frozenset()),
        called("gus"): Facts(provides=False, held=frozenset({"templates:update"})),
    }
    stricter = terms_of("10,billable,len(held) > 0,Holds anything", "90,free,True,Holds nothing")

    found = simulate_verdicts(people, BOOKING, stricter)

    assert [(row.holder_id, row.before.line.text, row.after.line.text) for row in found.rows] == sorted(
        [
            (called("bo"), "Provides services", "Holds nothing"),
            (called("gus"), "Neither", "Holds anything"),
        ]
    )
    assert (found.before, found.after) == ({"billable": 2, "free": 1}, {"billable": 2, "free": 1})
