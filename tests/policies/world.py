"""The world of the golden examples: an excerpt of the catalogue, its roles, two networks and their people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from ipaddress import ip_address
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from policies.catalogue import AGE, ALL, OWN, Capability, Catalogue, Level, Seat, acct, age, max_amount, own, pct
from policies.compile import Assignment, DomainPolicy, build_policy
from policies.limit_syntax import limits_from_json
from policies.limits import OPTED_IN, Circumstances, Limits, Place
from policies.lines import Effect, Line
from policies.release import ClosedRole, Release, assemble_release, close_role
from policies.roles import BUILT_IN
from policies.scopes import OPERATOR, Domain, network

ATHENS = ZoneInfo("Europe/Athens")
NOW = datetime(2026, 3, 10, 8, 0, tzinfo=UTC)
"""2026-03-10T10:00+02:00, a Tuesday."""

Row = tuple[str, str, str, str, str, str, str]
"""Code, level, honoured, immune, seat, requires, letters of the roles (small: limit own)."""

EXCERPT: tuple[Row, ...] = (
    ("networks:read", "S", "", "ALL", "FREE", "", "M A S C K R W V"),
    ("services:read", "S", "", "ALL", "FREE", "", "M A S C K R W V"),
    ("roles:read", "S", "", "ALL", "FREE", "", "M V"),
    ("services:update", "N", "", "back", "FREE", "services:read", "M"),
    ("schedules:read", "L", "", "ALL", "FREE", "", "M A S C V"),
    ("appointments:read", "L", "own back", "", "FREE", "", "M A s C K V"),
    (
        "appointments:create",
        "L",
        "own back",
        "",
        "APPOINTMENTS",
        "appointments:read clients:read schedules:read",
        "M A C",
    ),
    ("appointments:update", "L", "own back", "", "FREE", "appointments:read", "M A s"),
    ("clients:read", "L", "own", "back", "FREE", "", "M A s C R V"),
    ("clients:read_contacts", "L", "own", "back", "FREE", "clients:read", "M A"),
    ("clients:create", "L", "", "ALL", "FREE", "clients:read", "M A C"),
    ("payments:read", "L", "own back", "", "FREE", "appointments:read", "M A K V"),
    ("payments:create", "L", "own back", "", "PAYMENTS", "payments:read", "M A"),
    ("refunds:create", "L", "back max", "", "PAYMENTS", "payments:read", "M"),
    ("cash_shifts:read", "L", "back", "own", "FREE", "", "M A K V"),
    ("cash_shifts:change", "L", "back", "", "FREE", "cash_shifts:read", "M A K"),
    ("payroll:read", "L", "own back", "", "FREE", "", "M s K"),
    ("payroll:calculate", "L", "back", "", "FREE", "payroll:read payments:read", "K"),
    ("payroll:confirm", "N", "back", "", "FREE", "payroll:calculate", ""),
    ("templates:update", "L", "", "ALL", "FREE", "", "M R W"),
    ("roles:change", "N", "", "back", "FREE", "roles:read", ""),
    ("assignments:change", "L", "", "back", "FREE", "", "M"),
    ("customers:read", "O", "own", "back", "FREE", "", "am CO CF"),
)
ESCALATING = frozenset({"roles:change", "assignments:change"})
CALL_CENTER_DENIES = ("payments:*", "refunds:*", "cash_shifts:*", "payroll:*", "clients:read_contacts")
LETTERS = {
    "M": "manager",
    "A": "administrator",
    "S": "specialist",
    "C": "call_center",
    "K": "accountant",
    "R": "marketer",
    "W": "smm_manager",
    "V": "viewer",
    "AM": "account_manager",
    "CO": "commercial",
    "CF": "certification_officer",
}
LEVELS = {"L": Level.LOCATION, "N": Level.NETWORK, "S": Level.SHARED, "O": Level.OPERATOR}
_NAMES = UUID("018f0000-0000-7000-8000-000000000000")


def called(name: str) -> UUID:
    """The id of somebody or something by its name in the examples."""
    return uuid5(_NAMES, name)


N1, N2 = called("n1"), called("n2")
NORTH, SOUTH, EAST = called("north"), called("south"), called("east")
NETWORK_1 = network(N1)
PLACES = {"north": NORTH, "south": SOUTH, "east": EAST, "n1": N1, "operator": None}


def excerpt_capability(
    code: str, level: str, honoured: str, immune: str, seat: str, requires: str, _letters: str
) -> Capability:
    """One row of the excerpt; `back` stands for back and ahead."""
    rules = {
        "own": (own("specialist_id"),),
        "back": age("starts_at"),
        "max": (max_amount("amount"),),
        "pct": (pct("discount"),),
        "acct": (acct("cash_account_id"),),
    }
    left_alone = {"ALL": ALL, "own": (OWN,), "back": AGE, "": ()}
    return Capability(
        code,
        title=code,
        description=code,
        level=LEVELS[level],
        seat=Seat(seat),
        limits=tuple(rule for name in honoured.split() for rule in rules[name]),
        immune=left_alone[immune],
        requires=tuple(requires.split()),
        escalates=code in ESCALATING,
        critical=code in ESCALATING,
    )


def excerpt_lines(rows: Iterable[Row] = EXCERPT) -> list[Line]:
    """The lines of the built-in roles in the excerpt."""
    lines = [
        Line(owner, "*", Effect.ALLOW, Limits(), f"{owner}.csv:1")
        for owner in ("owner", "operator_owner", "partner_owner")
    ]
    for code, _, _, _, _, _, letters in rows:
        for letter in letters.split():
            limits = Limits(own=letter.islower())
            lines.append(_line(LETTERS[letter.upper()], code, Effect.ALLOW, limits))
    return lines + [_line("call_center", code, Effect.DENY, Limits()) for code in CALL_CENTER_DENIES]


def _line(role: str, code: str, effect: Effect, limits: Limits) -> Line:
    return Line(role, code, effect, limits, f"{role}.csv")


CATALOGUE = Catalogue(excerpt_capability(*row) for row in EXCERPT)
RELEASE = assemble_release(CATALOGUE, roles=BUILT_IN, lines=excerpt_lines())


def own_role(code: str, *lines: str, release: Release = RELEASE) -> ClosedRole:
    """A network's own role from lines like `deny clients:read`."""
    written = [line.split(maxsplit=1) for line in lines]
    return close_role(
        code,
        code,
        [Line(code, capability, Effect(effect), Limits(), f"role {code} v1") for effect, capability in written],
        release.catalogue,
    )


