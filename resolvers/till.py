"""Root fields of the topic `till`."""

from __future__ import annotations

from domain.money import Money, currency_of
from domain.till import operations
from execution.declaration import mutation
from execution.rows import shown
from policies.catalogue import Level
from schema.till import CreatePaymentInput, CreatePaymentResult, PaymentCreated
from work import Work


@mutation(event=operations.PAYMENT_CREATED, requires="payments:create", at=Level.LOCATION)
async def create_payment(work: Work, *, input: CreatePaymentInput) -> CreatePaymentResult:
    """Record a payment for an appointment."""
    currency = currency_of(input.amount.currency, path=("input", "amount", "currency"))
    recorded = await operations.create_payment(
        work,
        operations.PaymentTaken(
            appointment_id=input.appointment_id,
            amount=Money(input.amount.amount, currency.code),
            method=input.method,
            tendered=input.tendered,
        ),
        idempotency_key=input.idempotency_key,
    )
    return PaymentCreated(
        payment=shown(recorded.payment),
        sale=shown(recorded.sale),
        replayed=recorded.replayed,
        journal_entry_id=work.entry_id,
    )
