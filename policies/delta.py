"""What a change of policy changes: who gains and loses what, where; what the changer may give; what people consent to.

A delta compares two policies of one domain as if every period had begun and every further limit were met, so that an
assignment for next week, or for a location that has not opted in yet, counts today. Access at a place is a set of terms
(limits, end of the period) under which a capability is granted; it is GAINED or LOST as a whole, WIDENED if some new
term is not covered by an old one, NARROWED if only the opposite holds. Only rule R1 looks at beginnings, too: nobody
gives today what begins next week.

A change at the whole domain stands for all its locations: a location has entries of its own only where it differs.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Final, NamedTuple
from uuid import UUID

from policies.canonical import canonical_json
from policies.catalogue import Capability, Level
from policies.compile import Assignment, DomainPolicy, Grant, Grants, Holding, Term, terms_of
from policies.limits import Place, heeded, is_as_wide
from policies.lines import Effect
from policies.narrowing import Narrowing
from policies.release import ClosedRole
from policies.roles import OWNERS

OWNER: Final = "owner"


class Change(StrEnum):
    """What happens to one access."""

    GAINED = "GAINED"
    LOST = "LOST"
    WIDENED = "WIDENED"
    NARROWED = "NARROWED"


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


class TimedGrant(NamedTuple):
    """A grant with its period: the beginning that is still to come (None has begun), and the end (None is open)."""

    grant: Grant
    since: datetime | None
    until: datetime | None


class TimedTerm(NamedTuple):
    """Limits under which a capability is granted, from when (None: now) and until when (None: for ever)."""

    limits: Term
    since: datetime | None
    until: datetime | None


Timed = Callable[[Holding, datetime], tuple[TimedGrant, ...]]
"""What a holding grants, with the periods as a question needs them."""


@dataclass(frozen=True, slots=True, eq=False)
class Access:
    """Everything that some timed grants give in a domain; shared by all who hold the same."""

    policy: DomainPolicy
    timed: tuple[TimedGrant, ...]
    compiled: Grants

    @property
    def is_timed(self) -> bool:
        """Whether any of it begins later, or ends by itself."""
        return any(one.since is not None or one.until is not None for one in self.timed)

    def narrowed(self, narrowings: Iterable[Narrowing]) -> Access:
        """The same, less what a token leaves out."""
        catalogue, domain = self.policy.release.catalogue, self.policy.domain
        return replace(self, compiled=self.compiled.narrowed(narrowings, catalogue, domain))

    def terms(self, capability: Capability, at: UUID | None) -> tuple[TimedTerm, ...]:
        """The terms under which the capability is granted there; none if denied, or if a requirement is missing."""
        if not self.compiled.could.get(at, 0) & self.compiled.bits[capability.code]:
            return ()
        place = self.policy.asked_place(capability, at)
        return () if place is None else tuple(self._terms(capability, place))

    def _terms(self, capability: Capability, place: Place) -> Iterator[TimedTerm]:
        for grant, since, until in self.timed:
            for term in terms_of((grant,), capability, place):
                yield TimedTerm(term, since, until)


@dataclass(frozen=True, slots=True, eq=False)
class Delta:
    """The difference between two policies, and what it was made from."""

    before: DomainPolicy
    after: DomainPolicy
    now: datetime
    entries: tuple[Entry, ...]

    @property
    def is_empty(self) -> bool:
        """Whether nobody's access changes."""
        return not self.entries

    @property
    def gained(self) -> int:
        """How many accesses are gained or widened."""
        return sum(entry.change in _GAINS for entry in self.entries)

    @property
    def lost(self) -> int:
        """How many accesses are lost or narrowed."""
        return len(self.entries) - self.gained

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
    return Delta(before, after, now, _entries(before, after, Accesses(before, now), Accesses(after, now)))


def _entries(before: DomainPolicy, after: DomainPolicy, old: Accesses, new: Accesses) -> tuple[Entry, ...]:
    changes: dict[tuple[int, int], tuple[tuple[UUID | None, str, Change], ...]] = {}
    entries: list[Entry] = []
    for holder_id in sorted(_moved(before, after)):
        had, has = old.of(holder_id), new.of(holder_id)
        pair = id(had), id(has)
        if pair not in changes:
            changes[pair] = tuple(_changes(had, has))
        entries.extend(Entry(holder_id, at, code, change) for at, code, change in changes[pair])
    return tuple(entries)


