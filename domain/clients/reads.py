"""Reads of the topic `clients`. A client lies in several locations, and is reached if one of them is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from uuid import UUID

from asyncpg import Record

from domain.clients.rules import masked_phone, name_key, searched_phone
from domain.pages import Count, Order, Page, Slice
from errors import InvalidInput, NotFound
from policies.reach import ALWAYS, Columns, Reach
from work import Work


class ClientRow(Record):
    """A row of `clients`, with its `location_ids`, and in `specialist_id` whoever has had an appointment with it."""


LEAST_SEARCH_LETTERS = 3
MOST_FOUND = 10
"""Clients on a page of a search."""

CLIENTS = """
SELECT * FROM (
  SELECT c.*,
    ARRAY(SELECT l.location_id FROM client_locations l WHERE l.network_id = c.network_id AND l.client_id = c.id)
      AS location_ids,
    ARRAY(SELECT DISTINCT l.specialist_id FROM appointments a
      JOIN appointment_lines l ON l.network_id = a.network_id AND l.appointment_id = a.id
      WHERE a.network_id = c.network_id AND a.client_id = c.id) AS specialist_id
  FROM clients c WHERE c.network_id = $1
) AS client
"""
CLIENT = CLIENTS + "WHERE id = $2 AND "
CLIENTS_BY_ID = CLIENTS + "WHERE id = ANY ($2) AND "
SEARCHED = "($2::text IS NULL OR position($2 IN name_key) > 0 OR phone = $3) AND "
CLIENTS_PAGE = CLIENTS + "WHERE " + SEARCHED + "($4::text IS NULL OR (name_key, id) > ($4, $5)) AND "
CLIENTS_COUNT = "SELECT count(*) FROM (" + CLIENTS + "WHERE " + SEARCHED  # noqa: S608  (constants of this file)
AND = " AND "
PAGE_ORDER = " ORDER BY name_key, id LIMIT $6"

BY_NAME = Order("clients", "name_key", str)
REACHED = Columns(locations="location_ids", owners="specialist_id")


class SearchTooShort(InvalidInput):
    """A name's part of one or two letters would list half of the clients."""

    code = "SEARCH_TOO_SHORT"
    hint = "Type at least three letters of the name, or the whole phone number."


def masked_phone_of(row: ClientRow) -> str | None:
    """The client's phone with its middle hidden."""
    return masked_phone(row["phone"]) if row["phone"] else None


async def client(work: Work, client_id: UUID, *, path: tuple[str | int, ...] = ()) -> ClientRow:
    """One client in the viewer's reach. Raises NotFound."""
    where = work.viewer.scope("clients:read").where(REACHED, first=3)
    row = await work.statements.fetchrow(
        CLIENT + where.sql, work.network_id, client_id, *where.args, record_class=ClientRow
    )
    if row is None:
        raise NotFound(path=path)
    return row


async def clients_by_id(work: Work, keys: list[UUID], *, reach: Reach) -> dict[UUID, ClientRow]:
    """Clients of the reach by id."""
    where = reach.where(REACHED, first=3)
    rows = await work.statements.fetch(
        CLIENTS_BY_ID + where.sql, work.network_id, keys, *where.args, record_class=ClientRow
    )
    return {row["id"]: row for row in rows}


async def entered_client(work: Work, client_id: UUID) -> ClientRow:
    """The client that the viewer has just entered: shown to them, whomever else they may see. Raises NotFound."""
    found = await clients_by_id(work, [client_id], reach=ALWAYS)
    if client_id not in found:
        raise NotFound
    return found[client_id]


async def clients(work: Work, page: Page, *, search: str | None) -> Slice:
    """The clients in the viewer's reach, by folded name; `search` is a part of the name or a whole E.164 phone.

    Searching needs a right of its own, and brings few at a time: client bases leak by it. Raises Forbidden,
    SearchTooShort, BadCursor.
    """
    if search is None:
        return await _found_clients(work, page, _Asked())
    key = name_key(search)
    if len(key.replace(" ", "")) < LEAST_SEARCH_LETTERS:
        raise SearchTooShort("The search text is too short.", path=("search",))
    if not work.viewer.could_anywhere("clients:search"):
        work.viewer.refuse("clients:search")
    few = replace(page, first=min(page.first, MOST_FOUND))
    return await _found_clients(work, few, _Asked(key, searched_phone(search), work.viewer.scope("clients:search")))


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is searched for, in names and as a phone, and as far as the search may go; nothing asks for all."""

    key: str | None = None
    phone: str | None = None
    reach: Reach = ALWAYS


async def _found_clients(work: Work, page: Page, asked: _Asked) -> Slice:
    shown = work.viewer.scope("clients:read")
    key, last_id = page.start(BY_NAME)
    where = shown.where(REACHED, first=7)
    search = asked.reach.where(REACHED, first=7 + len(where.args))
    rows = await work.statements.fetch(
        CLIENTS_PAGE + where.sql + AND + search.sql + PAGE_ORDER,
        work.network_id,
        asked.key,
        asked.phone,
        key,
        last_id,
        page.first + 1,
        *where.args,
        *search.args,
        record_class=ClientRow,
    )
    return Slice.cut(rows, page, order=BY_NAME, count=_count(work, asked, shown))


def _count(work: Work, asked: _Asked, shown: Reach) -> Count:
    where = shown.where(REACHED, first=4)
    search = asked.reach.where(REACHED, first=4 + len(where.args))
    return Count(
        CLIENTS_COUNT + where.sql + AND + search.sql + ") AS counted",
        (work.network_id, asked.key, asked.phone, *where.args, *search.args),
    )
