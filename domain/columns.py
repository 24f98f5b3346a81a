"""Which columns of its rows a list is asked for: a plan knows, and what nobody reads need not be fetched."""

from __future__ import annotations

from typing import Final

Columns = frozenset[str] | None
"""The names of the columns that will be read; None for all. They come from declarations in code, never from input."""

ALL: Final[Columns] = None
SELECT: Final = "SELECT "
EVERYTHING: Final = "*"


def select(columns: Columns, *always: str) -> str:
    """The beginning of a statement that fetches these columns, and those that its reader needs `always`.

    Raises ValueError for what cannot be the name of a column.
    """
    names = sorted(columns.union(always)) if columns is not None else []
    if strange := [name for name in names if not (name.isascii() and name.isidentifier())]:
        raise ValueError(f"{strange[0]!r} is no column")
    return SELECT + (", ".join(names) or EVERYTHING)
