"""The history of a network's policy: its changes, newest first, and the policy as it was when one of them was made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from asyncpg import Record

from domain.journal.reads import actors_of_entries
from domain.network import reads as network
from domain.pages import Count, Order, Page, Slice
from domain.team import reads
from domain.team.change_words import Given, Named, sentence_of
from errors import NotFound
from policies.compile import DomainPolicy
from policies.delta import Change, Entry
from policies.history import load_network_policy_at
from policies.scopes import location_in
from work import Work


class PolicyChangeRow(Record):
    """A row of `policy_changes`, but for its delta."""


@dataclass(frozen=True, slots=True)
class ChangeTold:
    """One of the things that a change did: its kind, a sentence, and the person and the place that it names."""

    kind: str
    sentence: str
    holder_id: UUID | None
    location_id: UUID | None


@dataclass(frozen=True, slots=True)
class ConsequenceKept:
    """What followed in a plugin's world, in its words, with the digest of what was agreed to."""

    plugin: str
    digest: str
    title: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class DeltaKept:
    """Whose access a change altered, as it was written down. Compared by identity: it is the key of its own pages."""

    change_id: UUID
    written: Sequence[Sequence[str]]

    @property
    def gained(self) -> int:
        """Accesses gained or widened."""
        return self._count(Change.GAINED, Change.WIDENED)

    @property
    def lost(self) -> int:
        """Accesses lost or narrowed."""
        return self._count(Change.LOST, Change.NARROWED)

    def _count(self, *changes: Change) -> int:
        return sum(change in changes for *_, change in self.written)


CHANGES_PAGE = """
SELECT id, epoch, made_at, journal_id, origin, changes, consequences, consent FROM policy_changes
WHERE network_id = $1 AND ($2::bigint IS NULL OR (epoch, id) < ($2, $3)) ORDER BY epoch DESC, id DESC LIMIT $4
"""
CHANGES_COUNT = "SELECT count(*) FROM policy_changes WHERE network_id = $1"
DELTAS = "SELECT id, delta FROM policy_changes WHERE network_id = $1 AND id = ANY ($2)"
MADE = """
SELECT p.made_at, e.seq
FROM policy_changes p JOIN journal_entries e ON e.chain_id = p.network_id AND e.id = p.journal_id
WHERE p.network_id = $1 AND p.epoch = $2
"""
GIVEN = """
SELECT a.id, a.location_id, COALESCE(a.specialist_id, a.account_id) AS holder_id, COALESCE(a.role_code, r.code) AS role
FROM assignments a LEFT JOIN roles r ON r.network_id = a.network_id AND r.id = a.role_id
WHERE a.network_id = $1 AND a.id = ANY ($2)
"""

NEWEST_FIRST = Order("policy_changes", "epoch", int)
AS_WRITTEN = Order("access_delta", "position", int)


async def policy_changes(work: Work, page: Page, *, network_id: UUID) -> Slice:
    """The changes of the network's policy, newest first. Raises NotFound, Forbidden, BadCursor."""
    network.require_network(work, network_id, path=("network",))
    work.require("policies:explain")
    epoch, last_id = page.start(NEWEST_FIRST)
    rows = await work.statements.fetch(
        CHANGES_PAGE, work.network_id, epoch, last_id, page.first + 1, record_class=PolicyChangeRow
    )
    return Slice.cut(rows, page, order=NEWEST_FIRST, count=Count(CHANGES_COUNT, (work.network_id,)))


async def policy_at(work: Work, epoch: int) -> tuple[DomainPolicy, datetime]:
    """The policy as one of its changes made it, and the instant of that change.

    Raises NotFound for an epoch that `policy_changes` does not know.
    """
    made = await work.statements.fetchrow(MADE, work.network_id, epoch)
    if made is None:
        raise NotFound(path=("epoch",))
    policy = await load_network_policy_at(
        work.statements.fetch, work.network_id, work.host.release, epoch=epoch, last_seq=made["seq"]
    )
    return policy, made["made_at"]


async def makers_of_changes(work: Work, keys: list[UUID]) -> dict[UUID, reads.SpecialistRow]:
    """The specialist who made each change, by the id of its journal entry; nobody for a job or the command line."""
    actors = await actors_of_entries(work, keys)
    ids = {entry_id: UUID(actor.id) for entry_id, actor in actors.items() if actor.type == "specialist"}
    specialists = await reads.specialists_by_id(work, list(set(ids.values())))
    return {entry_id: specialists[maker_id] for entry_id, maker_id in ids.items() if maker_id in specialists}


