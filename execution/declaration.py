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
from itertools import chain
from types import ModuleType
from typing import Any, Final, TypeVar, dataclass_transform

import strawberry
from strawberry.types.field import StrawberryField

from audit.entries import EventType
from domain.pages import Page
from execution.reading import read_attribute, read_computed, read_relation
from execution.rows import ROW, Refusal
from policies.catalogue import Level

METADATA = "remit"
HOST_PARAMETERS = frozenset({"work", "keys", "reach", "columns"})
"""Parameters of a batch or root function that the host fills in; all others are the field's arguments."""

COLUMNS = "columns"
"""The parameter of who fetches only the columns that a plan reads."""

PAGE = "page"
"""The parameter in whose place clients send `first` and `after`."""

Cls = TypeVar("Cls", bound=builtins.type)
RowClass = builtins.type | None
Key = str | Callable[[Any], object]


@dataclass(frozen=True, slots=True)
class Cost:
    """What one value of a field may come to: the objects of a list at the most, and points of its own.

    `own` is never less than what the field's type costs by itself.
    """

    max_items: int | None = None
    own: int = 0


@dataclass(frozen=True, slots=True)
class Attribute:
    """A value read from the row: `column` where it is called otherwise there, `requires` where it is guarded."""

    column: str | None = None
    requires: str | None = None
    cost: Cost = Cost()


PLAIN: Final = Attribute()
"""What Strawberry's own plain attributes are."""


@dataclass(frozen=True, slots=True)
class Computed:
    """A value that a pure function makes of the row; its keyword-only parameters are the field's arguments.

    `reads` are the columns that it reads; None, if it may read any.
    """

    function: Callable[..., Any]
    reads: frozenset[str] | None = None
    cost: Cost = Cost()
    requires: None = None


