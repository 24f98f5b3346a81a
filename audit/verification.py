"""Verification of a chain: recomputed here, in Python, never by the SQL function that made it.

Order of evaluation, entry by entry: number (GAP), link to the one before (BAD_LINK), own hash (BAD_HASH), number of
changes (CHANGE_MISSING), each change's digest and all of them together (CHANGE_MISMATCH), blanked changes against the
entry that says it erased them (UNAUTHORISED_ERASURE), and in the end the head (HEAD_MISMATCH). The first fault ends it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol
from uuid import UUID

import orjson

from audit.chain import GENESIS_HASH, Change, EntryHead, change_digest, digest_of, entry_hash

PAGE = 1000

_HEAD = "SELECT seq, hash, recorded_at FROM journal_heads WHERE chain_id = $1"
_HASH_AT = "SELECT hash FROM journal_entries WHERE chain_id = $1 AND seq = $2"
_ENTRIES = (
    "SELECT seq, id, recorded_at, change_count, changes_digest, payload, prev_hash, hash FROM journal_entries "
    "WHERE chain_id = $1 AND seq > $2 ORDER BY seq LIMIT $3"
)
_CHANGES = (
    "SELECT entry_id, n, table_name, row_id, subject_id, operation, salt, body, digest, erased_by FROM journal_changes "
    "WHERE chain_id = $1 AND entry_id = ANY ($2) ORDER BY entry_id, n"
)
_ERASURE = "SELECT payload FROM journal_entries WHERE chain_id = $1 AND id = $2"
_ERASED = (
    "SELECT c.digest FROM journal_changes c JOIN journal_entries e ON e.chain_id = c.chain_id AND e.id = c.entry_id "
    "WHERE c.chain_id = $1 AND c.erased_by = $2 ORDER BY e.seq, c.n"
)


class Row(Protocol):
    """A row whose columns are read by name, such as asyncpg's Record."""

    def __getitem__(self, column: str) -> Any:
        """The value of a column."""
        ...


class Connection(Protocol):
    """What reads the journal: asyncpg's connection, or anything with its `fetch`."""

    async def fetch(self, sql: str, *args: Any) -> Sequence[Row]:
        """The rows of one statement."""
        ...


class Fault(StrEnum):
    """How a chain is broken."""

    GAP = "GAP"
    BAD_LINK = "BAD_LINK"
    BAD_HASH = "BAD_HASH"
    CHANGE_MISSING = "CHANGE_MISSING"
    CHANGE_MISMATCH = "CHANGE_MISMATCH"
    UNAUTHORISED_ERASURE = "UNAUTHORISED_ERASURE"
    HEAD_MISMATCH = "HEAD_MISMATCH"


@dataclass(frozen=True, slots=True)
class Verification:
    """The answer: `fault` and the number of the first bad entry, or None for a sound chain.

    `last_seq` and `last_hash` are those of the last sound entry: what a checkpoint can be compared with.
    """

    chain_id: UUID
    from_seq: int
    last_seq: int
    last_hash: bytes
    fault: Fault | None = None
    bad_seq: int | None = None

    @property
    def is_sound(self) -> bool:
        """Whether nothing was found."""
        return self.fault is None


class _Broken(Exception):
    def __init__(self, fault: Fault, seq: int) -> None:
        super().__init__(fault, seq)
        self.fault = fault
        self.seq = seq


async def verify_chain(connection: Connection, chain_id: UUID, *, from_seq: int = 1) -> Verification:
    """Verify a chain from an entry on; what lies before `from_seq` is believed.

    The connection must be in one REPEATABLE READ transaction whose scope may read the chain: under READ COMMITTED
    entries appended meanwhile would look like a HEAD_MISMATCH, and without a scope there is nothing to see.
    Raises ValueError for a number below 1.
    """
    if from_seq < 1:
        raise ValueError("entries are numbered from 1")
    walk = _Walk(connection, chain_id, from_seq=from_seq)
    try:
        await walk.run()
    except _Broken as broken:
        return Verification(chain_id, from_seq, walk.last_seq, walk.last_hash, broken.fault, broken.seq)
    return Verification(chain_id, from_seq, walk.last_seq, walk.last_hash)