def missing_grants(changer_id: UUID, delta: Delta, *, narrowings: Sequence[Narrowing] = ()) -> tuple[Missing, ...]:
    """Rule R1: what the change gives that the changer does not hold. Empty means that the changer may make it.

    A token holds what its narrowings leave of its holder's grants, and gives no more than that.

    Each access gained or widened, at each place where it is, must be covered by one grant that the changer holds now in
    the policy before the change, with limits no wider on any count and a period no shorter. What is added to a role,
    or no longer denied by it, must be held at the whole domain, whoever holds the role.
    """
    changer = standing_access_of(delta.before, delta.before.holding(changer_id), now=delta.now).narrowed(narrowings)
    old, new = Accesses(delta.before, delta.now, _dated), Accesses(delta.after, delta.now, _dated)
    missing = [Missing(None, role, None, code) for role, code in _added_to_roles(delta, changer)]
    judged: dict[tuple[int, int, UUID | None, str], tuple[UUID | None, ...]] = {}
    waits = any(_waits(policy, delta.now) for policy in (delta.before, delta.after))
    entries = _entries(delta.before, delta.after, old, new) if waits else delta.entries
    for holder_id, at, code, change in entries:
        if change not in _GAINS:
            continue
        had, has = old.of(holder_id), new.of(holder_id)
        key = (id(had), id(has), at, code)
        if key not in judged:
            judged[key] = tuple(_uncovered(had, has, changer, capability=delta.after.release.catalogue[code], at=at))
        missing.extend(Missing(holder_id, None, place, code) for place in judged[key])
    return tuple(dict.fromkeys(missing))


def _waits(policy: DomainPolicy, now: datetime) -> bool:
    """Whether somebody has an assignment that begins later."""
    return any(one.valid_from > now for held in policy.assignments.values() for one in held)


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


class Accesses:
    """The access of each holder of a policy once every period has begun; one object for all who hold the same.

    `timed` gives a holding's grants with their periods; unless given, none of them begins later.
    """

    def __init__(self, policy: DomainPolicy, now: datetime, timed: Timed | None = None) -> None:
        self._policy = _opened(policy)
        self._now = now
        self._timed = timed or _coming
        self._shared: dict[tuple[TimedGrant, ...], Access] = {}
        self._of: dict[UUID, Access] = {}

    def of(self, holder_id: UUID) -> Access:
        """What a holder holds once every period has begun."""
        access = self._of.get(holder_id)
        if access is None:
            timed = self._timed(self._policy.holding(holder_id), self._now)
            access = self._shared.get(timed)
            if access is None:
                access = self._shared[timed] = _access(self._policy, timed)
            self._of[holder_id] = access
        return access


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


def access_of(policy: DomainPolicy, holding: Holding, *, now: datetime) -> Access:
    """What a holding gives once every period has begun; what is over gives nothing."""
    return _access(_opened(policy), _coming(holding, now))


def standing_access_of(policy: DomainPolicy, holding: Holding, *, now: datetime) -> Access:
    """What a holding gives now."""
    return _access(_opened(policy), _standing(holding, now))


def exceeds(had: Access, has: Access, giver: Access) -> bool:
    """Whether the second access holds anything beyond the first that the giver does not hold."""
    catalogue = has.policy.release.catalogue
    return any(
        True
        for at, code, change in _changes(had, has)
        if change in _GAINS
        for _ in _uncovered(had, has, giver, capability=catalogue[code], at=at)
    )


def _opened(policy: DomainPolicy) -> DomainPolicy:
    """The same policy with every further limit met: else a grant could wait, unchecked, for a location to opt in."""
    places = {at: replace(place, traits=policy.release.further) for at, place in policy.places.items()}
    return replace(policy, places=places, _shared={}, _compiled={})


def _access(policy: DomainPolicy, timed: tuple[TimedGrant, ...]) -> Access:
    return Access(policy, timed, policy.shared_grants(tuple(one.grant for one in timed)))


def _coming(holding: Holding, now: datetime) -> tuple[TimedGrant, ...]:
    """What is not over, as if it had begun."""
    if not holding.is_active:
        return ()
    return tuple(TimedGrant(one.grant, None, one.valid_until) for one in holding.assignments if not one.is_over(now))


def _dated(holding: Holding, now: datetime) -> tuple[TimedGrant, ...]:
    """What is not over, with the beginnings that are still to come."""
    if not holding.is_active:
        return ()
    return tuple(
        TimedGrant(one.grant, None if one.valid_from <= now else one.valid_from, one.valid_until)
        for one in holding.assignments
        if not one.is_over(now)
    )


