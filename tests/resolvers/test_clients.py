"""Entering, finding and showing clients: booking.md 4.7."""

from __future__ import annotations

import pytest

from app import Remit
from tests.api import Api, fresh_key
from tests.factories import Salon, make_salon
from tests.resolvers.visits import booked, change, count, tomorrow

PEOPLE = {
    "hal": ("owner", "network"),
    "ana": ("administrator", "north"),
    "sue": ("administrator", "south"),
    "cy": ("call_center", "north"),
    "di": ("specialist", "network"),
    "gus": ("smm_manager", "network"),
}
CREATE = """
mutation ($input: CreateClientInput!) {
  createClient(input: $input) {
    __typename
    ... on ClientCreated { replayed journalEntryId client { id name phone maskedPhone email language } }
    ... on UserError { code message hint path }
  }
}
"""
FIND = "query ($search: String) { clients(search: $search) { totalCount nodes { name } } }"
SHOW = "query ($id: ID!) { client(id: $id) { name phone email maskedPhone } }"


@pytest.fixture
async def salon(remit: Remit) -> Salon:
    made = await make_salon(remit.host, PEOPLE, provides=("di",))
    await change(remit, made, "UPDATE locations SET call_center = true")
    return made


def card(salon: Salon, **given: object) -> dict[str, object]:
    """A client's card, entered in the north."""
    return {"idempotencyKey": fresh_key(), "locationId": salon.north, "name": "María Ünal", **given}


async def test_a_client_is_entered_and_shown(api: Api, salon: Salon) -> None:
    given = card(salon, phone="210 748 9589", email=" maria@example.com ", language="el")

    made = (await api.ask(CREATE, salon["ana"], input=given)).data["createClient"]

    assert made == {
        "__typename": "ClientCreated",
        "replayed": False,
        "journalEntryId": made["journalEntryId"],
        "client": {
            "id": made["client"]["id"],
            "name": "María Ünal",
            "phone": "+302107489589",
            "maskedPhone": "+30 ** **** **89",
            "email": "maria@example.com",
            "language": "el",
        },
    }


@pytest.mark.parametrize(
    ("case", "country", "typed", "stored"),
    [
        ("a mobile of Hungary", "HU", "06 30 123 4567", "+36301234567"),
        ("a landline of Greece", "GR", "210 748 9589", "+302107489589"),
        ("a British one in Hungary", "HU", "+44 20 7946 0958", "+442079460958"),
        ("too short", "HU", "12345", None),
    ],
)
async def test_phones_are_read_by_the_country_of_the_location(
    api: Api, remit: Remit, salon: Salon, case: str, country: str, typed: str, stored: str | None
) -> None:
    """booking.md 4.7, golden."""
    await change(remit, salon, "UPDATE locations SET country = $1", country)

    made = (await api.ask(CREATE, salon["ana"], input=card(salon, phone=typed))).data["createClient"]

    assert made.get("client", {}).get("phone") == stored, case
    assert made.get("code") == (None if stored else "INVALID_PHONE")


async def test_a_repeated_client_is_entered_once(api: Api, remit: Remit, salon: Salon) -> None:
    given = card(salon)

    first = (await api.ask(CREATE, salon["ana"], input=given)).data["createClient"]
    again = (await api.ask(CREATE, salon["ana"], input=given)).data["createClient"]
    other = (await api.ask(CREATE, salon["ana"], input={**given, "name": "Maria"})).data["createClient"]

    assert (first["replayed"], again["replayed"]) == (False, True)
    assert first["client"] == again["client"]
    assert (other["code"], other["path"]) == ("IDEMPOTENCY_MISMATCH", ["input", "idempotencyKey"])
    assert await count(remit, salon, "SELECT count(*) FROM clients") == 2


async def test_a_repetition_by_somebody_else_is_another_client(api: Api, remit: Remit, salon: Salon) -> None:
    given = card(salon)

    await api.ask(CREATE, salon["ana"], input=given)
    other = (await api.ask(CREATE, salon["hal"], input=given)).data["createClient"]

    assert other["replayed"] is False
    assert await count(remit, salon, "SELECT count(*) FROM clients") == 3