NO_CLIENTS = own_role("no_clients", "deny clients:read")

BACK_30_0 = {"back": {"read": 30, "change": 0}}
# holder, role, scope, limits, valid from, valid until
PEOPLE: tuple[tuple[str, str, str, Mapping[str, object], datetime | None, datetime | None], ...] = (
    ("hal", "owner", "n1", {}, None, None),
    ("bo", "manager", "n1", {}, None, None),
    ("rae", "manager", "north", {}, None, None),
    ("ana", "administrator", "north", {}, None, None),
    ("cy", "call_center", "n1", {}, None, None),
    ("cy", "administrator", "north", {}, None, None),
    ("di", "specialist", "south", {}, None, None),
    ("jo", "specialist", "north", {}, None, None),
    ("jo", "administrator", "south", {}, None, None),
    ("eve", "accountant", "n1", {}, None, None),
    ("fay", "marketer", "n1", {}, None, None),
    ("gus", "smm_manager", "n1", {}, None, None),
    ("ivy", "viewer", "n1", {}, None, None),
    ("kim", "administrator", "north", BACK_30_0, None, None),
    ("lee", "administrator", "north", {"ip": ["203.0.113.0/24"]}, None, None),
    (
        "ned",
        "administrator",
        "north",
        {"hours": {"days": [1, 2, 3, 4, 5], "from": "08:00", "until": "20:00"}},
        None,
        None,
    ),
    ("oz", "administrator", "north", {"own": True}, None, None),
    ("max", "administrator", "north", {}, None, datetime(2026, 3, 10, 8, tzinfo=UTC)),
    ("vic", "administrator", "north", {}, None, None),
    ("vic", "no_clients", "n1", {}, None, None),
    ("sue", "manager", "n1", {}, None, None),
    (
        "tim",
        "viewer",
        "north",
        {},
        datetime(2026, 3, 10, 7, tzinfo=UTC),
        datetime(2026, 3, 10, 10, tzinfo=UTC),
    ),
)
LONG_AGO = datetime(2025, 1, 1, tzinfo=UTC)


