"""The contract with Strawberry and graphql-core: what `execution/seams.py` leans on is there, and does what it did.

A new version of either that fails here is to be looked at before it is taken.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from enum import Enum
from typing import Any, Generic, TypeVar
from uuid import UUID

import orjson
import pytest
import strawberry
from graphql import ExecutionResult, FieldNode, GraphQLObjectType, OperationDefinitionNode, parse
from graphql.execution.values import VariableValues
from strawberry.extensions import SchemaExtension
from strawberry.schema.config import StrawberryConfig

from execution import seams
from execution.leaves import written_instant
from execution.seams import Directives, Operation
from schema.scalars import SCALARS

T = TypeVar("T")


@strawberry.enum
class Size(Enum):
    """An enum whose names are not its values."""

    SMALL = "s"
    LARGE = "l"


@strawberry.type
class Box(Generic[T]):
    """A generic type."""

    inner: T
    made_at: datetime


@strawberry.input
class Wish:
    """An input with a default."""

    size: Size = Size.SMALL
    names: list[str] = strawberry.field(default_factory=lambda: ["x"])


@strawberry.type
class Query:
    """The root."""

    box: Box[int] | None = None
    size: Size | None = None

    @strawberry.field
    def wished(self, wish: Wish, at: datetime | None = None, some_id: UUID | None = None) -> str:
        """Takes arguments of all kinds."""
        return f"{wish} {at} {some_id}"


SCHEMA = strawberry.Schema(Query, config=StrawberryConfig(scalar_map=SCALARS))
GRAPHQL = SCHEMA._schema


def object_type(name: str) -> GraphQLObjectType:
    """A type of the schema."""
    found = GRAPHQL.get_type(name)
    assert isinstance(found, GraphQLObjectType)
    return found


def operation_of(document: str, **variables: Any) -> tuple[OperationDefinitionNode, VariableValues]:
    """The operation of a document, and its variables as they are read."""
    (node,) = seams.operations_of(parse(document))
    found = seams.coerced_variables(GRAPHQL, node, variables)
    assert found is not None
    return node, found


def first_field(node: OperationDefinitionNode) -> FieldNode:
    """The first field of an operation."""
    field = node.selection_set.selections[0]
    assert isinstance(field, FieldNode)
    return field


def test_a_field_leads_back_to_its_declaration() -> None:
    field = object_type("IntBox").fields["madeAt"]

    assert seams.python_name(field) == "made_at"
    declared = seams.declared_field(field)
    assert declared is not None
    assert declared.is_basic_field
    assert seams.declared_field(object_type("__Type").fields["name"]) is None


def test_a_generic_type_leads_back_to_its_class() -> None:
    made = seams.python_class(object_type("IntBox"))
    assert made is not None
    assert issubclass(made, Box)
    assert seams.python_class(object_type("Query")) is Query


def test_an_enum_is_named_by_members_and_by_values() -> None:
    leaf = seams.nullable_type(object_type("Query").fields["size"].type)

    names = seams.enum_names(leaf)

    assert names == {Size.SMALL: "SMALL", "s": "SMALL", Size.LARGE: "LARGE", "l": "LARGE"}
    assert [seams.output_of(leaf)(value) for value in names] == list(names.values())


@pytest.mark.parametrize(
    ("case", "value"),
    [
        ("UTC", datetime(2026, 3, 2, 9, tzinfo=UTC)),
        ("with microseconds", datetime(2026, 3, 2, 9, 0, 0, 12, tzinfo=UTC)),
        ("another offset", datetime(2026, 3, 2, 9, tzinfo=timezone(timedelta(hours=2)))),
        ("an offset of seconds", datetime(1880, 1, 1, tzinfo=timezone(timedelta(seconds=4_568)))),
        ("an early year", datetime(7, 1, 1, tzinfo=UTC)),
    ],
)
def test_a_time_leaves_as_iso_8601(case: str, value: datetime) -> None:
    leaf = seams.nullable_type(object_type("IntBox").fields["madeAt"].type)

    assert seams.output_of(leaf) is written_instant
    assert orjson.loads(orjson.dumps(seams.output_of(leaf)(value))) == value.isoformat(), case


@pytest.mark.parametrize(
    ("case", "arguments", "found"),
    [
        ("an enum, and a default left out", "wish: {size: LARGE}", {"wish": Wish(size=Size.LARGE)}),
        ("no default of Python's own", "wish: {}", {"wish": Wish()}),
        ("an id", f'wish: {{}}, someId: "{UUID(int=7)}"', {"wish": Wish(), "some_id": UUID(int=7)}),
        ("null", "wish: {}, at: null", {"wish": Wish(), "at": None}),
    ],
)
def test_arguments_have_their_python_names_and_classes(case: str, arguments: str, found: dict[str, Any]) -> None:
    node, variables = operation_of(f"{{ wished({arguments}) }}")

    taken = seams.arguments_of(GRAPHQL, object_type("Query").fields["wished"], first_field(node), variables)

    assert {name: value for name, value in taken.items() if name in found} == found, case


def test_variables_are_found_within_lists_and_objects_and_read() -> None:
    node, variables = operation_of("query ($n: String!) { wished(wish: {names: [$n]}) }", n="y")

    assert seams.names_variables(first_field(node))
    taken = seams.arguments_of(GRAPHQL, object_type("Query").fields["wished"], first_field(node), variables)
    assert taken["wish"] == Wish(names=["y"])


def test_variables_that_cannot_be_read_are_none() -> None:
    (node,) = seams.operations_of(parse("query ($wish: Wish!) { wished(wish: $wish) }"))

    assert seams.coerced_variables(GRAPHQL, node, {"wish": {"size": "HUGE"}}) is None
    assert seams.coerced_variables(GRAPHQL, node, None) is None


def test_selections_are_merged_in_the_order_of_the_answer_under_their_conditions() -> None:
    document = parse(
        "query ($on: Boolean!) { box { inner } ...F size @skip(if: $on) } fragment F on Query { box { b: madeAt } }"
    )
    (node,) = seams.operations_of(document)
    variables = seams.coerced_variables(GRAPHQL, node, {"on": True})
    assert variables is not None
    operation = Operation.of(GRAPHQL, document, node, variables)

    (box,) = operation.selected(object_type("Query"))

    assert [(one.key, one.name) for one in operation.below(object_type("IntBox"), box)] == [
        ("inner", "inner"),
        ("b", "madeAt"),
    ]


def test_directives_are_the_deciding_variables_and_all_others() -> None:
    document = parse("query ($a: Boolean!) { size @include(if: $a) box @other { inner @skip(if: true) } }")

    assert Directives.of(document) == Directives(deciding=("a",), others=("other",))


async def test_a_result_that_an_extension_sets_is_the_answer() -> None:
    class Answering(SchemaExtension):
        """Answers in the executor's place."""

        def on_execute(self) -> Any:
            self.execution_context.result = ExecutionResult(data={"size": "mine"}, errors=None)
            yield

    schema = strawberry.Schema(Query, extensions=[Answering])

    assert (await schema.execute("{ size }")).data == {"size": "mine"}


async def test_a_document_and_errors_that_an_extension_sets_are_taken() -> None:
    known = parse("{ __typename }")

    class Knowing(SchemaExtension):
        """Knows the document, and that it is valid."""

        def on_parse(self) -> Any:
            self.execution_context.graphql_document = known
            yield

        def on_validate(self) -> Any:
            self.execution_context.pre_execution_errors = []
            yield

    schema = strawberry.Schema(Query, extensions=[Knowing])

    assert (await schema.execute("no GraphQL at all")).data == {"__typename": "Query"}
