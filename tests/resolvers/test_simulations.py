"""What would be: other lines of roles, and other terms, over the whole staff; nothing is changed by asking."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from app import Remit
from tests.api import Api
from tests.factories import Salon
from tests.resolvers.staff import make_full_staff

SIMULATE = """
query ($input: SimulationInput!, $first: Int, $after: String) {
  simulatePolicy(input: $input, first: $first, after: $after) {
    __typename
    ... on AccessSimulation {
      holders holdersConcerned totals { change count }
      rows {
        totalCount pageInfo { hasNextPage endCursor } nodes { capability change holder { name } location { name } }
      }
    }
    ... on VerdictSimulation {
      before after totals { outcome before after }
      rows { totalCount nodes { holder { name } before { lineId text } after { lineId text } } }
    }
    ... on InvalidPolicy { problems { code line suggestion } }
    ... on UserError { code message path }
  }
}
"""
TWO_LINES = """line,outcome,when,kind,text
10,billable,provides_services,specialist,Cuts hair
90,free,True,none,Does not cut hair
"""


@pytest.fixture
async def salon(remit: Remit) -> Salon:
    return await make_full_staff(remit)


async def simulate(api: Api, salon: Salon, tried: dict[str, Any], *, by: str = "hal", **further: Any) -> Any:
    asked = {"network": further.pop("in_network", salon.network_id), "tried": tried, "at": further.pop("at", None)}
    return (await api.ask(SIMULATE, salon[by], input=asked, **further)).data["simulatePolicy"]


def diff(found: Any) -> list[str]:
    """The rows as a diff that people read."""
    return sorted(
        f"{row['holder']['name']}: {row['before']['lineId']} {row['before']['text']}"
        f" -> {row['after']['lineId']} {row['after']['text']}"
        for row in found["rows"]["nodes"]
    )


async def test_the_same_staff_under_the_earlier_terms(api: Api, salon: Salon) -> None:
    found = await simulate(api, salon, {"verdicts": {"name": "seats", "published": "seats-providers-only@1"}})

    assert (found["before"], found["after"]) == ("seats-2025-03@1", "seats-providers-only@1")
    assert diff(found) == [
        "Ana: seats-2025-03#50 Can create appointments -> seats-providers-only#90 Provides no services",
        "Bo: seats-2025-03#50 Can create appointments -> seats-providers-only#90 Provides no services",
        "Cy: seats-2025-03#50 Can create appointments -> seats-providers-only#90 Provides no services",
    ]
    assert found["totals"] == [
        {"outcome": "billable", "before": 5, "after": 2},
        {"outcome": "free", "before": 5, "after": 8},
    ]


async def test_the_same_staff_under_the_later_terms(api: Api, salon: Salon) -> None:
    found = await simulate(api, salon, {"verdicts": {"name": "seats", "published": "seats-2026-02@1"}})

    later = "seats-2026-02#40 Can change the business's records"
    neither = "seats-2025-03#90 Neither creates appointments nor handles payments for them"
    assert diff(found) == [
        f"Eve: {neither} -> {later}",
        f"Fay: {neither} -> {later}",
        f"Gus: {neither} -> {later}",
        f"Hal: seats-2025-03#40 Is an owner with full access who provides no services -> {later}",
    ]


async def test_a_draft_of_terms_is_tried_before_it_is_published(api: Api, salon: Salon) -> None:
    found = await simulate(api, salon, {"verdicts": {"name": "seats", "draft": TWO_LINES}})

    assert found["after"] == "draft@1"
    assert {row["holder"]["name"] for row in found["rows"]["nodes"]} == {"Ana", "Bo", "Cy"}


async def test_other_lines_of_a_built_in_role(api: Api, salon: Salon) -> None:
    lines = [{"capability": code, "effect": "ALLOW"} for code in ("roles:read", "services:read")]
    found = await simulate(api, salon, {"roles": [{"role": "viewer", "lines": lines}]}, first=100)

    assert (found["holders"], found["holdersConcerned"]) == (10, 1)
    assert {row["holder"]["name"] for row in found["rows"]["nodes"]} == {"Ivy"}
    assert {row["change"] for row in found["rows"]["nodes"]} == {"LOST"}
    assert found["totals"] == [{"change": "LOST", "count": found["rows"]["totalCount"]}]
    mine = await api.ask("{ myAccess { codes } }", salon["ivy"])
    assert "appointments:read" in mine.data["myAccess"]["codes"]


async def test_what_differs_is_paged_without_gap_or_repetition(api: Api, salon: Salon) -> None:
    tried = {"roles": [{"role": "manager", "lines": [{"capability": "roles:read", "effect": "ALLOW"}]}]}
    whole = (await simulate(api, salon, tried, first=100))["rows"]
    seen, after = [], None
    for _ in range(100):
        page = (await simulate(api, salon, tried, first=7, after=after))["rows"]
        seen += [row["capability"] for row in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break

    assert len(seen) == len(set(seen)) == whole["totalCount"]
    assert seen[: len(whole["nodes"])] == [row["capability"] for row in whole["nodes"]]


async def test_an_assignment_that_had_not_begun_counts_for_nothing(api: Api, salon: Salon) -> None:
    tried = {"roles": [{"role": "viewer", "lines": []}]}

    found = await simulate(api, salon, tried, at=datetime.now(UTC) - timedelta(days=30))

    assert (found["holders"], found["rows"]["totalCount"]) == (0, 0)


@pytest.mark.parametrize(
    ("case", "tried", "code", "words"),
    [
        ("an unknown family", {"verdicts": {"name": "seat", "published": "x@1"}}, "INVALID_INPUT", "no verdict 'seat'"),
        ("unpublished", {"verdicts": {"name": "seats", "published": "x@1"}}, "INVALID_INPUT", "no policy 'x@1'"),
        ("both", {"verdicts": {"name": "seats", "published": "x@1", "draft": "y"}}, "INVALID_INPUT", "at a time"),
        ("no file", {"verdicts": {"name": "seats", "draft": "line;outcome"}}, "INVALID_INPUT", "draft@1.csv, row 1"),
        (
            "a condition that is none",
            {"verdicts": {"name": "seats", "draft": TWO_LINES.replace("provides_services", "provides")}},
            "INVALID_INPUT",
            "draft@1.csv, row 2",
        ),
        ("an unknown role", {"roles": [{"role": "boss", "lines": []}]}, "INVALID_POLICY", "no role 'boss'"),
        (
            "a misspelt capability",
            {"roles": [{"role": "viewer", "lines": [{"capability": "role:read", "effect": "ALLOW"}]}]},
            "INVALID_POLICY",
            "Did you mean roles:read?",
        ),
        ("nothing", {"roles": []}, "INVALID_INPUT", "tries roles or verdicts"),
    ],
)
async def test_what_cannot_be_tried_is_told(
    api: Api, salon: Salon, case: str, tried: dict[str, Any], code: str, words: str
) -> None:
    refused = await simulate(api, salon, tried)

    assert refused["code"] == code, case
    assert refused["path"][:2] == ["input", "tried"], case
    assert words in refused["message"], case


async def test_only_who_may_simulate_does(api: Api, salon: Salon) -> None:
    tried = {"verdicts": {"name": "seats", "published": "seats-2026-02@1"}}

    assert (await simulate(api, salon, tried, by="bo"))["code"] == "FORBIDDEN"
    assert (await simulate(api, salon, tried, in_network=uuid4()))["code"] == "NOT_FOUND"


@pytest.mark.parametrize(
    ("case", "roles", "code", "path"),
    [
        ("more lines than a role may have", [("viewer", 301)], "INVALID_POLICY", ["0", "lines"]),
        ("too many in the second role", [("viewer", 1), ("marketer", 5000)], "INVALID_POLICY", ["1", "lines"]),
        ("a role twice", [("viewer", 1), ("viewer", 1)], "INVALID_INPUT", []),
        ("a role that is no word", [("viewer" * 100, 1)], "INVALID_TEXT", ["0", "role"]),
    ],
)
async def test_what_no_role_could_be_is_not_tried(
    api: Api, salon: Salon, case: str, roles: list[tuple[str, int]], code: str, path: list[str]
) -> None:
    line = {"capability": "services:read", "effect": "ALLOW"}
    tried = {"roles": [{"role": role, "lines": [line] * lines} for role, lines in roles]}

    refused = await simulate(api, salon, tried)

    assert (refused["code"], refused["path"]) == (code, ["input", "tried", "roles", *path]), case


async def test_of_many_problems_the_first_hundred_are_told(api: Api, salon: Salon) -> None:
    lines = [{"capability": f"service:read{number}", "effect": "ALLOW"} for number in range(300)]

    refused = await simulate(api, salon, {"roles": [{"role": "viewer", "lines": lines}]})

    assert [problem["line"] for problem in refused["problems"]] == [f"role viewer, line {n}" for n in range(1, 101)]
    assert {problem["suggestion"] for problem in refused["problems"]} == {"services:read"}
