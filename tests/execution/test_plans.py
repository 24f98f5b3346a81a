"""Which documents have a plan, how it answers, and what becomes of those that have none.

That plans answer as the ordinary executor does is shown in `tests/equivalence` for queries made by chance; here each
construct is named, so that one that does not compile any more is found by its name.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson
import pytest
from strawberry.types import ExecutionResult

from execution.context import RequestContext
from execution.deopt import PLANS, Outcome, Reason
from policies.reach import ALWAYS, NEVER, Clause, Reach
from schema.builder import RemitSchema
from tests.equivalence.toys import HERE, BookRow, PersonRow, Shelf, ToyHost, ToyRow, toy_schema
from work import Caller

COMPILING, ORDINARY = toy_schema(), toy_schema(compiles=False)


def shelf() -> Shelf:
    """Two people with things of two kinds."""
    ada, ben = PersonRow(id=1, name="Ada", best_id=2), PersonRow(id=2, name="Ben", best_id=2, born=None)
    things = [ToyRow(id=1, name="Bear", maker_id=2), BookRow(id=2, name="Odyssey", author_id=1)]
    return Shelf({1: ada, 2: ben}, {1: things, 2: []})


async def ask(
    schema: RemitSchema, document: str, *, reach: Reach = ALWAYS, on: Shelf | None = None, **variables: Any
) -> ExecutionResult:
    """The answer to a document."""
    context = RequestContext(ToyHost(on or shelf(), reach), Caller(token="t"))  # type: ignore[arg-type]  # stands for it
    result = await schema.execute(document, variable_values=variables, context_value=context)
    assert isinstance(result, ExecutionResult)
    return result


def counted(outcome: Outcome, reason: str = "", field: str = "") -> float:
    """How often this has happened in this process."""
    return float(PLANS.labels(outcome, reason, field)._value.get())


async def hits(document: str, *, reach: Reach = ALWAYS, **variables: Any) -> ExecutionResult:
    """The answer of the document's plan, which is that of the ordinary executor."""
    for _ in range(2):
        await ask(COMPILING, document, reach=reach, **variables)
    before = counted(Outcome.HIT)
    found = await ask(COMPILING, document, reach=reach, **variables)
    assert counted(Outcome.HIT) == before + 1, "it did not run in a plan"
    expected = await ask(ORDINARY, document, reach=reach, **variables)
    assert orjson.dumps([found.data, found.extensions]) == orjson.dumps([expected.data, expected.extensions])
    return found


@pytest.mark.parametrize(
    ("case", "document"),
    [
        ("aliases", "{ a: people { n: name } b: people { n: name } }"),
        ("the same field twice, merged", "{ people { best { name } } people { best { age } } }"),
        ("fragments", "{ people { ...P ...P } } fragment P on Person { best { ...Q } } fragment Q on Person { age }"),
        ("inline fragments", "{ people { ... { name } ... on Person { age } } }"),
        ("__typename", "{ __typename people { __typename things { __typename } } }"),
        ("arguments", "{ person(id: 1) { name friends(most: 1, moods: [GOOD]) { name } } }"),
        ("an input object", "{ echo(input: {moods: [BAD], inner: [{number: 2}]}, grid: [[1], [2]]) }"),
        ("a literal condition", "{ people { name @skip(if: true) age @include(if: true) } }"),
        ("an interface", "{ things { id name ... on Toy { price } ... on Book { pages } maker { name } } }"),
        ("a union", "{ found { ... on Thing { id } ... on Person { age } } }"),
        ("a nullable list of a union", "{ people { found { ... on Toy { price } } } }"),
        ("rows of a page", "{ people { toys(first: 1) { nodes { id } edges { cursor node { name } } } } }"),
        ("a page", "{ people { toys(first: 1) { pageInfo { hasNextPage endCursor } totalCount } } }"),
        ("enums", "{ people { mood } }"),
        ("custom scalars", "{ people { born } }"),
        ("floats", "{ people { points } }"),
        ("lists of lists", "{ people { matrix } things { matrix } }"),
        ("lists of leaves", "{ people { tags } }"),
        ("a scalar relation", "{ people { numberOfThings } }"),
        ("a computed value with an argument", "{ people { loud } }"),
        ("a key that is a function", "{ people { idol { name } } }"),
        ("nothing at all", "{ people { name } nobody: person(id: 99) { name } }"),
    ],
)  # fmt: skip
async def test_a_construct_compiles(case: str, document: str) -> None:
    found = await hits(document)

    assert found.errors is None, case


async def test_variables_at_any_level_compile() -> None:
    document = """
    query ($id: Int!, $most: Int = 9, $moods: [Mood!], $words: [String]) {
      person(id: $id) { friends(most: $most, moods: $moods) { name } }
      echo(input: {words: $words})
    }
    """

    first = await hits(document, id=2, moods=["GOOD"], words=["a", None])
    second = await ask(COMPILING, document, id=1)

    assert first.data is not None
    assert first.data["person"] == {"friends": [{"name": "Ada"}, {"name": "Ben"}]}
    assert second.data is not None
    assert second.data["person"] == {"friends": []}


