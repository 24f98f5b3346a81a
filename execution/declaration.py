"""How a field of the API is declared: attribute, computed, relation, query, mutation, subscription.

One declaration serves every executor. It lies in the Strawberry field's `metadata["remit"]`, and says what the
field needs (a capability, a batch function, an event type), never how it is carried out.
"""

from __future__ import annotations

import builtins
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from types import ModuleType
from typing import Any, TypeVar, dataclass_transform

import strawberry
from strawberry.types.field import StrawberryField

from audit.entries import EventType
from execution.reading import read_attribute, read_computed, read_relation
from execution.rows import Refusal
from policies.catalogue import Level

METADATA = "remit"
HOST_PARAMETERS = frozenset({"work", "keys", "reach"})
"""Parameters of a batch or root function that the host fills in; all others are the field's arguments."""

Cls = TypeVar("Cls", bound=builtins.type)
RowClass = builtins.type | None
Key = str | Callable[[Any], object]


@dataclass(frozen=True, slots=True)
class Attribute:
    """A value read from the row: `column` where it is called otherwise there, `requires` where it is guarded."""

    column: str | None
    requires: str | None


@dataclass(frozen=True, slots=True)
class Computed:
    """A value that a pure function makes of the row."""

    function: Callable[[Any], Any]
    requires: None = None


@dataclass(frozen=True, slots=True)
class Relation:
    """Children loaded for all parents of a level at once: `batch(work, keys, **arguments) -> {key: value}`."""

    batch: Callable[..., Awaitable[dict[Any, Any]]]
    key: Key
    requires: str | None
    wants_reach: bool


class RootKind(StrEnum):
    """The operations of GraphQL, and the names of their root types."""

    QUERY = "Query"
    MUTATION = "Mutation"
    SUBSCRIPTION = "Subscription"


@dataclass(frozen=True, slots=True)
class Root:
    """A root field: what it requires, or that signing in is enough, or why it is open to everybody.

    A mutation names its journal event; the others have none.
    """

    kind: RootKind
    name: str
    function: Callable[..., Any]
    requires: str | None
    at: Level | None
    signed_in: bool
    public: str | None
    event: EventType | None
    rehearsal: bool
    alone: bool
    description: str


@dataclass_transform(kw_only_default=True, field_specifiers=(strawberry.field,))
def type(*, row: RowClass = None, name: str | None = None) -> Callable[[Cls], Cls]:  # noqa: A001  (read as `remit.type`)
    """Declare a GraphQL type. `row` is the class of what is read from the database, or of a domain error;

    each type has a row class of its own, so that unions and interfaces are told apart by it.
    """

    def declare(cls: Cls) -> Cls:
        cls.is_type_of = staticmethod(_recogniser(cls, row))  # type: ignore[attr-defined]  # Strawberry's seam
        return strawberry.type(cls, name=name, description=inspect.cleandoc(cls.__doc__ or ""))

    return declare


def _recogniser(cls: Any, row: Any) -> Callable[[object, object], bool]:
    def is_type_of(value: object, _info: object) -> bool:
        if isinstance(value, Refusal):
            return row is not None and isinstance(value.error, row)
        return isinstance(value, cls) or (row is not None and isinstance(value, row))

    return is_type_of


def attribute(
    *, column: str | None = None, requires: str | None = None, description: str | None = None, name: str | None = None
) -> Any:
    """Declare a value of the row. With `requires` the field must be nullable: it is withheld from who lacks it."""
    declaration = Attribute(column=column, requires=requires)
    if column is None and requires is None:
        return strawberry.field(description=description, name=name, metadata={METADATA: declaration})
    return strawberry.field(
        resolver=read_attribute(declaration), description=description, name=name, metadata={METADATA: declaration}
    )


def computed(function: Callable[[Any], Any], *, description: str | None = None, name: str | None = None) -> Any:
    """Declare a value that `function` makes of the row, without I/O; its GraphQL type is the annotation's."""
    return strawberry.field(
        resolver=read_computed(function),
        description=description,
        name=name,
        metadata={METADATA: Computed(function)},
    )


