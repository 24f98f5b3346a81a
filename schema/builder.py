"""Builds the one GraphQL schema of a running Remit from what the core and the plugins contribute.

It fails closed: a field that is not fully declared, or that is already taken, is an error of the build with the place
and the cure; nothing is replaced or dropped silently. Nothing global is touched, so two schemas can live side by side.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Container, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import strawberry
from graphql import (
    GraphQLError,
    GraphQLObjectType,
    build_schema,
    get_named_type,
    is_leaf_type,
    is_object_type,
    is_union_type,
)
from graphql import print_schema as print_graphql
from graphql.type import GraphQLNonNull, GraphQLUnionType
from graphql.utilities import lexicographic_sort_schema
from strawberry.extensions import MaxTokensLimiter
from strawberry.schema.config import StrawberryConfig
from strawberry.tools import create_type
from strawberry.types.base import StrawberryObjectDefinition, get_object_definition
from strawberry.types.execution import ExecutionContext, ExecutionResult
from strawberry.types.field import StrawberryField
from strawberry.types.graphql import OperationType

from errors import StartRefused
from execution.context import RequestContext
from execution.cost import is_page, list_depth
from execution.declaration import Root, RootKind, cost_of, declaration_of, requirement_of
from execution.documents import Documents
from execution.operation import CarryOut, answer_at_once
from execution.roots import compose
from execution.rows import read
from execution.run import OperationRun
from policies.catalogue import Catalogue, Level
from schema.limits import MOST_TOKENS, SizeLimits
from schema.operation_choice import OperationChoice
from schema.scalars import SCALARS

LEVELS_ASKED_AT: Mapping[Level, frozenset[Level]] = {
    Level.LOCATION: frozenset({Level.LOCATION}),
    Level.NETWORK: frozenset({Level.NETWORK, Level.LOCATION}),
    Level.SHARED: frozenset({Level.SHARED}),
    Level.OPERATOR: frozenset({Level.OPERATOR}),
    Level.PARTNER: frozenset({Level.PARTNER}),
}
"""At a level one may ask for capabilities of these levels (a location's, asked at the network, means everywhere)."""


class SchemaRefused(StartRefused):
    """A contribution does not fit: the message names the field, its plugin, and what to change."""


@dataclass(frozen=True, slots=True)
class Part:
    """What one plugin (or the core) adds to the schema."""

    plugin: str
    roots: Sequence[Root] = ()
    types: Sequence[type] = ()
    extends: Mapping[str, type] = field(default_factory=dict)


class RemitSchema(strawberry.Schema):
    """The schema of all parts, with the documents that it has seen.

    `alone` are the root fields that must be the only one of their document. With `compiles` known documents are
    answered by plans; without, all are interpreted by the ordinary executor.
    """

    def __init__(self, parts: Sequence[Part], catalogue: Catalogue, *, compiles: bool = True) -> None:
        self._unused = {(part.plugin, name): cls for part in parts for name, cls in part.extends.items()}
        roots = list(chain.from_iterable(part.roots for part in parts))
        for part in parts:
            _check_roots(part, catalogue)
        _check_names(parts)
        self.documents = Documents()
        self.compiles = compiles
        self.alone: Set[str] = {_camel(root.name) for root in roots if root.alone}
        super().__init__(
            query=_root_type(RootKind.QUERY, roots),
            mutation=_root_type_if_any(RootKind.MUTATION, roots),
            subscription=_root_type_if_any(RootKind.SUBSCRIPTION, roots),
            types=[type_ for part in parts for type_ in part.types],
            extensions=[
                OperationChoice,
                CarryOut,
                SizeLimits,
                lambda: MaxTokensLimiter(max_token_count=MOST_TOKENS),
            ],
            config=StrawberryConfig(default_resolver=read, scalar_map=SCALARS),
        )
        for plugin, name in self._unused:
            raise SchemaRefused(f"plugin {plugin} extends the type {name}, which the schema does not have")
        _check_unions(self._schema.mutation_type, roots)
        _check_guards(self._schema.type_map.values())
        _check_lists(self._schema.type_map.values())

    async def execute(
        self,
        query: str | None,
        variable_values: dict[str, Any] | None = None,
        context_value: Any | None = None,
        root_value: Any | None = None,
        operation_name: str | None = None,
        allowed_operation_types: Iterable[OperationType] | None = None,
        operation_extensions: dict[str, Any] | None = None,
    ) -> ExecutionResult:
        """Carry an operation out: at once where its plan is known, else by way of Strawberry's pipeline."""
        allowed = set(OperationType if allowed_operation_types is None else allowed_operation_types)
        run = self._known_run(query or "", variable_values, context_value, operation_name, allowed)
        answered = await answer_at_once(run) if run is not None else None
        if answered is not None:
            return answered
        return await super().execute(
            query, variable_values, context_value, root_value, operation_name, allowed, operation_extensions
        )

    def _known_run(
        self,
        text: str,
        variables: dict[str, Any] | None,
        context: Any,
        name: str | None,
        allowed: Container[OperationType],
    ) -> OperationRun | None:
        """The run of an operation that has nothing to be parsed, judged or refused before it is carried out."""
        document = self.documents.find(text) if self.compiles and isinstance(context, RequestContext) else None
        if document is None or document.errors is None or document.errors:
            return None
        operation = document.meant(self._schema, name)
        if operation is None or OperationType(operation.node.operation.value) not in allowed or context.over_socket:
            return None
        return OperationRun(self, context, document, operation.name, variables)

    def get_fields(self, type_definition: StrawberryObjectDefinition) -> list[StrawberryField]:
        """The type's own fields and the plugins', as copies: Strawberry writes into the fields it is given."""
        own = [_copy(found) for found in type_definition.fields]
        taken = {found.python_name for found in own}
        for plugin, name in [key for key in self._unused if key[1] == type_definition.name]:
            added = [_copy(found) for found in _fields_of(self._unused.pop((plugin, name)))]
            for found in added:
                if found.python_name in taken:
                    raise SchemaRefused(f"plugin {plugin} adds {name}.{found.python_name}, which is already taken")
                taken.add(found.python_name)
            own += added
        return own

    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        """Nothing: `CarryOut` logs what is unexpected, and the caller reads the rest."""

    def sdl(self) -> str:
        """The schema as text, sorted, with descriptions: what `schema/schema.graphql` holds."""
        # By way of its text: the sorter cannot copy a scalar that is called like one of graphql-core's own.
        return print_graphql(lexicographic_sort_schema(build_schema(print_graphql(self._schema)))) + "\n"


def _root_type_if_any(kind: RootKind, roots: Iterable[Root]) -> type | None:
    return _root_type(kind, roots) if any(root.kind is kind for root in roots) else None


def _root_type(kind: RootKind, roots: Iterable[Root]) -> type:
    fields = [
        strawberry.field(
            resolver=compose(root),
            description=_description(root),
            metadata={"remit": root},
            graphql_type=None,
            is_subscription=kind is RootKind.SUBSCRIPTION,
        )
        for root in roots
        if root.kind is kind
    ]
    return create_type(kind, fields)


def _description(root: Root) -> str:
    if root.public is not None:
        return f"{root.description}\n\nOpen to everybody: {root.public}."
    if root.requires is None:
        return f"{root.description}\n\nRequires being signed in."
    return f"{root.description}\n\nRequires `{root.requires}`."


def _copy(found: StrawberryField) -> StrawberryField:
    made = copy.copy(found)
    declaration = declaration_of(found)
    requirement = requirement_of(found)
    if requirement is not None and not isinstance(declaration, Root):
        made.description = f"{found.description or ''}\n\nWithheld without `{requirement}`.".strip()
    return made


def _fields_of(cls: type) -> list[StrawberryField]:
    # Once only: Strawberry takes the fields out of the class, and a second schema would find them without resolvers
    definition = get_object_definition(cls) or get_object_definition(strawberry.type(cls), strict=True)
    return definition.fields


def _check_roots(part: Part, catalogue: Catalogue) -> None:
    for root in part.roots:
        where = f"root field {root.name} ({root.function.__module__}, plugin {part.plugin})"
        if [root.requires is not None, root.signed_in, root.public is not None].count(True) != 1:
            raise SchemaRefused(f"{where}: say exactly one of requires=, signed_in=True and public='the reason'")
        if not root.description:
            raise SchemaRefused(f"{where}: write a docstring; it is the field's description")
        if (root.kind is RootKind.SUBSCRIPTION) is not inspect.isasyncgenfunction(root.function):
            raise SchemaRefused(f"{where}: a subscription is an async generator, and nothing else is")
        if root.requires is not None:
            _check_level(where, root, catalogue)
            _check_four_eyes(where, root, catalogue)


def _check_four_eyes(where: str, root: Root, catalogue: Catalogue) -> None:
    if root.kind is RootKind.MUTATION and catalogue[root.requires or ""].four_eyes:
        # Fails closed: nothing keeps such a mutation for the second person yet.
        raise SchemaRefused(f"{where}: {root.requires} takes four eyes; a mutation alone would do with two")


def _check_level(where: str, root: Root, catalogue: Catalogue) -> None:
    capability = catalogue.by_code.get(root.requires or "")
    if capability is None:
        nearest = catalogue.nearest(root.requires or "")
        raise SchemaRefused(f"{where}: there is no capability {root.requires}; did you mean {nearest}?")
    if root.at is None:
        raise SchemaRefused(f"{where}: say at= which level {root.requires} is asked (it is of {capability.level})")
    if capability.level not in LEVELS_ASKED_AT[root.at]:
        raise SchemaRefused(f"{where}: {root.requires} is of level {capability.level} and cannot be asked at {root.at}")


def _check_names(parts: Iterable[Part]) -> None:
    taken: dict[tuple[RootKind, str], str] = {}
    for part in parts:
        for root in part.roots:
            key = (root.kind, root.name)
            if key in taken:
                raise SchemaRefused(f"plugin {part.plugin} adds the root field {root.name}, which {taken[key]} has")
            taken[key] = part.plugin


def _check_unions(mutation: GraphQLObjectType | None, roots: Iterable[Root]) -> None:
    """Each mutation answers with a union whose members are its success and its errors."""
    for root in roots:
        if root.kind is not RootKind.MUTATION or mutation is None:
            continue
        result = get_named_type(mutation.fields[_camel(root.name)].type)
        if not is_union_type(result):
            raise SchemaRefused(f"mutation {root.name}: its result must be a union of its success and its errors")
        members = {member.name for member in result.types if _is_error(member)}
        needed = {"NotFound"} if root.public else {"NotFound", "Forbidden"}
        if missing := needed - members:
            raise SchemaRefused(f"mutation {root.name}: its union {result.name} lacks {', '.join(sorted(missing))}")


def _is_error(member: GraphQLObjectType) -> bool:
    return any(interface.name == "UserError" for interface in member.interfaces)


def _check_guards(types: Iterable[Any]) -> None:
    for type_ in types:
        if not is_object_type(type_) or isinstance(type_, GraphQLUnionType):
            continue
        for name, found in type_.fields.items():
            definition = found.extensions.get("strawberry-definition")
            guarded = definition is not None and requirement_of(definition) is not None
            if guarded and not isinstance(declaration_of(definition), Root) and isinstance(found.type, GraphQLNonNull):
                raise SchemaRefused(f"{type_.name}.{name} can be withheld and must be nullable")


def _check_lists(types: Iterable[Any]) -> None:
    """Each list of objects is a connection, or says how many it has at the most: what it costs is told beforehand."""
    for type_ in types:
        if not is_object_type(type_) or is_page(type_):
            continue
        for name, found in type_.fields.items():
            definition = found.extensions.get("strawberry-definition")
            if definition is None or not list_depth(found.type) or is_leaf_type(get_named_type(found.type)):
                continue
            if cost_of(definition).max_items is None:
                raise SchemaRefused(f"{type_.name}.{name} is a list: make it a connection, or say max_items=")


def _camel(name: str) -> str:
    head, *tail = name.split("_")
    return head + "".join(word.capitalize() for word in tail)
