"""Golden states of payment: money.md 4.2."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.money import AmountNotInUnit, CurrencyMismatch, Money
from domain.till.rules import (
    Overpayment,
    PaymentState,
    Settlement,
    payment_state,
    remaining_due,
    require_within_remaining,
)


def settlement(due: int, captured: int, refunded: int = 0) -> Settlement:
    """The sums of a sale in whole euros."""
    return Settlement(*(Money(euros * 100, "EUR") for euros in (due, captured, refunded)))


@pytest.mark.parametrize(
    ("case", "sums", "state", "remaining"),
    [
        ("nothing came in", settlement(55, 0), PaymentState.UNPAID, 55),
        ("all given back", settlement(55, 55, 55), PaymentState.REFUNDED, 55),
        ("lines were reduced", settlement(55, 60), PaymentState.OVERPAID, 0),
        ("all came in", settlement(55, 55), PaymentState.PAID, 0),
        ("nothing due", settlement(0, 0), PaymentState.PAID, 0),
        ("some given back", settlement(55, 55, 15), PaymentState.PARTIALLY_REFUNDED, 15),
        ("some came in", settlement(55, 20), PaymentState.PARTIAL, 35),
        ("nothing due any more, all given back", settlement(0, 55, 55), PaymentState.REFUNDED, 0),
        ("too much came in and was given back", settlement(55, 60, 5), PaymentState.PAID, 0),
        ("reversal", settlement(-55, 0), PaymentState.OVERPAID, 0),
    ],
)
def test_payment_state(case: str, sums: Settlement, state: PaymentState, remaining: int) -> None:
    assert payment_state(sums) is state
    assert remaining_due(sums) == Money(remaining * 100, "EUR")


@given(st.integers(0, 200), st.integers(0, 200), st.data())
def test_remaining_and_state_agree(due: int, captured: int, data: st.DataObject) -> None:
    sums = settlement(due, captured, data.draw(st.integers(0, captured)))

    is_settled = payment_state(sums) in {PaymentState.PAID, PaymentState.OVERPAID}

    assert is_settled == (remaining_due(sums) == Money(0, "EUR")) or payment_state(sums) is PaymentState.REFUNDED
    assert sums.paid + remaining_due(sums) >= sums.due


@pytest.mark.parametrize(
    ("captured", "refunded", "message"), [(10, 11, "no more is refunded"), (-2, -3, "never negative")]
)
def test_impossible_sums_are_a_programming_error(captured: int, refunded: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        settlement(55, captured, refunded)


def test_payment_up_to_what_remains_is_taken() -> None:
    require_within_remaining(Money(3500, "EUR"), settlement(55, 20))


def test_payment_above_what_remains_is_refused_with_the_rest() -> None:
    with pytest.raises(Overpayment) as refusal:
        require_within_remaining(Money(3501, "EUR"), settlement(55, 20))

    assert (refusal.value.code, refusal.value.remaining) == ("OVERPAYMENT", Money(3500, "EUR"))


def test_payment_of_nothing_or_in_another_currency_is_refused() -> None:
    with pytest.raises(AmountNotInUnit):
        require_within_remaining(Money(0, "EUR"), settlement(55, 20))
    with pytest.raises(CurrencyMismatch):
        require_within_remaining(Money(3500, "HUF"), settlement(55, 20))


def test_sums_of_two_currencies_have_no_state() -> None:
    sums = Settlement(Money(55, "EUR"), Money(0, "USD"), Money(0, "USD"))

    with pytest.raises(CurrencyMismatch):
        payment_state(sums)
    with pytest.raises(CurrencyMismatch):
        remaining_due(sums)
