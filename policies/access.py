"""What somebody holds, in a form that can be compared: the terms under which each capability is granted at a place.

A term is what one allow line asks for: its limits, those of its assignment, and the assignment's period. Beside the
terms of a capability stand those of each capability that it requires, as far as they speak of the request, the place or
the time: who may create only what may be read, and may read from the office alone, creates from the office alone.

Every further limit counts as met: else a grant could wait, unseen, for a location to opt in.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from policies.catalogue import Capability, Level
from policies.compile import DomainPolicy, Grant, Grants, Holding, Term, terms_of
from policies.limits import Limits, Place, is_as_wide


class TimedGrant(NamedTuple):
    """A grant with its end (None is open); that its period has begun is understood."""

    grant: Grant
    until: datetime | None


class TimedTerm(NamedTuple):
    """Limits under which a capability is granted, and until when (None: for ever)."""

    limits: Term
    until: datetime | None


class Conditions(NamedTuple):
    """The terms of a capability at a place, and those of each requirement that somebody meets under conditions."""

    terms: tuple[TimedTerm, ...]
    required: Mapping[str, tuple[TimedTerm, ...]]


UNCONDITIONAL = (TimedTerm((), None),)
NOTHING = Conditions((), {})


@dataclass(frozen=True, slots=True, eq=False)
class Access:
    """Everything that some timed grants give in a domain; shared by all who hold the same."""

    policy: DomainPolicy
    timed: tuple[TimedGrant, ...]
    compiled: Grants
    is_conditional: bool
    _conditions: dict[tuple[str, UUID | None], Conditions] = field(default_factory=dict)

    def conditions(self, capability: Capability, at: UUID | None) -> Conditions:
        """How the capability is granted there; NOTHING if it is denied, or if a requirement is missing."""
        key = capability.code, at
        found = self._conditions.get(key)
        if found is None:
            found = self._conditions[key] = self._found(capability, at)
        return found

    def _found(self, capability: Capability, at: UUID | None) -> Conditions:
        if not self.compiled.could.get(at, 0) & self.compiled.bits[capability.code]:
            return NOTHING
        place = self.policy.asked_place(capability, at)
        if place is None:
            return NOTHING
        return Conditions(tuple(self._terms(capability, place)), dict(self._required(capability, place)))

    def _terms(self, capability: Capability, place: Place) -> Iterator[TimedTerm]:
        for grant, until in self.timed:
            for term in terms_of((grant,), capability, place):
                yield TimedTerm(term, until)

    def _required(self, capability: Capability, place: Place) -> Iterator[tuple[str, tuple[TimedTerm, ...]]]:
        catalogue = self.policy.release.catalogue
        for code in catalogue.requires(capability.code) if self.is_conditional else ():
            where = place if catalogue[code].level is Level.LOCATION else self.policy.top
            terms = {TimedTerm(_of_request(limits), until) for limits, until in self._terms(catalogue[code], where)}
            if UNCONDITIONAL[0] not in terms:
                yield code, tuple(terms)


class Accesses:
    """The access of each holder of a policy once every period has begun; one object for all who hold the same."""

    def __init__(self, policy: DomainPolicy, now: datetime) -> None:
        self._policy = _opened(policy)
        self._now = now
        self._shared: dict[tuple[TimedGrant, ...], Access] = {}
        self._of: dict[UUID, Access] = {}

    def of(self, holder_id: UUID) -> Access:
        """What a holder holds; what is over gives nothing."""
        access = self._of.get(holder_id)
        if access is None:
            timed = _coming(self._policy.holding(holder_id), self._now)
            access = self._shared.get(timed)
            if access is None:
                access = self._shared[timed] = _access(self._policy, timed)
            self._of[holder_id] = access
        return access


class StandingAccesses:
    """What holdings give in a policy at each instant; one object for all who hold the same."""

    def __init__(self, policy: DomainPolicy) -> None:
        self._policy = _opened(policy)
        self._shared: dict[tuple[Grant, ...], Access] = {}
        self._lasting: dict[tuple[tuple[Grant, ...], tuple[Grant, ...]], Access] = {}

    def at(self, holding: Holding, instant: datetime) -> Access:
        """What stands at an instant."""
        granted = holding.grants(instant)
        access = self._shared.get(granted)
        if access is None:
            access = self._shared[granted] = _access(self._policy, tuple(TimedGrant(one, None) for one in granted))
        return access

    def lasting(self, holding: Holding, now: datetime, instant: datetime) -> Access:
        """What is held now and still at a later instant, by grants that stand now and then."""
        present, later = self.at(holding, now), self.at(holding, instant)
        if present is later:
            return present
        key = holding.grants(now), holding.grants(instant)
        if key not in self._lasting:
            self._lasting[key] = _in_common(present, later)
        return self._lasting[key]


def boundaries(now: datetime, *holdings: Holding) -> list[datetime]:
    """The instants from now on at which a period of one of these holdings begins or ends, now first."""
    instants = {
        instant
        for holding in holdings
        for one in holding.assignments
        for instant in (one.valid_from, one.valid_until)
        if instant is not None and instant > now
    }
    return [now, *sorted(instants)]


def covers(wide: Conditions, term: TimedTerm, required: Mapping[str, tuple[TimedTerm, ...]]) -> bool:
    """Whether one of the wide terms, and one for each requirement, holds whenever this term and its requirements do.

    Where it cannot be told, the answer is no.
    """
    if not any(_is_within((term,), one) for one in wide.terms):
        return False
    return all(
        any(_is_within((term, narrow), one) for one in conditions)
        for code, conditions in wide.required.items()
        for narrow in required.get(code, UNCONDITIONAL)
    )


def is_covered(narrow: Conditions, wide: Conditions) -> bool:
    """Whether everything that is granted under the narrow conditions is granted under the wide ones."""
    return all(covers(wide, term, narrow.required) for term in narrow.terms)


def _is_within(together: Sequence[TimedTerm], wide: TimedTerm) -> bool:
    """Whether whatever meets all of these terms meets the wide one."""
    if wide.until is not None and not any(one.until is not None and one.until <= wide.until for one in together):
        return False
    narrow = [limits for one in together for limits in one.limits]
    return all(is_as_wide(limits, narrow) for limits in wide.limits)


def _of_request(term: Term) -> Term:
    """What a term asks of the request, the place or the time: the object of a requirement is another one."""
    asked = (Limits(ip=one.ip, hours=one.hours, further=one.further) for one in term)
    return tuple(limits for limits in asked if limits)


def _opened(policy: DomainPolicy) -> DomainPolicy:
    places = {at: replace(place, traits=policy.release.further) for at, place in policy.places.items()}
    return replace(policy, places=places)


def _access(policy: DomainPolicy, timed: tuple[TimedGrant, ...]) -> Access:
    compiled = policy.shared_grants(tuple(one.grant for one in timed))
    return Access(policy, timed, compiled, is_conditional=any(_is_conditional(one) for one in timed))


def _is_conditional(one: TimedGrant) -> bool:
    """Whether it may fail for another reason than its object: then the masks do not tell all of it."""
    role, limits = one.grant.role, one.grant.limits
    return one.until is not None or any(
        each.ask_the_request or each.further for each in (limits, *(limits for _, limits in role.limited))
    )


def _in_common(present: Access, later: Access) -> Access:
    """What two accesses of one holder both give, by grants that belong to both."""
    timed = tuple(one for one in present.timed if one in later.timed)
    compiled = Grants(
        tuple(one.grant for one in timed),
        present.compiled.bits,
        can={at: mask & later.compiled.can[at] for at, mask in present.compiled.can.items()},
        could={at: mask & later.compiled.could[at] for at, mask in present.compiled.could.items()},
    )
    return Access(present.policy, timed, compiled, present.is_conditional or later.is_conditional)


def _coming(holding: Holding, now: datetime) -> tuple[TimedGrant, ...]:
    """What is not over, as if it had begun."""
    if not holding.is_active:
        return ()
    return tuple(TimedGrant(one.grant, one.valid_until) for one in holding.assignments if not one.is_over(now))
