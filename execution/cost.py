"""What an operation may cost, told before it is carried out: points for the objects that it may return at the most.

| selected | points |
|---|---|
| a leaf; `nodes`, `edges`, `pageInfo` and `cursor` of a page | 0 |
| an object | 1 + its fields |
| a connection | 1 + `first` x (1 + the fields of a row), the product only where rows are selected; `totalCount` 10 |
| a list of objects | `max_items` x (1 + the fields of one) |
| an interface or a union | the dearest of its types |
| a root field of a mutation | 10 more |
| `__schema`, `__type` | 100 |

A field may declare more, never less. @skip and @include are heeded. The estimate is never below the number of objects
returned; so lists without a bound are refused when the schema is built.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from graphql import (
    GraphQLField,
    GraphQLObjectType,
    GraphQLOutputType,
    OperationType,
    get_named_type,
    is_abstract_type,
    is_leaf_type,
    is_list_type,
)
from graphql.execution.values import VariableValues

from domain.pages import MAX_PAGE, Page, Slice
from execution.declaration import Cost, Root, cost_of, declaration_of
from execution.rows import row_class_of
from execution.seams import Operation, Selected, arguments_of, declared_field, nullable_type

MUTATION: Final = 10
COUNTING: Final = 10
INTROSPECTION: Final = 100

Formula = Callable[[VariableValues], int]
"""The points of an operation for the values of its variables, which say how long its pages are."""

Points = int | Formula

ROWS_OF_A_PAGE: Final = frozenset({"nodes", "edges"})


def formula_of(operation: Operation, *, for_nobody: bool = False) -> Formula:
    """What the operation costs; `for_nobody` counts no root fields that nobody without a session gets past."""
    root_type = operation.schema.get_root_type(operation.node.operation)
    if root_type is None:
        return partial(_constant, 0)
    surcharge = MUTATION if operation.node.operation is OperationType.MUTATION else 0
    costs = _Costs(operation)
    roots = [one for one in operation.selected(root_type) if not for_nobody or _is_open(root_type, one)]
    found = _sum(_sum((surcharge, costs.field(root_type, one))) for one in roots)
    return partial(_constant, found) if isinstance(found, int) else found


def _is_open(root_type: GraphQLObjectType, selected: Selected) -> bool:
    found = root_type.fields.get(selected.name)
    declared = declared_field(found) if found is not None else None
    root = declaration_of(declared) if declared is not None else None
    return not isinstance(root, Root) or root.public is not None


def list_depth(type_: GraphQLOutputType) -> int:
    """How many lists lie around the named type."""
    inner = nullable_type(type_)
    return 1 + list_depth(inner.of_type) if is_list_type(inner) else 0


def is_page(type_: object) -> bool:
    """Whether the type is a connection."""
    return isinstance(type_, GraphQLObjectType) and row_class_of(type_) is Slice


@dataclass(frozen=True, slots=True)
class _Costs:
    operation: Operation

    def field(self, type_: GraphQLObjectType, selected: Selected, *, page: Points = 0) -> Points:
        """The points of one field; `page` are the rows of the connection whose field it is."""
        if selected.name.startswith("__"):
            return 0 if selected.name == "__typename" else INTROSPECTION
        found = type_.fields[selected.name]
        declared = declared_field(found)
        cost = cost_of(declared) if declared is not None else Cost()
        named = get_named_type(found.type)
        if is_leaf_type(named):
            return cost.own
        if is_page(type_):
            return _times(page, self._row(named, selected)) if selected.name in ROWS_OF_A_PAGE else cost.own
        if is_page(named):
            rows = self._rows(found, selected)
            return _sum((max(1, cost.own), self._fields(named, selected, page=rows)))
        each = _sum((max(1, cost.own), self._below(named, selected)))
        return _times((cost.max_items or 1) ** list_depth(found.type), each)

    def _row(self, named: Any, selected: Selected) -> Points:
        """A row of a page: `nodes` are the rows themselves, `edges` hold them."""
        if selected.name == "nodes":
            return _sum((1, self._below(named, selected)))
        return self._fields(named, selected)

    def _below(self, named: Any, selected: Selected) -> Points:
        if not is_abstract_type(named):
            return self._fields(named, selected)
        members = self.operation.schema.get_possible_types(named)
        return _dearest([self._fields(member, selected) for member in members])

    def _fields(self, type_: GraphQLObjectType, selected: Selected, *, page: Points = 0) -> Points:
        return _sum(self.field(type_, one, page=page) for one in self.operation.below(type_, selected))

    def _rows(self, found: GraphQLField, selected: Selected) -> Points:
        node = selected.node
        if not any(argument.name.value == "first" for argument in node.arguments or ()):
            return Page().first
        return partial(_asked_rows, partial(arguments_of, self.operation.schema, found, node))


def _asked_rows(arguments: Callable[[VariableValues], dict[str, Any]], variables: VariableValues) -> int:
    """The length of a page; one that is out of bounds is refused where it is read."""
    first: int = arguments(variables).get("first", Page().first)
    return min(max(first, 0), MAX_PAGE)


def _constant(points: int, _variables: VariableValues) -> int:
    return points


def _sum(parts: Iterable[Points]) -> Points:
    fixed, varying = _parted(parts)
    return (lambda variables: sum(fixed) + sum(one(variables) for one in varying)) if varying else sum(fixed)


def _dearest(parts: Iterable[Points]) -> Points:
    fixed, varying = _parted(parts)
    return (lambda variables: max([*fixed, *(one(variables) for one in varying)])) if varying else max(fixed, default=0)


def _times(times: Points, each: Points) -> Points:
    if isinstance(times, int) and isinstance(each, int):
        return times * each
    return lambda variables: _value(times, variables) * _value(each, variables)


def _value(points: Points, variables: VariableValues) -> int:
    return points if isinstance(points, int) else points(variables)


def _parted(parts: Iterable[Points]) -> tuple[list[int], list[Formula]]:
    found = list(parts)
    return [one for one in found if isinstance(one, int)], [one for one in found if not isinstance(one, int)]
