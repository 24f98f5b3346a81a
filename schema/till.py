"""Types of the topic `till`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

import strawberry

from domain import money
from domain.team import reads as team
from domain.till import reads, rules
from execution import declaration as remit
from schema.errors import BusyTryAgain, Forbidden, IdempotencyMismatch, InvalidInput, NotFound, UserError
from schema.money import AmountNotInUnit, Money, MoneyInput
from schema.scalars import MinorUnits
from schema.team import Specialist

strawberry.enum(rules.PaymentMethod, description="How money came.")
strawberry.enum(rules.PaymentState, description="How far a sale is paid; derived, never stored.")


@remit.type(row=reads.PaymentRow)
class Payment:
    """Money that came for an appointment."""

    id: UUID
    method: str
    captured_at: datetime
    taken_by: Specialist = remit.relation(team.specialists_by_id, key="taken_by")
    amount: Money = remit.computed(reads.paid_amount, reads=("amount", "currency"), description="What was paid.")
    refunded: Money = remit.computed(
        reads.refunded_amount, reads=("refunded", "currency"), description="What of it was given back."
    )


@remit.type(row=reads.SaleRow)
class Sale:
    """What is owed for an appointment, and how far it is paid."""

    id: UUID
    state: str = strawberry.field(description="OPEN or CLOSED.")
    due: Money = remit.computed(lambda sale: reads.settlement_of(sale).due, description="The sum of its lines.")
    remaining: Money = remit.computed(
        lambda sale: rules.remaining_due(reads.settlement_of(sale)), description="What is still to be paid."
    )
    payment_state: rules.PaymentState = remit.computed(
        lambda sale: rules.payment_state(reads.settlement_of(sale)), description="How far it is paid."
    )


@remit.type(row=rules.Overpayment)
class Overpayment(UserError):
    """The payment is higher than what remains."""

    remaining: Money


@remit.type(row=money.CurrencyMismatch)
class CurrencyMismatch(UserError):
    """Another currency than the sale's."""


@strawberry.input(description="Money that came for an appointment.")
class CreatePaymentInput:
    """Money that came for an appointment."""

    idempotency_key: str = strawberry.field(description="A fresh random UUID for each intention of a person.")
    appointment_id: UUID
    amount: MoneyInput
    method: rules.PaymentMethod
    tendered: MinorUnits | None = strawberry.field(
        default=None, description="What was handed over in cash, at least the amount; the rest is change."
    )


@remit.type()
class PaymentCreated:
    """The payment is recorded."""

    payment: Payment
    sale: Sale
    replayed: bool = strawberry.field(description="Whether an earlier request with the same key had recorded it.")
    journal_entry_id: UUID


CreatePaymentResult = Annotated[
    PaymentCreated
    | Overpayment
    | CurrencyMismatch
    | AmountNotInUnit
    | IdempotencyMismatch
    | InvalidInput
    | NotFound
    | Forbidden
    | BusyTryAgain,
    strawberry.union("CreatePaymentResult", description="The payment, or why not."),
]
