"""What Remit leans on inside Strawberry and graphql-core, all of it; `tests/execution/test_seams.py` is its contract.

Written for strawberry-graphql 0.341 and graphql-core 3.3. Imports nothing of Remit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLField,
    GraphQLLeafType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    ListValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    ValueNode,
    VariableNode,
    Visitor,
    get_argument_values,
    get_variable_values,
    visit,
)
from graphql.execution.collect_fields import FieldDetails, FragmentDetails, collect_fields, collect_subfields
from graphql.execution.values import VariableValues
from strawberry.types.arguments import convert_arguments
from strawberry.types.base import StrawberryObjectDefinition
from strawberry.types.enum import StrawberryEnumDefinition
from strawberry.types.field import StrawberryField

DEFINITION: Final = "strawberry-definition"
CONDITIONS: Final = frozenset({"skip", "include"})
NO_VARIABLES: Final = VariableValues({}, {})


def declared_field(field: GraphQLField) -> StrawberryField | None:
    """The Strawberry field that the GraphQL field was made of; None for graphql-core's own."""
    found = field.extensions.get(DEFINITION)
    return found if isinstance(found, StrawberryField) else None


def python_name(field: GraphQLField) -> str:
    """What the field is called in Python."""
    declared = declared_field(field)
    if declared is None:
        raise TypeError("a field of graphql-core's own has no Python name")
    return declared.python_name


def nullable_type(type_: GraphQLOutputType) -> Any:
    """The type without its non-null wrapper, if it has one."""
    return type_.of_type if isinstance(type_, GraphQLNonNull) else type_


def python_class(type_: GraphQLObjectType) -> type | None:
    """The class that the object type was declared with."""
    found = type_.extensions.get(DEFINITION)
    return found.origin if isinstance(found, StrawberryObjectDefinition) else None


def output_of(type_: GraphQLLeafType) -> Callable[[Any], Any]:
    """What turns a value into the leaf's JSON value, or raises."""
    return type_.coerce_output_value


def enum_names(type_: GraphQLLeafType) -> dict[object, str]:
    """The names of an enum by its members and by their values."""
    definition = type_.extensions.get(DEFINITION)
    names: dict[object, str] = {}
    for name, value in type_.values.items():  # type: ignore[union-attr]  # asked of enums only
        names.setdefault(value.value, name)
        if isinstance(definition, StrawberryEnumDefinition):
            names.setdefault(definition.wrapped_cls(value.value), name)
    return names


def coerced_variables(
    schema: GraphQLSchema, operation: OperationDefinitionNode, given: Mapping[str, Any] | None
) -> VariableValues | None:
    """The operation's variables as graphql-core reads them; None where it would refuse them."""
    if not operation.variable_definitions:
        return NO_VARIABLES
    found = get_variable_values(schema, operation.variable_definitions, dict(given or {}), max_errors=1)
    return None if isinstance(found, list) else found


def arguments_of(
    schema: GraphQLSchema, field: GraphQLField, node: FieldNode, variables: VariableValues
) -> dict[str, Any]:
    """A field's arguments by their Python names, as its resolver would get them. Raises what is raised there."""
    declared = declared_field(field)
    if declared is None or not field.args:
        return {}
    strawberry_schema = schema._strawberry_schema  # type: ignore[attr-defined]  # set by Strawberry
    return convert_arguments(
        get_argument_values(field, node, variables),
        declared.arguments,
        scalar_registry=strawberry_schema.schema_converter.scalar_registry,
        config=strawberry_schema.config,
    )


def names_variables(node: FieldNode) -> bool:
    """Whether an argument of the node has a variable in it."""
    return any(_has_variable(argument.value) for argument in node.arguments or ())


def _has_variable(value: ValueNode) -> bool:
    match value:
        case VariableNode():
            return True
        case ListValueNode():
            return any(map(_has_variable, value.values))
        case ObjectValueNode():
            return any(_has_variable(field.value) for field in value.fields)
        case _:
            return False


@dataclass(frozen=True, slots=True)
class Selected:
    """One response key of a selection: all the nodes that ask for it. `node` has its name and arguments."""

    key: str
    details: list[FieldDetails]

    @property
    def node(self) -> FieldNode:
        """The first of the nodes; by validation the others differ in their selections only."""
        return self.details[0].node

    @property
    def name(self) -> str:
        """The name of the field."""
        return self.node.name.value


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation within its document, for certain values of the variables of @skip and @include."""

    schema: GraphQLSchema
    node: OperationDefinitionNode
    fragments: dict[str, FragmentDetails]
    variables: VariableValues

    @classmethod
    def of(
        cls, schema: GraphQLSchema, document: DocumentNode, node: OperationDefinitionNode, variables: VariableValues
    ) -> Operation:
        """The operation with the document's fragments."""
        found = (one for one in document.definitions if isinstance(one, FragmentDefinitionNode))
        return cls(schema, node, {one.name.value: FragmentDetails(one) for one in found}, variables)

    def selected(self, root: GraphQLObjectType) -> Iterator[Selected]:
        """The root fields, merged, in the order of the answer."""
        found = collect_fields(self.schema, self.fragments, self.variables, root, self.node)
        return _selected(found.grouped_field_set)

    def below(self, type_: GraphQLObjectType, parent: Selected) -> Iterator[Selected]:
        """The fields that are selected of a value of this type, merged, in the order of the answer."""
        found = collect_subfields(self.schema, self.fragments, self.variables, self.node, type_, parent.details)
        return _selected(found.grouped_field_set)


def _selected(grouped: Mapping[str, list[FieldDetails]]) -> Iterator[Selected]:
    return (Selected(key, details) for key, details in grouped.items())


class _Directives(Visitor):
    """Collects the variables of @skip and @include, and the names of all other directives."""

    def __init__(self) -> None:
        super().__init__()
        self.variables: set[str] = set()
        self.others: set[str] = set()

    def enter_directive(self, node: Any, *_: Any) -> None:
        """One directive of a field, spread, fragment or operation."""
        if node.name.value not in CONDITIONS:
            self.others.add(node.name.value)
            return
        values = (argument.value for argument in node.arguments or ())
        self.variables |= {value.name.value for value in values if isinstance(value, VariableNode)}


@dataclass(frozen=True, slots=True)
class Directives:
    """The directives of a document: the variables that decide about @skip and @include, and the names of the others."""

    deciding: tuple[str, ...]
    others: tuple[str, ...]

    @classmethod
    def of(cls, document: DocumentNode) -> Directives:
        """Those of the document."""
        found = _Directives()
        visit(document, found)
        return cls(tuple(sorted(found.variables)), tuple(sorted(found.others)))


def operations_of(document: DocumentNode) -> Sequence[OperationDefinitionNode]:
    """The operations of a document, in their order."""
    return [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
