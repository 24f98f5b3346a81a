"""Booking, moving, cancelling and paying, as clients of the API do it."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import pytest

from app import Remit
from tests.api import Api, fresh_key
from tests.factories import Salon, make_salon
from tests.resolvers.visits import BOOK, CANCEL, MOVE, PEOPLE, book, booked, count, pay, tomorrow


@pytest.fixture
async def salon(remit: Remit) -> Salon:
    return await make_salon(remit.host, PEOPLE, provides=("di", "jo"))


async def test_an_administrator_books_and_reads_what_was_booked(api: Api, salon: Salon) -> None:
    answer = (await book(api, salon, salon["ana"], tomorrow(10))).data["bookAppointment"]

    assert answer["__typename"] == "AppointmentBooked"
    assert answer["replayed"] is False
    appointment = answer["appointment"]
    assert appointment["state"] == "CONFIRMED"
    assert appointment["version"] == 1
    assert datetime.fromisoformat(appointment["endsAt"]) - tomorrow(10) == timedelta(minutes=45)
    assert appointment["client"] == {
        "name": "Nikos Client",
        "phone": "+302107489589",
        "maskedPhone": "+30 ** **** **89",
    }
    assert appointment["lines"] == [
        {
            "price": {"amount": 5000, "currency": "EUR"},
            "service": {"name": "Haircut"},
            "specialist": {"name": "Di"},
        }
    ]
    assert appointment["createdBy"] == {"name": "Ana"}
    assert appointment["sale"] is None
    assert appointment["payments"] == []


async def test_a_second_booking_of_a_slot_is_refused_with_the_nearest_free_starts(api: Api, salon: Salon) -> None:
    await booked(api, salon, tomorrow(10))

    refused = (await book(api, salon, salon["ana"], tomorrow(10, 30))).data["bookAppointment"]

    assert refused["__typename"] == "SlotTaken"
    assert refused["code"] == "SLOT_TAKEN"
    assert [one["startsAt"] for one in refused["alternatives"]] == [
        tomorrow(11).isoformat(),
        tomorrow(11, 15).isoformat(),
        tomorrow(11, 30).isoformat(),
        tomorrow(11, 45).isoformat(),
        tomorrow(9).isoformat(),
    ]


async def test_of_twelve_bookings_of_one_slot_at_once_exactly_one_is_made(api: Api, remit: Remit, salon: Salon) -> None:
    answers = await asyncio.gather(*(book(api, salon, salon["ana"], tomorrow(12)) for _ in range(12)))

    kinds = sorted(answer.data["bookAppointment"]["__typename"] for answer in answers)
    assert kinds == ["AppointmentBooked"] + ["SlotTaken"] * 11
    assert await count(remit, salon, "SELECT count(*) FROM appointments") == 1
    assert await count(remit, salon, "SELECT count(*) FROM busy WHERE part = 'core'") == 1


async def test_the_same_key_and_input_give_the_first_appointment_again(api: Api, remit: Remit, salon: Salon) -> None:
    key = fresh_key()
    first = (await book(api, salon, salon["ana"], tomorrow(10), key=key)).data["bookAppointment"]
    again = (await book(api, salon, salon["ana"], tomorrow(10), key=key)).data["bookAppointment"]
    other = (await book(api, salon, salon["ana"], tomorrow(14), key=key)).data["bookAppointment"]

    assert again["replayed"] is True
    assert again["appointment"]["id"] == first["appointment"]["id"]
    assert other["code"] == "IDEMPOTENCY_MISMATCH"
    assert await count(remit, salon, "SELECT count(*) FROM appointments") == 1


async def test_repetitions_at_once_book_once(api: Api, remit: Remit, salon: Salon) -> None:
    key = fresh_key()

    answers = await asyncio.gather(*(book(api, salon, salon["ana"], tomorrow(10), key=key) for _ in range(6)))

    ids = {answer.data["bookAppointment"]["appointment"]["id"] for answer in answers}
    assert len(ids) == 1
    assert sorted(answer.data["bookAppointment"]["replayed"] for answer in answers) == [False] + [True] * 5
    assert await count(remit, salon, "SELECT count(*) FROM appointments") == 1


async def test_the_marketer_is_refused_by_the_missing_capability_and_only_the_refusal_is_written(
    api: Api, remit: Remit, salon: Salon
) -> None:
    before = await count(remit, salon, "SELECT count(*) FROM journal_entries")

    refused = (await book(api, salon, salon["fay"], tomorrow(10))).data["bookAppointment"]

    assert refused["__typename"] == "Forbidden"
    assert refused["capability"] == "appointments:create"
    assert refused["reason"] == "NO_LINE"
    assert refused["hint"].startswith("Ask an owner of Salon")
    assert await count(remit, salon, "SELECT count(*) FROM appointments") == 0
    assert await count(remit, salon, "SELECT count(*) FROM busy") == 0
    assert await count(remit, salon, "SELECT count(*) FROM idempotency") == 0
    assert await count(remit, salon, "SELECT count(*) FROM journal_entries") == before + 1
    assert (
        await count(
            remit,
            salon,
            "SELECT count(*) FROM journal_entries WHERE code = 'appointment.created' AND outcome = 'denied'"
            " AND payload LIKE '%appointments:create%'",
        )
        == 1
    )


async def test_an_administrator_of_the_north_cannot_book_in_the_south(api: Api, salon: Salon) -> None:
    answer = await api.ask(
        BOOK,
        salon["ana"],
        input={
            "idempotencyKey": fresh_key(),
            "locationId": salon.south,
            "startsAt": tomorrow(10),
            "lines": [{"serviceId": salon.service_id, "specialistId": salon["di"].specialist_id}],
        },
    )

    refused = answer.data["bookAppointment"]
    assert (refused["code"], refused["reason"]) == ("FORBIDDEN", "OTHER_SCOPE")


async def test_who_does_not_provide_the_service_cannot_be_booked(api: Api, salon: Salon) -> None:
    refused = (await book(api, salon, salon["ana"], tomorrow(10), by="fay")).data["bookAppointment"]

    assert refused["code"] == "NOT_PROVIDED"
    assert refused["path"] == ["input", "lines", "0"]


async def test_a_moved_appointment_stays_the_same_and_frees_its_old_time(api: Api, salon: Salon) -> None:
    appointment = await booked(api, salon, tomorrow(10))

    moved = await api.ask(
        MOVE,
        salon["ana"],
        input={
            "appointmentId": appointment["id"],
            "expectedVersion": 1,
            "startsAt": tomorrow(10, 15),
            "specialistId": salon["jo"].specialist_id,
        },
    )

    found = moved.data["rescheduleAppointment"]["appointment"]
    assert found == {
        "id": appointment["id"],
        "version": 2,
        "startsAt": tomorrow(10, 15).isoformat(),
        "lines": [{"specialist": {"name": "Jo"}}],
    }
    assert (await booked(api, salon, tomorrow(10)))["id"] != appointment["id"]


async def test_a_stale_version_moves_nothing(api: Api, salon: Salon) -> None:
    appointment = await booked(api, salon, tomorrow(10))

    stale = await api.ask(
        MOVE,
        salon["ana"],
        input={"appointmentId": appointment["id"], "expectedVersion": 7, "startsAt": tomorrow(15)},
    )

    assert stale.data["rescheduleAppointment"]["code"] == "STALE_VERSION"
    assert stale.data["rescheduleAppointment"]["current"] == 1


async def test_a_cancelled_appointment_frees_its_time_and_cannot_be_moved(api: Api, salon: Salon) -> None:
    appointment = await booked(api, salon, tomorrow(10))
    chosen = {"appointmentId": appointment["id"], "expectedVersion": 1}

    without_reason = await api.ask(CANCEL, salon["ana"], input={**chosen, "reason": " "})
    cancelled = await api.ask(CANCEL, salon["ana"], input={**chosen, "reason": "client is ill"})
    moved = await api.ask(MOVE, salon["ana"], input={**chosen, "expectedVersion": 2, "startsAt": tomorrow(15)})

    assert without_reason.data["cancelAppointment"]["code"] == "REASON_REQUIRED"
    assert cancelled.data["cancelAppointment"]["appointment"]["state"] == "CANCELLED"
    assert moved.data["rescheduleAppointment"]["code"] == "INVALID_TRANSITION"
    await booked(api, salon, tomorrow(10))


async def test_a_visit_is_paid_in_parts_and_never_above_what_is_due(api: Api, salon: Salon) -> None:
    appointment = await booked(api, salon, tomorrow(10))

    first = await pay(api, salon, appointment["id"], 20_00)
    too_much = await pay(api, salon, appointment["id"], 30_01)
    foreign = await pay(api, salon, appointment["id"], 30_00, "USD")
    rest = await pay(api, salon, appointment["id"], 30_00)

    assert first["sale"] == {"paymentState": "PARTIAL", "remaining": {"amount": 3000}, "due": {"amount": 5000}}
    assert too_much["code"] == "OVERPAYMENT"
    assert too_much["remaining"] == {"amount": 3000}
    assert foreign["code"] == "CURRENCY_MISMATCH"
    assert rest["sale"] == {"paymentState": "PAID", "remaining": {"amount": 0}, "due": {"amount": 5000}}


async def test_payments_at_once_never_exceed_what_is_due(api: Api, remit: Remit, salon: Salon) -> None:
    appointment = await booked(api, salon, tomorrow(10))

    answers = await asyncio.gather(*(pay(api, salon, appointment["id"], 30_00) for _ in range(5)))

    assert sorted(str(answer["__typename"]) for answer in answers) == ["Overpayment"] * 4 + ["PaymentCreated"]
    assert await count(remit, salon, "SELECT sum(amount)::int FROM payments") == 30_00


DAY = """
query ($filter: AppointmentFilterInput) {
  appointments(filter: $filter, first: 10) {
    totalCount pageInfo { hasNextPage }
    nodes { startsAt client { name phone } lines { specialist { name } } payments { amount { amount } } }
  }
}
"""


async def test_a_specialist_sees_own_appointments_with_contacts_withheld(api: Api, salon: Salon) -> None:
    await booked(api, salon, tomorrow(10))
    await book(api, salon, salon["ana"], tomorrow(10), by="jo")

    answer = await api.ask(DAY, salon["jo"], filter={"locationId": salon.north})

    found = answer.data["appointments"]
    assert found["totalCount"] == 1
    assert found["nodes"][0]["lines"] == [{"specialist": {"name": "Jo"}}]
    assert found["nodes"][0]["client"] == {"name": "Nikos Client", "phone": None}
    assert found["nodes"][0]["payments"] is None
    assert answer.body["extensions"]["withheld"] == [
        {"field": "Appointment.payments", "capability": "payments:read"},
        {"field": "Client.phone", "capability": "clients:read_contacts"},
    ]


@pytest.mark.parametrize(
    ("case", "value"),
    [
        ("no id at all", "nonsense"),
        ("an unknown id", "01890000-0000-7000-8000-000000000000"),
        ("a very long text", "x" * 10_000),
    ],
)
async def test_an_id_that_is_none_is_answered_like_one_that_does_not_exist(
    api: Api, salon: Salon, case: str, value: str
) -> None:
    answer = await api.ask("query ($id: ID!) { appointment(id: $id) { id } }", salon["hal"], id=value)

    assert answer.codes == ["NOT_FOUND"], case
