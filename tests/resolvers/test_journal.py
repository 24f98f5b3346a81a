"""Who reads what of the Security journal: journal.md 4.1, 4.3, 5."""

from __future__ import annotations

from typing import Any

import pytest

from app import Remit
from domain.journal.rules import PERSONAL
from tests.api import Api, fresh_key
from tests.factories import Salon, make_salon
from tests.resolvers.visits import PEOPLE as VISITORS
from tests.resolvers.visits import book, booked, change, count, tomorrow

PEOPLE = {**VISITORS, "rae": ("manager", "north"), "sue": ("manager", "south"), "gus": ("smm_manager", "network")}
JOURNAL = """
query ($filter: JournalFilterInput) {
  journal(filter: $filter) {
    totalCount
    nodes {
      id code area outcome error capability sentence actor { type id name roles } device { name address }
      location { name } targets { type id } changes { table operation fields { name old new masked } }
    }
  }
}
"""
PERSONAL_COLUMNS = """
SELECT DISTINCT c.relname::text AS table_name, a.attname::text AS column_name
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_attribute a ON a.attrelid = c.oid
WHERE t.tgname = 'journal_capture' AND c.relnamespace = 'remit'::regnamespace AND a.attnum > 0
  AND a.attname::text = ANY ((regexp_match(pg_get_triggerdef(t.oid),
    'journal_capture\\(''[^'']*'', ''[^'']*'', ''[^'']*'', ''[^'']*'', ''[^'']*'', ''([^'']*)'''))[1]::text[])
"""


@pytest.fixture
async def salon(remit: Remit) -> Salon:
    return await make_salon(remit.host, PEOPLE, provides=("di", "jo"))


async def journal(api: Api, salon: Salon, name: str, **filter: object) -> list[dict[str, Any]]:
    """The entries that somebody reads."""
    answer = await api.ask(JOURNAL, salon[name], filter=filter)
    found: list[dict[str, Any]] = answer.data["journal"]["nodes"]
    return found


async def test_an_entry_says_who_did_what_where_from_which_device(api: Api, salon: Salon) -> None:
    appointment = await booked(api, salon, tomorrow(10))

    (entry,) = await journal(api, salon, "hal", codes=["appointment.created"])

    assert entry["sentence"] == "Ana booked an appointment."
    assert (entry["area"], entry["outcome"], entry["error"]) == ("data_changes", "ok", None)
    assert entry["capability"] == "appointments:create"
    assert entry["actor"] == {
        "type": "specialist",
        "id": str(salon["ana"].specialist_id),
        "name": "Ana",
        "roles": ["administrator"],
    }
    assert entry["location"] == {"name": "North"}
    assert entry["targets"] == [{"type": "appointment", "id": appointment["id"]}]
    tables = [change["table"] for change in entry["changes"]]
    assert tables == ["appointments", "appointment_lines", "busy", "busy", "appointment_history"]


@pytest.mark.parametrize(
    ("name", "codes"),
    [
        ("hal", ["appointment.created", "client.created", "test.made"]),
        ("rae", ["appointment.created"]),
        ("sue", ["client.created"]),
    ],
)
async def test_entries_are_read_where_the_journal_is(api: Api, salon: Salon, name: str, codes: list[str]) -> None:
    """What has no location is the network's: only who reads the journal there reads it."""
    await booked(api, salon, tomorrow(10))
    await api.ask(
        "mutation ($input: CreateClientInput!) { createClient(input: $input) { __typename } }",
        salon["hal"],
        input={"idempotencyKey": fresh_key(), "locationId": salon.south, "name": "Maria"},
    )

    assert sorted({entry["code"] for entry in await journal(api, salon, name)}) == codes


async def test_everybody_who_reads_the_journal_sees_own_entries_of_any_place_and_area(api: Api, salon: Salon) -> None:
    refused = await book(api, salon, salon["sue"], tomorrow(10))

    assert refused.data["bookAppointment"]["code"] == "NOT_FOUND"
    (entry,) = await journal(api, salon, "sue", actorId=str(salon["sue"].specialist_id))
    assert (entry["outcome"], entry["error"], entry["location"]) == ("denied", "NOT_FOUND", {"name": "North"})