def assigned(
    holder: str,
    role: str,
    scope: str,
    limits: Mapping[str, object] | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    *,
    release: Release = RELEASE,
    own_roles: Iterable[ClosedRole] = (NO_CLIENTS,),
) -> Assignment:
    """One assignment, by names."""
    by_code = {**release.closed, **{one.code: one for one in own_roles}}
    location = PLACES[scope]
    return Assignment(
        id=called(f"{holder} {role}@{scope}"),
        holder_id=called(holder),
        role=by_code[role],
        location_id=location if location in (NORTH, SOUTH, EAST) else None,
        limits=limits_from_json(limits or {}),
        valid_from=since or LONG_AGO,
        valid_until=until,
    )


def locations(*, opted_in: bool = True) -> tuple[Place, ...]:
    """North and south of the first network."""
    traits = frozenset({OPTED_IN}) if opted_in else frozenset[str]()
    return (Place(NORTH, ATHENS, traits), Place(SOUTH, ATHENS, traits))


def policy_of(
    assignments: Iterable[Assignment],
    *,
    domain: Domain = NETWORK_1,
    own_roles: Iterable[ClosedRole] = (NO_CLIENTS,),
    inactive: Iterable[str] = ("sue",),
    release: Release = RELEASE,
    places: Iterable[Place] | None = None,
) -> DomainPolicy:
    """A policy of the first network with these assignments."""
    return build_policy(
        domain,
        epoch=7,
        release=release,
        own_roles=own_roles,
        zone=ATHENS,
        locations=locations() if places is None else places,
        inactive=map(called, inactive),
        assignments=assignments,
    )


def golden_policy() -> DomainPolicy:
    """The first network with all its people."""
    return policy_of(assigned(*person) for person in PEOPLE)


def operator_policy() -> DomainPolicy:
    """The operator, with pam as account manager."""
    return policy_of([assigned("pam", "account_manager", "operator")], domain=OPERATOR, own_roles=(), places=())


def rebuilt(
    policy: DomainPolicy,
    assignments: Iterable[Assignment] | None = None,
    *,
    own_roles: Iterable[ClosedRole] | None = None,
    inactive: Iterable[UUID] | None = None,
) -> DomainPolicy:
    """The same network built from its rows, with other assignments, own roles or suspended people where given."""
    return build_policy(
        policy.domain,
        epoch=policy.epoch,
        release=policy.release,
        own_roles=policy.roles.values() if own_roles is None else own_roles,
        zone=policy.top.zone,
        locations=policy.locations,
        inactive=policy.inactive if inactive is None else inactive,
        assignments=all_assignments(policy) if assignments is None else assignments,
    )


def with_assignment(policy: DomainPolicy, *given: Assignment) -> DomainPolicy:
    """The same network after these assignments."""
    return rebuilt(policy, [*all_assignments(policy), *given])


def without_assignment(policy: DomainPolicy, ended: Assignment) -> DomainPolicy:
    """The same network after this assignment ended."""
    return rebuilt(policy, [one for one in all_assignments(policy) if one.id != ended.id])


def all_assignments(policy: DomainPolicy) -> list[Assignment]:
    """Everything assigned in a policy."""
    return [one for assignments in policy.assignments.values() for one in assignments]


def asking(now: datetime = NOW, address: str | None = None) -> Circumstances:
    """A request at an instant from an address."""
    return Circumstances(now, ip_address(address) if address else None)


def limited(policy: DomainPolicy, holder: str, limits: Mapping[str, object]) -> DomainPolicy:
    """The same network with these limits on every assignment of a holder."""
    changed = [
        replace(one, limits=limits_from_json(limits)) if one.holder_id == called(holder) else one
        for one in all_assignments(policy)
    ]
    return rebuilt(policy, changed)
