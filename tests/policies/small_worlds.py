"""Small networks, whole: three people, four capabilities, two locations, and every change that somebody could make.

A state is a value, so that it can be remembered; the engine is asked through real policies made from it. What people
may do is counted in points: a capability, at a place, to an own or another's object of today or of last week, in the
morning or in the evening, from the office or from elsewhere, before or after the locations opt in. Whoever holds the
same can do the same, so access and permission are computed once for all who are alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from ipaddress import ip_address
from itertools import product
from typing import Final, NamedTuple
from uuid import UUID

from policies.catalogue import AGE, ALL, Capability, Catalogue, DomainKind, Level, LimitRule, Seat, age, own
from policies.compile import Assignment, DomainPolicy, build_policy
from policies.decisions import decide
from policies.delta import Delta, missing_grants
from policies.limit_syntax import limits_from_words
from policies.limits import Circumstances
from policies.lines import Effect, Line
from policies.release import ClosedRole, assemble_release, close_role
from policies.roles import Role
from tests.policies.world import ATHENS, NETWORK_1, NORTH, SOUTH, called, locations

PEOPLE: Final = (0, 1, 2)
PERSON_IDS: Final = tuple(called(f"person {number}") for number in PEOPLE)
WHERE: Final[dict[str, UUID | None]] = {"network": None, "north": NORTH, "south": SOUTH}
DAYS: Final = {"today": date(2026, 3, 10), "last week": date(2026, 3, 3)}
MORNING, NOON, EVENING = (datetime(2026, 3, 10, hour, tzinfo=UTC) for hour in (6, 12, 18))
LONG_AGO, TOMORROW = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 11, tzinfo=UTC)
PERIODS: Final = {
    "open": (LONG_AGO, None),
    "until noon": (LONG_AGO, NOON),
    "from noon": (NOON, None),
    "visit": (LONG_AGO, TOMORROW),
}
ADDRESSES: Final = {"office": ip_address("203.0.113.9"), "elsewhere": ip_address("198.51.100.7")}
NONE, OWN, TODAY, OFFICE, OPTED_IN = "none", "own", "back=0", "ip=203.0.113.0/24", "opted_in"


def _capability(
    code: str,
    level: Level,
    *,
    limits: tuple[LimitRule, ...] = (),
    immune: tuple[str, ...] = (),
    requires: tuple[str, ...] = (),
) -> Capability:
    return Capability(code, code, code, level, Seat.FREE, limits, immune, requires)


CATALOGUE: Final = Catalogue(
    [
        _capability("cards:read", Level.LOCATION, limits=(own("owner"), *age("day"))),
        _capability("cards:change", Level.LOCATION, limits=(own("owner"),), requires=("cards:read",)),
        _capability("lists:read", Level.SHARED, immune=ALL),
        _capability("plans:change", Level.NETWORK, immune=AGE, requires=("cards:read", "lists:read")),
    ]
)


def _lines(role: str, *written: str) -> list[Line]:
    """Lines such as `allow cards:read own`."""
    cells = [line.split() for line in written]
    return [
        Line(role, capability, Effect(effect), limits_from_words(" ".join(limits) or NONE), role)
        for effect, capability, *limits in cells
    ]


RELEASE: Final = assemble_release(
    CATALOGUE,
    roles=[Role(code, code, code, DomainKind.NETWORK) for code in ("owner", "clerk", "planner")],
    lines=[
        *_lines("owner", "allow *"),
        *_lines("clerk", "allow cards:read", "allow cards:change"),
        *_lines("planner", "allow cards:read own", "allow lists:read", "allow plans:change"),
    ],
)
DESK: Final = "desk"
"""The one role of the network's own. What it says is one of DESKS, or it does not exist."""
DESKS: Final = (
    ("allow lists:read",),
    ("deny cards:read",),
    ("allow cards:read own", "deny lists:read"),
    ("allow cards:read", "allow lists:read", "allow plans:change"),
)


class Held(NamedTuple):
    """An assignment of somebody: a role somewhere, under limits in words, for a period by its name."""

    role: str
    at: str
    limits: str = NONE
    period: str = "open"


Holdings = frozenset[Held]


class State(NamedTuple):
    """What each of the people holds, what the own role says (None: there is none), who is suspended, how late it is."""

    held: tuple[Holdings, ...]
    desk: int | None = None
    suspended: frozenset[int] = frozenset()
    is_evening: bool = False

    @property
    def now(self) -> datetime:
        """The instant at which changes are made."""
        return EVENING if self.is_evening else MORNING


