"""Where a capability applies, for lists: everywhere, nowhere, or some clauses joined by OR.

A list and a check come from the same masks and terms, so they cannot drift apart: a reach selects exactly the objects
for which `can(of=object)` holds. Limits on values (`max`, `pct`, `acct`) cannot be told before an object is known:
grants under them reach nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, LiteralString
from uuid import UUID
from zoneinfo import ZoneInfo

from policies.catalogue import Capability, Level
from policies.compile import DomainPolicy, Grants, Term
from policies.limits import Place


@dataclass(frozen=True, slots=True)
class Clause:
    """Objects at these locations (None: at all but `excluded`), of this owner, on days from `since` to `until`.

    Both days belong to it; they are days of `zone`, which is None where no day matters.
    """

    locations: frozenset[UUID] | None = None
    excluded: frozenset[UUID] = frozenset()
    owner: UUID | None = None
    since: date | None = None
    until: date | None = None
    zone: ZoneInfo | None = None


@dataclass(frozen=True, slots=True)
class Columns:
    """The SQL, written in code and never taken from input, of what a reach compares.

    `location` or, for an object in several, `locations` (a uuid[]); `owner` or `owners` likewise; the object's `day`
    (a date of its location) or its `instant` (timestamptz).
    """

    location: LiteralString | None = None
    locations: LiteralString | None = None
    owner: LiteralString | None = None
    owners: LiteralString | None = None
    day: LiteralString | None = None
    instant: LiteralString | None = None


@dataclass(frozen=True, slots=True)
class Where:
    """A condition for a WHERE clause and its arguments, numbered from the `first` that was asked for."""

    sql: str
    args: tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Reach:
    """An object is reached if it lies in one of the clauses."""

    clauses: tuple[Clause, ...]

    @property
    def is_always(self) -> bool:
        """Whether every object of the domain is reached."""
        return self == ALWAYS

    @property
    def is_never(self) -> bool:
        """Whether none is: no SQL needs to run."""
        return not self.clauses

    def where(self, columns: Columns, *, first: int = 1) -> Where:
        """The condition on these columns, with arguments numbered from `$first`.

        Raises LookupError where no column is named for what a clause compares: better no list than a wider one.
        """
        arguments = _Arguments(first, [])
        written = [_clause_sql(clause, columns, arguments) for clause in self.clauses]
        sql = "((" + ") OR (".join(written) + "))" if written else "FALSE"
        return Where(sql, tuple(arguments.values))


@dataclass(frozen=True, slots=True)
class _Arguments:
    first: int
    values: list[object]

    def add(self, value: object) -> str:
        self.values.append(value)
        return "$" + str(self.first + len(self.values) - 1)


ALWAYS: Final = Reach((Clause(),))
NEVER: Final = Reach(())


def reach_of(policy: DomainPolicy, grants: Grants, code: str, *, holder_id: UUID, now: datetime) -> Reach:
    """Where the holder of these grants may use the capability."""
    capability = policy.release.catalogue[code]
    bit = grants.bits[code]
    if grants.can.get(None, 0) & bit and capability.level is not Level.LOCATION:
        return ALWAYS
    if capability.level is not Level.LOCATION:
        terms = grants.terms(capability, policy.top) if grants.could.get(None, 0) & bit else ()
        return Reach(tuple(dict.fromkeys(_conditional(terms, policy.top, holder_id=holder_id, now=now))))
    return _local_reach(policy, grants, capability, holder_id=holder_id, now=now)


def _local_reach(
    policy: DomainPolicy, grants: Grants, capability: Capability, *, holder_id: UUID, now: datetime
) -> Reach:
    bit = grants.bits[capability.code]
    plain, held = _held_at(policy, grants.can, bit), _held_at(policy, grants.could, bit)
    if grants.can.get(None, 0) & bit:
        return Reach((Clause(excluded=_known(policy) - plain),))
    clauses = [Clause(locations=plain)] if plain else []
    everywhere: tuple[Term, ...] = ()
    if grants.could.get(None, 0) & bit:
        # Days differ by zone, so only what has no dates can be said of all locations at once.
        everywhere = tuple(term for term in grants.terms(capability, policy.top) if not _is_dated(term))
        found = _conditional(everywhere, policy.top, holder_id=holder_id, now=now)
        clauses += [Clause(excluded=_known(policy) - held, owner=clause.owner) for clause in dict.fromkeys(found)]
    merged: dict[Clause, set[UUID]] = {}
    for at in sorted(held - plain):
        place = policy.places[at]
        terms = (term for term in grants.terms(capability, place) if term not in everywhere)
        for clause in _conditional(terms, place, holder_id=holder_id, now=now):
            merged.setdefault(clause, set()).add(at)
    clauses += [
        Clause(frozenset(at), owner=clause.owner, since=clause.since, until=clause.until, zone=clause.zone)
        for clause, at in merged.items()
    ]
    return Reach(tuple(clauses))


def _held_at(policy: DomainPolicy, masks: Mapping[UUID | None, int], bit: int) -> frozenset[UUID]:
    """The locations whose mask has the bit."""
    places = (at for at, mask in masks.items() if mask & bit)
    return frozenset(at for at in places if at is not None and at != policy.domain.id)


def _known(policy: DomainPolicy) -> frozenset[UUID]:
    return frozenset(place.location_id for place in policy.locations if place.location_id is not None)


def _is_dated(term: Term) -> bool:
    return any(limits.back or limits.ahead for limits in term)


def _conditional(terms: Iterable[Term], place: Place, *, holder_id: UUID, now: datetime) -> Iterator[Clause]:
    for term in terms:
        if any(limits.max or limits.pct is not None or limits.acct is not None for limits in term):
            continue
        # `heeded` has resolved the days to the capability's kind, so both sides of Days are the same.
        back = min((limits.back.read for limits in term if limits.back), default=None)
        ahead = min((limits.ahead.read for limits in term if limits.ahead), default=None)
        yield Clause(
            owner=holder_id if any(limits.own for limits in term) else None,
            since=None if back is None else _today(place, now) - timedelta(days=back),
            until=None if ahead is None else _today(place, now) + timedelta(days=ahead),
            zone=place.zone if _is_dated(term) else None,
        )


def _today(place: Place, now: datetime) -> date:
    return now.astimezone(place.zone).date()


def _clause_sql(clause: Clause, columns: Columns, arguments: _Arguments) -> str:
    conditions: list[str] = []
    if clause.locations is not None:
        conditions.append(_among(columns, arguments.add(sorted(clause.locations))))
    if clause.excluded:
        conditions.append(_outside(columns, arguments.add(sorted(clause.excluded))))
    if clause.owner is not None:
        conditions.append(_owned(columns, arguments.add(clause.owner)))
    if clause.since is not None:
        conditions.append(_dated(columns, ">=", arguments, clause.since, clause.zone))
    if clause.until is not None:
        conditions.append(_dated(columns, "<", arguments, clause.until + timedelta(days=1), clause.zone))
    return " AND ".join(conditions) if conditions else "TRUE"


def _among(columns: Columns, locations: str) -> str:
    if columns.locations is not None:
        return columns.locations + " && " + locations + "::uuid[]"
    return _named(columns.location, "location") + " = ANY(" + locations + "::uuid[])"


def _outside(columns: Columns, locations: str) -> str:
    if columns.locations is not None:
        # An object in several locations is reached if one of them is.
        return "NOT " + columns.locations + " <@ " + locations + "::uuid[]"
    return _named(columns.location, "location") + " <> ALL(" + locations + "::uuid[])"


def _owned(columns: Columns, owner: str) -> str:
    if columns.owners is not None:
        return owner + "::uuid = ANY(" + columns.owners + ")"
    return _named(columns.owner, "owner") + " = " + owner + "::uuid"


def _dated(columns: Columns, comparison: str, arguments: _Arguments, day: date, zone: ZoneInfo | None) -> str:
    if columns.instant is not None:
        midnight = datetime.combine(day, time.min, zone).astimezone(UTC)
        return columns.instant + " " + comparison + " " + arguments.add(midnight) + "::timestamptz"
    return _named(columns.day, "day or instant") + " " + comparison + " " + arguments.add(day) + "::date"


def _named(column: str | None, what: str) -> str:
    if column is None:
        raise LookupError(f"This reach asks for the {what} of the rows; name a column for it.")
    return column
