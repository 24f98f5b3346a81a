"""What only takes away: tokens and restrictions, in checks, masks, lists and decisions alike."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.catalogue import LEVELS_OF, DomainKind
from policies.decisions import Forbidden, decide
from policies.delta import delta_between, missing_grants
from policies.narrowing import Narrowing, Restriction, Taking
from policies.reasons import Reason
from policies.viewer import Viewer, ViewerKind, viewer_in
from tests.policies.world import (
    CATALOGUE,
    N1,
    NORTH,
    NOW,
    SOUTH,
    all_assignments,
    asking,
    assigned,
    called,
    golden_policy,
    own_role,
    policy_of,
    with_assignment,
)

CODES = sorted(CATALOGUE.codes(CATALOGUE.level_mask(*LEVELS_OF[DomainKind.NETWORK])))
ONLY_ASSIGNING = frozenset({"assignments:change"})
OWN = own_role("own", "allow clients:read", "allow payments:read")
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
    st.one_of(st.none(), st.frozensets(st.sampled_from(CODES))),
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

    for code in CODES:
        for at in (None, N1, NORTH, SOUTH):
            ruling = decide(policy, policy.holding(holder_id), code, at=at, circumstances=asking(), takings=(token,))
            assert part.can(code, at=at) is ruling.allowed
            assert whole.can(code, at=at) or not part.can(code, at=at)


@pytest.mark.parametrize(
    ("case", "narrowings", "role", "scope", "lacking"),
    [
        ("a whole token", (), "viewer", "north", set()),
        ("a token for other codes", (Narrowing(ONLY_ASSIGNING),), "viewer", "north", {"clients:read", "payments:read"}),
        ("a token for the location", (Narrowing(None, frozenset({NORTH})),), "viewer", "north", set()),
        ("a token for another location", (Narrowing(None, frozenset({SOUTH})),), "viewer", "north", {"payments:read"}),
        (
            "a token for a location, of the network",
            (Narrowing(None, frozenset({NORTH})),),
            "viewer",
            "n1",
            {"clients:read"},
        ),
    ],
)
def test_a_token_gives_no_more_than_its_narrowing_leaves(
    case: str, narrowings: tuple[Narrowing, ...], role: str, scope: str, lacking: set[str]
) -> None:
    before = golden_policy()
    delta = delta_between(before, with_assignment(before, assigned("new", role, scope)), now=NOW)

    missing = {one.capability for one in missing_grants(called("bo"), delta, narrowings=narrowings)}

    assert missing >= lacking, case
    assert bool(missing) is bool(lacking), case


@settings(max_examples=100, deadline=None)
@given(TOKENS, st.sampled_from(["viewer", "administrator", "specialist", "manager"]), st.sampled_from(["n1", "north"]))
def test_what_a_token_gives_the_token_itself_may_do(token: Narrowing, role: str, scope: str) -> None:
    """Whoever is given something through a narrowed token gains nothing that the token itself is not open to."""
    before = golden_policy()
    delta = delta_between(before, with_assignment(before, assigned("new", role, scope)), now=NOW)
    part = viewer_in(
        before, kind=ViewerKind.SERVICE, account_id=None, specialist_id=called("bo"), now=NOW, takings=(token,)
    )

    if not missing_grants(called("bo"), delta, narrowings=(token,)):
        assert all(part.could(code, at=at) for _, at, code, _ in delta.entries)


def test_nothing_is_added_to_a_role_beyond_what_the_narrowing_leaves() -> None:
    before = golden_policy()
    after = policy_of(all_assignments(before), own_roles=[*before.roles.values(), OWN])
    delta = delta_between(before, after, now=NOW)

    missing = missing_grants(called("hal"), delta, narrowings=(Narrowing(frozenset({"clients:read"})),))

    assert ("own", "payments:read") in {(one.role, one.capability) for one in missing}
    assert ("own", "clients:read") not in {(one.role, one.capability) for one in missing}