@dataclass(frozen=True, slots=True)
class World:
    """Where people begin, who of them makes changes, and what can be given in it.

    `kinds` are the limits and periods of new assignments, `limits` what an assignment's can be changed to. `visitors`
    are accounts from outside: whatever they are given is at one location and ends.
    """

    start: State
    actors: tuple[int, ...]
    kinds: tuple[tuple[str, str], ...]
    limits: tuple[str, ...] = ()
    roles: tuple[str, ...] = ("clerk", "planner", DESK)
    places: tuple[str, ...] = ("network", "north")
    visitors: frozenset[int] = frozenset()

    def changes(self, state: State, actor: int) -> Iterator[State]:
        """Where one change leads that the actor may make or not.

        Rule R4 is kept (only an owner changes an owner). Who may change assignments or roles at all is not asked, nor
        is an owner left over: what is permitted in earnest is less.
        """
        if actor in state.suspended:
            return
        is_owner = any(one.role == "owner" for one in state.held[actor])
        for person in PEOPLE:
            if is_owner or not any(one.role == "owner" for one in state.held[person]):
                yield state._replace(suspended=state.suspended ^ {person})
            for held in self._other_holdings(state, person, is_owner=is_owner):
                yield state._replace(held=(*state.held[:person], held, *state.held[person + 1 :]))
        yield from (state._replace(desk=desk) for desk in range(len(DESKS)))
        if state.desk is not None:
            for replacement in ("clerk", "planner"):
                yield state._replace(held=tuple(_replaced(one, replacement) for one in state.held), desk=None)

    def _other_holdings(self, state: State, person: int, *, is_owner: bool) -> Iterator[Holdings]:
        held = state.held[person]
        taken = {(one.role, one.at) for one in held}
        for given in self._assignable(person):
            if (given.role, given.at) not in taken and (given.role != DESK or state.desk is not None):
                yield held | {given}
        for one in held:
            if one.role != "owner":
                yield from (held - {one} | {one._replace(limits=limits)} for limits in self.limits)
            if one.role != "owner" or is_owner:
                yield held - {one}

    def _assignable(self, person: int) -> Iterator[Held]:
        if person in self.visitors:
            yield from (Held(role, at, period="visit") for role, at in product(self.roles, ("north", "south")))
            return
        yield Held("owner", "network")
        yield from (Held(role, at, *kind) for role, at, kind in product(self.roles, self.places, self.kinds))


def _replaced(held: Holdings, replacement: str) -> Holdings:
    """The replacement for the own role, with its limits and period; where it is held already, that one stays."""
    there = {one.at for one in held if one.role == replacement}
    given = {one._replace(role=replacement) for one in held if one.role == DESK and one.at not in there}
    return frozenset({one for one in held if one.role != DESK} | given)


def violation(world: World, *, depth: int) -> str | None:
    """What somebody gained, after at most so many changes, that none of those who made them held at first."""
    start, held_by_actors = world.start, 0
    for actor in world.actors:
        held_by_actors |= access(start, actor)
    bounds = [access(start, person) | held_by_actors for person in PEOPLE]
    seen, frontier = {start}, {start}
    for _ in range(depth):
        frontier = {after for before in frontier for after in _next(world, before)} - seen
        seen |= frontier
        for state in frontier:
            for person, bound in enumerate(bounds):
                if gained := access(state, person) & ~bound:
                    return f"{person} gained {points_of(gained)} by way of {state}"
    return None


def _next(world: World, state: State) -> Iterator[State]:
    """Where one permitted change leads, and the same state in the evening."""
    yield state._replace(is_evening=True)
    for actor in world.actors:
        yield from (after for after in world.changes(state, actor) if is_permitted(state, after, actor))


def is_permitted(before: State, after: State, actor: int) -> bool:
    """Whether rule R1 lets the actor make this change. Those whom it does not concern are left out of the question:
    that they make no difference is a test of its own."""
    others = [one for one in PEOPLE if one != actor and _concerns(before, after, one)]
    return _is_permitted(_of(before, [actor, *others]), _of(after, [actor, *others]))


def _concerns(before: State, after: State, person: int) -> bool:
    old, new = before.held[person], after.held[person]
    changed_desk = before.desk != after.desk and any(one.role == DESK for one in old | new)
    return old != new or (person in before.suspended) != (person in after.suspended) or changed_desk


def _of(state: State, people: list[int]) -> State:
    suspended = frozenset(number for number, one in enumerate(people) if one in state.suspended)
    return state._replace(held=tuple(state.held[one] for one in people), suspended=suspended)


@cache
def _is_permitted(before: State, after: State) -> bool:
    """Whether the first of the people may make the change."""
    return before == after or may_change(before, after, 0)


