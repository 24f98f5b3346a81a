"""What a change of policy changes: who gains and loses what, where; what the changer may give; what people consent to.

A delta compares two policies of one domain as if every period had begun and every further limit were met, so that an
assignment for next week, or for a location that has not opted in yet, counts today. Access at a place is a set of terms
(`access.py`); it is GAINED or LOST as a whole, WIDENED if some new term is not covered by an old one, NARROWED if only
the opposite holds.

Rule R1 does not trust that "as if": what takes away for some hours would hide what is given for longer. It looks at
each instant at which something begins or ends, and nobody gives today what begins next week.

A change at the whole domain stands for all its locations: a location has entries of its own only where it differs.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from operator import attrgetter
from typing import Final, NamedTuple
from uuid import UUID

from policies.access import (
    UNCONDITIONAL,
    Access,
    Accesses,
    Conditions,
    StandingAccesses,
    TimedGrant,
    TimedTerm,
    boundaries,
    covers,
    is_covered,
)
from policies.canonical import canonical_json
from policies.catalogue import Capability, Level
from policies.compile import EVERYTHING, Assignment, DomainPolicy, Holding
from policies.limits import Limits, heeded
from policies.lines import Effect
from policies.narrowing import Narrowing
from policies.release import ClosedRole
from policies.roles import OWNERS


class Change(StrEnum):
    """What happens to one access."""

    GAINED = "GAINED"
    LOST = "LOST"
    WIDENED = "WIDENED"
    NARROWED = "NARROWED"


_NUMBER: Final = attrgetter("int")
"""By which ids are ordered: as they order themselves, and much faster."""
_GAINS: Final = frozenset({Change.GAINED, Change.WIDENED})


class Entry(NamedTuple):
    """One access that changes: whose, where (None is the whole domain), which."""

    holder_id: UUID
    location_id: UUID | None
    capability: str
    change: Change


class Missing(NamedTuple):
    """An access that a change would give and that the changer does not hold: to a holder, or by a role's lines."""

    holder_id: UUID | None
    role: str | None
    location_id: UUID | None
    capability: str


@dataclass(frozen=True, slots=True, eq=False)
class Delta:
    """The difference between two policies, and what it was made from."""

    before: DomainPolicy
    after: DomainPolicy
    now: datetime
    entries: tuple[Entry, ...]

    @property
    def gained(self) -> int:
        """How many accesses are gained or widened."""
        return sum(entry.change in _GAINS for entry in self.entries)

    @property
    def lost(self) -> int:
        """How many accesses are lost or narrowed."""
        return len(self.entries) - self.gained

    @property
    def losing(self) -> frozenset[UUID]:
        """The holders of whose accesses one is lost or narrowed."""
        return frozenset(entry.holder_id for entry in self.entries if entry.change not in _GAINS)

    @property
    def is_empty(self) -> bool:
        """Whether nobody's access changes."""
        return not self.entries

    def to_json(self, names: Mapping[UUID, str] | None = None) -> list[list[str]]:
        """The entries as `[holder, scope, capability, change]`, sorted.

        `names` replaces ids that a rolled-back change invented: `created:1` for the first person it made.
        """
        known = names or {}
        scope = self.after.domain.scope
        return sorted(
            [known.get(holder, str(holder)), scope(at), capability, change]
            for holder, at, capability, change in self.entries
        )


def delta_between(before: DomainPolicy, after: DomainPolicy, *, now: datetime) -> Delta:
    """Who gains and loses what between two policies of one domain; periods that are over count as gone."""
    old, new = Accesses(before, now), Accesses(after, now)
    changes: dict[tuple[int, int], tuple[tuple[UUID | None, str, Change], ...]] = {}
    entries: list[Entry] = []
    for holder_id in sorted(_moved(before, after), key=_NUMBER):
        had, has = old.of(holder_id), new.of(holder_id)
        pair = id(had), id(has)
        if pair not in changes:
            changes[pair] = tuple(_changes(had, has))
        entries.extend(Entry(holder_id, at, code, change) for at, code, change in changes[pair])
    return Delta(before, after, now, tuple(entries))


def missing_grants(changer_id: UUID, delta: Delta, *, narrowings: Sequence[Narrowing] = ()) -> tuple[Missing, ...]:
    """Rule R1: what the change gives that the changer does not hold. Empty means that the changer may make it.

    A token holds what its narrowings leave of its holder's grants, and gives no more than that.

    Each access gained or widened, at each place and instant where it is, must be covered by one grant that the changer
    holds now in the policy before the change and still holds then, with limits no wider on any count. What is added to
    a role, or no longer denied by it, must be held at the whole domain for ever, whoever holds the role.
    """
    before, after = delta.before, delta.after
    giving = _Giving(before, after, before.holding(changer_id), delta.now, narrowings)
    missing = [Missing(None, role, None, code) for role, code in giving.added_to_roles()]
    for holder_id in sorted(_moved(before, after), key=_NUMBER):
        beyond = giving.beyond(before.holding(holder_id), after.holding(holder_id))
        missing.extend(Missing(holder_id, None, at, code) for at, code in beyond)
    return tuple(dict.fromkeys(missing))


