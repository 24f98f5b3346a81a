"""Compiling: a domain's policy at one epoch, and what a holder can do in it as two numbers a place.

Casbin's lines are the source of truth and its `enforce` the oracle, never the hot path (milliseconds a question). So:
the roles are closed (`release.py`); assignments are indexed by holder; a holder's masks are computed on first use and
shared by all who hold the same roles at the same scopes under the same limits.

Order of evaluation at a place, the same as in `decisions.py`: allows of the covering grants, minus what their limits
take away, minus every covering deny, minus what lacks a requirement. LOCATION capabilities are decided at the place,
all others at the whole domain, whose answer each location repeats.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Final, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from policies.catalogue import LEVELS_OF, Capability, Catalogue, Level
from policies.limits import Circumstances, Limits, Place, heeded, request_obstacle
from policies.lines import Effect
from policies.narrowing import Taking
from policies.release import ClosedRole, Release
from policies.scopes import Domain

BEGINNING: Final = datetime.min.replace(tzinfo=UTC)
END: Final = datetime.max.replace(tzinfo=UTC)
EVERYTHING: Final = -1

Term = tuple[Limits, ...]
"""The limits under which one line grants, all to be met; without any the grant is unconditional."""


class Grant(NamedTuple):
    """A role at a scope (None is the whole domain) under limits: what holders share, whoever they are."""

    role: ClosedRole
    location_id: UUID | None
    limits: Limits


class Masks(NamedTuple):
    """Capabilities at a place: those without a condition, and those that some object might meet."""

    can: int
    could: int


@dataclass(frozen=True, slots=True)
class Assignment:
    """A role given to a holder at a scope, from an instant on and until another (None is open)."""

    id: UUID
    holder_id: UUID
    role: ClosedRole
    location_id: UUID | None
    limits: Limits
    valid_from: datetime
    valid_until: datetime | None

    def stands(self, now: datetime) -> bool:
        """Whether its period holds now."""
        return self.valid_from <= now and not self.is_over(now)

    def is_over(self, now: datetime) -> bool:
        """Whether its period has ended."""
        return self.valid_until is not None and self.valid_until <= now

    @property
    def grant(self) -> Grant:
        """What it grants while it stands."""
        return Grant(self.role, self.location_id, self.limits)


@dataclass(frozen=True, slots=True)
class Holding:
    """A holder with all current assignments, in canonical order: domain before location, role, id."""

    holder_id: UUID
    is_active: bool
    assignments: tuple[Assignment, ...]

    def grants(self, now: datetime) -> tuple[Grant, ...]:
        """What stands now; nothing for a holder who is not active."""
        if not self.is_active:
            return ()
        return tuple(assignment.grant for assignment in self.assignments if assignment.stands(now))


class Grants:
    """What somebody can do at each place of a domain; shared by all holders of the same grants.

    `can` and `could` map a place (a location's id, the domain's id, or None for the domain) to a mask. An unknown place
    is missing: a foreign location is never covered, not even by a grant at the whole domain.

    They are even where each capability is held for every object at every place, or for none: then no fact of an object
    can matter.
    """

    __slots__ = ("_circumstances", "_terms", "asks_the_request", "bits", "can", "could", "granted", "is_even")

    def __init__(
        self,
        granted: tuple[Grant, ...],
        bits: Mapping[str, int],
        *,
        can: Mapping[UUID | None, int],
        could: Mapping[UUID | None, int],
        circumstances: Circumstances | None = None,
    ) -> None:
        self._circumstances = circumstances
        self.granted = granted
        self.bits = bits
        self.can = can
        self.could = could
        self.asks_the_request = any(
            grant.limits.ask_the_request or any(limits.ask_the_request for _, limits in grant.role.limited)
            for grant in granted
        )
        self.is_even = all(mask == can.get(None, 0) for mask in (*can.values(), *could.values()))
        self._terms: dict[tuple[str, UUID | None], tuple[Term, ...]] = {}

    def terms(self, capability: Capability, place: Place) -> tuple[Term, ...]:
        """The limits under which each covering allow line grants; denies and requirements are in the masks."""
        key = (capability.code, place.location_id)
        terms = self._terms.get(key)
        if terms is None:
            terms = self._terms[key] = tuple(terms_of(self.granted, capability, place, self._circumstances))
        return terms

    def narrowed(self, takings: Iterable[Taking], catalogue: Catalogue, domain: Domain) -> Grants:
        """The same, less what these take away."""
        can, could = dict(self.can), dict(self.could)
        for taking in takings:
            for at in can:
                left = taking.mask(catalogue, None if at == domain.id else at)
                can[at] &= left
                could[at] &= left
        return Grants(self.granted, self.bits, can=can, could=could, circumstances=self._circumstances)


class _Compiled(NamedTuple):
    since: datetime
    until: datetime
    grants: Grants


@dataclass(frozen=True, slots=True, eq=False)
class DomainPolicy:
    """The policy of a network, the operator or a partner at one epoch: immutable, swapped as a whole.

    `roles` are the domain's own, `places` its locations and (under None and its id) itself, `assignments` by holder.
    """

    domain: Domain
    epoch: int
    release: Release
    roles: Mapping[str, ClosedRole]
    places: Mapping[UUID | None, Place]
    inactive: frozenset[UUID]
    assignments: Mapping[UUID, tuple[Assignment, ...]]
    _shared: dict[tuple[Grant, ...], Grants] = field(default_factory=dict, init=False)
    _compiled: dict[UUID, _Compiled] = field(default_factory=dict, init=False)
    _lacking: dict[int, int] = field(default_factory=dict, init=False)
    _alike: dict[tuple[frozenset[str], ZoneInfo], dict[UUID, Place]] = field(default_factory=dict, init=False)

    @property
    def top(self) -> Place:
        """The whole domain as a place."""
        return self.places[None]

    @property
    def locations(self) -> tuple[Place, ...]:
        """The domain's locations."""
        return tuple(place for place in self.places.values() if place.location_id is not None)

    @property
    def alike(self) -> Iterable[dict[UUID, Place]]:
        """The locations in groups that limits cannot tell apart."""
        if not self._alike:
            for at, place in self.places.items():
                if place.location_id is not None and at is not None:
                    self._alike.setdefault((place.traits, place.zone), {})[at] = place
        return self._alike.values()

    def role(self, code: str) -> ClosedRole | None:
        """A built-in role or one of the domain's own."""
        return self.release.closed.get(code) or self.roles.get(code)

    def holding(self, holder_id: UUID) -> Holding:
        """What this holder has; somebody unknown has nothing."""
        return Holding(holder_id, holder_id not in self.inactive, self.assignments.get(holder_id, ()))

    def asked_place(self, capability: Capability, at: UUID | None) -> Place | None:
        """Where the question is decided: a location for LOCATION, else the whole domain.

        None for a foreign place, and for a capability of another kind of domain.
        """
        place = self.places.get(at)
        if place is None or capability.level not in LEVELS_OF[self.domain.kind]:
            return None
        return place if capability.level is Level.LOCATION else self.top

    def grants_of(self, holder_id: UUID, circumstances: Circumstances) -> Grants:
        """What this holder can do now. Computed again at the next period boundary; where a limit asks the request's
        address or hour, computed for the request."""
        grants = self._compiled_at(holder_id, circumstances.now).grants
        return compile_grants(self, grants.granted, circumstances) if grants.asks_the_request else grants

    def fresh_until(self, holder_id: UUID, now: datetime) -> datetime:
        """Until when this epoch says the same of the holder: the next boundary of a period, or, where a limit asks the
        hour, the next full minute."""
        compiled = self._compiled_at(holder_id, now)
        if not compiled.grants.asks_the_request:
            return compiled.until
        return min(compiled.until, now.replace(second=0, microsecond=0) + timedelta(minutes=1))

    def says_the_same(self, other: DomainPolicy, holder_id: UUID) -> bool:
        """Whether another epoch says the same of the holder as this one, at every place and instant."""
        return self.places == other.places and self._said_of(holder_id) == other._said_of(holder_id)

    def held_by(self, holder_id: UUID, now: datetime) -> Grants:
        """What this holder can do now from some address at some hour: `could` is billing's "holds"."""
        return self.shared_grants(self.holding(holder_id).grants(now))

    def shared_grants(self, granted: tuple[Grant, ...]) -> Grants:
        """The compiled form of these grants, one for all who hold them."""
        grants = self._shared.get(granted)
        if grants is None:
            grants = self._shared[granted] = compile_grants(self, granted)
        return grants

    def lacking(self, held: int) -> int:
        """The capabilities that require one which is not among those held. Few masks occur, so each is asked once."""
        lacking = self._lacking.get(held)
        if lacking is None:
            lacking = 0
            for bit, needed in self.release.catalogue.requirements:
                if needed & ~held:
                    lacking |= bit
            self._lacking[held] = lacking
        return lacking

    def _said_of(self, holder_id: UUID) -> tuple[object, ...]:
        # By the roles' lines: another epoch has closed the domain's own roles anew
        holding = self.holding(holder_id)
        return holding.is_active, *(
            (one.role.code, one.role.lines, one.location_id, one.limits, one.valid_from, one.valid_until)
            for one in holding.assignments
        )

    def _compiled_at(self, holder_id: UUID, now: datetime) -> _Compiled:
        compiled = self._compiled.get(holder_id)
        if compiled is None or not compiled.since <= now < compiled.until:
            compiled = self._compiled[holder_id] = self._compile(holder_id, now)
        return compiled

    def _compile(self, holder_id: UUID, now: datetime) -> _Compiled:
        holding = self.holding(holder_id)
        since, until = BEGINNING, END
        for assignment in holding.assignments:
            for boundary in (assignment.valid_from, assignment.valid_until or END):
                if boundary <= now:
                    since = max(since, boundary)
                else:
                    until = min(until, boundary)
        return _Compiled(since, until, self.shared_grants(holding.grants(now)))


