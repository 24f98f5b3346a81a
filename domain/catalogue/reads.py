"""Reads of the topic `catalogue`: services, and what is offered at a location on a day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from asyncpg import Record

from domain.catalogue.rules import ServicePrice
from domain.columns import ALL, Columns, select
from domain.localtime import DateRange
from domain.money import Money
from domain.pages import Count, Order, Page, Slice
from errors import NotFound
from work import Work


class ServiceRow(Record):
    """A row of `services`."""


class ServiceLinkRow(Record):
    """A row of `service_links` that is in force today."""


SERVICE = "SELECT * FROM services WHERE network_id = $1 AND id = $2"
SERVICES_BY_ID = " FROM services WHERE network_id = $1 AND id = ANY ($2)"
SERVICES_PAGE = """
SELECT * FROM services
WHERE network_id = $1 AND ($2::text IS NULL OR (name, id) > ($2, $3)) ORDER BY name, id LIMIT $4
"""
SERVICES_COUNT = "SELECT count(*) FROM services WHERE network_id = $1"
PRICES = """
SELECT service_id, location_id, specialist_id, amount, currency, lower(valid) AS since, upper(valid) AS until
FROM service_prices WHERE network_id = $1 AND service_id = ANY ($2) AND valid @> $3::date
"""
LINKS = """
SELECT l.service_id, l.specialist_id, l.duration
FROM service_links l
JOIN services v ON v.network_id = l.network_id AND v.id = l.service_id AND v.state = 'ACTIVE'
JOIN specialists s ON s.network_id = l.network_id AND s.id = l.specialist_id AND s.state = 'ACTIVE' AND s.kind = 'HUMAN'
JOIN unnest($3::uuid[], $4::uuid[]) AS wanted (service_id, specialist_id)
  ON wanted.service_id = l.service_id AND wanted.specialist_id = l.specialist_id
WHERE l.network_id = $1 AND l.location_id = $2 AND l.in_force @> $5::date
"""
LINKS_OF_SPECIALISTS = """
SELECT l.* FROM service_links l
JOIN locations p ON p.network_id = l.network_id AND p.id = l.location_id
WHERE l.network_id = $1 AND l.specialist_id = ANY ($2) AND l.in_force @> ($3::timestamptz AT TIME ZONE p.zone)::date
ORDER BY l.specialist_id, l.id
"""


BY_NAME = Order("services", "name", str)


@dataclass(frozen=True, slots=True)
class Link:
    """A service that a specialist provides at the asked location; `duration` in minutes if it is the person's own."""

    duration: int | None


@dataclass(frozen=True, slots=True)
class Offers:
    """What of the wanted (service, specialist) pairs is offered at one location on one day.

    `services` are those that exist, archived ones too; `links` those in force, to a service that is active.
    """

    services: Mapping[UUID, ServiceRow]
    links: Mapping[tuple[UUID, UUID], Link]


async def service(work: Work, service_id: UUID, *, path: tuple[str | int, ...] = ()) -> ServiceRow:
    """One service. Raises NotFound."""
    row: ServiceRow | None = None
    if work.viewer.can("services:read"):
        row = await work.statements.fetchrow(SERVICE, work.network_id, service_id, record_class=ServiceRow)
    if row is None:
        raise NotFound(path=path)
    return row


async def services(work: Work, page: Page) -> Slice:
    """The network's services, by name."""
    name, last_id = page.start(BY_NAME)
    rows = await work.statements.fetch(
        SERVICES_PAGE, work.network_id, name, last_id, page.first + 1, record_class=ServiceRow
    )
    return Slice.cut(rows, page, order=BY_NAME, count=Count(SERVICES_COUNT, (work.network_id,)))


async def services_by_id(work: Work, keys: list[UUID], *, columns: Columns = ALL) -> dict[UUID, ServiceRow]:
    """Services of the viewer's network by id."""
    sql = select(columns, "id") + SERVICES_BY_ID
    rows = await work.statements.fetch(sql, work.network_id, keys, record_class=ServiceRow)
    return {row["id"]: row for row in rows}


async def links_of_specialists(work: Work, keys: list[UUID]) -> dict[UUID, list[ServiceLinkRow]]:
    """What each specialist provides today, by the calendar of the location."""
    rows = await work.statements.fetch(
        LINKS_OF_SPECIALISTS, work.network_id, keys, work.at, record_class=ServiceLinkRow
    )
    found: dict[UUID, list[ServiceLinkRow]] = {}
    for row in rows:
        found.setdefault(row["specialist_id"], []).append(row)
    return found


async def offers_at(work: Work, location_id: UUID, *, on: date, pairs: Sequence[tuple[UUID, UUID]]) -> Offers:
    """Load what the rules need to time these (service, specialist) pairs. What is not offered is missing in it."""
    service_ids = [service_id for service_id, _ in pairs]
    found = await services_by_id(work, list(dict.fromkeys(service_ids)))
    links = await work.statements.fetch(
        LINKS, work.network_id, location_id, service_ids, [specialist_id for _, specialist_id in pairs], on
    )
    return Offers(
        services=found,
        links={(row["service_id"], row["specialist_id"]): Link(row["duration"]) for row in links},
    )


async def prices_on(work: Work, service_ids: list[UUID], *, on: date) -> dict[UUID, list[ServicePrice]]:
    """The prices of each service that are valid on a day."""
    found: dict[UUID, list[ServicePrice]] = {}
    for row in await work.statements.fetch(PRICES, work.network_id, service_ids, on):
        price = ServicePrice(
            amount=Money(row["amount"], row["currency"]),
            valid=DateRange(row["since"], row["until"]),
            location_id=row["location_id"],
            specialist_id=row["specialist_id"],
        )
        found.setdefault(row["service_id"], []).append(price)
    return found
