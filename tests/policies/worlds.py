"""Random worlds: a network with own roles, denies, limits, periods and visits, and questions that are asked in it.

Their catalogue is the excerpt with two capabilities beside it that honour what nothing in the excerpt does. The two
locations lie in different zones, so hours and days differ between them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from policies.catalogue import ALL, VALUES, Catalogue, DomainKind
from policies.compile import Assignment, DomainPolicy
from policies.limit_syntax import limits_from_json
from policies.limits import NO_LIMITS, OPTED_IN, Limits, Place
from policies.lines import Effect, Line
from policies.release import ClosedRole, assemble_release, close_role
from policies.roles import BUILT_IN
from policies.viewer import Viewer, ViewerKind, viewer_in
from tests.policies.world import (
    ATHENS,
    EAST,
    EXCERPT,
    N1,
    NORTH,
    NOW,
    SOUTH,
    Row,
    asking,
    called,
    excerpt_capability,
    excerpt_lines,
    policy_of,
)

LISBON = ZoneInfo("Europe/Lisbon")
SPECIALISTS = ("ana", "bo", "cy")
VISITOR = "tim"
HOLDERS = (*SPECIALISTS, VISITOR)
PLACES = (None, N1, NORTH, SOUTH)
TILL, SAFE = called("till"), called("safe")

ROWS: tuple[Row, ...] = (
    *EXCERPT,
    ("sales:create", "L", "own back pct max", "", "FREE", "payments:read", "M A"),
    ("cash_movements:create", "L", "back max acct", "own", "FREE", "", "M K"),
)
CATALOGUE = Catalogue(excerpt_capability(*row) for row in ROWS)
RELEASE = assemble_release(CATALOGUE, roles=BUILT_IN, lines=excerpt_lines(ROWS))
NETWORK_CODES = [one.code for one in CATALOGUE if one.level != "OPERATOR"]
VALUED = [one.code for one in CATALOGUE if any(one.rule(limit) for limit in VALUES)]
NETWORK_ROLES = [role for role in RELEASE.closed.values() if RELEASE.roles[role.code].domain is DomainKind.NETWORK]
BASES = [role for role in NETWORK_ROLES if role.code != "owner"]

AREAS = sorted({one.area for one in CATALOGUE if one.level != "OPERATOR"})
CODE_DENIES = st.sampled_from(NETWORK_CODES)
AREA_DENIES = st.sampled_from([f"{area}:*" for area in AREAS])
VERB_DENIES = st.sampled_from(["*:read", "*:create", "*:change"])
DORMANT = ("rental.contracts:sign", "rental.contracts:*")
"""Capabilities of a plugin that is not there."""
GONE = close_role("rental_agent", "rental_agent", (), CATALOGUE)
"""The role of a plugin that is not there."""

LIMITS: tuple[tuple[str, Any], ...] = (
    ("own", True),
    ("back", 0),
    ("back", 3),
    ("back", {"read": 5, "change": 1}),
    ("ahead", 0),
    ("ahead", {"read": 1, "change": 4}),
    ("max", {"amount": 100, "currency": "EUR"}),
    ("pct", 500),
    ("acct", [str(TILL)]),
    ("ip", ["203.0.113.0/24"]),
    ("hours", {"days": [2], "from": "08:00", "until": "11:00"}),
    ("hours", {"days": [1], "from": "22:00", "until": "11:00"}),
    ("hours", {"days": [2], "from": "22:00", "until": "11:00"}),
    ("opted_in", True),
    ("gone", True),
)
"""Each limit with a value; `gone` is one of a plugin that is not there."""


def some_limits(among: Iterable[tuple[str, Any]] = LIMITS) -> st.SearchStrategy[Limits]:
    """One or two of these."""
    given = st.lists(st.sampled_from(list(among)), min_size=1, max_size=2, unique_by=lambda limit: limit[0])
    return given.map(lambda limits: limits_from_json(dict(limits)))


DAY, HOUR = timedelta(days=1), timedelta(hours=1)
PERIODS = {
    "open": (NOW - DAY, None),
    "running": (NOW - DAY, NOW + 2 * DAY),
    "begins exactly now": (NOW, None),
    "ends exactly now": (NOW - DAY, NOW),
    "past": (NOW - DAY, NOW - HOUR),
    "future": (NOW + DAY, NOW + 2 * DAY),
}
OFTEN_OPEN = st.sampled_from([*PERIODS.values(), *[PERIODS["open"]] * 3])
VISITS = st.sampled_from([period for period in PERIODS.values() if period[1] is not None])

OBJECTS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "specialist_id": st.sampled_from([called(name) for name in HOLDERS]),
        "starts_at": st.dates(date(2026, 3, 4), date(2026, 3, 16)),
        "amount": st.builds(
            SimpleNamespace, amount=st.sampled_from([100, 100, 101]), currency=st.sampled_from(["EUR", "EUR", "HUF"])
        ),
        "discount": st.sampled_from([500, 501]),
        "cash_account_id": st.sampled_from([TILL, SAFE]),
    }
)
Question = tuple[str, UUID | None, dict[str, Any] | None]


@st.composite
def lines(draw: st.DrawFn, role: str) -> Line:
    """A line of an own role: a deny, perhaps of an area or a verb, or an allow, perhaps under limits; some dormant."""
    source = f"role {role} v1"
    match draw(st.integers(0, 9)):
        case 0 | 1:
            pattern = draw(st.one_of(CODE_DENIES, AREA_DENIES, VERB_DENIES))
            return Line(role, pattern, Effect.DENY, NO_LIMITS, source)
        case 2:
            effect, pattern = draw(st.sampled_from([(Effect.ALLOW, DORMANT[0]), (Effect.DENY, DORMANT[1])]))
            return Line(role, pattern, effect, NO_LIMITS, source)
        case 3 | 4:
            code = draw(st.sampled_from(VALUED))
            values = [limit for limit in honoured(code) if limit[0] in VALUES]
            return Line(role, code, Effect.ALLOW, draw(some_limits(values)), source)
        case _:
            code = draw(st.sampled_from(NETWORK_CODES))
            return Line(role, code, Effect.ALLOW, draw(st.just(NO_LIMITS) | some_limits(honoured(code))), source)


def honoured(code: str) -> Iterator[tuple[str, Any]]:
    """The limits that a line of this capability may have."""
    return ((name, value) for name, value in LIMITS if name not in {*ALL, *VALUES} or CATALOGUE[code].rule(name))


@st.composite
def own_roles(draw: st.DrawFn, code: str) -> ClosedRole:
    """A network's own role: written from nothing, or based on a built-in one, some of whose allows it drops."""
    written = draw(st.lists(lines(code), min_size=3, max_size=8, unique_by=lambda line: line.capability))
    basis = draw(st.one_of(st.none(), st.sampled_from(BASES)))
    if basis is not None:
        named = {line.capability for line in written}
        dropped = draw(st.sets(st.sampled_from([line.capability for line in basis.lines]), max_size=3))
        written += [
            replace(line, role=code)
            for line in basis.lines
            if line.capability not in named and (line.effect is Effect.DENY or line.capability not in dropped)
        ]
    return close_role(code, code, written, CATALOGUE)


