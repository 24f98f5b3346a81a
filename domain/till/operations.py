"""Taking payments. A sale opens with the first payment of its appointment and copies the appointment's lines."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from asyncpg import Record
from uuid_utils.compat import uuid7

from audit.entries import Area, EventType
from domain import idempotency
from domain.booking import reads as booking
from domain.booking.rules import AppointmentState
from domain.money import Money
from domain.till import reads
from domain.till.models import Payment, Sale, SaleLine
from domain.till.rules import PaymentMethod, Settlement, require_within_remaining
from errors import InvalidInput
from work import Work

PAYMENT_CREATED = EventType("payment.created", Area.DATA_CHANGES)

NOTHING_OWED = frozenset({AppointmentState.CANCELLED, AppointmentState.DECLINED, AppointmentState.EXPIRED})
"""States in which a visit will not be, so that nothing is owed for it."""


@dataclass(frozen=True, slots=True)
class PaymentTaken:
    """Money that came for an appointment; `tendered` is what was handed over in cash, at least the amount."""

    appointment_id: UUID
    amount: Money
    method: PaymentMethod
    tendered: int | None = None


@dataclass(frozen=True, slots=True)
class Recorded:
    """The payment's row and its sale's; `replayed` where an earlier request with the same key had recorded it."""

    payment: reads.PaymentRow
    sale: reads.SaleRow
    replayed: bool = False


async def create_payment(work: Work, taken: PaymentTaken, *, idempotency_key: str) -> Recorded:
    """Record a payment for an appointment. Raises NotFound, Forbidden, InvalidInput, CurrencyMismatch,
    AmountNotInUnit, Overpayment, IdempotencyMismatch.
    """
    seen = await booking.appointment(work, taken.appointment_id)
    work.touches("appointment", taken.appointment_id, location_id=seen["location_id"])
    work.require("payments:create", at=seen["location_id"], of=reads.facts_of(seen, amount=taken.amount))
    claim = await idempotency.claim(work, key=idempotency_key, operation="createPayment", request=taken)
    if claim.first_result is not None:
        return await _recorded(work, claim.first_result, replayed=True)
    _check_tendered(taken)
    # Two payments of one visit at once: the second must see the first, or both would fit into what remains.
    appointment = await booking.locked_appointment(work, taken.appointment_id)
    _require_owed(booking.state_of(appointment))
    sale_id, settlement = await _open_sale(work, appointment)
    require_within_remaining(taken.amount, settlement)
    made = await Payment.create(
        network_id=work.network_id,
        sale_id=sale_id,
        method=taken.method.value,
        amount=taken.amount.amount,
        tendered=taken.tendered,
        captured_at=work.at,
        taken_by=work.viewer.specialist_id,
    )
    await claim.keep(work, made.id)
    return await _recorded(work, made.id)


def _check_tendered(taken: PaymentTaken) -> None:
    if taken.tendered is None:
        return
    if taken.method is not PaymentMethod.CASH:
        hint = "Leave `tendered` out, or say that it was CASH."
        raise InvalidInput("Only cash is handed over.", hint=hint, path=("input", "tendered"))
    if taken.tendered < taken.amount.amount:
        hint = "Give what was handed over, or pay a part."
        raise InvalidInput("Less was handed over than is to be paid.", hint=hint, path=("input", "tendered"))


def _require_owed(state: AppointmentState) -> None:
    if state in NOTHING_OWED:
        raise InvalidInput(
            f"Nothing is owed for an appointment that is {state}.",
            hint="Book the visit anew and take the payment for that.",
            path=("input", "appointmentId"),
        )


async def _open_sale(work: Work, appointment: Record) -> tuple[UUID, Settlement]:
    """The open sale of the appointment and its sums, opened now if there is none."""
    sale = await reads.open_sale_of(work, appointment["id"])
    if sale is not None:
        return sale["id"], reads.settlement_of(sale)
    lines = await booking.lines_of(work, appointment["id"])
    currency = lines[0]["currency"]
    opened = await Sale.create(
        network_id=work.network_id,
        location_id=appointment["location_id"],
        appointment_id=appointment["id"],
        currency=currency,
        opened_at=work.at,
    )
    await SaleLine.bulk_create(
        SaleLine(
            id=uuid7(),
            network_id=work.network_id,
            sale_id=opened.id,
            position=line["position"],
            kind="SERVICE",
            appointment_line_id=line["id"],
            served_by=line["specialist_id"],
            amount=line["amount"],
        )
        for line in lines
    )
    nothing = Money(0, currency)
    due = Money(sum(line["amount"] for line in lines), currency)
    return opened.id, Settlement(due=due, captured=nothing, refunded=nothing)


async def _recorded(work: Work, payment_id: UUID, *, replayed: bool = False) -> Recorded:
    payment = await reads.payment(work, payment_id)
    sale = await reads.sale(work, payment["sale_id"])
    work.touches("payment", payment_id)
    return Recorded(payment, sale, replayed=replayed)
