"""The objects that a capability can be asked about, each area's as its own topic finds it and states its facts.

An object is found within the viewer's reach of its area's read capability, so that nobody learns by asking "may I?"
what is there. A further topic adds its areas to `FINDERS`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final
from uuid import UUID

from domain.booking import reads as booking
from domain.clients import reads as clients
from domain.money import Money
from domain.till import reads as till
from errors import NotFound
from policies.catalogue import Capability
from policies.limits import Facts
from work import Work

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Named:
    """An object that was found: what limits may ask of it, and the locations to which it belongs."""

    facts: Facts
    locations: frozenset[UUID]


async def named_object(
    work: Work, capability: Capability, object_id: UUID, *, place: UUID | None, path: Path = ()
) -> Named:
    """The object of this id of which the capability speaks, at a location or (None) anywhere.

    Raises NotFound, for a capability that speaks of no objects too.
    """
    find = FINDERS.get(capability.code) or FINDERS.get(capability.area)
    if find is None:
        raise NotFound(path=path)
    found = await find(work, object_id, path)
    if place is not None and place not in found.locations:
        raise NotFound(path=path)
    return found


async def _appointment(work: Work, object_id: UUID, path: Path) -> Named:
    row = await booking.appointment(work, object_id, path=path)
    return Named(row, frozenset({row["location_id"]}))


async def _client(work: Work, object_id: UUID, path: Path) -> Named:
    row = await clients.client(work, object_id, path=path)
    return Named(row, frozenset(row["location_ids"]))


async def _sale(work: Work, object_id: UUID, path: Path) -> Named:
    row = await till.visible_sale(work, object_id, path=path)
    return Named(till.facts_of(row, amount=till.settlement_of(row).due), frozenset({row["location_id"]}))


async def _payment(work: Work, object_id: UUID, path: Path) -> Named:
    row = await till.visible_payment(work, object_id, path=path)
    return Named(till.facts_of(row, amount=till.paid_amount(row)), frozenset({row["location_id"]}))


async def _refundable(work: Work, object_id: UUID, path: Path) -> Named:
    """A payment with what of it has not been given back."""
    row = await till.visible_payment(work, object_id, path=path)
    left = Money(row["amount"] - row["refunded"], row["currency"])
    return Named(till.facts_of(row, amount=left), frozenset({row["location_id"]}))


async def _payable(work: Work, object_id: UUID, path: Path) -> Named:
    """An appointment that somebody would pay for."""
    row = await booking.appointment(work, object_id, path=path)
    return Named(till.facts_of(row), frozenset({row["location_id"]}))


FINDERS: Final[Mapping[str, Callable[[Work, UUID, Path], Awaitable[Named]]]] = MappingProxyType(
    {
        "appointments": _appointment,
        "clients": _client,
        "payments": _payment,
        "payments:create": _payable,
        "refunds": _refundable,
        "sales": _sale,
    }
)
"""How each area's objects are found; a code goes before its area."""
