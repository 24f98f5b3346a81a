"""Random arguments: literals, variables, and variables within literals, of any input type.

A variable is declared only with a type that its place allows ("All Variable Usages Are Allowed"), and its values are
drawn anew for each time that the document is sent: values, null, or nothing where its type or a default permits.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final, TypeAlias

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    Undefined,
    get_named_type,
    is_required_argument,
    is_required_input_field,
)

Json: TypeAlias = Any
"""What JSON can say."""

GIVEN: Final = 0.5
"""How often an argument is given that may be left out."""

VARIABLE: Final = 0.5
SAME_VARIABLE: Final = 0.3
NULL: Final = 0.15
ONE_FOR_LIST: Final = 0.1
OMITTED: Final = 0.3
MISTAKEN: Final = 0.003
MISTAKE: Final = {"wrong": [None]}
"""Sent at times for a variable whose type does not take it."""


@dataclass(frozen=True, slots=True)
class Values:
    """Plausible values, as JSON, of arguments and input fields; repeat one to have it drawn more often.

    A pool is named, the most telling name first, `field.argument` or `InputType.field`, `argument`, or `Type`.
    `given` says by name how often an argument that may be left out is given, where that is not `GIVEN`.
    """

    pools: Mapping[str, Sequence[Json]]
    given: Mapping[str, float] = field(default_factory=dict)

    def draw(self, rng: Random, owner: str, name: str, type_name: str) -> Json:
        """A value for this place. Raises LookupError where no pool fits."""
        for pool in (f"{owner}.{name}", name, type_name):
            if pool in self.pools:
                return rng.choice(self.pools[pool])
        raise LookupError(f"no pool of values fits {owner}.{name}; name one after it, or after the type {type_name}")


PLAIN_POOLS: Final[Mapping[str, Sequence[Json]]] = {
    "Boolean": (True, False),
    "Int": (0, 1, 2, 7, -1, 2**31 - 1),
    "Float": (0.5, -1.25, 3),
    "String": ("", "a", 'quote " and \\', "Ωραία\n", "7"),
    "ID": ("1", "2", "no such"),
}
"""Values of the types that every schema has."""


class _Word(str):
    """A value that is written without quotes: an enum's, or a variable."""

    __slots__ = ()


class _OneOf(GraphQLNonNull[Any]):
    """The type of the one field that is given: like non-null, but no default lets a nullable variable in."""