@st.composite
def policies(draw: st.DrawFn) -> DomainPolicy:
    """A network with three specialists and a visitor, two own roles, up to eight assignments and two visits."""
    own = [draw(own_roles("own_one")), draw(own_roles("own_two"))]
    roles = st.sampled_from([*NETWORK_ROLES, *own, *own, *own, GONE])

    @st.composite
    def held(draw: st.DrawFn, holders: tuple[str, ...], places: tuple[UUID | None, ...], periods: Any) -> Assignment:
        valid_from, valid_until = draw(periods)
        return Assignment(
            id=draw(st.uuids(version=4)),
            holder_id=called(draw(st.sampled_from(holders))),
            role=draw(roles),
            location_id=draw(st.sampled_from(places)),
            limits=draw(st.just(NO_LIMITS) | some_limits()),
            valid_from=valid_from,
            valid_until=valid_until,
        )

    given = st.lists(held(SPECIALISTS, (None, NORTH, SOUTH), OFTEN_OPEN), min_size=3, max_size=8)
    visits = st.lists(held((VISITOR,), (NORTH, SOUTH), VISITS), max_size=2)
    opted_in = frozenset({OPTED_IN}) if draw(st.booleans()) else frozenset[str]()
    return policy_of(
        {one.id: one for one in (*draw(given), *draw(visits))}.values(),
        own_roles=own,
        inactive=draw(st.sampled_from([(), ("cy",)])),
        places=[Place(NORTH, ATHENS, opted_in), Place(SOUTH, LISBON)],
        release=RELEASE,
    )


