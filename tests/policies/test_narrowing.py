"""What only takes away: tokens and restrictions, in checks, masks, lists and decisions alike."""

from __future__ import annotations

from uuid import UUID

import pytest

from policies.decisions import Forbidden
from policies.narrowing import Narrowing, Restriction, Taking
from policies.reasons import Reason
from policies.viewer import Viewer, ViewerKind, viewer_in
from tests.policies.world import N1, NORTH, NOW, SOUTH, called, golden_policy

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
