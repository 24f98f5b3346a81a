"""Networks are apart: a foreign id is answered like one that does not exist, and the database alone sees to it."""

from __future__ import annotations

import re
from uuid import UUID, uuid4

import pytest

from app import Remit
from tests.api import Api, fresh_key
from tests.factories import Salon, make_salon

PEOPLE = {"hal": ("owner", "network"), "di": ("specialist", "network")}
TABLES = """
SELECT c.relname AS name FROM pg_class c WHERE c.relnamespace = 'remit'::regnamespace AND c.relkind = 'r'
  AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'network_id' AND NOT a.attisdropped)
ORDER BY 1
"""


@pytest.fixture
async def salons(remit: Remit) -> tuple[Salon, Salon]:
    return tuple([await make_salon(remit.host, PEOPLE, provides=("di",)) for _ in range(2)])  # type: ignore[return-value]


def masked(body: object) -> str:
    """The answer with every id blotted out."""
    return re.sub(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "ID", repr(body))


READS = {
    "location": lambda salon: salon.north,
    "specialist": lambda salon: salon["di"].specialist_id,
    "service": lambda salon: salon.service_id,
    "client": lambda salon: salon.client_id,
}


@pytest.mark.parametrize("field", READS)
async def test_a_foreign_id_reads_like_a_made_up_one(api: Api, salons: tuple[Salon, Salon], field: str) -> None:
    own, other = salons
    document = f"query ($id: ID!) {{ {field}(id: $id) {{ id }} }}"

    mine = await api.ask(document, own["hal"], id=READS[field](own))
    foreign = await api.ask(document, own["hal"], id=READS[field](other))
    made_up = await api.ask(document, own["hal"], id=uuid4())

    assert mine.data[field]["id"] == str(READS[field](own))
    assert foreign.codes == ["NOT_FOUND"]
    assert (foreign.status, masked(foreign.body)) == (made_up.status, masked(made_up.body))


BOOK = """
mutation ($input: BookAppointmentInput!) {
  bookAppointment(input: $input) { __typename ... on UserError { code message hint path } }
}
"""


@pytest.mark.parametrize("part", ["locationId", "clientId", "serviceId", "specialistId"])
async def test_a_foreign_id_in_a_booking_is_answered_like_a_made_up_one(
    api: Api, salons: tuple[Salon, Salon], part: str
) -> None:
    own, other = salons
    foreign_ids = {
        "locationId": other.north,
        "clientId": other.client_id,
        "serviceId": other.service_id,
        "specialistId": other["di"].specialist_id,
    }

    def booking(chosen: UUID) -> dict[str, object]:
        line = {"serviceId": own.service_id, "specialistId": own["di"].specialist_id}
        given = {
            "idempotencyKey": fresh_key(),
            "locationId": own.north,
            "clientId": own.client_id,
            "startsAt": "2031-05-05T10:00:00+00:00",
            "lines": [line],
        }
        if part in line:
            line[part] = chosen
        else:
            given[part] = chosen
        return given

    foreign = await api.ask(BOOK, own["hal"], input=booking(foreign_ids[part]))
    made_up = await api.ask(BOOK, own["hal"], input=booking(uuid4()))

    assert foreign.data["bookAppointment"]["code"] in {"NOT_FOUND", "NOT_PROVIDED"}
    assert masked(foreign.body) == masked(made_up.body)


async def test_a_header_with_a_foreign_network_opens_nothing(api: Api, salons: tuple[Salon, Salon]) -> None:
    own, other = salons

    foreign = await api.ask("{ network { name } }", own["hal"], network=other.network_id)
    made_up = await api.ask("{ network { name } }", own["hal"], network=uuid4())

    assert foreign.codes == ["FORBIDDEN"]
    assert masked(foreign.body) == masked(made_up.body)


async def test_lists_hold_rows_of_the_own_network_only(api: Api, salons: tuple[Salon, Salon]) -> None:
    own, _ = salons

    found = (await api.ask("{ specialists { totalCount nodes { id } } clients { totalCount } }", own["hal"])).data

    assert {node["id"] for node in found["specialists"]["nodes"]} == {
        str(person.specialist_id) for person in own.people.values()
    }
    assert found["specialists"]["totalCount"] == len(PEOPLE)
    assert found["clients"]["totalCount"] == 1


async def test_row_level_security_alone_hides_the_other_network_in_every_table(
    remit: Remit, salons: tuple[Salon, Salon]
) -> None:
    own, other = salons

    async with remit.host.database.read() as statements:
        tables = [row["name"] for row in await statements.fetch(TABLES)]
        await statements.execute("SELECT set_config('remit.network_id', $1, true)", str(own.network_id))
        seen = {
            table: {row["network_id"] for row in await statements.fetch(f"SELECT DISTINCT network_id FROM {table}")}
            for table in tables
        }

    assert {"specialists", "clients", "services", "assignments", "busy", "payments"} <= seen.keys()
    assert all(other.network_id not in networks for networks in seen.values())
    assert seen["specialists"] == {own.network_id}


async def test_without_a_scope_no_row_of_any_network_is_seen(remit: Remit, salons: tuple[Salon, Salon]) -> None:
    async with remit.host.database.read() as statements:
        tables = [row["name"] for row in await statements.fetch(TABLES)]
        counts = {table: await statements.fetchval(f"SELECT count(*) FROM {table}") for table in tables}

    assert counts == dict.fromkeys(tables, 0)
    assert len(salons) == 2