async def test_who_sees_only_own_clients_sees_the_one_just_entered(api: Api, remit: Remit, salon: Salon) -> None:
    limited = """
    UPDATE assignments SET ended_epoch = next_policy_epoch() WHERE id = $1
    """
    again = """
    INSERT INTO assignments (id, network_id, location_id, role_code, specialist_id, limits, created_epoch)
    VALUES (gen_random_uuid(), $1, $2, 'administrator', $3, '{"own": true}', next_policy_epoch())
    """
    await change(remit, salon, limited, salon["ana"].assignment_id)
    await change(remit, salon, again, salon.network_id, salon.north, salon["ana"].specialist_id)

    made = (await api.ask(CREATE, salon["ana"], input=card(salon))).data["createClient"]
    hidden = await api.ask(SHOW, salon["ana"], id=salon.client_id)

    assert made["client"]["name"] == "María Ünal"
    assert hidden.codes == ["NOT_FOUND"]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("ana", {"phone": "+302107489589", "email": "nikos@example.com"}),
        ("cy", {"phone": None, "email": None}),
        ("di", {"phone": None, "email": None}),
    ],
)
async def test_contacts_are_masked_by_role(api: Api, salon: Salon, name: str, shown: dict[str, str | None]) -> None:
    await booked(api, salon, tomorrow(10))

    answer = await api.ask(SHOW, salon[name], id=salon.client_id)

    assert answer.data["client"] == {"name": "Nikos Client", "maskedPhone": "+30 ** **** **89", **shown}
    withheld = [
        {"field": "Client.email", "capability": "clients:read_contacts"},
        {"field": "Client.phone", "capability": "clients:read_contacts"},
    ]
    assert answer.body.get("extensions", {}).get("withheld", []) == ([] if shown["phone"] else withheld)


@pytest.mark.parametrize(
    ("case", "search", "found"),
    [
        ("a part of the name", "kos cl", 1),
        ("in capitals", "NIKOS", 1),
        ("another", "nikolas", 0),
        ("the phone", "+302107489589", 1),
        ("the phone with spaces", "+30 210 748 9589", 1),
        ("a part of the phone", "+30210748958", 0),
        ("a pattern is a text", "%%%", 0),
    ],
)
async def test_clients_are_found(api: Api, salon: Salon, case: str, search: str, found: int) -> None:
    answer = await api.ask(FIND, salon["cy"], search=search)

    assert answer.data["clients"]["totalCount"] == found, case


async def test_accents_do_not_matter_in_a_search(api: Api, salon: Salon) -> None:
    await api.ask(CREATE, salon["ana"], input=card(salon))

    answer = await api.ask(FIND, salon["ana"], search="maria unal")

    assert answer.data["clients"]["nodes"] == [{"name": "María Ünal"}]


async def test_searching_is_a_right_of_its_own(api: Api, salon: Salon) -> None:
    await booked(api, salon, tomorrow(10))

    listed = await api.ask(FIND, salon["di"])
    searched = await api.ask(FIND, salon["di"], search="Nikos")
    nobody = await api.ask(FIND, salon["gus"])

    assert listed.data["clients"]["totalCount"] == 1
    assert searched.codes == ["FORBIDDEN"]
    assert nobody.codes == ["FORBIDDEN"]


async def test_a_search_brings_ten_at_a_time(api: Api, salon: Salon) -> None:
    for number in range(11):
        await api.ask(CREATE, salon["ana"], input=card(salon, name=f"Maria {number}"))

    found = (await api.ask(FIND, salon["ana"], search="maria")).data["clients"]

    assert (len(found["nodes"]), found["totalCount"]) == (10, 11)


async def test_clients_of_another_location_are_not_there(api: Api, salon: Salon) -> None:
    listed = await api.ask(FIND, salon["sue"])
    searched = await api.ask(FIND, salon["sue"], search="Nikos")

    assert listed.data["clients"]["totalCount"] == 0
    assert searched.data["clients"]["totalCount"] == 0
