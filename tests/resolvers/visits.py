"""Documents and calls of a client that books, moves, cancels and takes money, in one salon."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from app import Remit
from tests.api import Answer, Api, fresh_key
from tests.factories import MADE, Person, Salon
from work import Work

BOOK = """
mutation ($input: BookAppointmentInput!) {
  bookAppointment(input: $input) {
    __typename
    ... on AppointmentBooked {
      replayed journalEntryId
      appointment {
        id version state startsAt endsAt localStart zone
        client { name phone maskedPhone } lines { price { amount currency } service { name } specialist { name } }
        location { name } createdBy { name } sale { id } payments { id }
      }
    }
    ... on SlotTaken { code alternatives { startsAt localStart } }
    ... on Forbidden { code capability reason decisionId hint }
    ... on UserError { code message path hint }
  }
}
"""
PEOPLE = {
    "hal": ("owner", "network"),
    "ana": ("administrator", "north"),
    "fay": ("marketer", "network"),
    "di": ("specialist", "network"),
    "jo": ("specialist", "north"),
}
MOVE = """
mutation ($input: RescheduleAppointmentInput!) {
  rescheduleAppointment(input: $input) {
    __typename
    ... on AppointmentRescheduled { appointment { id version startsAt lines { specialist { name } } } }
    ... on StaleVersion { current }
    ... on InvalidTransition { from: from to allowed }
    ... on UserError { code message path hint }
  }
}
"""
CANCEL = """
mutation ($input: CancelAppointmentInput!) {
  cancelAppointment(input: $input) {
    __typename
    ... on AppointmentCancelled { appointment { id version state late reason } }
    ... on UserError { code message path hint }
  }
}
"""
PAY = """
mutation ($input: CreatePaymentInput!) {
  createPayment(input: $input) {
    __typename
    ... on PaymentCreated { replayed payment { amount { amount currency } method takenBy { name } }
                            sale { paymentState remaining { amount } due { amount } } }
    ... on Overpayment { remaining { amount } }
    ... on UserError { code message path hint }
  }
}
"""


def tomorrow(hour: int, minute: int = 0) -> datetime:
    """An instant of tomorrow, given as the wall time of Athens in winter or an hour off in summer: only for order."""
    day = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    return day + timedelta(hours=hour, minutes=minute)


async def book(api: Api, salon: Salon, person: Person, starts_at: datetime, *, by: str = "di", key: str = "") -> Answer:
    """Book the haircut for the salon's client in the north."""
    return await api.ask(
        BOOK,
        person,
        input={
            "idempotencyKey": key or fresh_key(),
            "locationId": salon.north,
            "clientId": salon.client_id,
            "startsAt": starts_at,
            "lines": [{"serviceId": salon.service_id, "specialistId": salon[by].specialist_id}],
        },
    )


async def booked(api: Api, salon: Salon, starts_at: datetime) -> dict[str, object]:
    answer = (await book(api, salon, salon["ana"], starts_at)).data["bookAppointment"]
    assert answer["__typename"] == "AppointmentBooked"
    found: dict[str, object] = answer["appointment"]
    return found


async def count(remit: Remit, salon: Salon, sql: str) -> int:
    async with remit.host.database.read() as statements:
        await statements.execute("SELECT set_config('remit.network_id', $1, true)", str(salon.network_id))
        found: int = await statements.fetchval(sql)
        return found


async def change(remit: Remit, salon: Salon, sql: str, *arguments: object) -> None:
    """Change a row as a Work of the network would."""

    async def run(work: Work) -> None:
        await work.statements.execute(sql, *arguments)

    await remit.host.perform_as_system(salon.network_id, MADE, run)


async def pay(
    api: Api, salon: Salon, appointment_id: object, amount: int, currency: str = "EUR", *, key: str = ""
) -> dict[str, object]:
    """Take a payment in cash."""
    answer = await api.ask(
        PAY,
        salon["ana"],
        input={
            "idempotencyKey": key or fresh_key(),
            "appointmentId": appointment_id,
            "amount": {"amount": amount, "currency": currency},
            "method": "CASH",
        },
    )
    found: dict[str, object] = answer.data["createPayment"]
    return found