def build_policy(
    domain: Domain,
    *,
    epoch: int,
    release: Release,
    own_roles: Iterable[ClosedRole] = (),
    zone: ZoneInfo | None = None,
    locations: Iterable[Place] = (),
    inactive: Iterable[UUID] = (),
    assignments: Iterable[Assignment] = (),
) -> DomainPolicy:
    """Index a domain's rows. `zone` is a network's; the operator and partners, which have none, go by UTC."""
    places = {place.location_id: place for place in locations}
    top = Place(None, zone or ZoneInfo("UTC"))
    by_holder: dict[UUID, list[Assignment]] = {}
    for assignment in assignments:
        by_holder.setdefault(assignment.holder_id, []).append(assignment)
    return DomainPolicy(
        domain=domain,
        epoch=epoch,
        release=release,
        roles=MappingProxyType({role.code: role for role in own_roles}),
        places=MappingProxyType({None: top, domain.id: top, **places}),
        inactive=frozenset(inactive),
        assignments={holder: _in_order(held) for holder, held in by_holder.items()},
    )


def _in_order(held: list[Assignment]) -> tuple[Assignment, ...]:
    # Most people have one assignment, and a large network has many people.
    return tuple(held) if len(held) == 1 else tuple(sorted(held, key=canonical_order))


