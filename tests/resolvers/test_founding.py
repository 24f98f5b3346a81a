"""Opening a location, entering a specialist, offering a service: from nothing to something that can be booked."""

from __future__ import annotations

from uuid import UUID

import pytest

from app import Remit
from tests.api import Api, fresh_key
from tests.factories import Salon, make_salon

CREATE_LOCATION = """
mutation ($input: CreateLocationInput!) {
  createLocation(input: $input) {
    __typename ... on LocationCreated { location { id code zone currency state } } ... on UserError { code path hint }
  }
}
"""
CREATE_SPECIALIST = """
mutation ($input: CreateSpecialistInput!) {
  createSpecialist(input: $input) {
    __typename
    ... on SpecialistCreated { specialist { id name position canSignIn assignments { role } } }
    ... on UserError { code path }
  }
}
"""
CREATE_SERVICE = """
mutation ($input: CreateServiceInput!) {
  createService(input: $input) {
    __typename ... on ServiceCreated { service { id name duration bufferAfter } } ... on UserError { code path }
  }
}
"""
LOCATION = {"code": "west-1", "name": "West", "zone": "Europe/Budapest", "country": "HU", "currency": "HUF"}


@pytest.fixture
async def salon(remit: Remit) -> Salon:
    return await make_salon(remit.host, {"hal": ("owner", "network"), "ana": ("administrator", "north")})


async def test_an_owner_opens_a_location_and_may_act_in_it_at_once(api: Api, salon: Salon) -> None:
    opened = await api.ask(CREATE_LOCATION, salon["hal"], input={"idempotencyKey": fresh_key(), **LOCATION})

    location = opened.data["createLocation"]["location"]
    assert location == {
        "id": location["id"],
        "code": "west-1",
        "zone": "Europe/Budapest",
        "currency": "HUF",
        "state": "OPEN",
    }
    access = await api.ask("query ($s: ID!) { myAccess(scope: $s) { codes } }", salon["hal"], s=location["id"])
    assert "appointments:create" in access.data["myAccess"]["codes"]


@pytest.mark.parametrize(
    ("case", "change", "code", "path"),
    [
        ("a zone that is none", {"zone": "Europe/Atlantis"}, "INVALID_INPUT", ["input", "zone"]),
        ("a currency that is none", {"currency": "XXX"}, "INVALID_INPUT", ["input", "currency"]),
        ("a country in words", {"country": "Hungary"}, "INVALID_INPUT", ["input", "country"]),
        ("a code with spaces", {"code": "West 1"}, "INVALID_INPUT", ["input", "code"]),
        ("a taken code", {"code": "north"}, "CODE_TAKEN", ["input", "code"]),
        ("no name", {"name": "  "}, "INVALID_TEXT", ["input", "name"]),
        ("a very long name", {"name": "x" * 201}, "INVALID_TEXT", ["input", "name"]),
    ],
)
async def test_a_location_that_cannot_be_is_refused(
    api: Api, salon: Salon, case: str, change: dict[str, str], code: str, path: list[str]
) -> None:
    answer = await api.ask(CREATE_LOCATION, salon["hal"], input={"idempotencyKey": fresh_key(), **LOCATION, **change})

    refused = answer.data["createLocation"]
    assert (refused["code"], refused["path"]) == (code, path), case


async def test_a_new_specialist_holds_nothing(api: Api, salon: Salon) -> None:
    key = fresh_key()
    entered = await api.ask(
        CREATE_SPECIALIST, salon["hal"], input={"idempotencyKey": key, "name": " Új Éva ", "position": "Stylist"}
    )
    again = await api.ask(
        CREATE_SPECIALIST, salon["hal"], input={"idempotencyKey": key, "name": " Új Éva ", "position": "Stylist"}
    )

    specialist = entered.data["createSpecialist"]["specialist"]
    assert specialist == {
        "id": specialist["id"],
        "name": "Új Éva",
        "position": "Stylist",
        "canSignIn": False,
        "assignments": [],
    }
    assert again.data["createSpecialist"]["specialist"]["id"] == specialist["id"]


async def test_an_administrator_neither_opens_locations_nor_enters_colleagues(api: Api, salon: Salon) -> None:
    location = await api.ask(CREATE_LOCATION, salon["ana"], input={"idempotencyKey": fresh_key(), **LOCATION})
    specialist = await api.ask(CREATE_SPECIALIST, salon["ana"], input={"idempotencyKey": fresh_key(), "name": "X"})

    assert location.data["createLocation"]["code"] == "FORBIDDEN"
    assert specialist.data["createSpecialist"]["code"] == "FORBIDDEN"


@pytest.mark.parametrize(
    ("case", "change", "code"),
    [
        ("as it should be", {}, None),
        ("for nothing", {"price": {"amount": 0, "currency": "EUR"}}, None),
        ("a negative price", {"price": {"amount": -1, "currency": "EUR"}}, "INVALID_INPUT"),
        ("a price that cannot be paid", {"price": {"amount": 150, "currency": "HUF"}}, "AMOUNT_NOT_IN_UNIT"),
        ("no time", {"duration": 0}, "INVALID_INPUT"),
        ("more than a day", {"duration": 1441}, "INVALID_INPUT"),
        ("too long a buffer", {"bufferAfter": 241}, "INVALID_INPUT"),
    ],
)
async def test_a_service_is_offered(
    api: Api, remit: Remit, salon: Salon, case: str, change: dict[str, object], code: str | None
) -> None:
    given = {"name": "Shave", "duration": 30, "bufferAfter": 5, "price": {"amount": 1500, "currency": "EUR"}}

    answer = await api.ask(CREATE_SERVICE, salon["hal"], input={"idempotencyKey": fresh_key(), **given, **change})

    made = answer.data["createService"]
    assert made.get("code") == code, case
    if code is None:
        assert await prices_of(remit, salon, UUID(made["service"]["id"])) == 1


async def prices_of(remit: Remit, salon: Salon, service_id: UUID) -> int:
    async with remit.host.database.read() as statements:
        await statements.execute("SELECT set_config('remit.network_id', $1, true)", str(salon.network_id))
        found: int = await statements.fetchval("SELECT count(*) FROM service_prices WHERE service_id = $1", service_id)
        return found
