"""What an appointment keeps while it is moved, cancelled and paid, and who sees it."""

from __future__ import annotations

import pytest

from app import Remit
from tests.api import Api, fresh_key
from tests.factories import Salon, make_salon
from tests.resolvers.visits import BOOK, CANCEL, MOVE, PEOPLE, book, booked, change, count, pay, tomorrow

PRICES = "{ appointments { nodes { startsAt endsAt lines { price { amount currency } } } } }"


@pytest.fixture
async def salon(remit: Remit) -> Salon:
    people = {**PEOPLE, "sue": ("administrator", "south")}
    return await make_salon(remit.host, people, provides=("di", "jo"))


async def move(api: Api, salon: Salon, appointment_id: object, hour: int, *, version: int = 1, by: str = "") -> object:
    """Move an appointment to an hour of tomorrow, and to somebody else where `by` names them."""
    given = {"appointmentId": appointment_id, "expectedVersion": version, "startsAt": tomorrow(hour)}
    if by:
        given["specialistId"] = salon[by].specialist_id
    return (await api.ask(MOVE, salon["ana"], input=given)).data["rescheduleAppointment"]["__typename"]


async def cancel(api: Api, salon: Salon, appointment_id: object, *, version: int = 1) -> dict[str, object]:
    """Cancel an appointment."""
    given = {"appointmentId": appointment_id, "expectedVersion": version, "reason": "client is ill"}
    found: dict[str, object] = (await api.ask(CANCEL, salon["ana"], input=given)).data["cancelAppointment"]
    return found


@pytest.mark.parametrize(
    ("case", "sql"),
    [
        ("the price has gone", "DELETE FROM service_prices"),
        ("the price has risen", "UPDATE service_prices SET amount = 9900"),
        ("prices are in another currency now", "UPDATE service_prices SET currency = 'USD'"),
    ],
)
async def test_a_moved_appointment_keeps_the_price_that_was_agreed(
    api: Api, remit: Remit, salon: Salon, case: str, sql: str
) -> None:
    appointment = await booked(api, salon, tomorrow(10))
    await change(remit, salon, sql)

    assert await move(api, salon, appointment["id"], 14, by="jo") == "AppointmentRescheduled", case

    (shown,) = (await api.ask(PRICES, salon["hal"])).data["appointments"]["nodes"]
    assert shown["lines"] == [{"price": {"amount": 5000, "currency": "EUR"}}]


async def test_a_moved_appointment_takes_as_long_as_was_agreed(api: Api, remit: Remit, salon: Salon) -> None:
    appointment = await booked(api, salon, tomorrow(10))
    await change(remit, salon, "UPDATE services SET duration = 90")

    await move(api, salon, appointment["id"], 14)

    (shown,) = (await api.ask(PRICES, salon["hal"])).data["appointments"]["nodes"]
    assert shown["endsAt"] == tomorrow(14, 45).isoformat()


async def test_what_a_moved_appointment_occupies_belongs_to_its_lines(api: Api, remit: Remit, salon: Salon) -> None:
    appointment = await booked(api, salon, tomorrow(10))

    await move(api, salon, appointment["id"], 14)

    live = "FROM busy JOIN appointment_lines l ON l.id = busy.line_id WHERE busy.state = 'booked'"
    assert await count(remit, salon, f"SELECT count(*) {live}") == 2
    assert await count(remit, salon, "SELECT count(*) FROM busy WHERE state = 'released'") == 2


async def test_the_last_row_of_history_is_the_appointment(api: Api, remit: Remit, salon: Salon) -> None:
    appointment = await booked(api, salon, tomorrow(10))
    await move(api, salon, appointment["id"], 14)
    await cancel(api, salon, appointment["id"], version=2)

    same = """
    SELECT count(*) FROM appointment_history h
      JOIN appointments a ON a.id = h.appointment_id AND a.version = h.version AND a.state = h.state
       AND a.starts_at = h.starts_at AND a.ends_at = h.ends_at
      JOIN appointment_lines l ON l.appointment_id = a.id
       AND h.lines = jsonb_build_array(
         jsonb_build_object('service', l.service_id, 'specialist', l.specialist_id, 'start', l.starts_at))
    WHERE h.reason = 'client is ill'
    """
    assert await count(remit, salon, same) == 1
    assert await count(remit, salon, "SELECT count(*) FROM appointment_history") == 3


async def test_the_client_of_an_appointment_is_known_where_it_takes_place(api: Api, salon: Salon) -> None:
    unknown = await api.ask("query ($id: ID!) { client(id: $id) { name } }", salon["sue"], id=salon.client_id)

    await api.ask(
        """
        mutation ($input: BookAppointmentInput!) { bookAppointment(input: $input) { __typename } }
        """,
        salon["hal"],
        input={
            "idempotencyKey": fresh_key(),
            "locationId": salon.south,
            "clientId": salon.client_id,
            "startsAt": tomorrow(10),
            "lines": [{"serviceId": salon.service_id, "specialistId": salon["di"].specialist_id}],
        },
    )
    shown = await api.ask("{ appointments { nodes { client { name } } } }", salon["sue"])

    assert unknown.codes == ["NOT_FOUND"]
    assert shown.data["appointments"]["nodes"] == [{"client": {"name": "Nikos Client"}}]


