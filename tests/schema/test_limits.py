"""How large a document may be: what is refused, and that refusing it takes no longer than reading it."""

from __future__ import annotations

import httpx
import pytest
from graphql import parse

from schema.limits import size_refusals
from tests.schema.toy import StubHost, toy_app


def codes_of(document: str) -> list[str]:
    return [str((refusal.extensions or {})["code"]) for refusal in size_refusals(parse(document))]


def doubling(fragments: int) -> str:
    """A document whose fragments each spread the next twice: 2 ** `fragments` fields."""
    chain = " ".join(f"fragment F{n} on Query {{ ...F{n + 1} ...F{n + 1} }}" for n in range(fragments))
    return f"{{ ...F0 }} {chain} fragment F{fragments} on Query {{ hello }}"


def nested(levels: int) -> str:
    return "{ a " * levels + "}" * levels


@pytest.mark.parametrize(
    ("case", "document", "codes"),
    [
        ("one field", "{ hello }", []),
        ("the deepest", nested(20), []),
        ("one level more", nested(21), ["TOO_DEEP"]),
        ("depth through a fragment", "{ a { ...F } } fragment F on Query " + nested(20), ["TOO_DEEP"]),
        ("inline fragments are no level", "{ ... on Query " * 30 + "{ a }" + "}" * 30, []),
        ("introspection is one level", "{ __schema " + nested(30) + "}", []),
        ("the most fields", "{" + " a" * 1000 + "}", []),
        ("one field more", "{" + " a" * 1001 + "}", ["TOO_MANY_FIELDS"]),
        (
            "fields of a fragment count at each spread",
            "{" + " ...F" * 501 + "} fragment F on Q { a b }",
            ["TOO_MANY_FIELDS"],
        ),
        ("the most aliases", "{" + " b: a" * 50 + "}", []),
        ("one alias more", "{" + " b: a" * 51 + "}", ["TOO_MANY_ALIASES"]),
        ("aliases of a fragment", "{" + " ...F" * 51 + "} fragment F on Q { b: a }", ["TOO_MANY_ALIASES"]),
        ("the most directives", "{ a" + " @x" * 20 + "}", []),
        ("one directive more", "{ a" + " @x" * 21 + "}", ["TOO_MANY_DIRECTIVES"]),
        ("directives of spreads", "{" + " ...F @x" * 21 + "} fragment F on Q { a }", ["TOO_MANY_DIRECTIVES"]),
        ("several limits", nested(21) + "query B {" + " b: a" * 51 + "}", ["TOO_DEEP", "TOO_MANY_ALIASES"]),
        ("the second operation", "query A { a } query B " + nested(21), ["TOO_DEEP"]),
        ("a circle is for validation to refuse", "{ ...A } fragment A on Q { ...B } fragment B on Q { ...A }", []),
        ("an unknown fragment is for validation to refuse", "{ ...A }", []),
        ("a thousand fields in ten fragments", doubling(9), []),
        ("exponential growth", doubling(10), ["TOO_MANY_FIELDS"]),
        ("exponential growth without end", doubling(90), ["TOO_MANY_FIELDS"]),
    ],
)
def test_size_of_a_document(case: str, document: str, codes: list[str]) -> None:
    assert codes_of(document) == codes


@pytest.mark.timeout(20)
async def test_fragments_that_double_are_refused_by_the_served_schema() -> None:
    transport = httpx.ASGITransport(app=toy_app(StubHost()))
    async with httpx.AsyncClient(transport=transport, base_url="https://remit.example") as client:
        response = await client.post("/graphql", json={"query": doubling(90)})

    (error,) = response.json()["errors"]
    assert error["extensions"]["code"] == "TOO_MANY_FIELDS"
    assert error["message"] == (
        "An operation may have 1000 fields, each counted wherever its fragment is spread, at the most. "
        "Ask for less, or in several requests."
    )
