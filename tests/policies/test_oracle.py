"""Compiled masks, the reasoned decision and Casbin's enforce give one answer in random worlds (policies.md 9, 1)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from random import Random
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.compile import Assignment, DomainPolicy, build_policy
from policies.decisions import decide
from policies.limits import ANY_OBJECT, NO_LIMITS, NO_OBJECT, OPTED_IN, Limits, Place
from policies.oracle import disagreements, oracle_allows
from policies.release import Release
from policies.roles import BUILT_IN
from policies.scopes import OPERATOR, partner
from policies.viewer import Viewer, ViewerKind, viewer_in
from tests.policies.test_release import RELEASE as REAL_RELEASE
from tests.policies.world import ATHENS, CATALOGUE, EAST, N1, NETWORK_1, NORTH, NOW, SOUTH, asking, called, policy_of
from tests.policies.worlds import HOLDERS, NETWORK_CODES, policies, viewers

OBJECTS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "specialist_id": st.sampled_from([called("ana"), called("bo")]),
        "starts_at": st.dates(date(2026, 3, 4), date(2026, 3, 16)),
    }
)
QUESTIONS = st.tuples(
    st.sampled_from(NETWORK_CODES), st.sampled_from([None, N1, NORTH, SOUTH, EAST]), st.one_of(st.none(), OBJECTS)
)


@settings(max_examples=200, deadline=None)
@given(viewers(), st.lists(QUESTIONS, min_size=5, max_size=5))
def test_three_answers_agree(viewer: Viewer, questions: list[tuple[str, UUID | None, dict[str, Any] | None]]) -> None:
    assert viewer.policy is not None
    assert viewer.holder_id is not None
    holding = viewer.policy.holding(viewer.holder_id)

    for code, at, facts in questions:
        circumstances = viewer.circumstances
        of = NO_OBJECT if facts is None else facts
        ruling = decide(viewer.policy, holding, code, at=at, of=of, circumstances=circumstances)
        enforced = oracle_allows(viewer.policy, holding, code, at=at, of=of, circumstances=circumstances)
        assert viewer.can(code, at=at, of=facts) is ruling.allowed is enforced, (code, at, facts)


@settings(max_examples=100, deadline=None)
@given(viewers())
def test_could_agrees_with_a_decision_on_any_object(viewer: Viewer) -> None:
    assert viewer.policy is not None
    assert viewer.holder_id is not None
    holding = viewer.policy.holding(viewer.holder_id)

    for code in NETWORK_CODES:
        for at in (None, NORTH, SOUTH):
            ruling = decide(viewer.policy, holding, code, at=at, of=ANY_OBJECT, circumstances=viewer.circumstances)
            assert viewer.could(code, at=at) is ruling.allowed, (code, at, ruling)


@pytest.mark.parametrize("role", [role.code for role in BUILT_IN])
@pytest.mark.parametrize("limits", [NO_LIMITS, Limits(own=True)], ids=["plain", "own"])
def test_every_built_in_role_agrees_everywhere(role: str, limits: Limits) -> None:
    viewer, places = _viewer_with(REAL_RELEASE, role, limits)
    assert viewer.policy is not None
    holding = viewer.policy.holding(called("ana"))

    for capability in REAL_RELEASE.catalogue:
        for at in places:
            enforced = oracle_allows(
                viewer.policy, holding, capability.code, at=at, of=NO_OBJECT, circumstances=asking()
            )
            assert viewer.can(capability.code, at=at) is enforced, (capability.code, at)


def _viewer_with(release: Release, role: str, limits: Limits) -> tuple[Viewer, tuple[UUID | None, ...]]:
    """Somebody with a role at its domain: a network has one location that opted in and one that did not."""
    kind = release.roles[role].domain
    domain = {"NETWORK": NETWORK_1, "OPERATOR": OPERATOR, "PARTNER": partner(called("p1"))}[kind]
    places = [Place(NORTH, ATHENS, frozenset({OPTED_IN})), Place(SOUTH, ATHENS)] if domain is NETWORK_1 else []
    assignment = Assignment(
        id=called("assignment"),
        holder_id=called("ana"),
        role=release.closed[role],
        location_id=None,
        limits=limits,
        valid_from=NOW,
        valid_until=None,
    )
    policy = build_policy(domain, epoch=1, release=release, locations=places, assignments=[assignment])
    viewer = viewer_in(policy, kind=ViewerKind.ACCOUNT, account_id=called("ana"), now=NOW)
    return viewer, (None, *(place.location_id for place in places))


@settings(max_examples=100, deadline=None)
@given(policies(), st.data())
def test_what_only_allows_never_takes_away_and_what_only_denies_never_gives(
    policy: DomainPolicy, data: st.DataObject
) -> None:
    assignments = [one for held in policy.assignments.values() for one in held]
    changed = data.draw(st.sampled_from(assignments))

    with_it = _all_access(policy, assignments)
    without_it = _all_access(policy, [one for one in assignments if one is not changed])

    if not changed.role.denies:
        assert without_it <= with_it
    if not changed.role.allows:
        assert with_it <= without_it


@settings(max_examples=50, deadline=None)
@given(policies(), st.randoms())
def test_the_order_of_assignments_is_irrelevant(policy: DomainPolicy, random: Random) -> None:
    assignments = [one for held in policy.assignments.values() for one in held]
    shuffled = random.sample(assignments, len(assignments))

    assert _all_access(policy, shuffled) == _all_access(policy, assignments)


def _all_access(policy: DomainPolicy, assignments: list[Assignment]) -> set[tuple[str, UUID | None, str]]:
    """Everything that anybody can do anywhere with these assignments, objects left open."""
    changed = policy_of(assignments, own_roles=policy.roles.values(), inactive=(), places=policy.locations)
    return {
        (name, at, code)
        for name in HOLDERS
        for at, mask in changed.held_by(called(name), NOW).could.items()
        for code in CATALOGUE.codes(mask)
    }


def test_the_built_in_roles_are_compiled_to_what_casbin_answers() -> None:
    assert list(disagreements(REAL_RELEASE, now=NOW)) == []


def test_a_line_that_was_lost_in_compiling_is_told() -> None:
    marketer = REAL_RELEASE.closed["marketer"]
    damaged = replace(marketer, lines=marketer.lines[1:])
    release = replace(REAL_RELEASE, closed={**REAL_RELEASE.closed, "marketer": damaged})

    lost = marketer.lines[0].capability
    assert f"marketer, {lost}: compiled says True" in list(disagreements(release, now=NOW))
