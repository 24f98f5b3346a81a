"""The hash chain of the journal, in pure functions: what an auditor needs besides SHA-256.

A change is committed to by a salted digest, an entry by the digests of its changes in order, and each entry
by the hash of the one before it. `journal_append` in the database makes the chain; this module makes it again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeAlias
from uuid import UUID

import orjson

FORMAT = "remit-journal-1"
GENESIS_HASH = bytes(32)
LARGEST_INTEGER = 2**53

Json: TypeAlias = "bool | int | str | Sequence[Json] | Mapping[str, Json] | None"


class NotCanonical(ValueError):
    """A value that canonical JSON has no text for: a float, an integer beyond ±2^53, U+0000, a foreign type."""


@dataclass(frozen=True, slots=True)
class Change:
    """One row's before and after, as it was digested; `body` and `salt` are gone once it is erased."""

    table_name: str
    row_id: str | None
    subject_id: UUID | None
    operation: str
    salt: bytes
    body: str


@dataclass(frozen=True, slots=True)
class EntryHead:
    """What the hash of an entry covers."""

    chain_id: UUID
    seq: int
    entry_id: UUID
    recorded_at: datetime
    prev_hash: bytes
    change_count: int
    changes_digest: bytes
    payload: str


def canonical_json(value: Json) -> str:
    """JSON with sorted keys and without white space: one text for one value.

    Raises NotCanonical for what has no such text.
    """
    _refuse_uncanonical(value)
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
    except orjson.JSONEncodeError as error:
        raise NotCanonical(str(error)) from error


def journal_time(at: datetime) -> str:
    """An instant as the chain writes it: UTC, six digits of the second. Raises NotCanonical for a naive one."""
    if at.tzinfo is None:
        raise NotCanonical(f"{at} has no time zone")
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def change_digest(change: Change) -> bytes:
    """SHA-256 of the salt and five lines: a change cannot be moved to another row, client or table."""
    lines = (
        change.table_name,
        "-" if change.row_id is None else change.row_id,
        "-" if change.subject_id is None else str(change.subject_id),
        change.operation,
        change.body,
    )
    return hashlib.sha256(change.salt + "\n".join(lines).encode()).digest()


def digest_of(digests: Iterable[bytes]) -> bytes:
    """SHA-256 of digests in order: of an entry's changes, and of the changes that an entry erased."""
    return hashlib.sha256(b"".join(digests)).digest()


def entry_hash(head: EntryHead) -> bytes:
    """SHA-256 of nine lines, without a final newline; the payload is hashed as the stored text."""
    lines = (
        FORMAT,
        str(head.chain_id),
        str(head.seq),
        str(head.entry_id),
        journal_time(head.recorded_at),
        head.prev_hash.hex(),
        str(head.change_count),
        head.changes_digest.hex(),
        head.payload,
    )
    return hashlib.sha256("\n".join(lines).encode()).digest()


def _refuse_uncanonical(value: object) -> None:
    match value:
        case None | bool():
            return
        case int():
            if abs(value) > LARGEST_INTEGER:
                raise NotCanonical(f"{value} is beyond ±2^53: other readers would round it")
        case str():
            if "\0" in value:
                raise NotCanonical("U+0000 cannot be stored")
        case list() | tuple():
            for item in value:
                _refuse_uncanonical(item)
        case dict():
            for key, item in value.items():
                _refuse_key(key)
                _refuse_uncanonical(item)
        case _:
            raise NotCanonical(f"{type(value).__name__} is no JSON type of the journal")


def _refuse_key(key: object) -> None:
    if not isinstance(key, str):
        raise NotCanonical(f"{key!r} is no key of a JSON object")
    _refuse_uncanonical(key)
