"""Deltas, rule R1 and consent: the goldens of policies.md 4.10."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings

from policies.compile import DomainPolicy
from policies.delta import Change, Entry, Missing, consent_for, delta_between, missing_grants, owners
from policies.limits import NO_LIMITS
from policies.release import close_role
from tests.policies.world import (
    N1,
    NETWORK_1,
    NORTH,
    NOW,
    RELEASE,
    SOUTH,
    all_assignments,
    assigned,
    called,
    golden_policy,
    limited,
    locations,
    own_role,
    policy_of,
    rebuilt,
    with_assignment,
    without_assignment,
)
from tests.policies.worlds import policies

FRIDAY = datetime(2026, 3, 13, 18, 0, tzinfo=UTC)


def missing(changer: str, before: DomainPolicy, after: DomainPolicy) -> set[str]:
    """The capabilities that the changer lacks for this change."""
    return {one.capability for one in missing_grants(called(changer), delta_between(before, after, now=NOW))}


@pytest.mark.parametrize(
    ("case", "changer", "role", "scope", "lacking"),
    [
        ("a manager assigns an administrator", "bo", "administrator", "north", set()),
        ("a manager assigns an accountant", "bo", "accountant", "north", {"payroll:calculate"}),
        (
            "a local manager assigns at the other location",
            "rae",
            "specialist",
            "south",
            {
                "schedules:read",
                "appointments:read",
                "appointments:update",
                "clients:read",
                "payroll:read",
            },
        ),
        ("an owner assigns an owner", "hal", "owner", "n1", set()),
    ],
)
def test_nobody_grants_what_they_do_not_hold(case: str, changer: str, role: str, scope: str, lacking: set[str]) -> None:
    before = policy_of([one for one in all_assignments(golden_policy()) if one.holder_id != called("di")])

    after = with_assignment(before, assigned("di", role, scope))

    assert missing(changer, before, after) == lacking, case


def test_a_manager_assigns_no_owner() -> None:
    before = golden_policy()

    after = with_assignment(before, assigned("eve", "owner", "n1"))

    assert missing("bo", before, after) == {"payroll:confirm", "roles:change"}


@pytest.mark.parametrize(
    ("case", "given_limits", "is_allowed"),
    [
        ("without limits", {}, False),
        ("under narrower limits", {"back": {"read": 7, "change": 0}}, True),
        ("under the same", {"back": {"read": 30, "change": 0}}, True),
        ("wider for changing", {"back": {"read": 7, "change": 1}}, False),
    ],
)
def test_a_limited_manager_gives_no_more(case: str, given_limits: dict[str, Any], is_allowed: bool) -> None:
    before = limited(golden_policy(), "bo", {"back": {"read": 30, "change": 0}})

    after = with_assignment(before, assigned("gus", "administrator", "north", given_limits))

    assert (missing("bo", before, after) == set()) is is_allowed, case


@pytest.mark.parametrize(
    ("until", "is_allowed"),
    [(None, False), (FRIDAY, True), (FRIDAY.replace(day=14), False)],
    ids=["open", "the same day", "a day later"],
)
def test_a_manager_until_friday_gives_nothing_longer(until: datetime | None, is_allowed: bool) -> None:
    before = policy_of([assigned("bo", "manager", "n1", until=FRIDAY)])

    after = with_assignment(before, assigned("gus", "administrator", "north", until=until))

    assert (missing("bo", before, after) == set()) is is_allowed


def test_a_manager_whose_period_has_not_begun_gives_nothing() -> None:
    before = policy_of([assigned("bo", "manager", "n1", since=FRIDAY)])

    assert "appointments:read" in missing("bo", before, with_assignment(before, assigned("gus", "viewer", "north")))


def test_nobody_gives_today_what_begins_next_week() -> None:
    before = policy_of([assigned("bo", "administrator", "n1"), assigned("gus", "accountant", "n1", since=FRIDAY)])

    after = with_assignment(before, assigned("gus", "accountant", "north"))

    assert missing("bo", before, after) == {"payroll:calculate", "payroll:read"}
    assert delta_between(before, after, now=NOW).is_empty


def test_nobody_gives_himself_today_what_he_gets_next_week() -> None:
    before = policy_of([assigned("bo", "manager", "n1"), assigned("bo", "owner", "n1", since=FRIDAY)])

    after = with_assignment(before, assigned("bo", "accountant", "n1"))

    assert missing("bo", before, after) == {"payroll:calculate"}


def test_nobody_lets_begin_tomorrow_what_begins_next_week() -> None:
    tomorrow = datetime(2026, 3, 11, tzinfo=UTC)
    before = policy_of([assigned("bo", "manager", "n1"), assigned("gus", "owner", "n1", since=FRIDAY)])

    earlier = with_assignment(before, assigned("gus", "accountant", "n1", since=tomorrow))
    later = with_assignment(before, assigned("gus", "accountant", "n1", since=FRIDAY.replace(day=14)))

    assert missing("bo", before, earlier) == {"payroll:calculate"}
    assert missing("bo", before, later) == set()


NIGHT = datetime(2026, 3, 10, 20, tzinfo=UTC)
SHUT = own_role("shut", "deny clients:read")


@pytest.mark.parametrize(
    ("case", "since", "until"),
    [("begins later", NIGHT, None), ("ends before what is given", None, NIGHT)],
)
def test_a_deny_for_some_hours_hides_nothing_that_is_given_for_longer(
    case: str, since: datetime | None, until: datetime | None
) -> None:
    people = [
        assigned("rae", "manager", "north"),
        assigned("gus", "shut", "n1", since=since, until=until, own_roles=[SHUT]),
    ]
    before = policy_of(people, own_roles=[SHUT])

    after = with_assignment(before, assigned("gus", "specialist", "south"))

    assert "clients:read" in missing("rae", before, after), case


def test_whoever_loses_a_right_tonight_gives_it_until_tonight() -> None:
    people = [
        assigned("bo", "manager", "n1"),
        assigned("bo", "shut", "n1", since=NIGHT, own_roles=[SHUT]),
    ]
    before = policy_of(people, own_roles=[SHUT])

    today = with_assignment(before, assigned("gus", "marketer", "north", until=NIGHT))
    for_ever = with_assignment(before, assigned("gus", "marketer", "north"))

    assert missing("bo", before, today) == set()
    assert missing("bo", before, for_ever) == {"clients:read"}


OFFICE = {"ip": ["203.0.113.0/24"]}


def test_opening_a_requirement_to_every_address_opens_what_requires_it() -> None:
    contacts = own_role("contacts", "allow clients:read_contacts")
    reading = own_role("reading", "allow clients:read")
    own = [contacts, reading]
    before = policy_of(
        [
            assigned("fay", "marketer", "n1"),
            assigned("gus", "contacts", "north", own_roles=own),
            assigned("gus", "reading", "north", OFFICE, own_roles=own),
        ],
        own_roles=own,
    )

    after = rebuilt(before, [replace(one, limits=NO_LIMITS) for one in all_assignments(before)])

    assert missing("fay", before, after) == {"clients:read_contacts"}
    assert [(entry.capability, entry.change) for entry in delta_between(before, after, now=NOW).entries] == [
        ("clients:read", Change.WIDENED),
        ("clients:read_contacts", Change.WIDENED),
    ]


def test_lifting_the_limit_to_places_that_opted_in_must_be_held() -> None:
    before = policy_of([assigned("bo", "manager", "n1"), assigned("eve", "accountant", "n1", {"opted_in": True})])

    after = policy_of([assigned("bo", "manager", "n1"), assigned("eve", "accountant", "n1")])

    assert missing("bo", before, after) == {"payroll:calculate"}


@settings(max_examples=60, deadline=None)
@given(policies(), policies())
def test_a_policy_that_was_read_again_has_the_same_delta(before: DomainPolicy, after: DomainPolicy) -> None:
    assert delta_between(before, read_again(before), now=NOW).is_empty
    again = delta_between(read_again(before), read_again(after), now=NOW)
    assert again.entries == delta_between(before, after, now=NOW).entries


def read_again(policy: DomainPolicy) -> DomainPolicy:
    """The same policy with roles and assignments that are equal and not identical, as another request reads them."""
    catalogue = policy.release.catalogue
    own = {code: close_role(code, role.title, role.lines, catalogue) for code, role in policy.roles.items()}
    rows = [replace(one, role=own.get(one.role.code, one.role)) for one in all_assignments(policy)]
    return rebuilt(policy, rows, own_roles=own.values())


def test_ending_a_deny_is_a_gain_that_must_be_held() -> None:
    before = golden_policy()

    after = without_assignment(before, assigned("vic", "no_clients", "n1"))

    assert missing("bo", before, after) == set()
    assert missing("rae", before, after) == set()
    assert missing("ana", before, after) == set()
    assert "clients:read" in missing("gus", before, after)


def test_a_deny_of_the_giver_at_one_location_is_not_passed_over() -> None:
    blind = own_role("blind", "deny clients:read_contacts")
    before = policy_of(
        [assigned("bo", "manager", "n1"), assigned("bo", "blind", "south", own_roles=[blind])], own_roles=[blind]
    )

    after = with_assignment(before, assigned("gus", "administrator", "n1"))

    assert missing_grants(called("bo"), delta_between(before, after, now=NOW)) == (
        Missing(called("gus"), None, SOUTH, "clients:read_contacts"),
    )


def test_a_grant_does_not_wait_unchecked_for_a_location_to_opt_in() -> None:
    people = [assigned("bo", "manager", "n1")]
    before = policy_of(people, places=locations(opted_in=False))

    after = policy_of(
        [*people, assigned("eve", "accountant", "north", {"opted_in": True})], places=locations(opted_in=False)
    )

    assert missing("bo", before, after) == {"payroll:calculate"}


def test_lines_of_a_role_that_nobody_holds_must_be_held_at_the_network() -> None:
    before = policy_of([assigned("bo", "manager", "n1"), assigned("rae", "manager", "north")], own_roles=())
    desk = own_role("night_desk", "allow clients:read", "allow payroll:calculate")

    after = policy_of(all_assignments(before), own_roles=[desk])

    assert missing_grants(called("bo"), delta_between(before, after, now=NOW)) == (
        Missing(None, "night_desk", None, "payroll:calculate"),
    )
    assert missing("rae", before, after) == {"clients:read", "payroll:calculate"}


def test_a_line_that_no_longer_denies_must_be_held() -> None:
    before = policy_of([assigned("bo", "manager", "n1")], own_roles=[own_role("shut", "deny roles:change")])
    after = policy_of(all_assignments(before), own_roles=[own_role("shut", "allow clients:read")])

    assert missing("bo", before, after) == {"roles:change"}
    assert missing("bo", after, before) == set()


def test_delta_of_an_assignment() -> None:
    before = golden_policy()

    delta = delta_between(before, with_assignment(before, assigned("eve", "smm_manager", "north")), now=NOW)

    assert delta.entries == (Entry(called("eve"), NORTH, "templates:update", Change.GAINED),)
    assert delta.to_json({called("eve"): "created:1"}) == [
        ["created:1", f"network:{N1}/location:{NORTH}", "templates:update", "GAINED"]
    ]


def test_delta_of_the_whole_network_stands_for_its_locations() -> None:
    before = policy_of([assigned("eve", "smm_manager", "n1")])

    delta = delta_between(before, policy_of([]), now=NOW)

    assert set(delta.entries) == {
        Entry(called("eve"), None, "networks:read", Change.LOST),
        Entry(called("eve"), None, "services:read", Change.LOST),
        Entry(called("eve"), None, "templates:update", Change.LOST),
    }


@pytest.mark.parametrize(
    ("case", "before", "after", "change"),
    [
        ("a limit lifted", {"back": 7}, {}, Change.WIDENED),
        ("a limit set", {}, {"back": 7}, Change.NARROWED),
        ("a limit loosened", {"back": 7}, {"back": 8}, Change.WIDENED),
        ("both ways", {"back": 7}, {"ahead": 7}, Change.WIDENED),
    ],
)
def test_delta_of_limits(case: str, before: dict[str, Any], after: dict[str, Any], change: Change) -> None:
    delta = delta_between(
        policy_of([assigned("ana", "administrator", "north", before)]),
        policy_of([assigned("ana", "administrator", "north", after)]),
        now=NOW,
    )

    changes = {entry.capability: entry.change for entry in delta.entries}
    assert changes["appointments:read"] is change, case
    assert "schedules:read" not in changes


def test_delta_of_a_suspension_and_of_periods() -> None:
    ana = assigned("ana", "smm_manager", "north")
    over = assigned("ana", "smm_manager", "north", until=NOW)
    coming = assigned("ana", "smm_manager", "north", since=FRIDAY)

    suspended = delta_between(policy_of([ana]), policy_of([ana], inactive=["ana"]), now=NOW)

    assert {entry.change for entry in suspended.entries} == {Change.LOST}
    assert len(suspended.entries) == 3
    assert delta_between(policy_of([over]), policy_of([]), now=NOW).is_empty
    assert delta_between(policy_of([ana]), policy_of([coming]), now=NOW).is_empty
    assert {entry.change for entry in delta_between(policy_of([]), policy_of([coming]), now=NOW).entries} == {
        Change.GAINED
    }


def test_a_role_edit_reaches_all_holders() -> None:
    before_role, after_role = own_role("desk", "allow networks:read"), own_role("desk", "allow templates:update")
    people = [f"person {n}" for n in range(100)]

    def with_role(role: Any) -> DomainPolicy:
        return policy_of([assigned(one, "desk", "north", own_roles=[role]) for one in people], own_roles=[role])

    delta = delta_between(with_role(before_role), with_role(after_role), now=NOW)

    assert set(delta.entries) == {
        entry
        for one in people
        for entry in (
            Entry(called(one), NORTH, "templates:update", Change.GAINED),
            Entry(called(one), None, "networks:read", Change.LOST),
        )
    }


def test_owners_are_the_active_holders_of_the_role() -> None:
    assert owners(golden_policy()) == {called("hal")}
    assert owners(policy_of([assigned("hal", "owner", "n1")], inactive=["hal"])) == set()


def test_the_only_owner_is_left_over_by_nobody_and_changed_by_no_manager() -> None:
    golden = golden_policy()

    assert owners(without_assignment(golden, assigned("hal", "owner", "n1"))) == set()
    assert called("bo") not in owners(golden)


def test_golden_consent() -> None:
    consent = consent_for(
        "network:n1",
        changes=[{"assign": {"holder": "eve", "role": "administrator", "scope": "north"}}],
        delta=[["eve", "north", "payments:create", "GAINED"]],
        consequences=[("billing", "d41d")],
    )

    assert consent == "c1.AM_Du3kCRoS6x-94UUs0KsDjL7rSEBQgJUHS9Tf7vc4"


def test_consent_binds_each_part() -> None:
    def consent(**changed: Any) -> str:
        parts: dict[str, Any] = {"changes": [], "delta": [], "consequences": []}
        return consent_for(str(NETWORK_1), **(parts | changed))

    consents = {
        consent(),
        consent(changes=[{}]),
        consent(delta=[["a", "b", "c", "LOST"]]),
        consent(consequences=[("billing", "d")]),
    }

    assert len(consents) == 4
    assert RELEASE.digest not in consents
