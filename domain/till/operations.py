"""Taking payments. A sale opens with the first payment of its appointment and copies the appointment's lines."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from asyncpg import Record
from uuid_utils.compat import uuid7

from audit.entries import Area, EventType
from domain import idempotency
from domain.booking import reads as booking
from domain.money import CurrencyMismatch, Money
from domain.till import reads
from domain.till.models import Payment, Sale, SaleLine
from domain.till.rules import Settlement, require_within_remaining
from errors import InvalidInput, NotFound
from work import Work

PAYMENT_CREATED = EventType("payment.created", Area.DATA_CHANGES)

METHODS = frozenset({"CASH", "TERMINAL", "ONLINE", "TRANSFER", "OTHER"})
LOCK_APPOINTMENT = "SELECT id FROM appointments WHERE network_id = $1 AND id = $2 FOR UPDATE"


@dataclass(frozen=True, slots=True)
class PaymentTaken:
    """Money that came for an appointment; `tendered` is what was handed over in cash, at least the amount."""

    appointment_id: UUID
    amount: Money
    method: str
    tendered: int | None = None


async def create_payment(work: Work, taken: PaymentTaken, *, idempotency_key: str) -> reads.PaymentRow:
    """Record a payment for an appointment. Raises NotFound, Forbidden, InvalidInput, CurrencyMismatch,
    AmountNotInUnit, Overpayment, IdempotencyMismatch.
    """
    appointment = await booking.appointment(work, taken.appointment_id)
    work.viewer.require("payments:create", at=appointment["location_id"], of=_facts(appointment, taken.amount))
    claim = await idempotency.claim(work, key=idempotency_key, operation="createPayment", request=taken)
    if claim.first_result is not None:
        return await _payment(work, claim.first_result)
    _check(taken)
    # Two payments of one visit at once: the second must see the first, or both would fit into what remains.
    await work.statements.execute(LOCK_APPOINTMENT, work.network_id, taken.appointment_id)
    sale, settlement = await _open_sale(work, appointment)
    if settlement.due.currency != taken.amount.currency:
        raise CurrencyMismatch(settlement.due.currency, taken.amount.currency, path=("input", "amount", "currency"))
    require_within_remaining(taken.amount, settlement)
    made = await Payment.create(
        network_id=work.network_id,
        sale_id=sale,
        method=taken.method,
        amount=taken.amount.amount,
        tendered=taken.tendered,
        captured_at=work.at,
        taken_by=work.viewer.specialist_id,
    )
    await claim.keep(work, made.id)
    work.touches("payment", made.id, location_id=appointment["location_id"])
    work.touches("appointment", taken.appointment_id)
    return await _payment(work, made.id)


def _facts(appointment: Record, amount: Money) -> dict[str, object]:
    return {
        "specialist_id": appointment["specialist_id"],
        "service_date": appointment["starts_at"],
        "amount": amount,
    }


def _check(taken: PaymentTaken) -> None:
    if taken.method not in METHODS:
        raise InvalidInput("This method of payment is not offered.", path=("input", "method"))
    if taken.amount.amount <= 0:
        raise InvalidInput("A payment is more than zero.", path=("input", "amount"))
    if taken.tendered is not None and taken.tendered < taken.amount.amount:
        raise InvalidInput("Less was handed over than is to be paid.", path=("input", "tendered"))


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


async def _payment(work: Work, payment_id: UUID) -> reads.PaymentRow:
    row = await reads.payment(work, payment_id)
    if row is None:
        raise NotFound
    return row
