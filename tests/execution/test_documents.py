"""What is kept of documents: once each, within bounds, by the schema that saw them."""

from __future__ import annotations

import asyncio

import pytest
from graphql import parse

from execution.documents import MOST_SHAPES, Document, Documents
from execution.levels import RelationCall
from execution.seams import coerced_variables
from tests.equivalence.toys import toy_schema
from tests.execution.toys import SCHEMA, Shelf, ToyHost, ToyRow, execute


def document_of(text: str) -> Document:
    """A document that was parsed just now."""
    return Document.of(text, parse(text))


def test_the_documents_used_last_are_kept() -> None:
    documents = Documents(most=2)
    for name in "ab":
        documents.keep(document_of(f"{{ {name} }}"))

    assert documents.find("{ a }") is not None
    documents.keep(document_of("{ c }"))

    assert documents.find("{ b }") is None
    assert documents.find("{ a }") is not None
    assert len(documents) == 2


def test_all_documents_together_have_so_many_characters() -> None:
    documents = Documents(characters=12)
    for name in ("a", "b", "long"):
        documents.keep(document_of(f"{{ {name} }}"))

    assert documents.find("{ a }") is None
    assert documents.find("{ b }") is None
    assert documents.find("{ long }") is not None


def test_a_document_is_known_from_its_second_sighting_on() -> None:
    documents = Documents()
    document = document_of("{ a }")

    documents.keep(document)
    assert not document.is_known
    documents.find("{ a }")
    assert document.is_known


async def test_ten_thousand_documents_leave_no_more_than_the_bound() -> None:
    host = ToyHost(Shelf([ToyRow("Bear")]))
    for number in range(1200):
        for _ in range(2):
            result = await execute(host, f"{{ a{number}: toys {{ name }} }}")
            assert result.data == {f"a{number}": [{"name": "Bear"}]}

    assert len(SCHEMA.documents) == 512


async def test_a_broken_document_is_not_kept_and_says_so_each_time() -> None:
    host = ToyHost()
    for _ in range(3):
        result = await execute(host, "{ toys { ")
        assert result.errors is not None
    assert SCHEMA.documents.find("{ toys { ") is None


async def test_an_invalid_document_is_judged_once_and_refused_each_time() -> None:
    host = ToyHost()
    texts = [[error.message for error in (await execute(host, "{ toys { nothing } }")).errors or ()] for _ in range(3)]

    assert texts == [["Cannot query field 'nothing' on type 'Toy'."]] * 3
    assert host.told == []


def test_the_shapes_of_an_operation_are_bounded() -> None:
    names = [f"v{number}" for number in range(5)]
    variables = ", ".join(f"${name}: Boolean!" for name in names)
    fields = " ".join(f"{name}: __typename @include(if: ${name})" for name in names)
    schema = toy_schema()._schema
    operation = document_of(f"query ({variables}) {{ {fields} }}").operation(schema, None)

    for number in range(32):
        given = {name: bool(number >> bit & 1) for bit, name in enumerate(names)}
        found = coerced_variables(schema, operation.node, given)
        assert found is not None
        operation.shape(found)

    assert len(operation.shapes) == MOST_SHAPES


def test_another_schema_knows_nothing_of_this_ones_documents() -> None:
    first, second = toy_schema(), toy_schema()
    first.documents.keep(document_of("{ people { name } }"))

    assert second.documents.find("{ people { name } }") is None


async def test_a_request_that_is_given_up_within_its_plan_closes_its_work(monkeypatch: pytest.MonkeyPatch) -> None:
    document, host = "{ toys { owner { name } } }", ToyHost(Shelf([ToyRow("Bear", 1)]))
    for _ in range(2):
        await execute(host, document)
    reached = asyncio.Event()

    async def wait(*_: object) -> None:
        reached.set()
        await asyncio.sleep(60)

    monkeypatch.setattr(RelationCall, "__call__", wait)
    host.told.clear()
    asked = asyncio.create_task(execute(host, document))
    await reached.wait()
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked

    assert host.told == ["read", "closed"]


@pytest.mark.parametrize(
    ("case", "document", "told"),
    [
        ("no plan", "{ __schema { queryType { name } } }", ["read", "closed"]),
        ("a plan that is left", '{ mend(name: "broken") }', ["read", "closed", "read", "closed"]),
    ],
)
async def test_who_has_no_plan_opens_one_work_and_who_leaves_it_a_second(
    case: str, document: str, told: list[str]
) -> None:
    host = ToyHost()
    await execute(host, document)
    host.told.clear()

    await execute(host, document)

    assert host.told == told, case
