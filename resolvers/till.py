"""Root fields of the topic `till`."""

from __future__ import annotations

from domain.money import Money
from domain.till import operations, reads
from execution.declaration import mutation
from execution.rows import shown
from policies.catalogue import Level
from schema.till import CreatePaymentInput, CreatePaymentResult, PaymentCreated
from work import Work


@mutation(event=operations.PAYMENT_CREATED, requires="payments:create", at=Level.LOCATION)
async def create_payment(work: Work, *, input: CreatePaymentInput) -> CreatePaymentResult:
    """Record a payment for an appointment."""
    payment = await operations.create_payment(
        work,
        operations.PaymentTaken(
            appointment_id=input.appointment_id,
            amount=Money(input.amount.amount, input.amount.currency),
            method=input.method.value,
            tendered=input.tendered,
        ),
        idempotency_key=input.idempotency_key,
    )
    sale = await reads.open_sale_of(work, input.appointment_id)
    return PaymentCreated(payment=shown(payment), sale=shown(sale), journal_entry_id=work.entry_id)
