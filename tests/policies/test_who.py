"""Who may: the goldens turned round, and that check, list and who agree (policies.md 9, 2)."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.compile import DomainPolicy
from policies.decisions import decide
from policies.limits import ANY_OBJECT, NO_OBJECT, Object
from policies.narrowing import Restriction
from policies.reach import Reach
from policies.viewer import ViewerKind, viewer_in
from policies.who import who_can
from tests.policies.world import EAST, N1, NORTH, NOW, PEOPLE, SOUTH, asking, called, golden_policy, operator_policy
from tests.policies.worlds import HOLDERS, NETWORK_CODES, policies

NAMES = {name for name, *_ in PEOPLE} | {"pam"}


def named(holder_id: UUID) -> str:
    """The name in the examples."""
    return next(name for name in NAMES if called(name) == holder_id)


def reaches(reach: Reach, location_id: UUID) -> bool:
    """Whether a list reaches every object of the location."""
    return any(
        clause.owner is None
        and clause.since is None
        and clause.until is None
        and location_id not in clause.excluded
        and (clause.locations is None or location_id in clause.locations)
        for clause in reach.clauses
    )


@pytest.mark.parametrize(
    ("case", "code", "at", "of", "names"),
    [
        ("a deny shuts cy out", "payments:create", NORTH, NO_OBJECT, "ana bo hal ned rae vic"),
        ("a missing requirement shuts vic out", "appointments:create", NORTH, NO_OBJECT, "ana bo cy hal ned rae"),
        ("at the other location", "payments:create", SOUTH, NO_OBJECT, "bo hal jo"),
        ("at every location", "payments:create", N1, NO_OBJECT, "bo hal"),
        ("only the owner", "roles:change", None, NO_OBJECT, "hal"),
        ("nobody, elsewhere", "payments:create", EAST, NO_OBJECT, ""),
        ("some object", "appointments:update", SOUTH, ANY_OBJECT, "bo di hal jo"),
        ("every object", "appointments:update", SOUTH, NO_OBJECT, "bo hal jo"),
    ],
)
def test_golden_holders(case: str, code: str, at: UUID | None, of: Object, names: str) -> None:
    found = who_can(golden_policy(), code, at=at, of=of, circumstances=asking())

    assert sorted(named(one.holder_id) for one in found) == names.split(), case


def test_everybody_comes_with_the_line_that_decides() -> None:
    found = {named(one.holder_id): one for one in who_can(golden_policy(), "roles:read", circumstances=asking())}

    assert {name: str(one.decisive.line) for name, one in found.items()} == {
        "hal": "owner: allow *",
        "bo": "manager: allow roles:read",
        "rae": "manager: allow roles:read",
        "ivy": "viewer: allow roles:read",
        "tim": "viewer: allow roles:read",
    }
    assert found["rae"].decisive.assignment.location_id == NORTH


def test_the_operator_knows_its_own() -> None:
    found = who_can(operator_policy(), "customers:read", of=ANY_OBJECT, circumstances=asking())

    assert [one.holder_id for one in found] == [called("pam")]
    assert who_can(operator_policy(), "appointments:read", of=ANY_OBJECT, circumstances=asking()) == ()


def test_a_restricted_network_may_only_look() -> None:
    shut = [Restriction("billing", "The subscription is not paid.")]

    assert who_can(golden_policy(), "payments:create", at=NORTH, circumstances=asking(), takings=shut) == ()
    assert who_can(golden_policy(), "payments:read", at=NORTH, circumstances=asking(), takings=shut)


@settings(max_examples=100, deadline=None)
@given(policies(), st.sampled_from(NETWORK_CODES), st.sampled_from([None, N1, NORTH, SOUTH, EAST]))
def test_three_questions_agree(policy: DomainPolicy, code: str, at: UUID | None) -> None:
    able = {one.holder_id for one in who_can(policy, code, at=at, circumstances=asking())}

    for name in HOLDERS:
        viewer = viewer_in(
            policy,
            kind=ViewerKind.SPECIALIST,
            account_id=None,
            specialist_id=called(name),
            now=NOW,
        )
        assert viewer.can(code, at=at) is (called(name) in able)
        if at in (NORTH, SOUTH):
            assert reaches(viewer.scope(code), at) is (called(name) in able)


@settings(max_examples=100, deadline=None)
@given(policies(), st.sampled_from(NETWORK_CODES), st.sampled_from([None, NORTH]))
def test_whoever_might_is_everybody_for_whom_the_decision_says_so(
    policy: DomainPolicy, code: str, at: UUID | None
) -> None:
    able = who_can(policy, code, at=at, of=ANY_OBJECT, circumstances=asking())

    expected = []
    for holder_id in sorted(map(called, HOLDERS)):
        ruling = decide(policy, policy.holding(holder_id), code, at=at, of=ANY_OBJECT, circumstances=asking())
        if ruling.allowed:
            expected.append((holder_id, ruling.decisive))
    assert [(one.holder_id, one.decisive) for one in able] == expected
