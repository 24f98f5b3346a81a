"""Reads of the topic `network`."""

from __future__ import annotations

from uuid import UUID

from asyncpg import Record

from domain.columns import ALL, Columns, select
from domain.pages import Count, Order, Page, Slice
from errors import NotFound
from work import Work


class NetworkRow(Record):
    """A row of `networks`."""


class LocationRow(Record):
    """A row of `locations`."""


NETWORK = "SELECT * FROM networks WHERE id = $1"
OWN_NETWORKS = """
SELECT * FROM networks
WHERE id IN (SELECT domain_id FROM places_of($1, $2) WHERE domain_kind = 'NETWORK') ORDER BY name, id
"""
LOCATION = "SELECT * FROM locations WHERE network_id = $1 AND id = $2"
LOCATIONS_BY_ID = " FROM locations WHERE network_id = $1 AND id = ANY ($2)"
LOCATIONS_PAGE = """
SELECT * FROM locations WHERE network_id = $1 AND ($2::text IS NULL OR (name, id) > ($2, $3)) ORDER BY name, id LIMIT $4
"""
LOCATIONS_COUNT = "SELECT count(*) FROM locations WHERE network_id = $1"

BY_NAME = Order("locations", "name", str)


async def network(work: Work) -> NetworkRow:
    """The viewer's network. Raises NotFound."""
    row = await work.statements.fetchrow(NETWORK, work.network_id, record_class=NetworkRow)
    if row is None:
        raise NotFound
    return row


def require_network(work: Work, network_id: UUID, *, path: tuple[str | int, ...]) -> None:
    """Let the network through that the viewer acts in; any other is not found. Raises NotFound, Unauthenticated."""
    if network_id != work.network_id:
        raise NotFound(path=path)


async def place(work: Work, scope: UUID, *, path: tuple[str | int, ...]) -> UUID | None:
    """The location that a scope's id names, or None for what the viewer acts in itself. Raises NotFound."""
    if scope == work.domain.id:
        return None
    location_id: UUID = (await location(work, scope, path=path))["id"]
    return location_id


async def own_networks(work: Work) -> list[NetworkRow]:
    """Every network in which the viewer's account has a place, or a visit at this instant."""
    return await work.statements.fetch(OWN_NETWORKS, work.viewer.account_id, work.at, record_class=NetworkRow)


async def location(work: Work, location_id: UUID, *, path: tuple[str | int, ...] = ()) -> LocationRow:
    """One location of the viewer's network. Raises NotFound."""
    row: LocationRow | None = None
    if work.viewer.can("locations:read"):
        row = await work.statements.fetchrow(LOCATION, work.network_id, location_id, record_class=LocationRow)
    if row is None:
        raise NotFound(path=path)
    return row


async def locations(work: Work, page: Page) -> Slice:
    """The locations of the viewer's network, by name."""
    name, last_id = page.start(BY_NAME)
    rows = await work.statements.fetch(
        LOCATIONS_PAGE, work.network_id, name, last_id, page.first + 1, record_class=LocationRow
    )
    return Slice.cut(rows, page, order=BY_NAME, count=Count(LOCATIONS_COUNT, (work.network_id,)))


async def locations_by_id(work: Work, keys: list[UUID], *, columns: Columns = ALL) -> dict[UUID, LocationRow]:
    """Locations of the viewer's network by id."""
    sql = select(columns, "id") + LOCATIONS_BY_ID
    rows = await work.statements.fetch(sql, work.network_id, keys, record_class=LocationRow)
    return {row["id"]: row for row in rows}
