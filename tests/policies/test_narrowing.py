"""What only takes away: tokens and restrictions, in checks, masks, lists and decisions alike."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.decisions import Forbidden, decide
from policies.narrowing import Narrowing, Restriction, Taking
from policies.reasons import Reason
from policies.viewer import Viewer, ViewerKind, viewer_in
from tests.policies.world import N1, NORTH, NOW, SOUTH, asking, called, golden_policy
from tests.policies.worlds import NETWORK_CODES

UNPAID = Restriction(
    "billing",
    "The subscription is unpaid: cancelling appointments stays open. Pay under Billing.",
    frozenset({"refunds:create"}),
)


def narrowed(*takings: Taking) -> Viewer:
    """The network's manager behind these."""
    return viewer_in(
        golden_policy(),
        kind=ViewerKind.SERVICE,
        account_id=None,
        specialist_id=called("bo"),
        now=NOW,
        takings=takings,
    )


@pytest.mark.parametrize(
    ("case", "taking", "capability", "at", "reason"),
    [
        ("a listed code", Narrowing(frozenset({"clients:read"})), "clients:read", N1, Reason.ALLOWED),
        ("another code", Narrowing(frozenset({"clients:read"})), "clients:create", N1, Reason.NARROWED),
        (
            "a requirement need not be listed",
            Narrowing(frozenset({"clients:create"})),
            "clients:create",
            NORTH,
            Reason.ALLOWED,
        ),
        ("a listed location", Narrowing(None, frozenset({NORTH})), "clients:read", NORTH, Reason.ALLOWED),
        ("another location", Narrowing(None, frozenset({NORTH})), "clients:read", SOUTH, Reason.NARROWED),
        ("every location", Narrowing(None, frozenset({NORTH})), "clients:read", N1, Reason.NARROWED),
        ("the network's own affairs", Narrowing(None, frozenset({NORTH})), "services:update", NORTH, Reason.NARROWED),
        ("shared data", Narrowing(None, frozenset({NORTH})), "services:read", SOUTH, Reason.ALLOWED),
        ("reading in an unpaid network", UNPAID, "clients:read", NORTH, Reason.ALLOWED),
        ("changing in an unpaid network", UNPAID, "clients:create", NORTH, Reason.RESTRICTED),
        ("what is left open", UNPAID, "refunds:create", NORTH, Reason.ALLOWED),
    ],
)
def test_takings(case: str, taking: Taking, capability: str, at: UUID, reason: Reason) -> None:
    viewer = narrowed(taking)

    assert viewer.decision(capability, at=at).reason is reason, case
    assert viewer.can(capability, at=at) is (reason is Reason.ALLOWED), case


def test_a_restriction_speaks_for_itself() -> None:
    with pytest.raises(Forbidden) as refused:
        narrowed(UNPAID).require("clients:create", at=NORTH)

    assert refused.value.message == UNPAID.sentence
    assert refused.value.decision.sentence == UNPAID.sentence


TOKENS = st.builds(
    Narrowing,
    st.one_of(st.none(), st.frozensets(st.sampled_from(NETWORK_CODES))),
    st.one_of(st.none(), st.frozensets(st.sampled_from([NORTH, SOUTH]))),
)


@settings(max_examples=100, deadline=None)
@given(TOKENS, st.sampled_from(["bo", "di", "kim", "hal"]))
def test_a_narrowed_token_is_a_subset_and_agrees_with_its_decisions(token: Narrowing, holder: str) -> None:
    policy = golden_policy()
    holder_id = called(holder)
    whole = viewer_in(policy, kind=ViewerKind.SERVICE, account_id=None, specialist_id=holder_id, now=NOW)
    part = viewer_in(
        policy, kind=ViewerKind.SERVICE, account_id=None, specialist_id=holder_id, now=NOW, takings=(token,)
    )

    for code in NETWORK_CODES:
        for at in (None, N1, NORTH, SOUTH):
            ruling = decide(policy, policy.holding(holder_id), code, at=at, circumstances=asking(), takings=(token,))
            assert part.can(code, at=at) is ruling.allowed
            assert whole.can(code, at=at) or not part.can(code, at=at)
