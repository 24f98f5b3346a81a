"""What a sale is worth, what has come in for it, and what is left."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from domain.money import CurrencyMismatch, Money, require_payable
from errors import UserError


class PaymentState(StrEnum):
    """How far a sale is paid. Always derived, never stored."""

    UNPAID = "UNPAID"
    REFUNDED = "REFUNDED"
    OVERPAID = "OVERPAID"
    PAID = "PAID"
    PARTIALLY_REFUNDED = "PARTIALLY_REFUNDED"
    PARTIAL = "PARTIAL"


class PaymentMethod(StrEnum):
    """How money came."""

    CASH = "CASH"
    TERMINAL = "TERMINAL"
    ONLINE = "ONLINE"
    TRANSFER = "TRANSFER"
    OTHER = "OTHER"


class Overpayment(UserError):
    """The payment is above what remains. Change is the difference to what was tendered, not a payment."""

    code = "OVERPAYMENT"
    hint = "Take at most what remains; give back the rest as change."

    def __init__(self, remaining: Money, *, path: tuple[str | int, ...] = ()) -> None:
        super().__init__("The payment is higher than what remains to be paid.", path=path)
        self.remaining = remaining


@dataclass(frozen=True, slots=True)
class Settlement:
    """The three sums of a sale, in one currency: due by its lines, captured, and refunded of what was captured."""

    due: Money
    captured: Money
    refunded: Money

    def __post_init__(self) -> None:
        if self.refunded > self.captured:
            raise ValueError("no more is refunded than was captured")
        if self.refunded.amount < 0:
            raise ValueError("what was captured and refunded is never negative")

    @property
    def paid(self) -> Money:
        """What the business keeps of what came in."""
        return self.captured - self.refunded


def payment_state(settlement: Settlement) -> PaymentState:
    """The state of a sale's payment; the first that matches."""
    nothing = Money(0, settlement.due.currency)
    if settlement.captured == nothing and settlement.due > nothing:
        return PaymentState.UNPAID
    if settlement.captured > nothing and settlement.paid == nothing:
        return PaymentState.REFUNDED
    if settlement.paid > settlement.due:
        return PaymentState.OVERPAID
    if settlement.paid == settlement.due:
        return PaymentState.PAID
    if settlement.refunded > nothing:
        return PaymentState.PARTIALLY_REFUNDED
    return PaymentState.PARTIAL


def remaining_due(settlement: Settlement) -> Money:
    """What is still to be paid, never negative."""
    return max(settlement.due - settlement.paid, Money(0, settlement.due.currency))


def require_within_remaining(payment: Money, settlement: Settlement) -> None:
    """Refuse a payment that the sale cannot take. Raises CurrencyMismatch, AmountNotInUnit, Overpayment."""
    remaining = remaining_due(settlement)
    if payment.currency != remaining.currency:
        raise CurrencyMismatch(remaining.currency, payment.currency, path=("input", "amount", "currency"))
    require_payable(payment, path=("input", "amount", "amount"))
    if payment > remaining:
        raise Overpayment(remaining, path=("input", "amount"))
