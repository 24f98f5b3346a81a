"""Root fields: the order of their steps, and how a refusal becomes an answer."""

from __future__ import annotations

import pytest

from tests.execution.toys import ToyHost, execute

WIND = """
mutation ($input: WindInput!) {
  wind(input: $input) { __typename ... on Wound { toy { name owner { name } } } ... on UserError { code hint path } }
}
"""


async def test_a_refusal_of_a_query_is_an_error_with_its_code_hint_and_path() -> None:
    host = ToyHost()

    result = await execute(host, '{ mend(name: "Bear") }')

    assert result.errors is not None
    assert [error.extensions for error in result.errors] == [{"code": "BROKEN", "hint": "Mend it.", "path": ["name"]}]
    assert host.told == ["read", "closed"]


async def test_a_missing_right_of_a_query_is_journaled_behind_its_work() -> None:
    host = ToyHost()

    result = await execute(host, '{ a: mend(name: "forbidden") b: mend(name: "forbidden") }')

    assert result.errors is not None
    assert result.errors[0].extensions == {
        "code": "FORBIDDEN",
        "hint": "Ask an owner.",
        "decisionId": "00000000-0000-0000-0000-000000000007",
    }
    assert host.told == ["read", "closed", *["journal query.refused FORBIDDEN"] * 2]


async def test_a_member_of_the_union_is_data_by_its_class_or_the_class_above() -> None:
    result = await execute(ToyHost(), WIND, input={"name": ""})

    assert result.data == {
        "wind": {
            "__typename": "InvalidInput",
            "code": "INVALID_TEXT",
            "hint": "Type the text again.",
            "path": ["input", "name"],
        }
    }


async def test_a_refusal_outside_of_the_union_is_an_error_with_its_code() -> None:
    result = await execute(ToyHost(), WIND, input={"name": "broken"})

    assert result.errors is not None
    assert [error.extensions for error in result.errors] == [{"code": "BROKEN", "hint": "Mend it."}]


@pytest.mark.parametrize(
    ("case", "given", "path"),
    [
        ("no offset", {"at": "2031-05-05T10:00:00"}, ["input", "at"]),
        ("the first day", {"at": "0001-01-01T00:00:00+00:00"}, ["input", "at"]),
        ("the last day", {"at": "9999-12-31T00:00:00-12:00"}, ["input", "at"]),
        ("one of a list", {"until": ["2031-05-05T10:00:00Z", "2031-05-05T10:00:00"]}, ["input", "until", "1"]),
    ],
)
async def test_what_is_no_instant_does_not_reach_the_field(
    case: str, given: dict[str, object], path: list[str]
) -> None:
    host = ToyHost()

    result = await execute(host, WIND, input={"name": "Bear", **given})

    assert result.data is not None
    assert (result.data["wind"]["code"], result.data["wind"]["path"]) == ("INVALID_TIME", path), case
    assert result.data["wind"]["hint"]
    assert host.shelf.rows == []


async def test_an_argument_of_a_query_that_is_no_instant_is_an_error() -> None:
    result = await execute(ToyHost(), '{ mend(name: "Bear", since: "2031-05-05T10:00:00") }')

    assert result.errors is not None
    assert result.errors[0].extensions is not None
    assert (result.errors[0].extensions["code"], result.errors[0].extensions["path"]) == ("INVALID_TIME", ["since"])


async def test_each_mutation_of_a_document_reads_its_payload_in_a_work_of_its_own() -> None:
    host = ToyHost()
    document = """
    mutation {
      a: wind(input: {name: "Bear"}) { ... on Wound { toy { owner { name } } } }
      b: wind(input: {name: "Car"}) { ... on Wound { toy { owner { name } } } }
    }
    """

    result = await execute(host, document)

    assert result.data == {
        "a": {"toy": {"owner": {"name": "Owner 0"}}},
        "b": {"toy": {"owner": {"name": "Owner 1"}}},
    }
    assert host.told == ["perform toy.wound", "read", "perform toy.wound", "closed", "read", "closed"]
    assert host.shelf.batches == [[0], [1]]
