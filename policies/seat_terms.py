"""Which capabilities cost a seat: by the catalogue's own decisions, or by the lines of one verdict policy.

Of a verdict policy every line with a paying outcome is read. A line that asks only which capabilities are held names
those that one may not hold to be free. What else lines ask (does somebody provide services?) no role decides: such
lines stand beside, so that whoever is told that a role is free is told this, too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType, SimpleNamespace
from typing import Any, Final

from policies.catalogue import Catalogue, Seat
from policies.conditions import Condition, Fact, FactKind
from policies.verdicts import Line, VerdictPolicy

FREE: Final = "free"


@dataclass(frozen=True, slots=True)
class SeatTerms:
    """What costs a seat under some terms.

    `paid` gives the reason for each capability that does; `beside` are the texts of the paying lines that ask something
    else than what is held; `is_for_all` where somebody who holds nothing pays, too, or whoever holds anything.
    """

    name: str
    digest: str
    paid: Mapping[str, str]
    beside: tuple[str, ...] = ()
    is_for_all: bool = False


def catalogue_terms(catalogue: Catalogue, digest: str) -> SeatTerms:
    """What each capability decided for itself; `digest` is the release's, which covers those decisions."""
    paid = {one.code: one.seat for one in catalogue if one.seat != Seat.FREE}
    return SeatTerms("catalogue", digest, MappingProxyType(paid))


def policy_terms(policy: VerdictPolicy[Any], *, free: str = FREE) -> SeatTerms:
    """What the lines of a verdict policy say whose outcome is not `free`; the first of them gives the reason."""
    paying = [line for line in policy.lines if line.outcome != free]
    paid = {
        code: _reason(line)
        for line in reversed(paying)
        for fact in line.when.facts
        for code in sorted(_asked(fact, line.when))
    }
    return SeatTerms(
        policy.name,
        policy.digest,
        MappingProxyType(paid),
        beside=tuple(_reason(line) for line in paying if not _asks_holdings_alone(line.when)),
        is_for_all=any(_asks_holdings_alone(line.when) and _holds_for_all(line.when) for line in paying),
    )


def _reason(line: Line) -> str:
    return line.text or line.when.text


def _asks_holdings_alone(condition: Condition) -> bool:
    return all(fact.kind is FactKind.SET for fact in condition.facts)


def _asked(fact: Fact, condition: Condition) -> frozenset[str]:
    """The members of a set that the condition can notice: those that its file lists, or those that it names."""
    if fact.kind is not FactKind.SET:
        return frozenset()
    if fact.members is not None:
        return fact.members
    named = (one.left for one in condition.comparisons if one.right.fact == fact and not one.left.facts)
    return frozenset(member.read(None) for member in named)


def _holds_for_all(condition: Condition) -> bool:
    """Whether it holds without any of the asked members, or counts a set whose members nobody listed."""
    # Somebody who holds none of the members that a condition can notice looks to it like somebody who holds nothing.
    nothing = SimpleNamespace(**{fact.field: frozenset[str]() for fact in condition.facts})
    return condition.holds(nothing) or any(fact.members is None for fact in condition.counted)