async def test_each_shape_has_a_plan_of_its_own() -> None:
    document = "query ($shown: Boolean!) { people { name ...M @include(if: $shown) } } fragment M on Person { mood }"

    with_it = await hits(document, shown=True)
    without_it = await hits(document, shown=False)

    assert with_it.data == {"people": [{"name": "Ada", "mood": "GOOD"}, {"name": "Ben", "mood": "GOOD"}]}
    assert without_it.data == {"people": [{"name": "Ada"}, {"name": "Ben"}]}


async def test_withheld_fields_compile_and_are_named_once() -> None:
    found = await hits("{ people { name secret friends { name } } }", reach=NEVER)

    assert found.data == {"people": [{"name": name, "secret": None, "friends": None} for name in ("Ada", "Ben")]}
    assert found.extensions is not None
    assert found.extensions["withheld"] == [
        {"field": "Person.friends", "capability": "toys:read_owner"},
        {"field": "Person.secret", "capability": "toys:read_owner"},
    ]


async def test_a_withheld_field_without_a_parent_is_not_named() -> None:
    found = await hits("{ person(id: 99) { secret } }", reach=NEVER)

    assert found.data == {"person": None}
    assert found.extensions is not None
    assert "withheld" not in found.extensions


async def test_a_partial_reach_withholds_the_rows_that_it_does_not_cover() -> None:
    people = shelf()
    people.people[2] = replace(people.people[2], location_ids=())
    within = Reach((Clause(locations=frozenset({HERE})),))
    document = "{ people { secret } }"
    for _ in range(2):
        await ask(COMPILING, document, reach=within, on=people)

    found = await ask(COMPILING, document, reach=within, on=people)

    assert found.data == {"people": [{"secret": "Ada"}, {"secret": None}]}
    assert found.extensions is not None
    assert found.extensions["withheld"] == [{"field": "Person.secret", "capability": "toys:read_owner"}]


@pytest.mark.parametrize(
    ("case", "document", "reason", "field"),
    [
        ("a resolver of the author's own", "{ people { alone } }", Reason.RESOLVER, "Person.alone"),
        ("introspection", "{ __schema { queryType { name } } }", Reason.INTROSPECTION, "Query.__schema"),
        ("a refusal", '{ mend(name: "broken") }', Reason.FORBIDDEN, "Query.mend"),
        ("an accident", '{ mend(name: "unforeseen") }', Reason.ERROR, "Query.mend"),
    ],
)
async def test_what_leaves_the_plan_is_answered_all_the_same_and_counted(
    case: str, document: str, reason: Reason, field: str
) -> None:
    expected = await ask(ORDINARY, document)
    await ask(COMPILING, document)
    before = counted(Outcome.DEOPT, reason, field)

    found = await ask(COMPILING, document)

    assert counted(Outcome.DEOPT, reason, field) == before + 1, case
    assert found.data == expected.data
    assert [error.path for error in found.errors or ()] == [error.path for error in expected.errors or ()]


async def test_a_null_where_none_may_be_is_the_ordinary_executors_error_and_names_its_field() -> None:
    broken = shelf()
    broken.people[2] = replace(broken.people[2], name=None)
    before = counted(Outcome.DEOPT, Reason.NULL, "Person.name")
    for _ in range(2):
        found = await ask(COMPILING, "{ people { best { name } } }", on=broken)

    assert counted(Outcome.DEOPT, Reason.NULL, "Person.name") == before + 1
    assert found.data is None
    assert found.errors is not None
    assert found.errors[0].path == ["people", 0, "best", "name"]


async def test_wrong_variables_are_refused_as_ever() -> None:
    document = "query ($id: Int!) { person(id: $id) { name } }"
    for _ in range(2):
        found = await ask(COMPILING, document, id="x")

    assert found.data is None
    assert found.errors is not None
    assert found.errors[0].message.startswith("Variable '$id' has invalid value")


WIND = """
mutation ($name: String!) {
  wind(input: {name: $name}) { ... on Wound { name person { best { name } } } ... on UserError { code path } }
}
"""


async def test_a_mutation_compiles_whole() -> None:
    wound = shelf()
    for _ in range(2):
        await ask(COMPILING, WIND, on=wound, name="Bear")
    before = counted(Outcome.HIT)

    found = await ask(COMPILING, WIND, on=wound, name="wrong")

    assert counted(Outcome.HIT) == before + 1
    assert found.data == {"wind": {"code": "INVALID_INPUT", "path": ["input", "name"]}}
    assert wound.wound == ["Bear", "Bear"]


async def test_a_mutation_that_leaves_its_plan_is_not_carried_out_twice() -> None:
    document = 'mutation { wind(input: {name: "Bear"}) { ... on Wound { person { best { age } } } } }'
    await ask(COMPILING, document)
    broken = shelf()
    broken.people[1] = replace(broken.people[1], age=None)

    found = await ask(COMPILING, document, on=broken)

    assert broken.wound == ["Bear"]
    assert found.data is None
    assert found.errors is not None
    assert found.errors[0].path == ["wind", "person", "best", "age"]


async def test_a_plan_tells_the_relations_that_it_loads_in_their_order() -> None:
    document = "{ people { best { idol { name } } a: friends(most: 1) { name } friends { name } } }"
    await hits(document)
    known = COMPILING.documents.find(document)
    assert known is not None

    (shape,) = known.operation(COMPILING._schema, None).shapes.values()

    assert shape.planned().relations == ("Person.best", "Person.idol", "Person.friends", "Person.friends")
