"""Keyset pages: which rows a connection asks for, and what came of it."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson

from domain.localtime import in_utc
from domain.texts import is_storable
from errors import InvalidInput

MAX_PAGE = 100

LARGEST_BIGINT = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Order:
    """How a list is ordered: by `column`, then by id; together they are unique, so no row is skipped or repeated.

    `list_name` stands in its cursors, so that those of another list are told apart; `kind` is the column's type.
    """

    list_name: str
    column: str
    kind: type[str] | type[int] | type[datetime]

    def cursor(self, row: Any) -> str:
        """The opaque text of a row's place in the list."""
        return self.cursor_at(row[self.column], row["id"])

    def cursor_at(self, key: object, row_id: UUID) -> str:
        """The opaque text of the place of the row with this order key and id."""
        return urlsafe_b64encode(orjson.dumps([self.list_name, key, str(row_id)])).decode("ascii")

    def place(self, cursor: str) -> tuple[Any, UUID]:
        """The order key and the id that a cursor of this list stands for. Raises ValueError for another text."""
        list_name, value, row_id = orjson.loads(urlsafe_b64decode(cursor.encode("ascii")))
        if list_name != self.list_name or not isinstance(row_id, str):
            raise ValueError("a cursor of another list")
        return self._key(value), UUID(row_id)

    def _key(self, value: object) -> str | int | datetime:
        if self.kind is datetime and isinstance(value, str):
            return in_utc(datetime.fromisoformat(value))
        if self.kind is str and isinstance(value, str) and is_storable(value):
            return value
        if self.kind is int and type(value) is int and abs(value) <= LARGEST_BIGINT:
            return value
        raise ValueError("no order key of this list")


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

    def start(self, order: Order) -> tuple[Any, UUID | None]:
        """The order key and id to start after, (None, None) at the beginning. Raises BadCursor."""
        if self.after is None:
            return None, None
        try:
            return order.place(self.after)
        except (ValueError, TypeError, OverflowError) as error:
            raise BadCursor("This is no cursor of this list.", path=("after",)) from error


@dataclass(frozen=True, slots=True, eq=False)
class Count:
    """The statement that counts all rows of a connection; run only when `totalCount` is selected.

    A connection within a list names its `key`: the statement then gets all keys as its last argument and answers with
    rows of `key` and `count`, so that it is one for the whole list. Compared by identity: it is the key of its own
    connection's relation.
    """

    sql: str
    arguments: tuple[Any, ...]
    key: Any = None


@dataclass(frozen=True, slots=True, eq=False)
class Slice:
    """What came: the rows of one page, whether more follow, and how to count them all.

    `cursor` makes the cursor of the row with this number: only when it is asked for, since most pages need the last
    one alone. `count` is the number itself where the whole list was at hand. Compared by identity.
    """

    rows: Sequence[Any]
    cursor: Callable[[int], str]
    has_more: bool
    count: Count | int

    @classmethod
    def cut(cls, rows: Sequence[Any], page: Page, *, order: Order, count: Count) -> Slice:
        """Make the slice of a statement that asked for one row more than the page holds, in this order."""
        kept = rows[: page.first]
        return cls(kept, lambda number: order.cursor(kept[number]), len(rows) > page.first, count)

    @classmethod
    def of_list(cls, placed: Sequence[tuple[Any, UUID, Any]], page: Page, *, order: Order) -> Slice:
        """Make the slice of a list that is wholly at hand: each row behind its order key and its id, in this order."""
        start = page.start(order)
        left = placed if page.after is None else [one for one in placed if one[:2] > start]
        kept = left[: page.first]

        def cursor(number: int) -> str:
            key, row_id, _ = kept[number]
            return order.cursor_at(key, row_id)

        return cls([row for _, _, row in kept], cursor, len(left) > page.first, len(placed))


EMPTY_PAGE: Final = Slice((), "".__getitem__, has_more=False, count=0)
"""The only page of a list without rows."""
