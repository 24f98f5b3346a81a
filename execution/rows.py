"""What flows through an execution: rows by class, pages of them, and refusals as values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, TypeVar

from asyncpg import Record
from graphql import GraphQLObjectType

from errors import UserError
from execution.seams import python_class

T = TypeVar("T")

ROW: Final = "__remit_row__"
"""Where a declared type keeps its row class."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A domain error on its way into a result union: graphql-core would raise a bare exception again."""

    error: UserError


def row_class_of(type_: GraphQLObjectType) -> type | None:
    """The row class that a GraphQL type was declared with, None where it has none."""
    found: type | None = getattr(python_class(type_), ROW, None)
    return found


def is_record(type_: GraphQLObjectType) -> bool:
    """Whether the type's rows are read by `row["column"]`."""
    row_class = row_class_of(type_)
    return row_class is not None and issubclass(row_class, Record)


def is_refusal(type_: GraphQLObjectType) -> bool:
    """Whether the type's rows are domain errors, which come as refusals."""
    row_class = row_class_of(type_)
    return row_class is not None and issubclass(row_class, Exception)


def source_of(row: Any) -> Any:
    """The row itself, or the error that is refused with."""
    return row.error if isinstance(row, Refusal) else row


def read(row: Any, name: str) -> Any:
    """Read a column, or an attribute of a dataclass, or a word of the refused error."""
    if isinstance(row, Record):
        return row[name]
    return getattr(source_of(row), name)


def read_key(row: Any, key: Any) -> Any:
    """The key of a row's children: a column's value, or what the function makes of the row."""
    return key(source_of(row)) if callable(key) else read(row, key)


def shown(row: object) -> T:  # type: ignore[type-var]  # the caller's annotation says which type it stands for
    """The row in the place of its GraphQL type: where the type is wanted, executions read the row by its class."""
    return row  # type: ignore[return-value]  # as above
