"""Reads of the topic `clients`. A client lies in several locations, and is reached if one of them is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import LiteralString
from uuid import UUID

from asyncpg import Record

from domain.clients.rules import masked_phone, name_key, searched_phone
from domain.columns import ALL, Columns, select
from domain.conditions import Conditions
from domain.pages import Count, Order, Page, Slice
from errors import InvalidInput, NotFound
from policies.reach import ALWAYS, Reach
from policies.reach import Columns as ReachColumns
from work import Work


class ClientRow(Record):
    """A row of `clients`; in the rows of who has limits with its `location_ids`, and in `specialist_id` those who have
    had an appointment with it.
    """


LEAST_SEARCH_LETTERS = 3
MOST_FOUND = 10
"""Clients on a page of a search."""

CLIENTS = " FROM clients WHERE network_id = $1 AND "
KNOWN_CLIENTS = """ FROM (
  SELECT c.*,
    ARRAY(SELECT l.location_id FROM client_locations l WHERE l.network_id = c.network_id AND l.client_id = c.id)
      AS location_ids,
    ARRAY(SELECT DISTINCT l.specialist_id FROM appointments a
      JOIN appointment_lines l ON l.network_id = a.network_id AND l.appointment_id = a.id
      WHERE a.network_id = c.network_id AND a.client_id = c.id) AS specialist_id
  FROM clients c WHERE c.network_id = $1
) AS client WHERE """
CLIENT = "SELECT *" + KNOWN_CLIENTS + "id = $2 AND "
PAGE_ORDER = " ORDER BY name_key, id"
COUNTED = "SELECT count(*)"

BY_NAME = Order("clients", "name_key", str)
REACHED = ReachColumns(locations="location_ids", owners="specialist_id")


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


async def clients_by_id(work: Work, keys: list[UUID], *, reach: Reach, columns: Columns = ALL) -> dict[UUID, ClientRow]:
    """Clients of the reach by id."""
    wanted = Conditions(work.network_id)
    wanted.add("id = ANY (", keys, ")")
    wanted.add_reach(reach, REACHED)
    sql = wanted.statement(select(columns, "id") + _source(work))
    rows = await work.statements.fetch(sql, *wanted.arguments, record_class=ClientRow)
    return {row["id"]: row for row in rows}


def _source(work: Work) -> LiteralString:
    """Clients without the facts that nobody will ask for, or with them: these cost a statement's part for each row."""
    return CLIENTS if work.viewer.asks_no_facts else KNOWN_CLIENTS


async def entered_client(work: Work, client_id: UUID) -> ClientRow:
    """The client that the viewer has just entered: shown to them, whomever else they may see. Raises NotFound."""
    found = await clients_by_id(work, [client_id], reach=ALWAYS)
    if client_id not in found:
        raise NotFound
    return found[client_id]


async def clients(work: Work, page: Page, *, search: str | None, columns: Columns = ALL) -> Slice:
    """The clients in the viewer's reach, by folded name; `search` is a part of the name or a whole E.164 phone.

    Searching needs a right of its own, and brings few at a time: client bases leak by it. Raises Forbidden,
    SearchTooShort, BadCursor.
    """
    if search is None:
        return await _found_clients(work, page, _Asked(), columns)
    key = name_key(search)
    if len(key.replace(" ", "")) < LEAST_SEARCH_LETTERS:
        raise SearchTooShort("The search text is too short.", path=("search",))
    if not work.viewer.could_anywhere("clients:search"):
        work.viewer.refuse("clients:search")
    few = replace(page, first=min(page.first, MOST_FOUND))
    asked = _Asked(key, searched_phone(search), work.viewer.scope("clients:search"))
    return await _found_clients(work, few, asked, columns)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is searched for, in names and as a phone, and as far as the search may go; nothing asks for all."""

    key: str | None = None
    phone: str | None = None
    reach: Reach = ALWAYS


async def _found_clients(work: Work, page: Page, asked: _Asked, columns: Columns) -> Slice:
    every, wanted = _conditions(work, asked), _conditions(work, asked)
    key, last_id = page.start(BY_NAME)
    if last_id is not None:
        wanted.add_behind("name_key, id", key, last_id)
    sql = wanted.statement(select(columns, "id", BY_NAME.column) + _source(work), PAGE_ORDER, limit=page.first + 1)
    rows = await work.statements.fetch(sql, *wanted.arguments, record_class=ClientRow)
    count = Count(every.statement(COUNTED + _source(work)), tuple(every.arguments))
    return Slice.cut(rows, page, order=BY_NAME, count=count)


def _conditions(work: Work, asked: _Asked) -> Conditions:
    """What is searched for, within what is shown and as far as the search may go."""
    found = Conditions(work.network_id)
    if asked.key is not None:
        found.add_either(("position(", asked.key, " IN name_key) > 0"), ("phone = ", asked.phone, ""))
    for reach in (work.viewer.scope("clients:read"), asked.reach):
        found.add_reach(reach, REACHED)
    return found
