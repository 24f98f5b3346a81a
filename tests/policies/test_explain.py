"""Explanations: the goldens of policies.md 4.10, and that every suggestion works and none is superfluous."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date
from itertools import combinations
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.compile import Assignment, DomainPolicy, Holding
from policies.decisions import decide
from policies.explain import Explanation, SuggestionKind, explain
from policies.limits import NO_LIMITS, NO_OBJECT
from policies.reasons import Reason
from tests.policies.world import (
    N1,
    NORTH,
    NOW,
    PLACES,
    SOUTH,
    asking,
    assigned,
    called,
    golden_policy,
    limited,
    own_role,
    policy_of,
)
from tests.policies.worlds import HOLDERS, NETWORK_CODES, NETWORK_ROLES, policies

YESTERDAY = {"specialist_id": called("somebody"), "starts_at": date(2026, 3, 9)}
NAMES = {NORTH: "north", SOUTH: "south", None: "n1"}


def explained(
    holder: str, capability: str, at: str, *, of: dict[str, Any] | None = None, asker: str = "hal"
) -> Explanation:
    """An explanation in the golden network."""
    return explain(
        golden_policy(),
        called(holder),
        capability,
        at=PLACES[at],
        of=of or NO_OBJECT,
        circumstances=asking(),
        asker_id=called(asker),
    )


def matched(explanation: Explanation) -> list[tuple[str, str]]:
    """Each line with what became of it."""
    return [(str(one.line), "decisive" if one.decisive else str(one.ignored_because)) for one in explanation.matched]


def suggested(explanation: Explanation) -> list[list[str]]:
    """The change sets in words."""
    return [[f"{one}@{NAMES[one.location_id]}" for one in found.changes] for found in explanation.would_allow]


@pytest.mark.parametrize(
    ("case", "holder", "capability", "at", "of", "lines", "would_allow"),
    [
        (
            "a deny",
            "cy",
            "payments:create",
            "north",
            None,
            [("call_center: deny payments:*", "decisive"), ("administrator: allow payments:create", "DENIED")],
            [["end call_center@n1"]],
        ),
        (
            "another scope",
            "ana",
            "payments:create",
            "south",
            None,
            [("administrator: allow payments:create", "OTHER_SCOPE")],
            [["assign administrator@south"], ["assign manager@south"]],
        ),
        (
            "a limit",
            "kim",
            "appointments:update",
            "north",
            YESTERDAY,
            [("administrator: allow appointments:update", "BACK")],
            [["lift back of administrator@north"], ["assign manager@north"]],
        ),
        (
            "a requirement",
            "vic",
            "appointments:create",
            "north",
            None,
            [("administrator: allow appointments:create", "REQUIREMENT_MISSING")],
            [["end no_clients@n1"]],
        ),
        (
            "a suspended holder",
            "sue",
            "appointments:create",
            "north",
            None,
            [("manager: allow appointments:create", "NOT_ACTIVE")],
            [["resume the holder@n1"]],
        ),
        (
            "a period that is over",
            "max",
            "payments:create",
            "north",
            None,
            [("administrator: allow payments:create", "NOT_NOW")],
            [["lift period of administrator@north"], ["assign manager@north"]],
        ),
        ("a yes", "ana", "payments:create", "north", None, [("administrator: allow payments:create", "decisive")], []),
        (
            "a second yes",
            "jo",
            "appointments:read",
            "south",
            YESTERDAY,
            [
                ("administrator: allow appointments:read", "decisive"),
                ("specialist: allow appointments:read own", "OTHER_SCOPE"),
            ],
            [],
        ),
    ],
)
def test_golden_explanation(
    case: str,
    holder: str,
    capability: str,
    at: str,
    of: dict[str, Any] | None,
    lines: list[tuple[str, str]],
    would_allow: list[list[str]],
) -> None:
    explanation = explained(holder, capability, at, of=of)

    assert matched(explanation) == lines, case
    assert suggested(explanation) == would_allow, case
    assert explanation.complete


def test_a_missing_requirement_is_explained_inside() -> None:
    (nested,) = explained("vic", "appointments:create", "north").requirements

    assert nested.capability == "clients:read"
    assert nested.ruling.reason is Reason.DENIED_BY_LINE
    assert matched(nested) == [
        ("no_clients: deny clients:read", "decisive"),
        ("administrator: allow clients:read", "DENIED"),
    ]


def test_a_second_allow_was_not_needed() -> None:
    policy = policy_of([assigned("ana", "administrator", "n1"), assigned("ana", "manager", "north")])

    explanation = explain(
        policy, called("ana"), "payments:create", at=NORTH, circumstances=asking(), asker_id=called("ana")
    )

    assert matched(explanation) == [
        ("administrator: allow payments:create", "decisive"),
        ("manager: allow payments:create", "ALREADY_GRANTED"),
    ]


@pytest.mark.parametrize(
    ("case", "asker", "allowed"),
    [
        ("an owner", "hal", [True, True]),
        ("a manager of the network", "bo", [True, True]),
        ("a manager of the other location", "rae", [False, False]),
        ("the holder herself", "ana", [False, False]),
    ],
)
def test_each_suggestion_says_whether_the_asker_may_make_it(case: str, asker: str, allowed: list[bool]) -> None:
    explanation = explained("ana", "payments:create", "south", asker=asker)

    assert [found.allowed_to_asker for found in explanation.would_allow] == allowed, case


def test_holding_what_would_be_given_is_not_enough_without_the_right_to_assign() -> None:
    explanation = explained("kim", "appointments:update", "north", of=YESTERDAY, asker="ana")

    assert suggested(explanation)[0] == ["lift back of administrator@north"]
    assert not explanation.would_allow[0].allowed_to_asker


def test_a_limited_manager_may_not_lift_the_limit_of_others() -> None:
    policy = limited(golden_policy(), "bo", {"back": {"read": 30, "change": 0}})

    explanation = explain(
        policy,
        called("kim"),
        "appointments:update",
        at=NORTH,
        of=YESTERDAY,
        circumstances=asking(),
        asker_id=called("bo"),
    )

    assert [found.allowed_to_asker for found in explanation.would_allow] == [False, False]


def test_no_role_is_suggested_that_takes_away_what_another_role_gives() -> None:
    cashier = own_role("cashier", "allow templates:update", "deny clients:read")
    policy = policy_of([assigned("di", "specialist", "north")], own_roles=[cashier])

    explanation = explain(
        policy, called("di"), "templates:update", at=NORTH, circumstances=asking(), asker_id=called("hal")
    )

    assert suggested(explanation) == [["assign marketer@north"], ["assign smm_manager@north"], ["assign manager@north"]]


def test_at_most_ten_sets_are_listed_and_the_rest_is_admitted() -> None:
    own = [own_role(f"desk_{n:02}", "allow networks:read") for n in range(12)]
    explanation = explain(
        policy_of([], own_roles=own),
        called("nobody"),
        "networks:read",
        at=N1,
        circumstances=asking(),
        asker_id=called("hal"),
    )

    assert len(explanation.would_allow) == 10
    assert not explanation.complete


Change = tuple[SuggestionKind, str | None, UUID | None, str | None]
"""Kind, role, assignment and limit: a suggestion without the words of the code under test."""


@settings(max_examples=100, deadline=None)
@given(policies(), st.sampled_from(HOLDERS), st.sampled_from(NETWORK_CODES), st.sampled_from([None, NORTH]))
def test_suggestions_are_exactly_the_minimal_sets(policy: DomainPolicy, holder: str, code: str, at: Any) -> None:
    holding = policy.holding(called(holder))
    if decide(policy, holding, code, at=at, circumstances=asking()).allowed:
        return

    explanation = explain(policy, called(holder), code, at=at, circumstances=asking(), asker_id=called("ana"))

    place = policy.asked_place(policy.release.catalogue[code], at)
    scope = place.location_id if place else None
    singles = list(every_change(policy, holding, scope))
    working = {
        frozenset(changes)
        for size in (1, 2)
        for changes in combinations(singles, size)
        if not assigns_what_it_ends(changes)
        if decide(policy, after(policy, holding, changes, scope), code, at=at, circumstances=asking()).allowed
    }
    minimal = {one for one in working if not any(smaller < one for smaller in working)}
    listed = [
        frozenset((one.kind, one.role, one.assignment_id, one.limit) for one in found.changes)
        for found in explanation.would_allow
    ]
    assert len(set(listed)) == len(listed) <= 10
    assert set(listed) <= minimal
    assert explanation.complete is (len(minimal) <= 10)
    assert len(listed) == min(len(minimal), 10)


def every_change(policy: DomainPolicy, holding: Holding, scope: UUID | None) -> Iterator[Change]:
    """Whatever single change may be suggested, helpful or not."""
    if not holding.is_active:
        yield SuggestionKind.RESUME_HOLDER, None, None, None
    for one in holding.assignments:
        yield SuggestionKind.END_ASSIGNMENT, one.role.code, one.id, None
        lifted = [*one.limits.names, *([] if one.stands(NOW) else ["period"])]
        yield from ((SuggestionKind.LIFT_LIMIT, one.role.code, one.id, limit) for limit in lifted)
    held = {one.role.code for one in holding.assignments if one.location_id == scope}
    for role in [*NETWORK_ROLES, *policy.roles.values()]:
        takes = any(role.denies & one.role.allows & ~one.role.denies for one in holding.assignments)
        if role.code != "owner" and role.code not in held and not takes:
            yield SuggestionKind.ASSIGN_ROLE, role.code, None, None


def assigns_what_it_ends(changes: Iterable[Change]) -> bool:
    """Whether a role is ended and given again in one go."""
    by_kind = {(kind, role) for kind, role, _, _ in changes}
    return any((SuggestionKind.END_ASSIGNMENT, role) in by_kind for kind, role in by_kind if kind == "ASSIGN_ROLE")


def after(policy: DomainPolicy, holding: Holding, changes: Iterable[Change], scope: UUID | None) -> Holding:
    """The holding after these changes, each made in the plainest way."""
    roles = {role.code: role for role in [*NETWORK_ROLES, *policy.roles.values()]}
    held = {one.id: one for one in holding.assignments}
    is_active = holding.is_active
    for kind, role, assignment_id, limit in changes:
        if kind is SuggestionKind.RESUME_HOLDER:
            is_active = True
        elif kind is SuggestionKind.ASSIGN_ROLE:
            new = called(f"new {role}")
            held[new] = Assignment(new, holding.holder_id, roles[str(role)], scope, NO_LIMITS, NOW, None)
        elif assignment_id in held and kind is SuggestionKind.END_ASSIGNMENT:
            del held[assignment_id]
        elif assignment_id in held and limit == "period":
            held[assignment_id] = replace(held[assignment_id], valid_from=NOW, valid_until=None)
        elif assignment_id in held:
            limits = held[assignment_id].limits.without(str(limit))
            held[assignment_id] = replace(held[assignment_id], limits=limits)
    return Holding(holding.holder_id, is_active, tuple(held.values()))
