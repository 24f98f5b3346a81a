"""Golden numbers: money.md 3.1 and 4.1."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.money import (
    CURRENCIES,
    LARGEST_AMOUNT,
    AmountNotInUnit,
    Currency,
    CurrencyMismatch,
    Money,
    allocate,
    cash_amount,
    computed_money,
    currency_of,
    format_money,
    require_payable,
    round_half_away,
)
from errors import InvalidInput

weights = st.lists(st.integers(0, 10_000), min_size=1, max_size=20)


def test_currency_table_is_that_of_the_specification() -> None:
    assert set(CURRENCIES.values()) == {
        Currency("EUR", 2, 1, 1),
        Currency("USD", 2, 1, 1),
        Currency("CHF", 2, 1, 5),
        Currency("HUF", 2, 100, 500),
        Currency("CZK", 2, 1, 100),
        Currency("SEK", 2, 1, 100),
        Currency("JPY", 0, 1, 1),
        Currency("KRW", 0, 1, 1),
        Currency("KWD", 3, 1, 5),
    }


def test_unknown_currency_is_refused_with_the_known_ones() -> None:
    with pytest.raises(InvalidInput) as refusal:
        currency_of("XYZ")

    assert refusal.value.message == "Remit does not know the currency 'XYZ'."
    assert refusal.value.hint == "Use one of EUR, USD, CHF, HUF, CZK, SEK, JPY, KRW, KWD."


def test_amounts_of_one_currency_add_subtract_negate_and_order() -> None:
    assert Money(1500, "EUR") + Money(250, "EUR") == Money(1750, "EUR")
    assert Money(1500, "EUR") - Money(2000, "EUR") == Money(-500, "EUR")
    assert -Money(1500, "EUR") == Money(-1500, "EUR")
    assert Money(1, "EUR") < Money(2, "EUR") <= Money(2, "EUR")
    assert max(Money(3, "EUR"), Money(1, "EUR")) == Money(3, "EUR")


@pytest.mark.parametrize(
    "operation",
    [
        pytest.param(lambda a, b: a + b, id="add"),
        pytest.param(lambda a, b: a - b, id="subtract"),
        pytest.param(lambda a, b: a < b, id="less"),
        pytest.param(lambda a, b: a >= b, id="at least"),
    ],
)
def test_two_currencies_never_meet(operation: Callable[[Money, Money], object]) -> None:
    with pytest.raises(CurrencyMismatch) as refusal:
        operation(Money(1, "EUR"), Money(1, "HUF"))

    assert (refusal.value.code, refusal.value.expected, refusal.value.given) == ("CURRENCY_MISMATCH", "EUR", "HUF")


def test_equal_amounts_of_two_currencies_are_not_equal() -> None:
    assert Money(1, "EUR") != Money(1, "USD")


@pytest.mark.parametrize("amount", [1.0, True, "1"])
def test_amount_of_another_type_is_a_programming_error(amount: int) -> None:
    with pytest.raises(TypeError):
        Money(amount, "EUR")


def test_amount_beyond_what_json_keeps_is_refused() -> None:
    assert Money(LARGEST_AMOUNT, "EUR").amount == 9_007_199_254_740_991

    for amount in (LARGEST_AMOUNT + 1, -LARGEST_AMOUNT - 1):
        with pytest.raises(InvalidInput):
            Money(amount, "EUR")


@pytest.mark.parametrize(
    ("case", "total", "shares", "parts"),
    [
        ("equal weights, remainder to the first", Money(1000, "EUR"), (3333, 3333, 3333), (334, 333, 333)),
        ("a hundred in three", Money(100, "EUR"), (1, 1, 1), (34, 33, 33)),
        ("largest remainder", Money(500, "EUR"), (1990, 990, 20), (332, 165, 3)),
        ("negative total", Money(-100, "EUR"), (1, 1, 1), (-34, -33, -33)),
        ("weight of nothing", Money(7, "EUR"), (0, 3, 4), (0, 3, 4)),
        ("whole forints", Money(70_000, "HUF"), (1000, 1000, 999), (23_400, 23_300, 23_300)),
        ("all weights nothing: equally", Money(100, "EUR"), (0, 0, 0), (34, 33, 33)),
        ("nothing to split", Money(0, "EUR"), (1, 2), (0, 0)),
    ],
)
def test_allocation(case: str, total: Money, shares: tuple[int, ...], parts: tuple[int, ...]) -> None:
    assert allocate(total, shares) == tuple(Money(part, total.currency) for part in parts)


@given(st.integers(-(10**9), 10**9), weights)
def test_allocation_conserves_the_sum_and_stays_within_one_unit_of_exact(units: int, shares: list[int]) -> None:
    for currency in ("EUR", "HUF"):
        unit = CURRENCIES[currency].unit
        total = Money(units * unit, currency)

        parts = [part.amount for part in allocate(total, shares)]

        even = shares if any(shares) else [1] * len(shares)
        assert sum(parts) == total.amount
        assert all(part % unit == 0 for part in parts)
        assert all(
            abs(part - Fraction(total.amount * share, sum(even))) < unit
            for part, share in zip(parts, even, strict=True)
        )


@given(st.integers(0, 10**9), weights)
def test_allocation_keeps_the_order_of_equal_weights_and_mirrors_a_negative_total(
    total: int, shares: list[int]
) -> None:
    parts = [part.amount for part in allocate(Money(total, "EUR"), shares)]
    negative = [part.amount for part in allocate(Money(-total, "EUR"), shares)]

    assert negative == [-part for part in parts]
    assert all(parts[i] >= parts[j] for j in range(len(parts)) for i in range(j) if shares[i] == shares[j])


@pytest.mark.parametrize("shares", [(), (1, -1)])
def test_allocation_without_weights_or_with_negative_ones_is_a_programming_error(shares: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="at least one weight"):
        allocate(Money(100, "EUR"), shares)


def test_allocation_of_half_a_forint_is_refused() -> None:
    with pytest.raises(AmountNotInUnit):
        allocate(Money(70_050, "HUF"), (1, 1))


@pytest.mark.parametrize(
    ("case", "exact", "currency", "rounded"),
    [
        ("tax in 150.00 at 27 %", Fraction(15_000 * 270_000, 1_270_000), "EUR", 3189),
        ("tax in 150.00 at 24 %", Fraction(15_000 * 240_000, 1_240_000), "EUR", 2903),
        ("tax in 150.00 at 5 %", Fraction(15_000 * 50_000, 1_050_000), "EUR", 714),
        ("tax in 150.00 at 0 %", Fraction(0), "EUR", 0),
        ("tax on 19.99 at 8.875 %", Fraction(1999 * 88_750, 1_000_000), "USD", 177),
        ("tax in 8 990 Ft at 27 %", Fraction(899_000 * 270_000, 1_270_000), "HUF", 191_100),
        ("a half goes up", Fraction(5, 2), "EUR", 3),
        ("a negative half goes down", Fraction(-5, 2), "EUR", -3),
        ("half a forint", Fraction(50), "HUF", 100),
    ],
)
def test_computed_amount_is_rounded_once_to_the_unit(case: str, exact: Fraction, currency: str, rounded: int) -> None:
    assert computed_money(exact, currency) == Money(rounded, currency)


@given(st.fractions(min_value=-(10**9), max_value=10**9), st.sampled_from([1, 5, 100, 500]))
def test_rounding_is_symmetric_and_within_half_a_unit(exact: Fraction, unit: int) -> None:
    rounded = round_half_away(exact, unit)

    assert rounded % unit == 0
    assert abs(exact - rounded) <= Fraction(unit, 2)
    assert abs(rounded) >= abs(exact) or abs(exact - rounded) < Fraction(unit, 2)
    assert round_half_away(-exact, unit) == -rounded


@pytest.mark.parametrize(
    ("case", "owed", "paid"),
    [
        ("8 992 Ft", Money(899_200, "HUF"), 899_000),
        ("8 993 Ft", Money(899_300, "HUF"), 899_500),
        ("8 997 Ft", Money(899_700, "HUF"), 899_500),
        ("what a card left of 8 992 Ft", Money(399_200, "HUF"), 399_000),
        ("refund of 8 992 Ft", Money(-899_200, "HUF"), -899_000),
        ("CHF 10.02", Money(1002, "CHF"), 1000),
        ("CHF 10.03", Money(1003, "CHF"), 1005),
        ("EUR has cents", Money(1003, "EUR"), 1003),
    ],
)
def test_cash_amount(case: str, owed: Money, paid: int) -> None:
    assert cash_amount(owed) == Money(paid, owed.currency)


def test_cash_amount_by_the_location_s_own_unit() -> None:
    assert cash_amount(Money(1003, "EUR"), cash_unit=5) == Money(1005, "EUR")


@pytest.mark.parametrize("money", [Money(0, "EUR"), Money(-100, "EUR"), Money(150, "HUF")])
def test_amount_that_nobody_can_pay_is_refused(money: Money) -> None:
    with pytest.raises(AmountNotInUnit) as refusal:
        require_payable(money)

    assert refusal.value.code == "AMOUNT_NOT_IN_UNIT"
    assert refusal.value.unit == Money(CURRENCIES[money.currency].unit, money.currency)


def test_amount_in_whole_units_can_be_paid() -> None:
    require_payable(Money(1, "EUR"))
    require_payable(Money(100, "HUF"))


@pytest.mark.parametrize(
    ("case", "money", "language", "text"),
    [
        ("two decimals", Money(1500, "EUR"), "en", "15.00 EUR"),
        ("negative cents", Money(-5, "EUR"), "en", "-0.05 EUR"),
        ("thousands", Money(123_456_789, "EUR"), "en", "1,234,567.89 EUR"),
        ("Hungarian", Money(123_456_789, "EUR"), "hu", "1\xa0234\xa0567,89 EUR"),
        ("Greek", Money(123_456_789, "EUR"), "el", "1.234.567,89 EUR"),
        ("whole forints", Money(899_000, "HUF"), "hu", "8\xa0990 HUF"),
        ("a forint and a half, exactly", Money(150, "HUF"), "hu", "1,50 HUF"),
        ("no decimals", Money(1500, "JPY"), "en", "1,500 JPY"),
        ("three decimals", Money(1500, "KWD"), "en", "1.500 KWD"),
        ("unknown language", Money(1500, "EUR"), "xx", "15.00 EUR"),
    ],
)
def test_money_for_people(case: str, money: Money, language: str, text: str) -> None:
    assert format_money(money, language) == text
