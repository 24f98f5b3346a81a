"""Reads of the journal, newest first; the cursor is the entry's number in its chain."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from asyncpg import Record

from domain.journal.rules import FieldChange, field_changes, readable_areas, sentence
from domain.pages import Count, Order, Page, Slice
from errors import NotFound
from policies.reach import Columns
from work import Work


class EntryRow(Record):
    """A row of `journal_entries` with the body of its details, if they were not erased."""


@dataclass(frozen=True, slots=True)
class EntryFilter:
    """Which entries are asked for; None asks for all. `since` and `before` are instants."""

    areas: tuple[str, ...] | None = None
    codes: tuple[str, ...] | None = None
    outcomes: tuple[str, ...] | None = None
    actor_id: str | None = None
    location_id: UUID | None = None
    since: datetime | None = None
    before: datetime | None = None


@dataclass(frozen=True, slots=True)
class RowChange:
    """What an entry changed in one row; without fields where the change was erased on a client's request."""

    table: str
    row_id: str | None
    operation: str
    is_erased: bool
    fields: tuple[FieldChange, ...]


@dataclass(frozen=True, slots=True)
class ActorShown:
    """Who acted: the kind, the id, the name as it was then (None where it was erased), and the roles held."""

    type: str
    id: str
    name: str | None
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DeviceShown:
    """From which device: its id, and what was known of it then."""

    id: UUID
    name: str | None
    address: str | None


@dataclass(frozen=True, slots=True)
class TargetShown:
    """What the entry is about."""

    type: str
    id: str


ENTRIES = """
SELECT e.*, d.body AS details FROM journal_entries e
LEFT JOIN journal_changes d ON d.chain_id = e.chain_id AND d.entry_id = e.id AND d.table_name = '@details'
WHERE e.chain_id = $1
"""
FILTERED = """
AND (e.area = ANY ($2) OR e.actor_id = $3) AND ($4::text[] IS NULL OR e.area = ANY ($4))
AND ($5::text[] IS NULL OR e.code = ANY ($5)) AND ($6::text[] IS NULL OR e.outcome = ANY ($6))
AND ($7::text IS NULL OR e.actor_id = $7) AND ($8::uuid IS NULL OR e.location_id = $8)
AND ($9::timestamptz IS NULL OR e.recorded_at >= $9) AND ($10::timestamptz IS NULL OR e.recorded_at < $10)
AND (e.actor_id = $3 OR """
ENTRIES_COUNT = "SELECT count(*) FROM journal_entries e WHERE e.chain_id = $1 " + FILTERED  # noqa: S608  (constants of this file)
BEFORE = ") AND ($11::bigint IS NULL OR e.seq < $11) ORDER BY e.seq DESC LIMIT $12"
ONE = ") AND e.id = $11"
SEVERAL = " AND e.id = ANY ($2)"
CHANGES = """
SELECT entry_id, table_name, row_id, operation, body FROM journal_changes
WHERE chain_id = $1 AND entry_id = ANY ($2) AND table_name <> '@details' ORDER BY entry_id, n
"""

NEWEST_FIRST = Order("journal", "seq", int)
# What has no location lies at the network: only who reads the journal there reaches it.
REACHED = Columns(location="COALESCE(e.location_id, e.chain_id)", instant="e.recorded_at")


async def entries(work: Work, page: Page, asked: EntryFilter) -> Slice:
    """The entries of the viewer's network that the viewer may read and that pass the filter, newest first."""
    filtered = _filter_arguments(work, asked)
    reach = work.viewer.scope("journal:read")
    seq, _ = page.start(NEWEST_FIRST)
    where = reach.where(REACHED, first=13)
    rows = await work.statements.fetch(
        ENTRIES + FILTERED + where.sql + BEFORE, *filtered, seq, page.first + 1, *where.args, record_class=EntryRow
    )
    counted = reach.where(REACHED, first=11)
    count = Count(ENTRIES_COUNT + counted.sql + ")", (*filtered, *counted.args))
    return Slice.cut(rows, page, order=NEWEST_FIRST, count=count)


async def entry(work: Work, entry_id: UUID) -> EntryRow:
    """One entry that the viewer may read. Raises NotFound."""
    where = work.viewer.scope("journal:read").where(REACHED, first=12)
    row = await work.statements.fetchrow(
        ENTRIES + FILTERED + where.sql + ONE,
        *_filter_arguments(work, EntryFilter()),
        entry_id,
        *where.args,
        record_class=EntryRow,
    )
    if row is None:
        raise NotFound(path=("id",))
    return row


async def actors_of_entries(work: Work, keys: list[UUID]) -> dict[UUID, ActorShown]:
    """Who acted in each entry, for those who may know of it by another right than to read the journal."""
    rows = await work.statements.fetch(ENTRIES + SEVERAL, work.network_id, keys, record_class=EntryRow)
    return {row["id"]: actor_of(row) for row in rows}


async def changes_of_entries(work: Work, keys: list[UUID]) -> dict[UUID, list[RowChange]]:
    """What each entry changed, with personal columns masked for who may not read them now."""
    found: dict[UUID, list[RowChange]] = {}
    for row in await work.statements.fetch(CHANGES, work.network_id, keys):
        found.setdefault(row["entry_id"], []).append(_row_change(row, _can(work)))
    return found


def sentence_of(row: EntryRow) -> str:
    """The event as a sentence for people."""
    return sentence(row["code"], actor=_details(row).get("actorName"), outcome=row["outcome"])


def actor_of(row: EntryRow) -> ActorShown:
    """Who acted."""
    actor = orjson.loads(row["payload"])["actor"]
    return ActorShown(actor["type"], actor["id"], _details(row).get("actorName"), tuple(actor["roles"]))


def device_of(row: EntryRow) -> DeviceShown | None:
    """From which device; None for a job or the command line."""
    if row["device_id"] is None:
        return None
    details = _details(row)
    return DeviceShown(row["device_id"], details.get("deviceName"), details.get("ip"))


def targets_of(row: EntryRow) -> list[TargetShown]:
    """What the entry is about."""
    return [TargetShown(target["type"], target["id"]) for target in orjson.loads(row["payload"])["targets"]]


def payload_word(row: EntryRow, name: str) -> str | None:
    """A word of the hashed payload, such as `error` or `capability`."""
    word: str | None = orjson.loads(row["payload"]).get(name)
    return word


def _filter_arguments(work: Work, asked: EntryFilter) -> tuple[Any, ...]:
    return (
        work.network_id,
        list(readable_areas(_can(work))),
        str(work.viewer.holder_id),
        list(asked.areas) if asked.areas is not None else None,
        list(asked.codes) if asked.codes is not None else None,
        list(asked.outcomes) if asked.outcomes is not None else None,
        asked.actor_id,
        asked.location_id,
        asked.since,
        asked.before,
    )


def _can(work: Work) -> Callable[[str], bool]:
    """Whether the viewer holds a capability somewhere; a plugin's that is not installed is held by nobody."""

    def can(capability: str) -> bool:
        return capability in work.viewer.release.catalogue and work.viewer.could_anywhere(capability)

    return can


def _details(row: EntryRow) -> Mapping[str, Any]:
    found: Mapping[str, Any] = orjson.loads(row["details"]) if row["details"] else {}
    return found


def _row_change(row: Record, can: Callable[[str], bool]) -> RowChange:
    body = orjson.loads(row["body"]) if row["body"] else {}
    return RowChange(
        table=row["table_name"],
        row_id=row["row_id"],
        operation=row["operation"],
        is_erased=row["body"] is None,
        fields=field_changes(row["table_name"], body, can),
    )