@st.composite
def viewers(draw: st.DrawFn) -> Viewer:
    """Somebody who has an assignment in a random network, asking from the office or from elsewhere."""
    policy = draw(policies())
    holder_id = draw(st.sampled_from(sorted(policy.assignments)))
    is_visitor = holder_id == called(VISITOR)
    return viewer_in(
        policy,
        kind=ViewerKind.VISITOR if is_visitor else ViewerKind.SPECIALIST,
        account_id=holder_id if is_visitor else None,
        specialist_id=None if is_visitor else holder_id,
        now=draw(st.sampled_from([NOW, NOW, NOW + 2 * HOUR])),
        address=asking(address=draw(st.sampled_from(["203.0.113.9", "198.51.100.7"]))).address,
    )


@st.composite
def conversations(draw: st.DrawFn, *, questions: int) -> tuple[Viewer, list[Question]]:
    """Somebody in a random network, and what they ask, much of it about what their own lines name."""
    viewer = draw(viewers())
    assert viewer.policy is not None
    assert viewer.holder_id is not None
    held = viewer.policy.holding(viewer.holder_id).assignments
    named = sorted({code for one in held for code in one.role.naming if code in NETWORK_CODES})
    question = st.tuples(
        st.sampled_from(NETWORK_CODES) | st.sampled_from(named or NETWORK_CODES) | st.sampled_from(VALUED),
        st.sampled_from([*PLACES, NORTH, SOUTH, EAST]),
        st.none() | OBJECTS | OBJECTS,
    )
    return viewer, draw(st.lists(question, min_size=questions, max_size=questions))


LIMIT_KINDS = ("own", "back", "ahead", "max", "pct", "acct", "ip", "hours", "opted_in", "gone")
KINDS = frozenset(
    {
        "deny of a code",
        "deny of an area",
        "deny of a verb",
        "dormant line",
        "dormant role",
        "role based on a built-in one",
        "visit",
        "suspended",
        *(f"period {name}" for name in PERIODS),
        *(f"{limit} on {what}" for limit in LIMIT_KINDS for what in ("a line", "an assignment")),
        *(
            f"{kind} on {what}"
            for kind in ("split days", "hours over midnight")
            for what in ("a line", "an assignment")
        ),
    }
)
"""What occurs among the assignments of whoever asks in a random world."""


def kinds_of(viewer: Viewer) -> frozenset[str]:
    """Which of KINDS concern this viewer."""
    assert viewer.policy is not None
    assert viewer.holder_id is not None
    holding = viewer.policy.holding(viewer.holder_id)
    found = set() if holding.is_active else {"suspended"}
    for assignment in holding.assignments:
        found.update(_kinds_of_assignment(assignment))
        for line in assignment.role.lines:
            found.update(_kinds_of_line(line))
    return frozenset(found)


def _kinds_of_assignment(one: Assignment) -> Iterator[str]:
    yield from (f"period {name}" for name, period in PERIODS.items() if period == (one.valid_from, one.valid_until))
    yield from (f"{kind} on an assignment" for kind in _kinds_of_limits(one.limits))
    if one.holder_id == called(VISITOR):
        yield "visit"
    if one.role is GONE:
        yield "dormant role"
    if one.role.code.startswith("own") and any(not line.source.startswith("role ") for line in one.role.lines):
        yield "role based on a built-in one"


def _kinds_of_line(line: Line) -> Iterator[str]:
    yield from (f"{kind} on a line" for kind in _kinds_of_limits(line.limits))
    if line.capability in DORMANT:
        yield "dormant line"
    elif line.effect is Effect.DENY:
        area, _, verb = line.capability.partition(":")
        yield "deny of a verb" if area == "*" else "deny of an area" if verb == "*" else "deny of a code"


def _kinds_of_limits(limits: Limits) -> Iterator[str]:
    yield from limits.names
    if any(days is not None and days.read != days.change for days in (limits.back, limits.ahead)):
        yield "split days"
    if limits.hours is not None and limits.hours.start > limits.hours.until:
        yield "hours over midnight"