class Arguments:
    """The arguments of one document, and the variables that they stand on. Variables are named v1, v2 ..."""

    def __init__(self, rng: Random, values: Values) -> None:
        self._rng = rng
        self._values = values
        self._declared: dict[str, str] = {}
        self._known: dict[tuple[str, str, str], list[str]] = {}
        self._draws: dict[str, Callable[[], Json]] = {}

    def text(self, owner: str, declared: Mapping[str, GraphQLArgument]) -> str:
        """Arguments of a field or directive, in their brackets; nothing where none is given."""
        given = {
            name: self._value(owner, name, argument.type, default=argument.default_value)
            for name, argument in declared.items()
            if is_required_argument(argument) or self._is_given(name)
        }
        return f"({', '.join(f'{name}: {_text(value)}' for name, value in given.items())})" if given else ""

    def declarations(self, names: Iterable[str]) -> str:
        """The declaration of these variables, in its brackets; nothing without any."""
        found = [self._declared[name] for name in names]
        return f"({', '.join(found)})" if found else ""

    def drawn(self, names: Iterable[str]) -> dict[str, Json]:
        """Values for these variables; those for which nothing is sent are left out."""
        drawn = ((name, self._draws[name]()) for name in names)
        return {name: value for name, value in drawn if value is not Undefined}

    def _is_given(self, name: str) -> bool:
        return self._occurs(self._values.given.get(name, GIVEN))

    def _value(self, owner: str, name: str, type_: GraphQLInputType, *, default: object = Undefined) -> Json:
        """A variable, or a literal that may hold variables. `default` is that of the place."""
        if self._occurs(VARIABLE):
            return self._variable(owner, name, type_, has_default=default not in (None, Undefined))
        return self._literal(owner, name, type_, item=self._value)

    def _constant(self, owner: str, name: str, type_: GraphQLInputType) -> Json:
        """A literal without variables, which can also be sent for one."""
        return self._literal(owner, name, type_, item=self._constant)

    def _literal(self, owner: str, name: str, type_: GraphQLInputType, *, item: Callable[..., Json]) -> Json:
        """A value of the type, whose items and fields are made by `item`."""
        if not isinstance(type_, GraphQLNonNull):
            return None if self._occurs(NULL) else self._literal(owner, name, GraphQLNonNull(type_), item=item)
        match type_.of_type:
            case GraphQLList() if self._occurs(ONE_FOR_LIST):  # one item may be given without its list
                return self._constant(owner, name, GraphQLNonNull(_innermost(type_)))
            case GraphQLList() as listed:
                return [item(owner, name, listed.of_type) for _ in range(self._rng.choice((0, 1, 1, 2, 3)))]
            case GraphQLInputObjectType() as object_type:
                fields = dict(self._given_fields(object_type))
                return {one: item(object_type.name, one, field_type) for one, field_type in fields.items()}
            case GraphQLEnumType() as enum:
                return _Word(self._rng.choice(list(enum.values)))
            case scalar:
                return self._values.draw(self._rng, owner, name, scalar.name)

    def _given_fields(self, type_: GraphQLInputObjectType) -> Iterator[tuple[str, GraphQLInputType]]:
        if _is_one_of(type_):
            name, chosen = self._rng.choice(list(type_.fields.items()))
            yield name, _OneOf(chosen.type)
            return
        for name, declared in type_.fields.items():
            if is_required_input_field(declared) or self._is_given(name):
                yield name, declared.type

    def _variable(self, owner: str, name: str, type_: GraphQLInputType, *, has_default: bool) -> _Word:
        """A variable for the place: one that stands at its like already, or a new one."""
        known = self._known.setdefault((owner, name, str(type_)), [])
        if not known or not self._occurs(SAME_VARIABLE):
            known.append(self._declare(owner, name, type_, has_default=has_default))
        return _Word(f"${self._rng.choice(known)}")

    def _declare(self, owner: str, name: str, type_: GraphQLInputType, *, has_default: bool) -> str:
        """Declare a variable with a type that the place takes, and say how values of it are drawn."""
        variable = f"v{len(self._declared) + 1}"
        is_strict = isinstance(type_, GraphQLNonNull)
        nullable: Any = type_.of_type if isinstance(type_, GraphQLNonNull) else type_
        strict = GraphQLNonNull(nullable)
        declared, has_own_default = self._rng.choice(
            [(strict, False), (strict, True)]
            + [(nullable, True)] * (not isinstance(type_, _OneOf))
            + [(nullable, False)] * (3 if has_default or not is_strict else 0)
        )
        # A place that takes no null takes a nullable variable only for its default, which then is not null either.
        default = f" = {_text(self._constant(owner, name, strict if is_strict else declared))}"
        self._declared[variable] = f"${variable}: {declared}{default if has_own_default else ''}"
        may_be_left_out = has_own_default or declared is nullable
        sent = strict if is_strict else declared
        self._draws[variable] = lambda: self._sent(owner, name, sent, may_be_left_out=may_be_left_out)
        return variable

    def _sent(self, owner: str, name: str, type_: GraphQLInputType, *, may_be_left_out: bool) -> Json:
        """What is sent for a variable, Undefined for nothing."""
        if may_be_left_out and self._occurs(OMITTED):
            return Undefined
        return MISTAKE if self._occurs(MISTAKEN) else self._constant(owner, name, type_)

    def _occurs(self, chance: float) -> bool:
        return self._rng.random() < chance


def _innermost(type_: GraphQLInputType) -> Any:
    return get_named_type(type_)


def _is_one_of(type_: GraphQLInputObjectType) -> bool:
    # Strawberry keeps the mark to itself, and checks it by a rule of its own and at run time.
    return type_.is_one_of or getattr(type_.extensions.get("strawberry-definition"), "is_one_of", False)


def _text(value: Json) -> str:
    """The value as GraphQL writes it: like JSON, but for words and the names of fields."""
    match value:
        case _Word():
            return value
        case list():
            return f"[{', '.join(map(_text, value))}]"
        case dict():
            return f"{{{', '.join(f'{name}: {_text(one)}' for name, one in value.items())}}}"
        case _:
            return json.dumps(value, ensure_ascii=False)
