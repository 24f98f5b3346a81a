"""What somebody is told of their own access: without conditions, and under which."""

from __future__ import annotations

from typing import Any

import pytest

from app import Remit
from tests.api import Api
from tests.factories import Salon, make_salon

PEOPLE = {
    "hal": ("owner", "network"),
    "ana": ("", "network"),
    "di": ("specialist", "south"),
}
ACCESS = "query ($scope: ID) { myAccess(scope: $scope) { codes conditional { capability under } } }"
CATALOGUE = "query ($of: Domain) { capabilities(domain: $of) { code level } }"
ASSIGN = """
mutation ($input: PolicyChangesInput!, $consent: String) {
  changePolicy(input: $input, consent: $consent) { __typename ... on ConsentRequired { preview { consent } } }
}
"""


@pytest.fixture
async def salon(remit: Remit) -> Salon:
    return await make_salon(remit.host, PEOPLE)


async def conditional(api: Api, salon: Salon, name: str, scope: object = None) -> dict[str, list[str]]:
    access = (await api.ask(ACCESS, salon[name], scope=scope)).data["myAccess"]
    return {one["capability"]: one["under"] for one in access["conditional"]}


async def assign(api: Api, salon: Salon, limits: str) -> None:
    change: dict[str, Any] = {"holder": salon["ana"].specialist_id, "role": "administrator", "limits": limits}
    asked = {"network": salon.network_id, "changes": [{"assignRole": {**change, "location": salon.north}}]}
    answer = (await api.ask(ASSIGN, salon["hal"], input=asked)).data["changePolicy"]
    if answer["__typename"] == "ConsentRequired":
        await api.ask(ASSIGN, salon["hal"], input=asked, consent=answer["preview"]["consent"])


async def test_what_is_held_under_limits_is_told_with_them(api: Api, salon: Salon) -> None:
    south, north = await conditional(api, salon, "di", salon.south), await conditional(api, salon, "di", salon.north)

    assert south["appointments:read"] == ["own"]
    assert "appointments:read" not in north


async def test_limits_of_an_assignment_are_told_too(api: Api, salon: Salon) -> None:
    await assign(api, salon, "back=7 ahead=30")

    found = await conditional(api, salon, "ana", salon.north)

    assert found["appointments:update"] == ["back=7 ahead=30"]


async def test_the_catalogue_of_one_kind_of_domain(api: Api, salon: Salon) -> None:
    async def levels(of: str | None) -> set[str]:
        answer = await api.ask(CATALOGUE, salon["ana"], of=of)
        return {one["level"] for one in answer.data["capabilities"]}

    assert await levels("NETWORK") == {"LOCATION", "NETWORK", "SHARED"}
    assert await levels("OPERATOR") == {"OPERATOR"}
    assert await levels("PARTNER") == {"PARTNER"}
    assert await levels(None) == {"LOCATION", "NETWORK", "SHARED", "OPERATOR", "PARTNER"}
