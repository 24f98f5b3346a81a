"""Who may? The question of `decisions.py` turned round: everybody of a domain who may do this there, and by which line.

Order of evaluation: the compiled masks leave out whoever could not pass whatever the object; the others are decided by
the one algorithm. So the answer names exactly those for whom `decide` says yes, and costs one decision for each.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from uuid import UUID

from policies.compile import DomainPolicy
from policies.decisions import Judged, decide
from policies.limits import NO_OBJECT, Circumstances, Object
from policies.narrowing import Taking


@dataclass(frozen=True, slots=True)
class Able:
    """A holder who may, with the line that decided and the assignment through which it is held."""

    holder_id: UUID
    decisive: Judged


def who_can(
    policy: DomainPolicy,
    code: str,
    *,
    at: UUID | None = None,
    of: Object = NO_OBJECT,
    circumstances: Circumstances,
    takings: Iterable[Taking] = (),
) -> tuple[Able, ...]:
    """Everybody who may do this at a location (or, None, in the whole domain), by the holder's id.

    Without an object those who may whatever it is; with `ANY_OBJECT` those, too, who may under limits. `takings` are
    the restrictions of the whole domain. Raises KeyError for a code that is not in the catalogue.
    """
    capability = policy.release.catalogue[code]
    place = policy.asked_place(capability, at)
    taken = place is None or any(one.takes_away(capability, place.location_id) for one in takings)
    return () if taken else tuple(_able(policy, code, at, of, circumstances))


def _able(policy: DomainPolicy, code: str, at: UUID | None, of: Object, circumstances: Circumstances) -> Iterator[Able]:
    bit = policy.release.catalogue.bits[code]
    for holder_id in sorted(policy.assignments):
        if not policy.grants_of(holder_id, circumstances).could.get(at, 0) & bit:
            continue
        ruling = decide(policy, policy.holding(holder_id), code, at=at, of=of, circumstances=circumstances)
        if ruling.allowed and ruling.decisive is not None:
            yield Able(holder_id, ruling.decisive)
