"""Seats beside the policy, over HTTP: who pays by which line, what one capability does to a seat, proofs by terms."""

from __future__ import annotations

from typing import Any

import pytest

from app import Remit
from tests.api import Api
from tests.factories import Salon
from tests.resolvers.staff import make_full_staff

SEATS = "{ specialists(first: 100) { nodes { name seat { outcome kind lineId line { text } } } } }"
EFFECT = """
query ($holder: ID!, $capability: String!, $scope: ID!) {
  explainAccess(holder: $holder, capability: $capability, scope: $scope) {
    seatEffect { costsSeat lineWith { number text } lineWithout { number } }
  }
}
"""
PROVE = """
query ($role: String!, $policy: String) {
  proveFree(role: $role, policy: $policy) { proved terms paid { capability reason source } beside digest }
}
"""
CAN_BOOK = ("billable", "administrator", "seats-2025-03#50", "Can create appointments")
PROVIDES = ("billable", "specialist", "seats-2025-03#30", "Provides services")
NEITHER = ("free", "none", "seats-2025-03#90", "Neither creates appointments nor handles payments for them")
OWNER = ("free", "owner", "seats-2025-03#40", "Is an owner with full access who provides no services")


@pytest.fixture
async def salon(remit: Remit) -> Salon:
    return await make_full_staff(remit)


async def test_each_built_in_role_pays_or_not_by_the_line_of_the_terms_of_2025(api: Api, salon: Salon) -> None:
    answer = await api.ask(SEATS, salon["hal"])

    found = {
        one["name"]: (one["seat"]["outcome"], one["seat"]["kind"], one["seat"]["lineId"], one["seat"]["line"]["text"])
        for one in answer.data["specialists"]["nodes"]
    }
    assert found == {
        "Hal": OWNER,
        "Otto": PROVIDES,
        "Bo": CAN_BOOK,
        "Ana": CAN_BOOK,
        "Cy": CAN_BOOK,
        "Di": PROVIDES,
        "Eve": NEITHER,
        "Fay": NEITHER,
        "Gus": NEITHER,
        "Ivy": NEITHER,
    }


async def effect(api: Api, salon: Salon, holder: str, capability: str, *, by: str = "hal") -> Any:
    variables: dict[str, Any] = {"holder": salon[holder].specialist_id, "capability": capability, "scope": salon.north}
    return (await api.ask(EFFECT, salon[by], **variables)).data["explainAccess"]["seatEffect"]


@pytest.mark.parametrize(
    ("holder", "capability", "costs", "with_it", "without_it"),
    [
        ("cy", "appointments:create", True, 50, 90),
        ("ana", "appointments:create", False, 50, 60),
        ("fay", "appointments:create", True, 50, 90),
        ("fay", "reviews:answer", False, 90, 90),
        ("di", "appointments:create", False, 30, 30),
        ("hal", "clients:read", False, 40, 50),
    ],
)
async def test_an_explanation_says_what_the_capability_does_to_the_seat(
    api: Api, salon: Salon, holder: str, capability: str, costs: bool, with_it: int, without_it: int
) -> None:
    found = await effect(api, salon, holder, capability)

    assert (found["costsSeat"], found["lineWith"]["number"], found["lineWithout"]["number"]) == (
        costs,
        with_it,
        without_it,
    )


async def test_who_may_not_read_the_bill_is_told_nothing_of_seats(api: Api, salon: Salon) -> None:
    assert await effect(api, salon, "ana", "appointments:create", by="ana") is None


async def prove(api: Api, salon: Salon, role: str, policy: str | None) -> Any:
    return (await api.ask(PROVE, salon["hal"], role=role, policy=policy)).data["proveFree"]


@pytest.mark.parametrize("role", ["marketer", "smm_manager", "accountant", "viewer", "specialist"])
async def test_the_free_roles_are_free_under_the_terms_of_2025(api: Api, salon: Salon, role: str) -> None:
    proof = await prove(api, salon, role, "seats-2025-03@1")

    assert (proof["proved"], proof["paid"], proof["terms"]) == (True, [], "seats-2025-03@1")
    assert "Provides services" in proof["beside"]
    assert proof["digest"] != (await prove(api, salon, role, None))["digest"]


async def test_a_role_may_be_free_under_some_terms_and_paid_under_others(api: Api, salon: Salon) -> None:
    earlier = await prove(api, salon, "manager", "seats-providers-only@1")
    now = await prove(api, salon, "manager", "seats-2025-03@1")
    later = await prove(api, salon, "marketer", "seats-2026-02@1")

    assert (earlier["proved"], now["proved"], later["proved"]) == (True, False, False)
    assert {"capability": "appointments:create", "reason": "Can create appointments"} in [
        {key: one[key] for key in ("capability", "reason")} for one in now["paid"]
    ]
    assert {one["source"].split(":")[0] for one in later["paid"]} == {"policies/roles/marketer.csv"}


async def test_terms_that_nobody_published_are_named(api: Api, salon: Salon) -> None:
    refused = await api.ask(PROVE, salon["hal"], role="viewer", policy="seats-2030@1")

    assert refused.codes == ["INVALID_INPUT"]
    assert "seats-2025-03@1" in refused.body["errors"][0]["extensions"]["hint"]
