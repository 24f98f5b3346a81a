"""What clients send by mistake or in bad faith: a typed refusal with its path and a hint, and nothing is written."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app import Remit
from tests.api import Api, fresh_key
from tests.factories import Salon, make_salon
from tests.resolvers.visits import BOOK, CANCEL, MOVE, PAY, PEOPLE, book, booked, change, count, tomorrow

CREATE_CLIENT = """
mutation ($input: CreateClientInput!) {
  createClient(input: $input) { __typename ... on UserError { code message path hint } }
}
"""


@pytest.fixture
async def salon(remit: Remit) -> Salon:
    people = {**PEOPLE, "cy": ("call_center", "north")}
    return await make_salon(remit.host, people, provides=("di", "jo"))


def visit(salon: Salon, **changed: object) -> dict[str, object]:
    """A visit that would be booked, but for what is changed."""
    line = {"serviceId": salon.service_id, "specialistId": salon["di"].specialist_id}
    given: dict[str, object] = {
        "idempotencyKey": fresh_key(),
        "locationId": salon.north,
        "clientId": salon.client_id,
        "startsAt": tomorrow(10),
        "lines": [line],
    }
    return {**given, **changed}


async def rows(remit: Remit, salon: Salon) -> list[int]:
    """How many rows there are that booking, paying and entering clients write."""
    tables = ("appointments", "busy", "sales", "payments", "clients", "idempotency", "appointment_history")
    return [await count(remit, salon, f"SELECT count(*) FROM {table}") for table in tables]


@pytest.mark.parametrize(
    ("case", "changed", "code", "path"),
    [
        ("no line", {"lines": []}, "INVALID_INPUT", ["input", "lines"]),
        ("a comment of 2001 characters", {"comment": "x" * 2001}, "INVALID_TEXT", ["input", "comment"]),
        ("a short key", {"idempotencyKey": "1234567"}, "INVALID_INPUT", ["input", "idempotencyKey"]),
        ("a start without offset", {"startsAt": "2031-05-05T10:00:00"}, "INVALID_TIME", ["input", "startsAt"]),
        ("the end of time", {"startsAt": "9999-12-31T23:59:59-12:00"}, "INVALID_TIME", ["input", "startsAt"]),
        ("the last years", {"startsAt": "9999-12-01T00:00:00Z"}, "TOO_FAR", ["input", "startsAt"]),
        ("in eleven years", {"startsAt": datetime.now(UTC) + timedelta(days=4018)}, "TOO_FAR", ["input", "startsAt"]),
        ("an unknown location", {"locationId": "no"}, "NOT_FOUND", ["input", "locationId"]),
        ("an unknown client", {"clientId": "no"}, "NOT_FOUND", ["input", "clientId"]),
    ],
)
async def test_a_visit_is_refused_for(
    api: Api, remit: Remit, salon: Salon, case: str, changed: dict[str, object], code: str, path: list[str]
) -> None:
    before = await rows(remit, salon)

    refused = (await api.ask(BOOK, salon["ana"], input=visit(salon, **changed))).data["bookAppointment"]

    assert (refused["code"], refused["path"]) == (code, path), case
    assert refused["hint"]
    assert await rows(remit, salon) == before


@pytest.mark.parametrize(("case", "lines"), [("twenty-one lines", 21), ("a thousand lines", 1000)])
async def test_a_visit_has_at_most_twenty_lines(api: Api, remit: Remit, salon: Salon, case: str, lines: int) -> None:
    before = await rows(remit, salon)
    line = {"serviceId": salon.service_id, "specialistId": salon["di"].specialist_id}

    refused = (await api.ask(BOOK, salon["ana"], input=visit(salon, lines=[line] * lines))).data["bookAppointment"]

    assert (refused["code"], refused["path"], bool(refused["hint"])) == ("INVALID_INPUT", ["input", "lines"], True), (
        case
    )
    assert await rows(remit, salon) == before


async def test_a_visit_takes_at_most_24_hours(api: Api, remit: Remit, salon: Salon) -> None:
    await change(remit, salon, "UPDATE services SET duration = 1440")
    line = {"serviceId": salon.service_id, "specialistId": salon["di"].specialist_id}

    refused = (await api.ask(BOOK, salon["ana"], input=visit(salon, lines=[line, line]))).data["bookAppointment"]

    assert (refused["code"], refused["path"]) == ("INVALID_INPUT", ["input", "lines"])


async def test_a_comment_is_kept_as_given(api: Api, remit: Remit, salon: Salon) -> None:
    comment = "\N{RIGHT-TO-LEFT MARK}" + "\N{GRINNING FACE}" * 400

    await api.ask(BOOK, salon["ana"], input=visit(salon, comment=comment))

    assert await count(remit, salon, f"SELECT count(*) FROM appointments WHERE comment = '{comment}'") == 1


async def test_the_past_is_booked_only_by_who_may_override(api: Api, remit: Remit, salon: Salon) -> None:
    await change(remit, salon, "UPDATE locations SET call_center = true")
    yesterday = tomorrow(10) - timedelta(days=2)

    refused = (await api.ask(BOOK, salon["cy"], input=visit(salon, startsAt=yesterday, clientId=None))).data
    done = (await api.ask(BOOK, salon["ana"], input=visit(salon, startsAt=yesterday))).data

    assert refused["bookAppointment"]["code"] == "TOO_SOON"
    assert refused["bookAppointment"]["path"] == ["input", "startsAt"]
    assert "appointments:override" in refused["bookAppointment"]["hint"]
    assert done["bookAppointment"]["__typename"] == "AppointmentBooked"


async def test_a_closed_location_takes_no_bookings(api: Api, remit: Remit, salon: Salon) -> None:
    await change(remit, salon, "UPDATE locations SET state = 'CLOSED' WHERE id = $1", salon.north)

    refused = (await api.ask(BOOK, salon["ana"], input=visit(salon))).data["bookAppointment"]

    assert (refused["code"], refused["path"]) == ("INVALID_INPUT", ["input", "locationId"])
    assert refused["hint"]


@pytest.mark.parametrize(
    ("case", "sql"),
    [
        ("suspended specialist", "UPDATE specialists SET state = 'SUSPENDED' WHERE id = $1 OR $2::uuid IS NULL"),
        ("archived service", "UPDATE services SET state = 'ARCHIVED' WHERE id = $2 OR $1::uuid IS NULL"),
    ],
)
async def test_nobody_is_booked_for_what_is_not_provided(
    api: Api, remit: Remit, salon: Salon, case: str, sql: str
) -> None:
    await change(remit, salon, sql, salon["di"].specialist_id, salon.service_id)

    refused = (await api.ask(BOOK, salon["ana"], input=visit(salon))).data["bookAppointment"]

    assert (refused["code"], refused["path"]) == ("NOT_PROVIDED", ["input", "lines", "0"]), case


async def test_a_service_without_a_price_is_not_booked(api: Api, remit: Remit, salon: Salon) -> None:
    await change(remit, salon, "DELETE FROM service_prices")

    refused = (await api.ask(BOOK, salon["ana"], input=visit(salon))).data["bookAppointment"]

    assert (refused["code"], refused["path"]) == ("PRICE_MISSING", ["input", "lines", "0", "serviceId"])


@pytest.mark.parametrize(
    ("case", "changed", "code", "path"),
    [
        ("nothing", {"amount": 0}, "AMOUNT_NOT_IN_UNIT", ["input", "amount", "amount"]),
        ("less than nothing", {"amount": -1}, "AMOUNT_NOT_IN_UNIT", ["input", "amount", "amount"]),
        ("the largest number", {"amount": 2**53 - 1}, "OVERPAYMENT", ["input", "amount"]),
        ("an unknown currency", {"currency": "XXX"}, "INVALID_INPUT", ["input", "amount", "currency"]),
        ("another currency", {"currency": "USD"}, "CURRENCY_MISMATCH", ["input", "amount", "currency"]),
        ("less handed over", {"tendered": 4999}, "INVALID_INPUT", ["input", "tendered"]),
        ("handed over by transfer", {"tendered": 6000, "method": "TRANSFER"}, "INVALID_INPUT", ["input", "tendered"]),
        ("an unknown appointment", {"appointmentId": "no"}, "NOT_FOUND", ["input", "appointmentId"]),
    ],
)
async def test_a_payment_is_refused_for(
    api: Api, remit: Remit, salon: Salon, case: str, changed: dict[str, Any], code: str, path: list[str]
) -> None:
    appointment = await booked(api, salon, tomorrow(10))
    before = await rows(remit, salon)
    amount = {"amount": changed.pop("amount", 5000), "currency": changed.pop("currency", "EUR")}
    given = {"idempotencyKey": fresh_key(), "appointmentId": appointment["id"], "amount": amount, "method": "CASH"}

    refused = (await api.ask(PAY, salon["ana"], input={**given, **changed})).data["createPayment"]

    assert (refused["code"], refused["path"]) == (code, path), case
    assert refused["hint"]
    assert await rows(remit, salon) == before


@pytest.mark.parametrize("amount", [2**53, -(2**53), 1.5, "5000", True])
async def test_an_amount_beyond_what_json_keeps_exactly_is_no_amount(api: Api, salon: Salon, amount: object) -> None:
    given = {"idempotencyKey": fresh_key(), "appointmentId": salon.client_id, "method": "CASH"}

    refused = await api.ask(PAY, salon["ana"], input={**given, "amount": {"amount": amount, "currency": "EUR"}})

    assert refused.body.get("data") is None
    assert "MinorUnits is a whole number" in refused.body["errors"][0]["message"]


@pytest.mark.parametrize(
    ("case", "changed", "code", "path"),
    [
        ("no name", {"name": "  "}, "INVALID_TEXT", ["input", "name"]),
        ("a name of 201 letters", {"name": "x" * 201}, "INVALID_TEXT", ["input", "name"]),
        ("no phone", {"phone": "12345"}, "INVALID_PHONE", ["input", "phone"]),
        ("no address", {"email": "nikos"}, "INVALID_INPUT", ["input", "email"]),
        ("an address that no server takes", {"email": "a@b..example"}, "INVALID_INPUT", ["input", "email"]),
        ("a very long address", {"email": "x" * 320 + "@example.com"}, "INVALID_INPUT", ["input", "email"]),
        ("no language", {"language": "Greek, I think"}, "INVALID_INPUT", ["input", "language"]),
        ("an unknown location", {"locationId": "no"}, "NOT_FOUND", ["input", "locationId"]),
    ],
)
async def test_a_client_is_refused_for(
    api: Api, remit: Remit, salon: Salon, case: str, changed: dict[str, object], code: str, path: list[str]
) -> None:
    before = await rows(remit, salon)
    given = {"idempotencyKey": fresh_key(), "locationId": salon.north, "name": "Maria"}

    refused = (await api.ask(CREATE_CLIENT, salon["ana"], input={**given, **changed})).data["createClient"]

    assert (refused["code"], refused["path"]) == (code, path), case
    assert refused["hint"]
    assert await rows(remit, salon) == before


@pytest.mark.parametrize(
    ("case", "document", "code", "path"),
    [
        ("no row", "{ specialists(first: 0) { totalCount } }", "PAGE_TOO_LARGE", ["first"]),
        ("more than a page", "{ services(first: 101) { totalCount } }", "PAGE_TOO_LARGE", ["first"]),
        ("a negative page", "{ locations(first: -1) { totalCount } }", "PAGE_TOO_LARGE", ["first"]),
        ("no cursor", '{ clients(after: "nonsense") { totalCount } }', "BAD_CURSOR", ["after"]),
        ("an empty cursor", '{ journal(after: "") { totalCount } }', "BAD_CURSOR", ["after"]),
        ("two letters", '{ clients(search: "ni") { totalCount } }', "SEARCH_TOO_SHORT", ["search"]),
        ("accents alone", '{ clients(search: "\u0301\u0301\u0301") { totalCount } }', "SEARCH_TOO_SHORT", ["search"]),
        (
            "no offset",
            '{ appointments(filter: {startsFrom: "2031-05-05T10:00:00"}) { totalCount } }',
            "INVALID_TIME",
            ["filter", "startsFrom"],
        ),
        ("a scope that is none", '{ myAccess(scope: "no") { epoch } }', "NOT_FOUND", ["scope"]),
    ],
)
async def test_a_query_is_refused_for(
    api: Api, salon: Salon, case: str, document: str, code: str, path: list[object]
) -> None:
    answer = await api.ask(document, salon["hal"])

    assert answer.codes == [code], case
    assert answer.body["errors"][0]["extensions"]["path"] == path
    assert answer.body["errors"][0]["extensions"]["hint"]


LISTS = {
    "specialists": "",
    "services": "",
    "locations": "",
    "clients": "",
    "appointments": "",
    "journal": "",
    "assignments": 'network: "{network}", ',
    "policyChanges": 'network: "{network}", ',
    "whoCan": 'capability: "services:read", scope: "{network}", ',
}
"""Every list with the arguments that it asks for."""


END = """
mutation ($network_id: ID!, $assignment: ID!) {
  changePolicy(input: { network: $network_id, changes: [{ endAssignment: { assignment: $assignment } }] }) {
    __typename
  }
}
"""


@pytest.mark.parametrize("field", LISTS)
async def test_a_cursor_of_another_list_is_none(api: Api, salon: Salon, field: str) -> None:
    await booked(api, salon, tomorrow(10))
    await api.ask(END, salon["hal"], network_id=salon.network_id, assignment=salon["ana"].assignment_id)
    asked = {name: arguments.format(network=salon.network_id) for name, arguments in LISTS.items()}

    for other in LISTS:
        first = await api.ask(f"{{ {other}({asked[other]}first: 1) {{ pageInfo {{ endCursor }} }} }}", salon["hal"])
        cursor = first.data[other]["pageInfo"]["endCursor"]
        answer = await api.ask(f'{{ {field}({asked[field]}after: "{cursor}") {{ totalCount }} }}', salon["hal"])
        assert answer.codes == ([] if other == field else ["BAD_CURSOR"]), other


async def test_a_reason_that_cannot_be_kept_is_refused(api: Api, salon: Salon) -> None:
    appointment = await booked(api, salon, tomorrow(10))
    given = {"appointmentId": appointment["id"], "expectedVersion": 1, "reason": "x" * 1001}

    refused = (await api.ask(CANCEL, salon["ana"], input=given)).data["cancelAppointment"]

    assert (refused["code"], refused["path"]) == ("INVALID_TEXT", ["input", "reason"])


async def test_a_booking_refused_first_is_judged_anew_with_its_key(api: Api, salon: Salon) -> None:
    key = fresh_key()
    taken = await booked(api, salon, tomorrow(10))

    refused = (await book(api, salon, salon["ana"], tomorrow(10), key=key)).data["bookAppointment"]
    await api.ask(
        CANCEL, salon["ana"], input={"appointmentId": taken["id"], "expectedVersion": 1, "reason": "client is ill"}
    )
    done = (await book(api, salon, salon["ana"], tomorrow(10), key=key)).data["bookAppointment"]

    assert refused["code"] == "SLOT_TAKEN"
    assert (done["__typename"], done["replayed"]) == ("AppointmentBooked", False)


@pytest.mark.parametrize(
    ("case", "state", "code"),
    [
        ("arrived", "ARRIVED", "INVALID_TRANSITION"),
        ("over", "COMPLETED", "INVALID_TRANSITION"),
        ("missed", "NO_SHOW", "INVALID_TRANSITION"),
    ],
)
async def test_only_what_is_still_to_come_is_moved(
    api: Api, remit: Remit, salon: Salon, case: str, state: str, code: str
) -> None:
    appointment = await booked(api, salon, tomorrow(10))
    await change(remit, salon, "UPDATE appointments SET state = $1", state)

    refused = await api.ask(
        MOVE, salon["ana"], input={"appointmentId": appointment["id"], "expectedVersion": 1, "startsAt": tomorrow(15)}
    )

    assert refused.data["rescheduleAppointment"]["code"] == code, case
    assert refused.data["rescheduleAppointment"]["message"] == f"An appointment that is {state} cannot be moved."