class _Walk:
    """One pass over a chain, which remembers the last sound entry; a fault leaves it as _Broken."""

    def __init__(self, connection: Connection, chain_id: UUID, *, from_seq: int) -> None:
        self._connection = connection
        self._chain_id = chain_id
        self._erasures: dict[UUID, bool] = {}
        self.last_seq = from_seq - 1
        self.last_hash = GENESIS_HASH
        self._last_recorded_at: datetime | None = None

    async def run(self) -> None:
        await self._find_base()
        while entries := await self._connection.fetch(_ENTRIES, self._chain_id, self.last_seq, PAGE):
            changes = await self._changes_of([entry["id"] for entry in entries])
            for entry in entries:
                self._check_entry(entry)
                await self._check_changes(entry, changes.get(entry["id"], ()))
                self.last_seq, self.last_hash = entry["seq"], entry["hash"]
                self._last_recorded_at = entry["recorded_at"]
        await self._check_head()

    async def _find_base(self) -> None:
        if self.last_seq == 0:
            return
        before = await self._connection.fetch(_HASH_AT, self._chain_id, self.last_seq)
        if not before:
            raise _Broken(Fault.GAP, self.last_seq)
        self.last_hash = before[0]["hash"]

    async def _changes_of(self, entry_ids: Sequence[UUID]) -> Mapping[UUID, Sequence[Row]]:
        by_entry: defaultdict[UUID, list[Row]] = defaultdict(list)
        for change in await self._connection.fetch(_CHANGES, self._chain_id, entry_ids):
            by_entry[change["entry_id"]].append(change)
        return by_entry

    def _check_entry(self, entry: Row) -> None:
        if entry["seq"] != self.last_seq + 1:
            raise _Broken(Fault.GAP, self.last_seq + 1)
        if entry["prev_hash"] != self.last_hash:
            raise _Broken(Fault.BAD_LINK, entry["seq"])
        if entry["hash"] != _recomputed(self._chain_id, entry):
            raise _Broken(Fault.BAD_HASH, entry["seq"])

    async def _check_changes(self, entry: Row, changes: Sequence[Row]) -> None:
        seq: int = entry["seq"]
        if len(changes) != entry["change_count"]:
            raise _Broken(Fault.CHANGE_MISSING, seq)
        if any(change["n"] != n for n, change in enumerate(changes, start=1)):
            raise _Broken(Fault.CHANGE_MISMATCH, seq)
        if any(change["body"] is not None and change["digest"] != _digested(change) for change in changes):
            raise _Broken(Fault.CHANGE_MISMATCH, seq)
        if entry["changes_digest"] != digest_of(change["digest"] for change in changes):
            raise _Broken(Fault.CHANGE_MISMATCH, seq)
        for eraser in {change["erased_by"] for change in changes if change["body"] is None}:
            if not await self._is_authorised(eraser):
                raise _Broken(Fault.UNAUTHORISED_ERASURE, seq)
        if _states_an_erasure(entry["payload"]) and not await self._is_authorised(entry["id"]):
            raise _Broken(Fault.UNAUTHORISED_ERASURE, seq)

    async def _is_authorised(self, eraser: UUID | None) -> bool:
        """Whether an entry of the chain states exactly the erasures that name it."""
        if eraser is None:
            return False
        if eraser not in self._erasures:
            stated = await self._connection.fetch(_ERASURE, self._chain_id, eraser)
            erased = await self._connection.fetch(_ERASED, self._chain_id, eraser)
            self._erasures[eraser] = _states(stated, [row["digest"] for row in erased])
        return self._erasures[eraser]

    async def _check_head(self) -> None:
        rows = await self._connection.fetch(_HEAD, self._chain_id)
        if not rows:
            if self.last_seq:
                raise _Broken(Fault.HEAD_MISMATCH, 1)
            return
        head = rows[0]
        if head["seq"] != self.last_seq:
            raise _Broken(Fault.HEAD_MISMATCH, min(head["seq"], self.last_seq) + 1)
        if head["hash"] != self.last_hash or self._last_recorded_at not in (None, head["recorded_at"]):
            raise _Broken(Fault.HEAD_MISMATCH, self.last_seq)


def _recomputed(chain_id: UUID, entry: Row) -> bytes:
    return entry_hash(
        EntryHead(
            chain_id=chain_id,
            seq=entry["seq"],
            entry_id=entry["id"],
            recorded_at=entry["recorded_at"],
            prev_hash=entry["prev_hash"],
            change_count=entry["change_count"],
            changes_digest=entry["changes_digest"],
            payload=entry["payload"],
        )
    )


def _digested(change: Row) -> bytes:
    return change_digest(
        Change(
            table_name=change["table_name"],
            row_id=change["row_id"],
            subject_id=change["subject_id"],
            operation=change["operation"],
            salt=change["salt"],
            body=change["body"],
        )
    )


def _states_an_erasure(payload: str) -> bool:
    return '"erased"' in payload and "erased" in orjson.loads(payload)  # the search saves parsing nearly every payload


def _states(stated: Sequence[Row], digests: Iterable[bytes]) -> bool:
    erased = list(digests)
    if len(stated) != 1:
        return False
    claim = orjson.loads(stated[0]["payload"]).get("erased")
    return bool(claim == {"count": len(erased), "digest": digest_of(erased).hex()})
