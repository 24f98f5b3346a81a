"""Compiled masks, the reasoned decision and Casbin's enforce give one answer in random worlds (policies.md 9, 1)."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given, settings

from policies.compile import Assignment, build_policy
from policies.decisions import decide
from policies.limits import ANY_OBJECT, NO_LIMITS, NO_OBJECT, OPTED_IN, Limits, Place
from policies.oracle import disagreements, oracle_allows
from policies.reasons import Reason
from policies.release import Release
from policies.roles import BUILT_IN
from policies.scopes import OPERATOR, partner
from policies.viewer import Viewer, ViewerKind, viewer_in
from tests.policies.test_release import RELEASE as REAL_RELEASE
from tests.policies.world import ATHENS, EAST, NETWORK_1, NORTH, NOW, SOUTH, asking, called
from tests.policies.worlds import KINDS, NETWORK_CODES, PLACES, Question, conversations, kinds_of, viewers

WORLDS, QUESTIONS = 200, 50
LEAST = 3
"""In how many of the random worlds each kind of line, limit and period occurs at least."""


@settings(max_examples=WORLDS, deadline=None)
@given(conversations(questions=QUESTIONS))
def test_three_answers_agree(conversation: tuple[Viewer, list[Question]]) -> None:
    viewer, questions = conversation
    assert viewer.policy is not None
    assert viewer.holder_id is not None
    holding, circumstances = viewer.policy.holding(viewer.holder_id), viewer.circumstances

    for code, at, facts in questions:
        of = NO_OBJECT if facts is None else facts
        ruling = decide(viewer.policy, holding, code, at=at, of=of, circumstances=circumstances)
        enforced = oracle_allows(viewer.policy, holding, code, at=at, of=of, circumstances=circumstances)
        assert viewer.can(code, at=at, of=facts) is ruling.allowed is enforced, (code, at, facts)


def test_random_worlds_have_everything_in_them_and_answers_of_all_kinds() -> None:
    kinds: Counter[str] = Counter()
    answers: Counter[Reason] = Counter()

    @settings(max_examples=WORLDS, deadline=None, derandomize=True, database=None)
    @given(conversations(questions=QUESTIONS))
    def converse(conversation: tuple[Viewer, list[Question]]) -> None:
        viewer, questions = conversation
        kinds.update(kinds_of(viewer))
        answers.update(viewer.decision(code, at=at, of=facts).reason for code, at, facts in questions)

    converse()

    assert {kind: kinds[kind] for kind in KINDS if kinds[kind] < LEAST} == {}
    assert set(answers) == set(Reason) - {Reason.NARROWED, Reason.RESTRICTED}
    assert answers.total() / 10 < answers[Reason.ALLOWED] < answers.total() / 2


@settings(max_examples=100, deadline=None)
@given(viewers())
def test_could_agrees_with_a_decision_on_any_object(viewer: Viewer) -> None:
    assert viewer.policy is not None
    assert viewer.holder_id is not None
    holding = viewer.policy.holding(viewer.holder_id)

    for code in NETWORK_CODES:
        for at in PLACES:
            ruling = decide(viewer.policy, holding, code, at=at, of=ANY_OBJECT, circumstances=viewer.circumstances)
            assert viewer.could(code, at=at) is ruling.allowed, (code, at, ruling)


@pytest.mark.parametrize("role", [role.code for role in BUILT_IN])
@pytest.mark.parametrize("held_at", [None, NORTH], ids=["at the domain", "at a location"])
@pytest.mark.parametrize("limits", [NO_LIMITS, Limits(own=True)], ids=["plain", "own"])
def test_every_built_in_role_agrees_everywhere(role: str, held_at: UUID | None, limits: Limits) -> None:
    viewer, places = _viewer_with(REAL_RELEASE, role, held_at=held_at, limits=limits)
    assert viewer.policy is not None
    holding = viewer.policy.holding(called("ana"))

    for capability in REAL_RELEASE.catalogue:
        for at in places:
            enforced = oracle_allows(
                viewer.policy, holding, capability.code, at=at, of=NO_OBJECT, circumstances=asking()
            )
            assert viewer.can(capability.code, at=at) is enforced, (capability.code, at)


def _viewer_with(
    release: Release, role: str, *, held_at: UUID | None, limits: Limits
) -> tuple[Viewer, tuple[UUID | None, ...]]:
    """Somebody with a role, and where to ask: everywhere, at a location that opted in, at one that did not, abroad."""
    domain = {"NETWORK": NETWORK_1, "OPERATOR": OPERATOR, "PARTNER": partner(called("p1"))}[release.roles[role].domain]
    locations = [Place(NORTH, ATHENS, frozenset({OPTED_IN})), Place(SOUTH, ATHENS)] if domain is NETWORK_1 else []
    assignment = Assignment(
        id=called("assignment"),
        holder_id=called("ana"),
        role=release.closed[role],
        location_id=held_at,
        limits=limits,
        valid_from=NOW,
        valid_until=None,
    )
    policy = build_policy(domain, epoch=1, release=release, locations=locations, assignments=[assignment])
    viewer = viewer_in(policy, kind=ViewerKind.ACCOUNT, account_id=called("ana"), now=NOW)
    return viewer, (None, domain.id, NORTH, SOUTH, EAST)


def test_the_built_in_roles_are_compiled_to_what_casbin_answers() -> None:
    assert list(disagreements(REAL_RELEASE, now=NOW)) == []


def test_a_line_that_was_lost_in_compiling_is_told() -> None:
    marketer = REAL_RELEASE.closed["marketer"]
    damaged = replace(marketer, lines=marketer.lines[1:])
    release = replace(REAL_RELEASE, closed={**REAL_RELEASE.closed, "marketer": damaged})

    lost = marketer.lines[0].capability
    assert f"marketer, {lost}: compiled says True" in list(disagreements(release, now=NOW))
