"""Random worlds: own roles, denies, limits on lines and assignments, periods, in the excerpt of the catalogue."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import strategies as st

from policies.compile import Assignment, DomainPolicy
from policies.limit_syntax import limits_from_json
from policies.limits import NO_LIMITS, OPTED_IN, Limits, Place
from policies.lines import Effect, Line
from policies.release import ClosedRole, close_role
from policies.viewer import Viewer, ViewerKind, viewer_in
from tests.policies.world import ATHENS, CATALOGUE, NORTH, NOW, RELEASE, SOUTH, asking, called, policy_of

HOLDERS = ("ana", "bo", "cy")
NETWORK_CODES = [one.code for one in CATALOGUE if one.level != "OPERATOR"]
AREAS = sorted({one.area for one in CATALOGUE if one.level != "OPERATOR"})
LINE_LIMITS = ("own", "back", "ahead", "max")
JSON_LIMITS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {},
    optional={
        "own": st.just(True),
        "back": st.sampled_from([0, 3, {"read": 5, "change": 1}]),
        "ahead": st.sampled_from([0, 3]),
        "max": st.just({"amount": 100, "currency": "EUR"}),
        "ip": st.just(["203.0.113.0/24"]),
        "hours": st.just({"days": [2], "from": "08:00", "until": "11:00"}),
        "opted_in": st.just(True),
        "gone": st.just(True),
    },
)
FEW_LIMITS = st.one_of(st.just(NO_LIMITS), st.just(NO_LIMITS), st.builds(limits_from_json, JSON_LIMITS))


@st.composite
def lines(draw: st.DrawFn, role: str) -> Line:
    """A line of an own role: a deny, perhaps of an area, or an allow, perhaps under a limit that is honoured."""
    if draw(st.integers(0, 3)) == 0:
        pattern = draw(
            st.one_of(
                st.sampled_from(NETWORK_CODES),
                st.sampled_from([f"{area}:*" for area in AREAS]),
                st.sampled_from(["*:read", "*:create"]),
            )
        )
        return Line(role, pattern, Effect.DENY, NO_LIMITS, f"role {role} v1")
    code = draw(st.sampled_from(NETWORK_CODES))
    return Line(role, code, Effect.ALLOW, _honoured(draw(FEW_LIMITS), code), f"role {role} v1")


def _honoured(limits: Limits, code: str) -> Limits:
    for limit in limits.names & set(LINE_LIMITS):
        if CATALOGUE[code].rule(limit) is None:
            limits = limits.without(limit)
    return limits


@st.composite
def own_roles(draw: st.DrawFn, code: str) -> ClosedRole:
    """A network's own role."""
    written = draw(st.lists(lines(code), min_size=1, max_size=8, unique_by=lambda line: line.capability))
    return close_role(code, code, written, CATALOGUE)


@st.composite
def policies(draw: st.DrawFn) -> DomainPolicy:
    """A network with three holders, two own roles and up to eight assignments."""
    own = [draw(own_roles("own_one")), draw(own_roles("own_two"))]
    roles = [role for role in RELEASE.closed.values() if RELEASE.roles[role.code].domain == "NETWORK"]
    given = st.builds(
        Assignment,
        id=st.uuids(version=4),
        holder_id=st.sampled_from([called(name) for name in HOLDERS]),
        role=st.sampled_from([*roles, *own, *own]),
        location_id=st.sampled_from([None, NORTH, SOUTH]),
        limits=FEW_LIMITS,
        valid_from=st.sampled_from([NOW - timedelta(days=1), NOW - timedelta(days=1), NOW + timedelta(days=1)]),
        valid_until=st.sampled_from([None, None, NOW, NOW + timedelta(days=2)]),
    )
    assignments = draw(st.lists(given, min_size=1, max_size=8, unique_by=lambda one: one.id))
    opted_in = frozenset({OPTED_IN}) if draw(st.booleans()) else frozenset[str]()
    return policy_of(
        assignments,
        own_roles=own,
        inactive=draw(st.sampled_from([(), ("cy",)])),
        places=[Place(NORTH, ATHENS, opted_in), Place(SOUTH, ATHENS)],
    )


@st.composite
def viewers(draw: st.DrawFn) -> Viewer:
    """Somebody in a random network, asking from the office or from elsewhere."""
    return viewer_in(
        draw(policies()),
        kind=ViewerKind.SPECIALIST,
        account_id=None,
        specialist_id=called(draw(st.sampled_from(HOLDERS))),
        now=draw(st.sampled_from([NOW, NOW + timedelta(hours=2)])),
        address=asking(address=draw(st.sampled_from(["203.0.113.9", "198.51.100.7"]))).address,
    )