@dataclass(frozen=True, slots=True)
class Relation:
    """Children loaded for all parents of a level at once: `batch(work, keys, **arguments) -> {key: value}`."""

    batch: Callable[..., Awaitable[dict[Any, Any]]]
    key: Key
    requires: str | None
    cost: Cost
    wants_page: bool
    wants_columns: bool

    def bound(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """The field's arguments as the batch function takes them. Raises PageTooLarge."""
        return with_page(arguments) if self.wants_page else arguments


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
    cost: Cost
    wants_page: bool
    wants_columns: bool
    description: str

    def bound(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """The field's arguments as its function takes them. Raises PageTooLarge."""
        return with_page(arguments) if self.wants_page else arguments


@dataclass_transform(kw_only_default=True, field_specifiers=(strawberry.field,))
def type(*, row: RowClass = None, name: str | None = None) -> Callable[[Cls], Cls]:  # noqa: A001  (read as `remit.type`)
    """Declare a GraphQL type. `row` is the class of what is read from the database, or of a domain error;

    each type has a row class of its own, so that unions and interfaces are told apart by it.
    """

    def declare(cls: Cls) -> Cls:
        cls.is_type_of = staticmethod(_recogniser(cls, row))  # type: ignore[attr-defined]  # Strawberry's seam
        setattr(cls, ROW, row)
        return strawberry.type(cls, name=name, description=inspect.cleandoc(cls.__doc__ or ""))

    return declare


def _recogniser(cls: Any, row: Any) -> Callable[[object, object], bool]:
    def is_type_of(value: object, _info: object) -> bool:
        if isinstance(value, Refusal):
            return row is not None and isinstance(value.error, row)
        return isinstance(value, cls) or (row is not None and isinstance(value, row))

    return is_type_of


def attribute(
    *,
    column: str | None = None,
    requires: str | None = None,
    max_items: int | None = None,
    cost: int = 0,
    description: str | None = None,
    name: str | None = None,
) -> Any:
    """Declare a value of the row. With `requires` the field must be nullable: it is withheld from who lacks it.

    A list of objects says how many it has at the most (`max_items`).
    """
    declaration = Attribute(column=column, requires=requires, cost=Cost(max_items, cost))
    resolver: Any = None if column is None and requires is None else read_attribute(declaration)
    return strawberry.field(resolver=resolver, description=description, name=name, metadata={METADATA: declaration})


def computed(
    function: Callable[..., Any],
    *,
    reads: Iterable[str] | None = None,
    max_items: int | None = None,
    cost: int = 0,
    description: str | None = None,
    name: str | None = None,
) -> Any:
    """Declare a value that `function` makes of the row, without I/O; its GraphQL type is the annotation's.

    The function's keyword-only parameters are the field's arguments. `reads` names the columns that it reads: where
    that is not told, all columns of the row are fetched.
    """
    if inspect.iscoroutinefunction(function):
        raise TypeError(f"{_place(function)} is computed and must not be async: what does I/O is a relation")
    return strawberry.field(
        resolver=read_computed(function, argument_parameters(function)),
        description=description,
        name=name,
        metadata={METADATA: Computed(function, frozenset(reads) if reads else None, Cost(max_items, cost))},
    )


def relation(
    batch: Callable[..., Awaitable[dict[Any, Any]]],
    *,
    key: Key,
    requires: str | None = None,
    max_items: int | None = None,
    cost: int = 0,
    description: str | None = None,
    name: str | None = None,
) -> Any:
    """Declare children of the row, found by `key` (a column, or a function of the row).

    The batch function's keyword-only parameters are the field's arguments; for `page` clients send `first` and
    `after`, and `columns` are those that a plan reads (None: all). With `requires` it must take `reach`. A list says
    how many it has at the most (`max_items`).
    """
    parameters = inspect.signature(batch).parameters
    if requires is not None and "reach" not in parameters:
        raise TypeError(f"{_place(batch)} is guarded by {requires} and must take `reach`")
    declaration = Relation(
        batch=batch,
        key=key,
        requires=requires,
        cost=Cost(max_items, cost),
        wants_page=PAGE in parameters,
        wants_columns=COLUMNS in parameters,
    )
    return strawberry.field(
        resolver=read_relation(declaration, argument_parameters(batch)),
        description=description,
        name=name,
        metadata={METADATA: declaration},
    )


def _place(function: Callable[..., Any]) -> str:
    return f"{function.__module__}.{getattr(function, '__name__', function)}"


def argument_parameters(function: Callable[..., Any]) -> list[inspect.Parameter]:
    """The keyword-only parameters of a function that are arguments of its field; `page` is `first` and `after`."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except ValueError:  # of a class or function written in C, which has no arguments of a field
        return []
    own = [p for p in parameters if p.kind is p.KEYWORD_ONLY and p.name not in HOST_PARAMETERS]
    return list(chain.from_iterable(PAGE_PARAMETERS if p.name == PAGE else (p,) for p in own))


PAGE_PARAMETERS: Final = (
    inspect.Parameter("first", inspect.Parameter.KEYWORD_ONLY, default=Page().first, annotation=int),
    inspect.Parameter("after", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=str | None),
)


def with_page(arguments: dict[str, Any]) -> dict[str, Any]:
    """The arguments with one `page` in place of `first` and `after`. Raises PageTooLarge."""
    others = {name: value for name, value in arguments.items() if name not in ("first", "after")}
    return {**others, PAGE: Page(**{name: arguments[name] for name in ("first", "after") if name in arguments})}


def query(
    *,
    requires: str | None = None,
    at: Level | None = None,
    signed_in: bool = False,
    public: str | None = None,
    rehearsal: bool = False,
    max_items: int | None = None,
    cost: int = 0,
    name: str | None = None,
) -> Callable[[Callable[..., Awaitable[Any]]], Root]:
    """Declare a root query: an async function `(work, *, arguments)` with a docstring for the API's readers.

    Exactly one of `requires` (with `at`), `signed_in` and `public` (the reason for asking nothing) says who may ask.
    A `rehearsal` gets a Work that may write and is always rolled back. A list says how many objects it has at the most
    (`max_items`); a connection takes `page`.
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
        cost=Cost(max_items, cost),
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
    cost: int = 0,
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
        cost=Cost(own=cost),
        name=name,
    )


def subscription(
    *,
    requires: str | None = None,
    at: Level | None = None,
    signed_in: bool = False,
    cost: int = 0,
    name: str | None = None,
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
        cost=Cost(own=cost),
        name=name,
    )


def _root(kind: RootKind, *, name: str | None, **rules: Any) -> Callable[[Callable[..., Any]], Root]:
    def declare(function: Callable[..., Any]) -> Root:
        return Root(
            kind=kind,
            name=name or function.__name__,
            function=function,
            wants_page=PAGE in inspect.signature(function).parameters,
            wants_columns=COLUMNS in inspect.signature(function).parameters,
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


def cost_of(field: StrawberryField) -> Cost:
    """What the field was declared to come to."""
    declaration = declaration_of(field)
    return declaration.cost if declaration is not None else Cost()


def mutations(roots: Iterable[Root]) -> tuple[Root, ...]:
    """Those roots that are mutations."""
    return tuple(root for root in roots if root.kind is RootKind.MUTATION)
