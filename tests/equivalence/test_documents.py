"""The generator itself: its documents are valid, small enough, the same for a seed, and leave no construct out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import pytest
from graphql import (
    GraphQLSchema,
    get_named_type,
    is_abstract_type,
    is_composite_type,
    is_object_type,
    parse,
    validate,
)
from graphql.language import Lexer, Source, TokenKind

from app import merged_plugins
from schema.limits import MOST_TOKENS, size_refusals
from settings import Settings
from tests.equivalence.comparison import chance
from tests.equivalence.constructs import CONSTRUCTS, Seen
from tests.equivalence.documents import Operation, RootKind, random_operation
from tests.equivalence.scopes import Composite
from tests.equivalence.toys import VALUES as TOY_VALUES
from tests.equivalence.toys import toy_schema
from tests.equivalence.values import PLAIN_POOLS, Values

SEED: Final = "documents"
VALUES: Final = Values(
    {
        **PLAIN_POOLS,
        "DateTime": ("2026-03-02T09:00:00Z",),
        "MinorUnits": (0, 50_00),
        "SimulatedVerdictsInput.name": ("seats",),
    }
)


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    """The schema of the core with its bundled plugins."""
    return merged_plugins(Settings(_env_file=None)).schema._schema


def operations(
    schema: GraphQLSchema, many: int, *, values: Values = VALUES, roots: Sequence[RootKind] = ("query",)
) -> Iterator[Operation]:
    """So many operations, the same ones each time."""
    for number in range(many):
        rng = chance(SEED, number)
        yield random_operation(schema, rng, values, root=rng.choice(roots))


@pytest.mark.parametrize("roots", [("query",), ("mutation",)])
def test_every_document_is_valid_and_within_the_limits(schema: GraphQLSchema, roots: tuple[RootKind]) -> None:
    refused = [
        (operation.document, faults)
        for operation in operations(schema, 400, roots=roots)
        if (faults := _faults(schema, operation))
    ]

    assert refused == []


def test_every_document_of_the_toys_is_valid() -> None:
    schema = toy_schema()._schema
    made = operations(schema, 300, values=TOY_VALUES, roots=("query", "mutation"))

    assert [operation.document for operation in made if _faults(schema, operation)] == []


def _faults(schema: GraphQLSchema, operation: Operation) -> list[str]:
    document = parse(operation.document)
    faults = [error.message for error in (*validate(schema, document), *size_refusals(document))]
    return faults if _tokens(operation.document) <= MOST_TOKENS else [*faults, "too many tokens"]


def _tokens(document: str) -> int:
    lexer, tokens = Lexer(Source(document)), 0
    while lexer.advance().kind is not TokenKind.EOF:
        tokens += 1
    return tokens


def test_the_same_seed_makes_the_same_documents(schema: GraphQLSchema) -> None:
    assert list(operations(schema, 30)) == list(operations(schema, 30))


def test_redrawn_variables_differ_and_the_document_stays(schema: GraphQLSchema) -> None:
    pairs = [(operation, operation.redrawn()) for operation in operations(schema, 100)]

    assert all(one.document == other.document for one, other in pairs)
    assert sum(one.variables != other.variables for one, other in pairs) > 30


def test_no_construct_is_left_out_of_three_hundred_documents(schema: GraphQLSchema) -> None:
    found = {
        construct
        for operation in operations(schema, 300, roots=("query", "query", "mutation"))
        for construct in Seen.of(schema, operation).constructs
    }

    assert found >= CONSTRUCTS, CONSTRUCTS - found
    assert found - CONSTRUCTS <= {"introspection"}, found - CONSTRUCTS


def test_introspection_is_rare(schema: GraphQLSchema) -> None:
    seen = [Seen.of(schema, operation).constructs for operation in operations(schema, 1000)]

    assert 0 < sum("introspection" in constructs for constructs in seen) < 50


def test_the_whole_query_side_is_reached(schema: GraphQLSchema) -> None:
    reached = {place for operation in operations(schema, 3000) for place in Seen.of(schema, operation).places}
    types = set(_types_below(schema, schema.query_type))
    fields = {(type_.name, name) for type_ in types for name in getattr(type_, "fields", ())}

    assert {type_.name for type_ in types if is_object_type(type_)} <= {type_name for type_name, _ in reached}
    assert len(fields & reached) > 0.95 * len(fields), sorted(fields - reached)


def _types_below(schema: GraphQLSchema, root: Composite) -> Iterator[Composite]:
    """Every composite type that a query may come to."""
    waiting, known = [root], {root}
    while waiting:
        type_ = waiting.pop()
        yield type_
        below = [get_named_type(found.type) for found in getattr(type_, "fields", {}).values()]
        below += schema.get_possible_types(type_) if is_abstract_type(type_) else []
        new = {one for one in below if is_composite_type(one)} - known
        known |= new
        waiting += new