def _standing(holding: Holding, now: datetime) -> tuple[TimedGrant, ...]:
    if not holding.is_active:
        return ()
    return tuple(TimedGrant(one.grant, None, one.valid_until) for one in holding.assignments if one.stands(now))


def _changes(had: Access, has: Access) -> Iterator[tuple[UUID | None, str, Change]]:
    everywhere = _changes_at(had, has, None)
    for code, change in everywhere.items():
        yield None, code, change
    named = {one.grant.location_id for one in (*had.timed, *has.timed)}
    alike: dict[tuple[UUID | None, bool, bool], dict[str, Change]] = {}
    for at in _locations(had, has):
        # Locations that no grant names differ only by standing in one policy and not in the other.
        kind = (at if at in named else None, at in had.policy.places, at in has.policy.places)
        if kind not in alike:
            alike[kind] = _changes_at(had, has, at)
        for code, change in alike[kind].items():
            if everywhere.get(code) is not change:
                yield at, code, change


def _changes_at(had: Access, has: Access, at: UUID | None) -> dict[str, Change]:
    before, after = had.compiled, has.compiled
    concerned = before.could.get(at, 0) | after.could.get(at, 0)
    if not had.is_timed and not has.is_timed:
        concerned &= ~(before.can.get(at, 0) & after.can.get(at, 0))
    catalogue = has.policy.release.catalogue
    if at is not None:
        concerned &= catalogue.level_mask(Level.LOCATION)
    found = ((code, _change(had, has, catalogue[code], at)) for code in sorted(catalogue.codes(concerned)))
    return {code: change for code, change in found if change is not None}


def _change(had: Access, has: Access, capability: Capability, at: UUID | None) -> Change | None:
    old, new = had.terms(capability, at), has.terms(capability, at)
    if not old or not new:
        return Change.GAINED if new else Change.LOST if old else None
    if not all(_is_covered(term, old) for term in new):
        return Change.WIDENED
    return None if all(_is_covered(term, new) for term in old) else Change.NARROWED


def _uncovered(
    had: Access, has: Access, giver: Access, *, capability: Capability, at: UUID | None
) -> Iterator[UUID | None]:
    everywhere = at is None and capability.level is Level.LOCATION
    for place in (None, *_locations(had, has)) if everywhere else (at,):
        old, held = had.terms(capability, place), giver.terms(capability, place)
        gained = [term for term in has.terms(capability, place) if not _is_covered(term, old)]
        if not all(_is_covered(term, held) for term in gained):
            yield place


def _is_covered(term: TimedTerm, by: Iterable[TimedTerm]) -> bool:
    return any(
        (wide.since is None or (term.since is not None and wide.since <= term.since))
        and (wide.until is None or (term.until is not None and term.until <= wide.until))
        and all(is_as_wide(limits, term.limits) for limits in wide.limits)
        for wide in by
    )


def _locations(had: Access, has: Access) -> list[UUID]:
    both = {place.location_id for policy in (had.policy, has.policy) for place in policy.locations}
    return sorted(at for at in both if at is not None)


def _added_to_roles(delta: Delta, changer: Access) -> Iterator[tuple[str, str]]:
    for code, role in delta.after.roles.items():
        before = delta.before.roles.get(code)
        for capability in sorted(role.naming.keys() | (before.naming.keys() if before else set())):
            added = _added_terms(before, role, delta.after.release.catalogue[capability])
            held = changer.terms(delta.after.release.catalogue[capability], None)
            if not all(_is_covered(term, held) for term in added):
                yield code, capability


def _added_terms(before: ClosedRole | None, after: ClosedRole, capability: Capability) -> list[TimedTerm]:
    if before is not None and _denies(before, capability) and not _denies(after, capability):
        # What a deny kept shut may be open without limits in another role of whoever holds this one.
        return [TimedTerm((), None, None)]
    old = _role_terms(before, capability) if before else []
    return [term for term in _role_terms(after, capability) if not _is_covered(term, old)]


def _denies(role: ClosedRole, capability: Capability) -> bool:
    return any(line.effect is Effect.DENY for line in role.naming.get(capability.code, ()))


def _role_terms(role: ClosedRole, capability: Capability) -> list[TimedTerm]:
    allows = [line for line in role.naming.get(capability.code, ()) if line.effect is Effect.ALLOW]
    left = [heeded(line.limits, capability) for line in allows]
    return [TimedTerm((limits,) if limits else (), None, None) for limits in left if limits is not None]