def relation(
    batch: Callable[..., Awaitable[dict[Any, Any]]],
    *,
    key: Key,
    requires: str | None = None,
    description: str | None = None,
    name: str | None = None,
) -> Any:
    """Declare children of the row, found by `key` (a column, or a function of the row).

    The batch function's keyword-only parameters are the field's arguments. With `requires` it must take `reach`.
    """
    parameters = inspect.signature(batch).parameters
    declaration = Relation(batch=batch, key=key, requires=requires, wants_reach="reach" in parameters)
    if requires is not None and not declaration.wants_reach:
        raise TypeError(f"{batch.__module__}.{batch.__name__} is guarded by {requires} and must take `reach`")
    return strawberry.field(
        resolver=read_relation(declaration, argument_parameters(batch)),
        description=description,
        name=name,
        metadata={METADATA: declaration},
    )


def argument_parameters(function: Callable[..., Any]) -> list[inspect.Parameter]:
    """The keyword-only parameters of a batch or root function that are arguments of its field."""
    parameters = inspect.signature(function).parameters.values()
    return [p for p in parameters if p.kind is p.KEYWORD_ONLY and p.name not in HOST_PARAMETERS]


def query(
    *,
    requires: str | None = None,
    at: Level | None = None,
    signed_in: bool = False,
    public: str | None = None,
    rehearsal: bool = False,
    name: str | None = None,
) -> Callable[[Callable[..., Awaitable[Any]]], Root]:
    """Declare a root query: an async function `(work, *, arguments)` with a docstring for the API's readers.

    Exactly one of `requires` (with `at`), `signed_in` and `public` (the reason for asking nothing) says who may ask.
    A `rehearsal` gets a Work that may write and is always rolled back.
    """
    return _root(
        RootKind.QUERY,
        requires=requires,
        at=at,
        signed_in=signed_in,
        public=public,
        event=None,
        rehearsal=rehearsal,
        alone=False,
        name=name,
    )


def mutation(
    *,
    event: EventType,
    requires: str | None = None,
    at: Level | None = None,
    signed_in: bool = False,
    public: str | None = None,
    alone: bool = False,
    name: str | None = None,
) -> Callable[[Callable[..., Awaitable[Any]]], Root]:
    """Declare a root mutation: one Work, one journal entry of type `event`, a union as its result.

    `alone` refuses a document that holds any other root field beside it (tries are counted by it).
    """
    return _root(
        RootKind.MUTATION,
        requires=requires,
        at=at,
        signed_in=signed_in,
        public=public,
        event=event,
        rehearsal=False,
        alone=alone,
        name=name,
    )


def subscription(
    *, requires: str | None = None, at: Level | None = None, signed_in: bool = False, name: str | None = None
) -> Callable[[Callable[..., AsyncIterator[Any]]], Root]:
    """Declare a root subscription: an async generator `(live, *, arguments)` with a docstring for the API's readers.

    `async for work in live` opens a fresh Work for each event, in which the right is asked again; what is yielded
    meanwhile is the event. Either `requires` (with `at`) or `signed_in` says who may subscribe.
    """
    return _root(
        RootKind.SUBSCRIPTION,
        requires=requires,
        at=at,
        signed_in=signed_in,
        public=None,
        event=None,
        rehearsal=False,
        alone=False,
        name=name,
    )


def _root(kind: RootKind, *, name: str | None, **rules: Any) -> Callable[[Callable[..., Any]], Root]:
    def declare(function: Callable[..., Any]) -> Root:
        return Root(
            kind=kind,
            name=name or function.__name__,
            function=function,
            description=inspect.cleandoc(function.__doc__ or ""),
            **rules,
        )

    return declare


def roots_of(*modules: ModuleType) -> tuple[Root, ...]:
    """Every root field that the modules declare, in the order of their text."""
    return tuple(value for module in modules for value in vars(module).values() if isinstance(value, Root))


def declaration_of(field: StrawberryField) -> Attribute | Computed | Relation | Root | None:
    """What the field was declared with; None for Strawberry's own plain attributes."""
    found = field.metadata.get(METADATA) if field.metadata else None
    return found if isinstance(found, Attribute | Computed | Relation | Root) else None


def requirement_of(field: StrawberryField) -> str | None:
    """The capability that the field requires, None where it requires none."""
    declaration = declaration_of(field)
    return declaration.requires if declaration is not None else None


def mutations(roots: Iterable[Root]) -> tuple[Root, ...]:
    """Those roots that are mutations."""
    return tuple(root for root in roots if root.kind is RootKind.MUTATION)
