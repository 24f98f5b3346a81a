"""What operations may cost: the golden examples of the specification, and the rules one by one (identity, 4.9)."""

from __future__ import annotations

from typing import Any

import pytest
from graphql import parse
from graphql.type import GraphQLSchema

from app import load_settings, merged_plugins
from execution.affordable import ANONYMOUS_LIMIT, SESSION_LIMIT, CostExceeded, require_affordable
from execution.cost import formula_of
from execution.seams import Operation, coerced_variables, operations_of
from tests.equivalence.toys import toy_schema

TOYS = toy_schema()._schema
REMIT = merged_plugins(load_settings()).schema._schema


def cost(schema: GraphQLSchema, text: str, *, for_nobody: bool = False, **variables: Any) -> int:
    """The points of a document's only operation."""
    document = parse(text)
    (node,) = operations_of(document)
    found = coerced_variables(schema, node, variables)
    assert found is not None
    return formula_of(Operation.of(schema, document, node, found), for_nobody=for_nobody)(found)


BOOK = """
mutation {
  bookAppointment(input: {idempotencyKey: "", locationId: "", startsAt: "2031-01-01T00:00:00Z", lines: []}) {
    ... on AppointmentBooked { appointment { id client { name } } }
  }
}
"""


@pytest.mark.parametrize(
    ("document", "points"),
    [
        ("{ viewer { account { name } } }", 2),
        ("{ appointments(first: 50) { nodes { id client { name } payments { id } } } }", 1 + 50 * (1 + 1 + 10)),
        ("{ appointments { totalCount } }", 11),
        (BOOK, 13),
    ],
)
def test_the_specifications_examples(document: str, points: int) -> None:
    assert cost(REMIT, document) == points


@pytest.mark.parametrize(
    ("case", "document", "points"),
    [
        ("leaves", "{ person(id: 1) { name age tags matrix } }", 1),
        ("a list by its bound", "{ people { best { name } } }", 9 * (1 + 1)),
        ("lists within lists", "{ people { things { id maker { id } } } }", 9 * (1 + 9 * (1 + 1))),
        ("a page by its length", "{ person(id: 1) { toys(first: 3) { nodes { id } } } }", 1 + 1 + 3),
        ("a page of no length given", "{ person(id: 1) { toys { nodes { id } } } }", 1 + 1 + 50),
        ("a page without its rows", "{ person(id: 1) { toys(first: 3) { pageInfo { endCursor } } } }", 1 + 1),
        ("edges", "{ person(id: 1) { toys(first: 3) { edges { cursor node { maker { id } } } } } }", 1 + 1 + 3 * 2),
        ("the total", "{ person(id: 1) { toys(first: 3) { totalCount } } }", 1 + 1 + 10),
        ("the dearest of a union", "{ found { ... on Person { best { id } } ... on Toy { id } } }", 30 * (1 + 1)),
        ("aliases", "{ a: person(id: 1) { id } b: person(id: 1) { id } }", 2),
        ("merged", "{ person(id: 1) { best { id } } person(id: 1) { best { name } } }", 2),
        ("skipped", "{ person(id: 1) { best @skip(if: true) { id } } }", 1),
        ("introspection", "{ __schema { queryType { name } } }", 100),
        ("a mutation", 'mutation { wind(input: {name: ""}) { __typename } }', 10 + 1),
    ],
)  # fmt: skip
def test_what_is_selected_costs(case: str, document: str, points: int) -> None:
    assert cost(TOYS, document) == points, case


def test_variables_say_how_long_a_page_is_as_far_as_pages_go() -> None:
    document = "query ($first: Int!) { person(id: 1) { toys(first: $first) { nodes { id } } } }"

    assert [cost(TOYS, document, first=first) for first in (-1, 0, 7, 100, 9999)] == [2, 2, 9, 102, 102]


def test_without_a_session_only_what_is_open_to_everybody_counts() -> None:
    assert cost(REMIT, "{ roles { code } __typename }", for_nobody=True) == 0
    assert cost(REMIT, "{ __schema { queryType { name } } }", for_nobody=True) == 100


def test_what_may_cost_more_than_the_limit_is_refused_with_the_figures() -> None:
    require_affordable(SESSION_LIMIT, SESSION_LIMIT)
    with pytest.raises(CostExceeded, match="may cost 101 points; an operation may cost 100"):
        require_affordable(101, ANONYMOUS_LIMIT)


def test_pages_within_pages_are_refused_before_anything_is_read() -> None:
    points = cost(REMIT, "{ appointments(first: 100) { nodes { lines { specialist { assignments { role } } } } } }")

    assert points > SESSION_LIMIT
