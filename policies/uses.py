"""Did and can: which changes somebody may make and never makes, and what taking them away would free.

Only CHANGE capabilities are recorded when they are used; reading is not, so nothing is said of it. A capability counts
as held at the whole domain where it is held there, else at each location by itself; a use anywhere within counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from policies.catalogue import Kind, Level
from policies.compile import DomainPolicy, Grants
from policies.seat_terms import SeatTerms


@dataclass(frozen=True, slots=True)
class Use:
    """The last day on which a holder used a capability at a location, or (None) at the whole domain."""

    holder_id: UUID
    capability: str
    location_id: UUID | None
    last_used_on: date


@dataclass(frozen=True, slots=True)
class UnusedCapability:
    """A CHANGE capability that is held somewhere (None: in the whole domain) and was not used there since a day.

    `last_used_on` is its last use there before that day; `seat` the reason for which it costs one, None if it is free.
    """

    capability: str
    location_id: UUID | None
    last_used_on: date | None
    seat: str | None


@dataclass(frozen=True, slots=True)
class UnusedOfHolder:
    """What one holder may do and does not.

    `to_free` are the paid capabilities without which no held capability costs a seat: empty for whoever uses one of
    those held, and for whoever holds none.
    """

    holder_id: UUID
    unused: tuple[UnusedCapability, ...]
    to_free: tuple[str, ...]


def unused_capabilities(
    policy: DomainPolicy, uses: Iterable[Use], *, terms: SeatTerms, now: datetime, since: date
) -> tuple[UnusedOfHolder, ...]:
    """Whoever holds now what they have not used since a day (inclusive), by the holder's id."""
    used: dict[UUID, dict[str, list[Use]]] = {}
    for use in uses:
        used.setdefault(use.holder_id, {}).setdefault(use.capability, []).append(use)
    known: dict[Grants, _Held] = {}
    found = []
    for holder_id in sorted(policy.assignments):
        grants = policy.held_by(holder_id, now)
        held = known.get(grants)
        if held is None:
            held = known[grants] = _held(policy, grants.could, terms)
        found.append(_unused_of(holder_id, held, used.get(holder_id, {}), terms=terms, since=since))
    return tuple(one for one in found if one.unused)


@dataclass(frozen=True, slots=True)
class _Held:
    """What the same grants let all their holders do: each change with its place, and what of everything costs a seat.

    `paid_places` are the changes that cost one; what only reads and costs one is in `paid` alone.
    """

    changes: tuple[tuple[str, UUID | None], ...]
    paid: frozenset[str]
    paid_places: frozenset[tuple[str, UUID | None]]


def _unused_of(
    holder_id: UUID, held: _Held, used: Mapping[str, Sequence[Use]], *, terms: SeatTerms, since: date
) -> UnusedOfHolder:
    unused = []
    for code, at in held.changes:
        last = max((use.last_used_on for use in used.get(code, ()) if _is_within(use, at)), default=None)
        if last is None or last < since:
            unused.append(UnusedCapability(code, at, last, terms.paid.get(code)))
    return UnusedOfHolder(holder_id, tuple(unused), _to_free(held, unused))


def _is_within(use: Use, at: UUID | None) -> bool:
    return at is None or use.location_id in (at, None)


def _held(policy: DomainPolicy, could: Mapping[UUID | None, int], terms: SeatTerms) -> _Held:
    anything = {code for mask in set(could.values()) for code in policy.release.catalogue.codes(mask)}
    paid = frozenset(anything & terms.paid.keys())
    changes = tuple(_changes(policy, could))
    return _Held(changes, paid, frozenset(change for change in changes if change[0] in paid))


def _changes(policy: DomainPolicy, could: Mapping[UUID | None, int]) -> list[tuple[str, UUID | None]]:
    """The CHANGE capabilities of these masks with the places where they are held, sorted by code."""
    catalogue = policy.release.catalogue
    changes = catalogue.mask(one.code for one in catalogue if one.kind is Kind.CHANGE)
    everywhere = could.get(None, 0) & changes
    local = changes & catalogue.level_mask(Level.LOCATION) & ~everywhere
    held: list[tuple[str, UUID | None]] = [(code, None) for code in catalogue.codes(everywhere)]
    for place in policy.locations:
        at = place.location_id
        held.extend((code, at) for code in catalogue.codes(could.get(at, 0) & local))
    return sorted(held, key=lambda one: (one[0], str(one[1])))


def _to_free(held: _Held, unused: Iterable[UnusedCapability]) -> tuple[str, ...]:
    """Every paid capability that is held, if none of them is used anywhere; else none: taking some frees nothing."""
    idle = {(one.capability, one.location_id) for one in unused}
    is_idle = held.paid_places <= idle and held.paid == {code for code, _ in held.paid_places}
    return tuple(sorted(held.paid)) if is_idle else ()
