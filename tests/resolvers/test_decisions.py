"""A decision in the error, the journal and the log is one, and can be asked for by those whom it concerns."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any
from uuid import UUID

import orjson
import pytest
from structlog.testing import capture_logs

from app import Remit
from domain.journal.operations import verify_journal
from tests.api import Answer, Api, fresh_key
from tests.factories import Person, Salon, make_salon
from tests.resolvers.visits import BOOK, book, booked, tomorrow

PEOPLE = {
    "hal": ("owner", "network"),
    "bo": ("manager", "network"),
    "rae": ("manager", "north"),
    "sam": ("manager", "south"),
    "ana": ("administrator", "north"),
    "fay": ("marketer", "network"),
    "di": ("specialist", "network"),
}
UNKNOWN = UUID("01890000-0000-7000-8000-000000000000")
DECISION = """
query ($id: ID!) {
  decision(id: $id) { id allowed capability scope reason line source missing sentence epoch release }
}
"""
ENTRIES = "SELECT id, code, outcome, payload, decision_id FROM journal_entries WHERE chain_id = $1 ORDER BY seq"
PLAN = """
EXPLAIN SELECT actor_id, payload FROM journal_entries
WHERE chain_id = '01890000-0000-7000-8000-000000000000' AND decision_id = '01890000-0000-7000-8000-000000000001'
"""
SCOPE = "SELECT set_config('remit.network_id', $1, true)"


@pytest.fixture
async def salon(remit: Remit) -> Salon:
    return await make_salon(remit.host, PEOPLE, provides=("di",))


async def last_entry(remit: Remit, salon: Salon) -> dict[str, Any]:
    """The newest entry of the network's chain, with its payload read."""
    async with remit.host.database.read() as statements:
        await statements.execute(SCOPE, str(salon.network_id))
        entry = (await statements.fetch(ENTRIES, salon.network_id))[-1]
        return {**dict(entry), "payload": orjson.loads(entry["payload"])}


def decided(logs: list[MutableMapping[str, Any]]) -> dict[str, Any]:
    """The one log line of a decision."""
    (line,) = [line for line in logs if line["event"] == "decided"]
    return dict(line)


async def decision(api: Api, person: Person, decision_id: object) -> Answer:
    return await api.ask(DECISION, person, id=decision_id)


async def book_at(api: Api, salon: Salon, person: Person, location_id: UUID) -> Answer:
    """Book a haircut at some location."""
    line = {"serviceId": salon.service_id, "specialistId": salon["di"].specialist_id}
    asked = {"idempotencyKey": fresh_key(), "locationId": location_id, "startsAt": tomorrow(10), "lines": [line]}
    return await api.ask(BOOK, person, input=asked)


async def test_error_entry_and_log_line_of_a_refusal_have_one_id(api: Api, remit: Remit, salon: Salon) -> None:
    with capture_logs() as logs:
        refused = (await book(api, salon, salon["fay"], tomorrow(10))).data["bookAppointment"]

    entry, line = await last_entry(remit, salon), decided(logs)
    assert refused["code"] == "FORBIDDEN"
    assert refused["decisionId"] == line["decision"] == entry["payload"]["decision"] == str(entry["decision_id"])
    assert line == {
        "event": "decided",
        "log_level": "info",
        "request": entry["payload"]["request"],
        "entry": str(entry["id"]),
        "code": "appointment.created",
        "decision": refused["decisionId"],
        "capability": "appointments:create",
        "allowed": False,
        "reason": "NO_LINE",
    }
    assert (entry["outcome"], entry["payload"]["error"]) == ("denied", "FORBIDDEN")


async def test_error_entry_and_log_line_of_a_refused_query_have_one_id(api: Api, remit: Remit, salon: Salon) -> None:
    with capture_logs() as logs:
        refused = await api.ask("{ journal { totalCount } }", salon["ana"])

    (error,) = refused.body["errors"]
    entry = await last_entry(remit, salon)
    assert entry["code"] == "query.refused"
    assert error["extensions"]["decisionId"] == entry["payload"]["decision"] == decided(logs)["decision"]