async def test_a_manager_without_sign_ins_does_not_read_them(api: Api, remit: Remit, salon: Salon) -> None:
    """SIGN_INS asks for sign_ins:read too, STAFF_CHANGES for assignments:read: a role that denies them."""
    await change(
        remit,
        salon,
        "INSERT INTO roles (network_id, id, code, title) VALUES ($1, $1, 'no_staff', 'No staff')",
        salon.network_id,
    )
    await change(
        remit,
        salon,
        """
        INSERT INTO role_lines (network_id, id, role_id, capability, effect, created_epoch)
        VALUES ($1, gen_random_uuid(), $1, 'assignments:read', 'deny', next_policy_epoch())
        """,
        salon.network_id,
    )
    specialist = """
    mutation ($input: CreateSpecialistInput!) { createSpecialist(input: $input) { __typename } }
    """
    await api.ask(specialist, salon["hal"], input={"idempotencyKey": fresh_key(), "name": "Eva"})
    before = await journal(api, salon, "hal", areas=["staff_changes"])

    await change(
        remit,
        salon,
        """
        INSERT INTO assignments (id, network_id, role_id, specialist_id, created_epoch)
        SELECT gen_random_uuid(), $1, $1, $2, next_policy_epoch()
        """,
        salon.network_id,
        salon["rae"].specialist_id,
    )

    assert [entry["code"] for entry in before] == ["specialist.created"]
    assert await journal(api, salon, "rae", areas=["staff_changes"]) == []


async def test_personal_fields_are_masked_for_who_may_not_read_them(api: Api, remit: Remit, salon: Salon) -> None:
    await api.ask(
        "mutation ($input: CreateClientInput!) { createClient(input: $input) { __typename } }",
        salon["ana"],
        input={
            "idempotencyKey": fresh_key(),
            "locationId": salon.north,
            "name": "Maria",
            "phone": "210 748 9589",
        },
    )
    await change(
        remit,
        salon,
        "INSERT INTO roles (network_id, id, code, title) VALUES ($1, $1, 'no_contacts', 'No contacts')",
        salon.network_id,
    )
    await change(
        remit,
        salon,
        """
        INSERT INTO role_lines (network_id, id, role_id, capability, effect, created_epoch)
        VALUES ($1, gen_random_uuid(), $1, 'clients:read_contacts', 'deny', next_policy_epoch())
        """,
        salon.network_id,
    )
    shown = phone_in(await journal(api, salon, "rae", codes=["client.created"]))
    await change(
        remit,
        salon,
        """
        INSERT INTO assignments (id, network_id, role_id, specialist_id, created_epoch)
        SELECT gen_random_uuid(), $1, $1, $2, next_policy_epoch()
        """,
        salon.network_id,
        salon["rae"].specialist_id,
    )
    masked = phone_in(await journal(api, salon, "rae", codes=["client.created"]))

    assert shown == {"name": "phone", "old": None, "new": "+302107489589", "masked": None}
    assert masked == {"name": "phone", "old": None, "new": None, "masked": "clients:read_contacts"}


def phone_in(entries: list[dict[str, Any]]) -> dict[str, Any]:
    """What the entries say of a phone."""
    (found,) = [
        field
        for entry in entries
        for row in entry["changes"]
        for field in row["fields"]
        if (row["table"], field["name"]) == ("clients", "phone")
    ]
    return dict(found)


async def test_every_personal_column_of_the_core_has_its_right(remit: Remit) -> None:
    async with remit.host.database.read() as statements:
        personal = {tuple(row) for row in await statements.fetch(PERSONAL_COLUMNS)}

    assert ("clients", "phone") in personal
    assert personal - set(PERSONAL) == set()


async def test_the_filters_join_by_and(api: Api, salon: Salon) -> None:
    await booked(api, salon, tomorrow(10))
    await book(api, salon, salon["ana"], tomorrow(10))
    ana = str(salon["ana"].specialist_id)

    denied = await journal(api, salon, "hal", actorId=ana, outcomes=["denied"], locationId=str(salon.north))
    ok = await journal(api, salon, "hal", actorId=ana, outcomes=["ok"], areas=["data_changes"])
    later = await journal(api, salon, "hal", since=tomorrow(0))

    assert [(entry["code"], entry["error"]) for entry in denied] == [("appointment.created", "SLOT_TAKEN")]
    assert len(ok) == 1
    assert later == []


async def test_who_may_not_read_the_journal_is_refused_and_that_is_journaled(
    api: Api, remit: Remit, salon: Salon
) -> None:
    refused = await api.ask(JOURNAL, salon["gus"], filter=None)

    assert refused.codes == ["FORBIDDEN"]
    written = "SELECT count(*) FROM journal_entries WHERE code = 'query.refused' AND outcome = 'denied'"
    assert await count(remit, salon, written) == 1


async def test_a_receipt_is_read_by_its_id_and_a_foreign_one_is_not(api: Api, remit: Remit, salon: Salon) -> None:
    other = await make_salon(remit.host, PEOPLE, provides=("di", "jo"))
    receipt = (await book(api, salon, salon["ana"], tomorrow(10))).data["bookAppointment"]["journalEntryId"]
    document = "query ($id: ID!) { journalEntry(id: $id) { code } }"

    mine = await api.ask(document, salon["hal"], id=receipt)
    foreign = await api.ask(document, other["hal"], id=receipt)

    assert mine.data["journalEntry"] == {"code": "appointment.created"}
    assert foreign.codes == ["NOT_FOUND"]