def exceeds(policy: DomainPolicy, had: Holding, has: Holding, *, giver: Holding, now: datetime) -> bool:
    """Whether the second holding gives anything beyond the first that the giver may not give."""
    return bool(_Giving(policy, policy, giver, now).beyond(had, has))


def owners(policy: DomainPolicy) -> frozenset[UUID]:
    """The active holders of the domain's owner role: there must be one, and only they change each other."""
    return frozenset(
        holder_id
        for holder_id, assignments in policy.assignments.items()
        if holder_id not in policy.inactive and any(assignment.role.code in OWNERS for assignment in assignments)
    )


def consent_for(
    domain: str,
    *,
    changes: Sequence[object],
    delta: Sequence[Sequence[str]],
    consequences: Iterable[tuple[str, str]],
) -> str:
    """The digest to which people agree: it binds what follows (plugin and digest each), not the epoch.

    `c1.` and the unpadded base64url of the SHA-256 of the RFC 8785 JSON of all four.
    """
    bound = {
        "changes": changes,
        "consequences": [list(consequence) for consequence in consequences],
        "delta": delta,
        "domain": domain,
    }
    return "c1." + urlsafe_b64encode(sha256(canonical_json(bound)).digest()).rstrip(b"=").decode()


def _moved(before: DomainPolicy, after: DomainPolicy) -> Iterator[UUID]:
    """The holders whose access may differ: everybody where catalogue or places do, else those whose assignments do.

    A change moves few of many; the others need no comparison of what their assignments give.
    """
    holders = before.assignments.keys() | after.assignments.keys()
    if before.release.catalogue is not after.release.catalogue or before.places.keys() != after.places.keys():
        yield from holders
        return
    same = _SameRoles()
    for holder_id in holders:
        held, holds = before.assignments.get(holder_id, ()), after.assignments.get(holder_id, ())
        was_active, is_active = holder_id not in before.inactive, holder_id not in after.inactive
        if was_active is not is_active or not _is_same_holding(held, holds, same):
            yield holder_id


class _SameRoles:
    """Tells whether two roles say the same: a policy that is read again has equal roles that are not identical."""

    def __init__(self) -> None:
        self._known: dict[tuple[ClosedRole, ClosedRole], bool] = {}

    def __call__(self, one: ClosedRole, other: ClosedRole) -> bool:
        if one is other:
            return True
        pair = one, other
        if pair not in self._known:
            self._known[pair] = one.code == other.code and one.lines == other.lines
        return self._known[pair]


def _is_same_holding(held: Sequence[Assignment], holds: Sequence[Assignment], same: _SameRoles) -> bool:
    return len(held) == len(holds) and all(
        one is other
        or (
            one.location_id == other.location_id
            and one.valid_from == other.valid_from
            and one.valid_until == other.valid_until
            and one.limits == other.limits
            and same(one.role, other.role)
        )
        for one, other in zip(held, holds, strict=True)
    )


class _Giving:
    """What somebody may give, in a policy before a change and one after it."""

    def __init__(
        self,
        before: DomainPolicy,
        after: DomainPolicy,
        giver: Holding,
        now: datetime,
        narrowings: Sequence[Narrowing] = (),
    ) -> None:
        self._policies = before, after
        self._before, self._after = StandingAccesses(before), StandingAccesses(after)
        self._giver, self._now, self._narrowings = giver, now, narrowings
        self._given: dict[datetime, Access] = {}
        self._known: dict[tuple[int, int, int], tuple[tuple[UUID | None, str], ...]] = {}

    def beyond(self, had: Holding, has: Holding) -> tuple[tuple[UUID | None, str], ...]:
        """The accesses, place and code, that the second holding gives at some instant and the giver may not give."""
        found: list[tuple[UUID | None, str]] = []
        for instant in boundaries(self._now, had, has, self._giver):
            found.extend(self._beyond(self._before.at(had, instant), self._after.at(has, instant), self._held(instant)))
        return tuple(dict.fromkeys(found))

    def added_to_roles(self) -> Iterator[tuple[str, str]]:
        """Role and code of each line that a role got, or of each deny that it lost, and the giver does not hold."""
        before, after = self._policies
        held = [self._held(instant) for instant in boundaries(self._now, self._giver)]
        for role in after.roles.values():
            old = before.roles.get(role.code)
            for code in sorted(role.naming.keys() | (old.naming.keys() if old else set())):
                capability = after.release.catalogue[code]
                added = _added_terms(old, role, capability)
                if not all(covers(one.conditions(capability, None), term, {}) for term in added for one in held):
                    yield role.code, code

    def _held(self, instant: datetime) -> Access:
        if instant not in self._given:
            whole = self._before.lasting(self._giver, self._now, instant)
            self._given[instant] = whole.narrowed(self._narrowings) if self._narrowings else whole
        return self._given[instant]

    def _beyond(self, had: Access, has: Access, held: Access) -> tuple[tuple[UUID | None, str], ...]:
        key = id(had), id(has), id(held)
        if key not in self._known:
            self._known[key] = tuple(
                (place, code)
                for at, code, change in _changes(had, has)
                if change in _GAINS
                for place in _uncovered(had, has, held, code=code, at=at)
            )
        return self._known[key]


