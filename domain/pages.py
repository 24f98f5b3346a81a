"""Keyset pages: which rows a connection asks for, and what came of it."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from errors import InvalidInput

MAX_PAGE = 100

CursorKey = tuple[str | int | datetime, UUID]
"""The order key of a row, and its id: together they are unique, so no row is skipped or repeated."""


class BadCursor(InvalidInput):
    """A cursor that no connection of this API gave out."""

    code = "BAD_CURSOR"
    hint = "Send back `endCursor` of an earlier page as it was, or leave `after` out."


class PageTooLarge(InvalidInput):
    """More rows asked for than one page holds."""

    code = "PAGE_TOO_LARGE"
    hint = f"Ask for at most {MAX_PAGE} and follow `pageInfo.endCursor`."


@dataclass(frozen=True, slots=True)
class Page:
    """What is asked: the first `first` rows after the cursor (from the beginning without one)."""

    first: int = 50
    after: str | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.first <= MAX_PAGE:
            raise PageTooLarge(f"`first` is {self.first}; it must be between 1 and {MAX_PAGE}.", path=("first",))

    def key(self, order: type[str] | type[int] | type[datetime]) -> tuple[Any, UUID | None]:
        """The order key and id to start after, (None, None) at the beginning. Raises BadCursor."""
        if self.after is None:
            return None, None
        try:
            value, row_id = orjson.loads(urlsafe_b64decode(self.after.encode("ascii")))
            return (datetime.fromisoformat(value) if order is datetime else value), UUID(row_id)
        except (ValueError, TypeError) as error:
            raise BadCursor("This is no cursor of this list.", path=("after",)) from error


@dataclass(frozen=True, slots=True, eq=False)
class Count:
    """The statement that counts all rows of a connection; run only when `totalCount` is selected.

    Compared by identity: it is the key of its own connection's relation.
    """

    sql: str
    arguments: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Slice:
    """What came: the rows of one page, each with its cursor, whether more follow, and how to count them all."""

    rows: Sequence[Any]
    cursors: Sequence[str]
    has_more: bool
    count: Count

    @classmethod
    def cut(cls, rows: Sequence[Any], page: Page, *, order: str, count: Count) -> Slice:
        """Make the slice of a statement that asked for one row more than the page holds, ordered by (`order`, id)."""
        kept = rows[: page.first]
        return cls(kept, [cursor(row[order], row["id"]) for row in kept], len(rows) > page.first, count)


def cursor(value: str | int | datetime, row_id: UUID) -> str:
    """The opaque text of a row's place in its list."""
    return urlsafe_b64encode(orjson.dumps([value, str(row_id)])).decode("ascii")