async def test_the_yes_of_a_work_is_kept_with_the_line_that_allowed_it(api: Api, remit: Remit, salon: Salon) -> None:
    with capture_logs() as logs:
        visit = (await book(api, salon, salon["ana"], tomorrow(10))).data["bookAppointment"]

    entry, line = await last_entry(remit, salon), decided(logs)
    ruling = entry["payload"]["ruling"]
    assert visit["journalEntryId"] == str(entry["id"]) == line["entry"]
    assert line["decision"] == entry["payload"]["decision"]
    assert (line["allowed"], line["reason"]) == (True, "ALLOWED")
    assert ruling.pop("source").startswith("policies/roles/administrator.csv:")
    assert ruling == {
        "allowed": True,
        "scope": f"network:{salon.network_id}/location:{salon.north}",
        "reason": "ALLOWED",
        "line": "administrator: allow appointments:create",
        "epoch": 1,
        "release": remit.host.release.digest,
    }


async def test_a_work_that_a_rule_refused_keeps_the_yes_of_its_policy(api: Api, remit: Remit, salon: Salon) -> None:
    await booked(api, salon, tomorrow(10))

    taken = (await book(api, salon, salon["ana"], tomorrow(10))).data["bookAppointment"]

    payload = (await last_entry(remit, salon))["payload"]
    assert taken["code"] == payload["error"] == "SLOT_TAKEN"
    assert (payload["capability"], payload["ruling"]["allowed"]) == ("appointments:create", True)


async def test_what_requires_nothing_keeps_no_decision(api: Api, remit: Remit, salon: Salon) -> None:
    with capture_logs() as logs:
        unknown = await book_at(api, salon, salon["ana"], UNKNOWN)

    entry = await last_entry(remit, salon)
    assert unknown.data["bookAppointment"]["code"] == entry["payload"]["error"] == "NOT_FOUND"
    assert entry["payload"].keys().isdisjoint({"decision", "ruling"})
    assert entry["decision_id"] is None
    assert [line for line in logs if line["event"] == "decided"] == []


async def test_a_refusal_is_shown_to_whom_it_met_and_to_who_may_explain_there(
    api: Api, remit: Remit, salon: Salon
) -> None:
    refused = (await book_at(api, salon, salon["ana"], salon.south)).data["bookAppointment"]
    other = await make_salon(remit.host, {"zoe": ("owner", "network")})
    askers = {name: salon[name] for name in PEOPLE} | {"zoe": other["zoe"]}

    answers = {name: await decision(api, person, refused["decisionId"]) for name, person in askers.items()}

    assert answers["ana"].data["decision"] == {
        "id": refused["decisionId"],
        "allowed": False,
        "capability": "appointments:create",
        "scope": f"network:{salon.network_id}/location:{salon.south}",
        "reason": "OTHER_SCOPE",
        "line": None,
        "source": None,
        "missing": None,
        "sentence": None,
        "epoch": 1,
        "release": remit.host.release.digest,
    }
    assert {name for name, answer in answers.items() if answer.data["decision"]} == {"ana", "hal", "bo", "sam"}
    assert answers["hal"].body == answers["bo"].body == answers["sam"].body == answers["ana"].body


async def test_a_refusal_at_the_gate_is_of_the_whole_network(api: Api, salon: Salon) -> None:
    refused = (await book(api, salon, salon["fay"], tomorrow(10))).data["bookAppointment"]

    answers = {name: (await decision(api, salon[name], refused["decisionId"])).data["decision"] for name in PEOPLE}

    assert {name for name, shown in answers.items() if shown} == {"fay", "hal", "bo"}
    assert answers["fay"]["scope"] == f"network:{salon.network_id}"


