"""The conditions of one statement: only those that somebody asked for, with their arguments numbered as they come.

A condition that is left out is not in the text, so PostgreSQL plans for what is asked: `($2 IS NULL OR …)` would hide
from it which index serves, and how far a page begins. The text is put together of constants; values are arguments.
"""

from __future__ import annotations

from typing import LiteralString

from policies.reach import Columns, Reach


class Conditions:
    """Conditions joined by AND, over the arguments that came before them."""

    __slots__ = ("_written", "arguments")

    def __init__(self, *arguments: object) -> None:
        self.arguments = list(arguments)
        self._written: list[str] = []

    def add(self, before: LiteralString, argument: object, after: LiteralString = "") -> None:
        """Compare with one argument, which stands between the two texts."""
        self._written.append(before + self._number(argument) + after)

    def add_either(self, *comparisons: tuple[LiteralString, object, LiteralString]) -> None:
        """Let through what meets one of several comparisons, each of an argument between two texts."""
        written = (before + self._number(argument) + after for before, argument, after in comparisons)
        self._written.append("(" + " OR ".join(written) + ")")

    def add_behind(self, columns: LiteralString, *values: object) -> None:
        """Let through what comes after these values in the order of the columns."""
        self._written.append("(" + columns + ") > (" + ", ".join(map(self._number, values)) + ")")

    def add_reach(self, reach: Reach, columns: Columns) -> None:
        """Let through what the reach covers."""
        where = reach.where(columns, first=len(self.arguments) + 1)
        self._written.append(where.sql)
        self.arguments.extend(where.args)

    def statement(self, before: str, after: LiteralString = "", *, limit: int | None = None) -> str:
        """The statement with these conditions between the two texts, and at its end the LIMIT, if there is one."""
        conditions = " AND ".join(self._written) or "TRUE"
        most = "" if limit is None else " LIMIT " + self._number(limit)
        return before + conditions + after + most

    def _number(self, argument: object) -> str:
        self.arguments.append(argument)
        return "$" + str(len(self.arguments))