def _changes(had: Access, has: Access) -> Iterator[tuple[UUID | None, str, Change]]:
    touched = _touched(had, has)
    everywhere = _changes_at(had, has, None, touched)
    for code, change in everywhere.items():
        yield None, code, change
    named = {one.grant.location_id for one in (*had.timed, *has.timed)}
    alike: dict[tuple[UUID | None, bool, bool], dict[str, Change]] = {}
    for at in _locations(had, has):
        # Locations that no grant names differ only by standing in one policy and not in the other.
        kind = (at if at in named else None, at in had.policy.places, at in has.policy.places)
        if kind not in alike:
            alike[kind] = _changes_at(had, has, at, touched)
        for code, change in alike[kind].items():
            if everywhere.get(code) is not change:
                yield at, code, change


def _touched(had: Access, has: Access) -> int:
    """The capabilities of which the grants may say something else: all, unless the same grants have other roles."""
    catalogue = has.policy.release.catalogue
    if catalogue is not had.policy.release.catalogue or [*map(_frame, had.timed)] != [*map(_frame, has.timed)]:
        return EVERYTHING
    roles = {(old.grant.role, new.grant.role) for old, new in zip(had.timed, has.timed, strict=True)}
    touched = catalogue.mask({code for old, new in roles if old is not new for code in _reworded(old, new)})
    for bit, needed in catalogue.requirements:
        touched |= bit if needed & touched else 0
    return touched


def _frame(one: TimedGrant) -> tuple[UUID | None, Limits, datetime | None]:
    return one.grant.location_id, one.grant.limits, one.until


def _reworded(old: ClosedRole, new: ClosedRole) -> Iterator[str]:
    """The codes of which two roles say different things."""
    for code in old.naming.keys() | new.naming.keys():
        before, after = old.naming.get(code, ()), new.naming.get(code, ())
        if [(line.effect, line.limits) for line in before] != [(line.effect, line.limits) for line in after]:
            yield code


def _changes_at(had: Access, has: Access, at: UUID | None, touched: int) -> dict[str, Change]:
    before, after = had.compiled, has.compiled
    old, new = before.could.get(at, 0), after.could.get(at, 0)
    concerned = (old | new) & (touched | (old ^ new))
    if not had.is_conditional and not has.is_conditional:
        concerned &= ~(before.can.get(at, 0) & after.can.get(at, 0))
    catalogue = has.policy.release.catalogue
    if at is not None:
        concerned &= catalogue.level_mask(Level.LOCATION)
    found = ((code, _change(had, has, catalogue[code], at)) for code in sorted(catalogue.codes(concerned)))
    return {code: change for code, change in found if change is not None}


def _change(had: Access, has: Access, capability: Capability, at: UUID | None) -> Change | None:
    old, new = had.conditions(capability, at), has.conditions(capability, at)
    if not old.terms or not new.terms:
        return Change.GAINED if new.terms else Change.LOST if old.terms else None
    if not is_covered(new, old):
        return Change.WIDENED
    return None if is_covered(old, new) else Change.NARROWED


def _uncovered(had: Access, has: Access, held: Access, *, code: str, at: UUID | None) -> Iterator[UUID | None]:
    """Where something is gained at a place, or (None) in the whole domain and its locations, that is not held there."""
    capability = has.policy.release.catalogue[code]
    everywhere = at is None and capability.level is Level.LOCATION
    for place in (None, *_locations(had, has)) if everywhere else (at,):
        old, new = had.conditions(capability, place), has.conditions(capability, place)
        gained = [term for term in new.terms if not covers(old, term, new.required)]
        if not all(covers(held.conditions(capability, place), term, new.required) for term in gained):
            yield place


def _locations(had: Access, has: Access) -> list[UUID]:
    both = {place.location_id for policy in (had.policy, has.policy) for place in policy.locations}
    return sorted((at for at in both if at is not None), key=_NUMBER)


def _added_terms(before: ClosedRole | None, after: ClosedRole, capability: Capability) -> list[TimedTerm]:
    if before is not None and _denies(before, capability) and not _denies(after, capability):
        # What a deny kept shut may be open without limits in another role of whoever holds this one.
        return list(UNCONDITIONAL)
    old = Conditions(tuple(_role_terms(before, capability)) if before else (), {})
    return [term for term in _role_terms(after, capability) if not covers(old, term, {})]


def _denies(role: ClosedRole, capability: Capability) -> bool:
    return any(line.effect is Effect.DENY for line in role.naming.get(capability.code, ()))


def _role_terms(role: ClosedRole, capability: Capability) -> list[TimedTerm]:
    allows = [line for line in role.naming.get(capability.code, ()) if line.effect is Effect.ALLOW]
    left = [heeded(line.limits, capability) for line in allows]
    return [TimedTerm((limits,) if limits else (), None) for limits in left if limits is not None]