def canonical_order(assignment: Assignment) -> tuple[bool, str, UUID]:
    """The order in which assignments are explained: domain before location, role code, assignment id."""
    return assignment.location_id is not None, assignment.role.code, assignment.id


def compile_grants(
    policy: DomainPolicy, granted: tuple[Grant, ...], circumstances: Circumstances | None = None
) -> Grants:
    """The masks of these grants at every place. Without circumstances what asks the request counts as a condition."""
    top = _masks_at_top(policy, granted, circumstances)
    can: dict[UUID | None, int] = {None: top.can, policy.domain.id: top.can}
    could: dict[UUID | None, int] = {None: top.could, policy.domain.id: top.could}
    named = {grant.location_id for grant in granted}
    for group in policy.alike:
        unnamed = next((place for at, place in group.items() if at not in named), None)
        if unnamed is not None:
            found = _masks_at_location(policy, granted, unnamed, circumstances, top=top)
            can.update(dict.fromkeys(group, found.can))
            could.update(dict.fromkeys(group, found.could))
    for at in named:
        place = policy.places.get(at)
        if place is not None and place.location_id is not None:
            can[at], could[at] = _masks_at_location(policy, granted, place, circumstances, top=top)
    return Grants(granted, policy.release.catalogue.bits, can=can, could=could, circumstances=circumstances)


