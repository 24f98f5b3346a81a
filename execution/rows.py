"""What flows through an execution: rows by class, pages of them, and refusals as values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

from asyncpg import Record

from errors import UserError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Refusal:
    """A domain error on its way into a result union: graphql-core would raise a bare exception again."""

    error: UserError


def read(source: Any, name: str) -> Any:
    """Read a column, or an attribute of a dataclass, or a word of the refused error."""
    if isinstance(source, Record):
        return source[name]
    if isinstance(source, Refusal):
        return getattr(source.error, name)
    return getattr(source, name)


def read_key(source: Any, key: Any) -> Any:
    """The key of a row's children: a column's value, or what the function makes of the row."""
    return key(source) if callable(key) else read(source, key)


def shown(row: object) -> T:  # type: ignore[type-var]  # the caller's annotation says which type it stands for
    """The row in the place of its GraphQL type: where the type is wanted, executions read the row by its class."""
    return row  # type: ignore[return-value]  # as above