async def test_a_paid_appointment_is_not_cancelled_without_a_settlement(api: Api, remit: Remit, salon: Salon) -> None:
    appointment = await booked(api, salon, tomorrow(10))
    await pay(api, salon, appointment["id"], 20_00)

    refused = await cancel(api, salon, appointment["id"])

    assert (refused["code"], refused["message"]) == (
        "SETTLEMENT_REQUIRED",
        "20.00 EUR has been paid for this appointment.",
    )
    assert refused["hint"]
    assert await count(remit, salon, "SELECT count(*) FROM appointments WHERE state = 'CONFIRMED'") == 1
    assert await count(remit, salon, "SELECT count(*) FROM busy WHERE state = 'booked'") == 2


async def test_nothing_is_paid_for_a_cancelled_appointment(api: Api, remit: Remit, salon: Salon) -> None:
    appointment = await booked(api, salon, tomorrow(10))
    await cancel(api, salon, appointment["id"])

    refused = await pay(api, salon, appointment["id"], 20_00)

    assert (refused["code"], refused["path"]) == ("INVALID_INPUT", ["input", "appointmentId"])
    assert refused["hint"]
    assert await count(remit, salon, "SELECT count(*) FROM sales") == 0


async def test_a_repeated_payment_is_taken_once(api: Api, remit: Remit, salon: Salon) -> None:
    appointment = await booked(api, salon, tomorrow(10))
    key = fresh_key()

    first = await pay(api, salon, appointment["id"], 20_00, key=key)
    again = await pay(api, salon, appointment["id"], 20_00, key=key)

    assert (first["replayed"], again["replayed"]) == (False, True)
    assert first["sale"] == again["sale"]
    assert await count(remit, salon, "SELECT count(*) FROM payments") == 1


async def test_a_repetition_is_told_apart_in_the_journal(api: Api, remit: Remit, salon: Salon) -> None:
    key = fresh_key()

    for _ in range(2):
        await book(api, salon, salon["ana"], tomorrow(10), key=key)

    repeated = """
    SELECT count(*) FROM journal_entries
    WHERE code = 'appointment.created' AND (payload::jsonb #>> '{counts,replayed}')::int = 1 AND change_count = 1
    """
    assert await count(remit, salon, "SELECT count(*) FROM journal_entries WHERE code = 'appointment.created'") == 2
    assert await count(remit, salon, repeated) == 1


async def test_who_books_only_own_visits_brings_no_colleague_along(api: Api, remit: Remit, salon: Salon) -> None:
    end = "UPDATE assignments SET ended_epoch = next_policy_epoch() WHERE id = $1"
    limited = """
    INSERT INTO assignments (id, network_id, location_id, role_code, specialist_id, limits, created_epoch)
    VALUES (gen_random_uuid(), $1, $2, 'administrator', $3, '{"own": true}', next_policy_epoch())
    """
    await change(remit, salon, end, salon["jo"].assignment_id)
    await change(remit, salon, limited, salon.network_id, salon.north, salon["jo"].specialist_id)

    def lines(*names: str) -> list[dict[str, object]]:
        return [{"serviceId": salon.service_id, "specialistId": salon[name].specialist_id} for name in names]

    async def ask(*names: str) -> dict[str, object]:
        given = {"idempotencyKey": fresh_key(), "locationId": salon.north, "startsAt": tomorrow(10)}
        answer = await api.ask(BOOK, salon["jo"], input={**given, "lines": lines(*names)})
        found: dict[str, object] = answer.data["bookAppointment"]
        return found

    together = await ask("jo", "di")
    alone = await ask("jo")

    assert (together["code"], together["reason"]) == ("FORBIDDEN", "OWN")
    assert alone["__typename"] == "AppointmentBooked"


async def test_two_changes_in_one_document_each_show_what_they_left(api: Api, salon: Salon) -> None:
    appointment = await booked(api, salon, tomorrow(10))
    document = """
    mutation ($move: RescheduleAppointmentInput!, $cancel: CancelAppointmentInput!) {
      rescheduleAppointment(input: $move) {
        ... on AppointmentRescheduled { appointment { version state lines { startsAt } } }
      }
      cancelAppointment(input: $cancel) {
        ... on AppointmentCancelled { appointment { version state lines { startsAt } } }
      }
    }
    """

    answer = await api.ask(
        document,
        salon["ana"],
        move={"appointmentId": appointment["id"], "expectedVersion": 1, "startsAt": tomorrow(14)},
        cancel={"appointmentId": appointment["id"], "expectedVersion": 2, "reason": "client is ill"},
    )

    lines = [{"startsAt": tomorrow(14).isoformat()}]
    assert answer.data["rescheduleAppointment"]["appointment"] == {"version": 2, "state": "CONFIRMED", "lines": lines}
    assert answer.data["cancelAppointment"]["appointment"] == {"version": 3, "state": "CANCELLED", "lines": lines}