def _masks_at_top(policy: DomainPolicy, granted: tuple[Grant, ...], circumstances: Circumstances | None) -> Masks:
    catalogue = policy.release.catalogue
    asked = catalogue.level_mask(*LEVELS_OF[policy.domain.kind])
    shared = catalogue.level_mask(Level.SHARED)
    heard = [(grant, asked if grant.location_id is None else shared) for grant in granted]
    return _with_requirements(_granted(policy.release, heard, policy.top, circumstances), policy)


def _masks_at_location(
    policy: DomainPolicy,
    granted: tuple[Grant, ...],
    place: Place,
    circumstances: Circumstances | None,
    *,
    top: Masks,
) -> Masks:
    catalogue = policy.release.catalogue
    local = catalogue.level_mask(Level.LOCATION)
    heard = [(grant, local) for grant in granted if grant.location_id in (None, place.location_id)]
    here = _granted(policy.release, heard, place, circumstances)
    of_all = Masks(top.can & ~local, top.could & ~local)
    lacking = policy.lacking(here.could | of_all.could)
    return Masks(here.can & ~lacking | of_all.can, here.could & ~lacking | of_all.could)


def _granted(
    release: Release, heard: Iterable[tuple[Grant, int]], place: Place, circumstances: Circumstances | None
) -> Masks:
    """The union of what is offered, minus every deny, each grant as far as it is heard."""
    plain = held = denied = 0
    for grant, mask in heard:
        offered = _offered(release, grant, place, circumstances)
        plain |= offered.can & mask
        held |= offered.could & mask
        denied |= grant.role.denies & mask
    return Masks(plain & ~denied, held & ~denied)


def _with_requirements(masks: Masks, policy: DomainPolicy) -> Masks:
    lacking = policy.lacking(masks.could)
    return Masks(masks.can & ~lacking, masks.could & ~lacking)


def _offered(release: Release, grant: Grant, place: Place, circumstances: Circumstances | None) -> Masks:
    if not _may_act(grant.limits, place, circumstances):
        return Masks(0, 0)
    effect = release.effect_of(grant.limits)
    compared = EVERYTHING if circumstances is None and grant.limits.ask_the_request else effect.compared
    held = grant.role.plain & ~effect.taken
    plain = held & ~compared
    for bit, limits in grant.role.limited:
        if bit & effect.taken or not _may_act(limits, place, circumstances):
            continue
        held |= bit
        if not limits.ask_the_object and not (circumstances is None and limits.ask_the_request):
            plain |= bit & ~compared
    return Masks(plain, held)


def _may_act(limits: Limits, place: Place, circumstances: Circumstances | None) -> bool:
    if not limits.further <= place.traits:
        return False
    return circumstances is None or request_obstacle(limits, place, circumstances) is None


def terms_of(
    granted: tuple[Grant, ...], capability: Capability, place: Place, circumstances: Circumstances | None = None
) -> Iterable[Term]:
    """The limits under which each covering allow line of these grants grants; denies and requirements are not asked."""
    for grant in granted:
        if grant.location_id not in (None, place.location_id) and capability.level is not Level.SHARED:
            continue
        of_grant = heeded(grant.limits, capability)
        for line in grant.role.naming.get(capability.code, ()):
            of_line = heeded(line.limits, capability)
            if line.effect is Effect.DENY or of_grant is None or of_line is None:
                continue
            term = tuple(limits for limits in (of_grant, of_line) if limits)
            if all(_may_act(limits, place, circumstances) for limits in term):
                yield term