def may_change(before: State, after: State, actor: int) -> bool:
    """What the engine says of the change as it is."""
    change = Delta(policy_of(before), policy_of(after), before.now, entries=())
    return not missing_grants(PERSON_IDS[actor], change)


def policy_of(state: State, *, opted_in: bool = False) -> DomainPolicy:
    """The state as the engine sees it."""
    return build_policy(
        NETWORK_1,
        epoch=1,
        release=RELEASE,
        own_roles=[] if state.desk is None else [_desk(state.desk)],
        zone=ATHENS,
        locations=locations(opted_in=opted_in),
        inactive=(PERSON_IDS[one] for one in state.suspended),
        assignments=[_assignment(person, one, state.desk) for person, held in enumerate(state.held) for one in held],
    )


@cache
def _desk(variant: int) -> ClosedRole:
    return close_role(DESK, DESK, _lines(DESK, *DESKS[variant]), CATALOGUE)


@cache
def _assignment(person: int, held: Held, desk: int | None) -> Assignment:
    role = RELEASE.closed[held.role] if held.role != DESK or desk is None else _desk(desk)
    key = called(f"{person} {held.role} {held.at}")
    limits = limits_from_words(held.limits)
    return Assignment(key, PERSON_IDS[person], role, WHERE[held.at], limits, *PERIODS[held.period])


class Point(NamedTuple):
    """One of the questions of whose answers somebody's access consists."""

    code: str
    at: str
    is_own: bool
    day: str
    is_evening: bool
    address: str
    is_opted_in: bool


_EITHER: Final = (False, True)
POINTS: Final = [
    Point(*asked) for asked in product(CATALOGUE.by_code, WHERE, _EITHER, DAYS, _EITHER, ADDRESSES, _EITHER)
]
_IN_THE_EVENING: Final = sum(1 << number for number, point in enumerate(POINTS) if point.is_evening)


def access(state: State, person: int) -> int:
    """The points that somebody holds from now on, as one number."""
    if person in state.suspended:
        return 0
    points = _access(state.held[person], state.desk)
    return points & _IN_THE_EVENING if state.is_evening else points


def points_of(points: int) -> list[Point]:
    """The points of an access, to be read."""
    return [point for number, point in enumerate(POINTS) if points >> number & 1]


@cache
def _access(held: Holdings, desk: int | None) -> int:
    policies = [policy_of(State((held,), desk), opted_in=opted_in) for opted_in in _EITHER]
    return sum(1 << number for number, point in enumerate(POINTS) if _answer(policies[point.is_opted_in], point))


def _answer(policy: DomainPolicy, point: Point) -> bool:
    return decide(
        policy,
        policy.holding(PERSON_IDS[0]),
        point.code,
        at=WHERE[point.at],
        of={"owner": PERSON_IDS[0 if point.is_own else 1], "day": DAYS[point.day]},
        circumstances=Circumstances(EVENING if point.is_evening else MORNING, ADDRESSES[point.address]),
    ).allowed


def _people(*held: Iterable[Held]) -> tuple[Holdings, ...]:
    return tuple(map(frozenset, held))


WORLDS: Final = {
    "periods: what is held until noon and from noon": World(
        State(
            _people([Held("clerk", "network", period="until noon")], [Held("clerk", "north")], [Held(DESK, "south")]),
            desk=1,
        ),
        actors=(0, 1),
        kinds=((NONE, "open"), (NONE, "until noon"), (NONE, "from noon")),
        roles=("clerk", DESK),
    ),
    "objects: own ones, and those of today": World(
        State(_people([Held("clerk", "network", OWN)], [Held("planner", "north")], [Held("clerk", "south", TODAY)])),
        actors=(0, 1, 2),
        kinds=((NONE, "open"), (OWN, "open")),
        limits=(NONE, OWN, TODAY),
    ),
    "requests: from the office, and where one opted in": World(
        State(
            _people([Held("clerk", "network", OFFICE)], [Held(DESK, "network")], [Held("clerk", "north", OPTED_IN)]),
            desk=3,
        ),
        actors=(0, 1),
        kinds=((NONE, "open"), (OFFICE, "open")),
        limits=(NONE, OFFICE, OPTED_IN),
        roles=("clerk", DESK),
    ),
    "owners and visitors: one asleep, one from outside": World(
        State(
            _people([Held("owner", "network")], [Held("planner", "network"), Held(DESK, "north")], []),
            desk=1,
            suspended=frozenset({0}),
        ),
        actors=(1, 2),
        kinds=((NONE, "open"), (OWN, "open")),
        limits=(NONE, OWN),
        visitors=frozenset({2}),
    ),
}
"""Each with a theme of its own, since all themes together would be too many states."""
