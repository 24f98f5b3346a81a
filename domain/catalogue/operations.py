"""Offering services."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from uuid_utils.compat import uuid7

from audit.entries import Area, EventType
from domain import idempotency
from domain.booking.rules import ServiceTiming
from domain.catalogue import reads
from domain.catalogue.models import Service
from domain.localtime import zone_named
from domain.money import Money, require_payable
from domain.network import reads as network
from domain.texts import typed_text
from errors import InvalidInput
from work import Work

SERVICE_CREATED = EventType("service.created", Area.DATA_CHANGES)

PRICE = """
INSERT INTO service_prices (network_id, id, service_id, amount, currency, valid)
VALUES ($1, $2, $3, $4, $5, daterange($6::date, NULL))
"""


@dataclass(frozen=True, slots=True)
class NewService:
    """A service to be offered at one price from today on; duration and buffer in minutes."""

    name: str
    duration: int
    price: Money
    category: str = ""
    buffer_after: int = 0


async def create_service(work: Work, new: NewService, *, idempotency_key: str) -> reads.ServiceRow:
    """Offer a service. Raises Forbidden, InvalidInput, AmountNotInUnit, IdempotencyMismatch."""
    work.require("services:update")
    claim = await idempotency.claim(work, key=idempotency_key, operation="createService", request=new)
    if claim.first_result is not None:
        return await reads.service(work, claim.first_result)
    _check(new)
    made = await Service.create(
        network_id=work.network_id,
        name=typed_text(new.name, least=1, path=("input", "name")),
        category=typed_text(new.category, path=("input", "category")),
        duration=new.duration,
        buffer_after=new.buffer_after,
        created_at=work.at,
    )
    price = new.price
    await work.statements.execute(
        PRICE, work.network_id, uuid7(), made.id, price.amount, price.currency, await _today(work)
    )
    await claim.keep(work, made.id)
    work.touches("service", made.id, name=made.name)
    return await reads.service(work, made.id)


async def _today(work: Work) -> date:
    """The day by the network's calendar: by UTC's a price could begin tomorrow."""
    zone = zone_named((await network.network(work))["zone"])
    return work.at.astimezone(zone).date()


def _check(new: NewService) -> None:
    """Raises InvalidInput for a duration or buffer out of range or a negative price, and AmountNotInUnit."""
    ServiceTiming(duration=new.duration, buffer_after=new.buffer_after)
    if new.price.amount < 0:
        raise InvalidInput("A price is not negative.", hint="Give 0 or more.", path=("input", "price"))
    if new.price.amount:
        require_payable(new.price, path=("input", "price"))
