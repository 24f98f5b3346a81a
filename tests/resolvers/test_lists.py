"""Lists: paged to their end without loss, as long as the viewer's reach goes, in one statement for all parents."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from app import Remit
from database.statements import Statements
from domain.clients.rules import name_key
from domain.team.models import Assignment
from tests.api import Api
from tests.factories import BEGINNING, INSERT_LINK, INSERT_SERVICE, MADE, SEEN, Salon, make_salon
from tests.resolvers.visits import book, pay, tomorrow
from work import Work

PEOPLE = {
    "hal": ("owner", "network"),
    "rae": ("manager", "north"),
    "ana": ("administrator", "north"),
    "di": ("specialist", "network"),
    "jo": ("specialist", "south"),
}
INSERT_LOCATION = """
INSERT INTO locations (network_id, id, code, name, zone, country, currency, created_at)
VALUES ($1, $2, $3, $4, 'Europe/Athens', 'GR', 'EUR', now())
"""
INSERT_SPECIALIST = "INSERT INTO specialists (network_id, id, name) VALUES ($1, $2, $3)"
INSERT_CLIENT = "INSERT INTO clients (network_id, id, name, name_key) VALUES ($1, $2, $3, $4)"


@pytest.fixture
async def salon(remit: Remit) -> Salon:
    return await make_salon(remit.host, PEOPLE, provides=("di", "jo"))


async def fill(remit: Remit, salon: Salon, count: int) -> None:
    """Add that many locations, specialists, services and clients, each name shared by two of them."""

    async def run(work: Work) -> None:
        for number in range(count):
            name = f"Name {number // 2:02d}"
            client_id, service_id, specialist_id = uuid7(), uuid7(), uuid7()
            await work.statements.execute(INSERT_LOCATION, salon.network_id, uuid7(), f"l-{number}", name)
            await work.statements.execute(INSERT_SPECIALIST, salon.network_id, specialist_id, name)
            await work.statements.execute(INSERT_SERVICE, salon.network_id, service_id, name, 30, 0)
            await work.statements.execute(INSERT_CLIENT, salon.network_id, client_id, name, name_key(name))
            await work.statements.execute(SEEN, salon.network_id, client_id, salon.north)
            await work.statements.execute(
                INSERT_LINK, salon.network_id, uuid7(), specialist_id, service_id, salon.north, BEGINNING
            )

    await remit.host.perform_as_system(salon.network_id, MADE, run)


async def pages(api: Api, salon: Salon, field: str, *, order: str) -> list[list[dict[str, Any]]]:
    """Every page of a list, ten rows each."""
    document = f"""
    query ($after: String) {{
      {field}(first: 10, after: $after) {{ nodes {{ id {order} }} pageInfo {{ hasNextPage endCursor }} totalCount }}
    }}
    """
    found: list[list[dict[str, Any]]] = []
    after: str | None = None
    while True:
        page = (await api.ask(document, salon["hal"], after=after)).data[field]
        found.append(page["nodes"])
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            assert page["totalCount"] == sum(map(len, found))
            return found


@pytest.mark.parametrize(
    ("field", "made_before"), [("locations", 2), ("specialists", 5), ("services", 1), ("clients", 1)]
)
async def test_a_list_is_paged_to_its_end(api: Api, remit: Remit, salon: Salon, field: str, made_before: int) -> None:
    await fill(remit, salon, 25 - made_before)

    found = await pages(api, salon, field, order="name")

    assert [len(page) for page in found] == [10, 10, 5]
    rows = [row for page in found for row in page]
    assert len({row["id"] for row in rows}) == 25
    assert [row["name"] for row in rows] == sorted(row["name"] for row in rows)


async def test_the_journal_is_paged_to_its_end_newest_first(api: Api, remit: Remit, salon: Salon) -> None:
    async def nothing(_work: Work) -> None:
        """Leave an entry."""

    for _ in range(24):
        await remit.host.perform_as_system(salon.network_id, MADE, nothing)

    found = await pages(api, salon, "journal", order="seq")

    assert [len(page) for page in found] == [10, 10, 5]
    assert [row["seq"] for page in found for row in page] == list(range(25, 0, -1))


ASSIGNMENTS = """
query ($of: ID!, $holder: ID) {
  assignments(network: $of, holder: $holder) {
    totalCount
    nodes { role location { name } holder { name } account { name } validFrom validUntil limits createdEpoch }
  }
}
"""
OF_SPECIALISTS = "{ specialists { nodes { name assignments { role } } } }"


async def test_assignments_are_shown_as_far_as_the_reach_goes(api: Api, salon: Salon) -> None:
    everywhere = (await api.ask(ASSIGNMENTS, salon["hal"], of=salon.network_id)).data["assignments"]
    north = (await api.ask(ASSIGNMENTS, salon["rae"], of=salon.network_id)).data["assignments"]
    of_people = (await api.ask(OF_SPECIALISTS, salon["rae"])).data["specialists"]["nodes"]
    refused = await api.ask(ASSIGNMENTS, salon["ana"], of=salon.network_id)

    assert everywhere["totalCount"] == 5
    assert north["totalCount"] == 2
    assert [(one["role"], one["location"], one["holder"]) for one in north["nodes"]] == [
        ("manager", {"name": "North"}, {"name": "Rae"}),
        ("administrator", {"name": "North"}, {"name": "Ana"}),
    ]
    assert {one["name"]: one["assignments"] for one in of_people} == {
        "Ana": [{"role": "administrator"}],
        "Di": [],
        "Hal": [],
        "Jo": [],
        "Rae": [{"role": "manager"}],
    }
    assert refused.codes == ["FORBIDDEN"]


async def test_an_assignment_says_whose_it_is_from_when_until_when_and_under_which_limits(
    api: Api, remit: Remit, salon: Salon
) -> None:
    visitor, since = salon["di"].account_id, datetime(2026, 1, 5, 9, tzinfo=UTC)

    async def let_in(work: Work) -> None:
        await Assignment.create(
            network_id=salon.network_id,
            location_id=salon.north,
            role_code="viewer",
            account_id=visitor,
            valid_from=since,
            valid_until=since + timedelta(hours=72),
            limits={"back": 7},
            created_epoch=await work.statements.fetchval("SELECT next_policy_epoch()"),
        )

    await remit.host.perform_as_system(salon.network_id, MADE, let_in)

    (found,) = await held(api, salon, visitor)
    (jo,) = await held(api, salon, salon["jo"].specialist_id)

    assert found == {
        "role": "viewer",
        "location": {"name": "North"},
        "holder": None,
        "account": {"name": "Di"},
        "validFrom": "2026-01-05T09:00:00+00:00",
        "validUntil": "2026-01-08T09:00:00+00:00",
        "limits": "back=7",
        "createdEpoch": jo["createdEpoch"] + 1,
    }
    assert (jo["holder"], jo["account"], jo["validUntil"]) == ({"name": "Jo"}, None, None)


async def held(api: Api, salon: Salon, holder: UUID) -> list[dict[str, Any]]:
    """The assignments of one holder."""
    answer = await api.ask(ASSIGNMENTS, salon["hal"], of=salon.network_id, holder=holder)
    found: list[dict[str, Any]] = answer.data["assignments"]["nodes"]
    return found


async def test_the_assignments_of_another_network_are_not_found(api: Api, remit: Remit, salon: Salon) -> None:
    other = await make_salon(remit.host, {"hal": ("owner", "network")})

    foreign = await api.ask(ASSIGNMENTS, salon["hal"], of=other.network_id)
    unknown = await api.ask(ASSIGNMENTS, salon["hal"], of=uuid7())

    assert foreign.body == unknown.body
    assert foreign.codes == ["NOT_FOUND"]


LEVELS = """
query ($first: Int!) {
  appointments(first: $first) {
    nodes {
      location { name } client { name } createdBy { name } sale { id } payments { takenBy { name } }
      lines { service { name } specialist { name assignments { role } } }
    }
  }
}
"""


async def test_many_parents_cost_as_many_statements_as_one(
    api: Api, salon: Salon, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(10):
        made = await book(api, salon, salon["hal"], tomorrow(number), by="di")
        appointment = made.data["bookAppointment"]["appointment"]
        await pay(api, salon, UUID(appointment["id"]), 10_00)
    await api.ask(LEVELS, salon["hal"], first=1)  # the second sighting of a document is its plan's
    statements = counted(monkeypatch)

    one = (await api.ask(LEVELS, salon["hal"], first=1)).data["appointments"]["nodes"]
    for_one = statements.copy()
    statements.clear()
    many = (await api.ask(LEVELS, salon["hal"], first=10)).data["appointments"]["nodes"]

    assert (len(one), len(many)) == (1, 10)
    assert statements == for_one
    assert len(statements) == 12


OF_CLIENTS = "{ appointments(first: 10) { nodes { id client { name phone } lines { position } } } }"


async def test_a_withheld_relation_is_null_named_once_and_not_read(
    api: Api, remit: Remit, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = {"hal": PEOPLE["hal"], "ada": ("accountant", "network"), "di": PEOPLE["di"]}
    salon = await make_salon(remit.host, people, provides=("di",))
    for number in range(3):
        await book(api, salon, salon["hal"], tomorrow(number), by="di")
    for person in ("hal", "ada"):
        await api.ask(OF_CLIENTS, salon[person])  # the second sighting of a document is its plan's
    statements = counted(monkeypatch)
    shown = await api.ask(OF_CLIENTS, salon["hal"])
    for_owner = len(statements)
    statements.clear()

    withheld = await api.ask(OF_CLIENTS, salon["ada"])

    assert all(node["client"]["name"] for node in shown.data["appointments"]["nodes"])
    assert [node["client"] for node in withheld.data["appointments"]["nodes"]] == [None] * 3
    assert withheld.body["extensions"]["withheld"] == [{"field": "Appointment.client", "capability": "clients:read"}]
    assert len(statements) == for_owner - 1
    assert not [sql for sql in statements if "clients" in sql]


def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The SQL of the statements that are run from now on."""
    found: list[str] = []
    for name in ("fetch", "fetchrow", "fetchval"):
        original = getattr(Statements, name)

        async def run(self: Statements, sql: str, *args: object, _original: Any = original, **words: object) -> Any:
            found.append(sql)
            return await _original(self, sql, *args, **words)

        monkeypatch.setattr(Statements, name, run)
    return found