async def test_foreign_unknown_and_malformed_ids_answer_the_same(api: Api, remit: Remit, salon: Salon) -> None:
    refused = (await book(api, salon, salon["fay"], tomorrow(10))).data["bookAppointment"]
    other = await make_salon(remit.host, {"zoe": ("owner", "network")})

    answers = [
        await decision(api, salon["di"], refused["decisionId"]),
        await decision(api, other["zoe"], refused["decisionId"]),
        await decision(api, salon["hal"], UNKNOWN),
        await decision(api, salon["hal"], "no id"),
        await decision(api, salon["hal"], (await last_entry(remit, salon))["id"]),
    ]

    assert [answer.body for answer in answers] == [answers[0].body] * 5
    assert answers[0].data == {"decision": None}


async def test_the_yes_of_a_work_is_shown_to_who_did_it_and_to_who_may_explain(
    api: Api, remit: Remit, salon: Salon
) -> None:
    visit = (await book(api, salon, salon["ana"], tomorrow(10))).data["bookAppointment"]
    document = "query ($id: ID!) { journalEntry(id: $id) { decisionId capability outcome } }"
    entry = (await api.ask(document, salon["hal"], id=visit["journalEntryId"])).data["journalEntry"]

    answers = {name: await decision(api, salon[name], entry["decisionId"]) for name in PEOPLE}

    assert (entry["capability"], entry["outcome"]) == ("appointments:create", "ok")
    assert {name for name, answer in answers.items() if answer.data["decision"]} == {"ana", "hal", "bo", "rae"}
    shown = answers["ana"].data["decision"]
    assert (shown["allowed"], shown["reason"]) == (True, "ALLOWED")
    assert shown["line"] == "administrator: allow appointments:create"


async def test_a_decision_stays_what_it_was_when_the_policy_has_moved_on(api: Api, salon: Salon) -> None:
    refused = (await book(api, salon, salon["fay"], tomorrow(10))).data["bookAppointment"]
    before = (await decision(api, salon["hal"], refused["decisionId"])).data
    given = {"assignRole": {"holder": salon["fay"].specialist_id, "role": "viewer"}}
    await api.ask(
        "mutation ($input: PolicyChangesInput!) { changePolicy(input: $input) { __typename } }",
        salon["hal"],
        input={"network": salon.network_id, "changes": [given]},
    )

    after = (await decision(api, salon["hal"], refused["decisionId"])).data

    assert after == before
    assert (await api.ask("{ myAccess { epoch } }", salon["hal"])).data["myAccess"]["epoch"] > after["decision"][
        "epoch"
    ]


async def test_a_change_of_policy_keeps_the_decision_under_which_it_was_made(
    api: Api, remit: Remit, salon: Salon
) -> None:
    given = {"assignRole": {"holder": salon["fay"].specialist_id, "role": "viewer", "location": salon.north}}

    await api.ask(
        "mutation ($input: PolicyChangesInput!) { changePolicy(input: $input) { __typename } }",
        salon["bo"],
        input={"network": salon.network_id, "changes": [given]},
    )

    payload = (await last_entry(remit, salon))["payload"]
    assert (payload["capability"], payload["ruling"]["line"]) == (
        "assignments:change",
        "manager: allow assignments:change",
    )
    assert payload["ruling"]["scope"] == f"network:{salon.network_id}/location:{salon.north}"
    assert payload["ruling"]["epoch"] == 1


async def test_a_chain_with_rulings_verifies(api: Api, remit: Remit, salon: Salon) -> None:
    await book(api, salon, salon["fay"], tomorrow(10))
    await book(api, salon, salon["ana"], tomorrow(10))

    verified = await verify_journal(remit.host, salon.network_id)

    assert verified.is_sound


async def test_a_decision_is_found_by_an_index_under_row_level_security(remit: Remit, salon: Salon) -> None:
    async with remit.host.database.read() as statements:
        await statements.execute(SCOPE, str(salon.network_id))
        await statements.execute("SET LOCAL enable_seqscan = off")
        plan = "\n".join(row[0] for row in await statements.fetch(PLAN))

    assert "Index Cond: ((chain_id = " in plan
    assert "decision_id = " in plan.partition("Index Cond:")[2].partition("\n")[0]