async def deltas_of_changes(work: Work, keys: list[UUID]) -> dict[UUID, DeltaKept]:
    """Whose access each change altered."""
    rows = await work.statements.fetch(DELTAS, work.network_id, keys)
    return {row["id"]: DeltaKept(row["id"], orjson.loads(row["delta"])) for row in rows}


async def entries_of_deltas(_work: Work, keys: list[DeltaKept], *, page: Page) -> dict[DeltaKept, Slice]:
    """A page of each delta, in the order in which it was written."""
    return {delta: _page_of(delta, page) for delta in keys}


async def told_changes(work: Work, keys: list[str]) -> dict[str, list[ChangeTold]]:
    """What changes did, a sentence for each; the keys are what is kept of them."""
    changes = {key: _unwrapped(orjson.loads(key)) for key in keys}
    words = await _words(work, [change for found in changes.values() for change in found])
    return {key: [words.told(kind, said) for kind, said in found] for key, found in changes.items()}


def consequences_of(row: PolicyChangeRow) -> list[ConsequenceKept]:
    """What followed in the plugins' worlds."""
    return [ConsequenceKept(*kept) for kept in orjson.loads(row["consequences"])]


@dataclass(frozen=True, slots=True)
class _Words:
    """The names of what changes speak of."""

    given: Mapping[UUID, Given]
    people: Mapping[UUID, str]
    places: Mapping[UUID, str]

    def told(self, kind: str, said: Mapping[str, Any]) -> ChangeTold:
        about = _about(said, self.given)
        if about is None:
            return ChangeTold(kind, sentence_of(kind, said, None), None, None)
        named = Named(self.people.get(about.holder_id, "Somebody"), about.role, self._at(about.location_id))
        return ChangeTold(kind, sentence_of(kind, said, named), about.holder_id, about.location_id)

    def _at(self, location_id: UUID | None) -> str:
        return "in the whole network" if location_id is None else f"at {self.places.get(location_id, 'a location')}"


async def _words(work: Work, changes: Sequence[tuple[str, Mapping[str, Any]]]) -> _Words:
    given = await _given(work, [UUID(said["assignment"]) for _, said in changes if "assignment" in said])
    about = [found for _, said in changes if (found := _about(said, given)) is not None]
    holders = list({one.holder_id for one in about})
    specialists = await reads.specialists_by_id(work, holders)
    visitors = await reads.holding_accounts(work, holders)
    places = await network.locations_by_id(work, list({one.location_id for one in about if one.location_id}))
    return _Words(given, _names([*specialists.values(), *visitors.values()]), _names(places.values()))


async def _given(work: Work, ids: list[UUID]) -> dict[UUID, Given]:
    rows = await work.statements.fetch(GIVEN, work.network_id, ids)
    return {row["id"]: Given(row["holder_id"], row["role"], row["location_id"]) for row in rows}


def _about(said: Mapping[str, Any], given: Mapping[UUID, Given]) -> Given | None:
    """Whose access a change is about; None where it is about no person, or about one whom it made itself."""
    if "assignment" in said:
        return given.get(UUID(said["assignment"]))
    try:
        holder_id = UUID(said.get("holder"))
    except (TypeError, ValueError):
        return None
    return Given(holder_id, said.get("role", ""), location_in(said.get("scope", "")))


def _page_of(delta: DeltaKept, page: Page) -> Slice:
    placed = [(number, delta.change_id, written) for number, written in enumerate(delta.written)]
    cut = Slice.of_list(placed, page, order=AS_WRITTEN)
    return replace(cut, rows=[_entry(written) for written in cut.rows])


def _names(rows: Iterable[Record]) -> dict[UUID, str]:
    return {row["id"]: row["name"] for row in rows}


def _unwrapped(changes: Iterable[Mapping[str, Mapping[str, Any]]]) -> list[tuple[str, Mapping[str, Any]]]:
    """Each change as its kind and what is said of it."""
    return [(kind, said) for change in changes for kind, said in change.items()]


def _entry(written: Sequence[str]) -> Entry:
    holder, scope, capability, change = written
    return Entry(UUID(holder), location_in(scope), capability, Change(change))
