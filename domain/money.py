"""Amounts of money: exact, in minor units, of one currency.

Order of evaluation for a computed amount: everything before is an exact rational; then one rounding, half away from
zero, to a multiple of the currency's unit. Floats never occur.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import total_ordering
from types import MappingProxyType

from errors import InvalidInput, UserError

LARGEST_AMOUNT = 2**53 - 1
"""The largest whole number that every JSON reader keeps exactly (RFC 8259, section 6)."""


class CurrencyMismatch(UserError):
    """Amounts of two currencies met in one document."""

    code = "CURRENCY_MISMATCH"
    hint = "Use one currency for the whole document."

    def __init__(self, expected: str, given: str, *, path: tuple[str | int, ...] = ()) -> None:
        super().__init__(f"An amount in {given} does not go with amounts in {expected}.", path=path)
        self.expected = expected
        self.given = given


class AmountNotInUnit(UserError):
    """The amount is not a multiple of the currency's unit, or not above 0 where it must be."""

    code = "AMOUNT_NOT_IN_UNIT"

    def __init__(self, amount: Money, *, path: tuple[str | int, ...] = ()) -> None:
        unit = Money(amount.definition.unit, amount.currency)
        super().__init__(
            f"{format_money(amount, 'en')} is not an amount that can be paid.",
            hint=f"Give a positive multiple of {format_money(unit, 'en')}.",
            path=path,
        )
        self.unit = unit


@dataclass(frozen=True, slots=True)
class Currency:
    """How a currency counts. `unit` and `cash_unit` are in minor units of ISO 4217."""

    code: str
    exponent: int
    unit: int
    cash_unit: int


CURRENCIES = MappingProxyType(
    {
        currency.code: currency
        for currency in (
            Currency("EUR", exponent=2, unit=1, cash_unit=1),
            Currency("USD", exponent=2, unit=1, cash_unit=1),
            Currency("CHF", exponent=2, unit=1, cash_unit=5),
            Currency("HUF", exponent=2, unit=100, cash_unit=500),
            Currency("CZK", exponent=2, unit=1, cash_unit=100),
            Currency("SEK", exponent=2, unit=1, cash_unit=100),
            Currency("JPY", exponent=0, unit=1, cash_unit=1),
            Currency("KRW", exponent=0, unit=1, cash_unit=1),
            Currency("KWD", exponent=3, unit=1, cash_unit=5),
        )
    }
)
"""Exponents are ISO 4217's. HUF is stored with two decimals, computed to whole forints and paid in cash to five
(Hungarian Act III of 2008)."""


def currency_of(code: str, *, path: tuple[str | int, ...] = ()) -> Currency:
    """The currency with this ISO 4217 code. Raises InvalidInput if Remit does not know it."""
    currency = CURRENCIES.get(code)
    if currency is None:
        hint = f"Use one of {', '.join(CURRENCIES)}."
        raise InvalidInput(f"Remit does not know the currency {code[:16]!r}.", hint=hint, path=path)
    return currency


@total_ordering
@dataclass(frozen=True, slots=True)
class Money:
    """An amount in minor units of ISO 4217: `Money(1500, "EUR")` is 15.00 EUR.

    Adding or ordering two currencies raises CurrencyMismatch; an unknown currency or an amount beyond
    LARGEST_AMOUNT raises InvalidInput.
    """

    amount: int
    currency: str

    def __post_init__(self) -> None:
        if type(self.amount) is not int:
            raise TypeError(f"an amount is an int of minor units, not {type(self.amount).__name__}")
        if abs(self.amount) > LARGEST_AMOUNT:
            raise InvalidInput("The amount is too large.", hint=f"Stay within {LARGEST_AMOUNT} minor units.")
        currency_of(self.currency)

    @property
    def definition(self) -> Currency:
        """How the amount's currency counts."""
        return CURRENCIES[self.currency]

    def __add__(self, other: Money) -> Money:
        return Money(self.amount + self._same_currency(other).amount, self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.amount - self._same_currency(other).amount, self.currency)

    def __neg__(self) -> Money:
        return Money(-self.amount, self.currency)

    def __lt__(self, other: Money) -> bool:
        return self.amount < self._same_currency(other).amount

    def _same_currency(self, other: Money) -> Money:
        if other.currency != self.currency:
            raise CurrencyMismatch(self.currency, other.currency)
        return other


def round_half_away(exact: Fraction | int, unit: int) -> int:
    """`exact` to the nearest multiple of `unit`; a half goes away from zero, so that `round(-x) = -round(x)`."""
    magnitude = (2 * abs(Fraction(exact)) + unit) // (2 * unit) * unit
    return magnitude if exact >= 0 else -magnitude


def computed_money(exact: Fraction | int, currency: str) -> Money:
    """A computed amount, in minor units before rounding, as a multiple of the currency's unit."""
    return Money(round_half_away(exact, currency_of(currency).unit), currency)


def cash_amount(money: Money, *, cash_unit: int | None = None) -> Money:
    """What is paid in cash for `money`. `cash_unit`: a location's own, in minor units, else the currency's."""
    unit = money.definition.cash_unit if cash_unit is None else cash_unit
    return Money(round_half_away(money.amount, unit), money.currency)


def require_payable(money: Money, *, path: tuple[str | int, ...] = ()) -> None:
    """Refuse an amount that nobody can pay: not above 0, or not a multiple of the unit. Raises AmountNotInUnit."""
    if money.amount <= 0 or money.amount % money.definition.unit:
        raise AmountNotInUnit(money, path=path)


def allocate(total: Money, weights: Sequence[int]) -> tuple[Money, ...]:
    """Split `total` by `weights` into multiples of its unit; the parts always add up to the total.

    Largest remainder (Hamilton's method), ties by order; all weights 0 split equally; a negative total is minus the
    allocation of the positive. Raises AmountNotInUnit if the total is no multiple of the unit, ValueError without
    weights or with a negative one.
    """
    if not weights or min(weights) < 0:
        raise ValueError("allocating takes at least one weight and no negative one")
    unit = total.definition.unit
    if total.amount % unit:
        raise AmountNotInUnit(total)
    sign = -1 if total.amount < 0 else 1
    counts = _largest_remainder(abs(total.amount) // unit, weights if any(weights) else [1] * len(weights))
    return tuple(Money(sign * count * unit, total.currency) for count in counts)


def _largest_remainder(units: int, weights: Sequence[int]) -> list[int]:
    whole = sum(weights)
    counts = [units * weight // whole for weight in weights]
    # sorted() is stable: of equal remainders the earlier line comes first.
    by_remainder = sorted(range(len(weights)), key=lambda line: -(units * weights[line] % whole))
    for line in by_remainder[: units - sum(counts)]:
        counts[line] += 1
    return counts


_SEPARATORS = MappingProxyType({"en": (",", "."), "hu": ("\N{NO-BREAK SPACE}", ","), "el": (".", ",")})
"""Between thousands, and before the decimals, by language."""


def format_money(money: Money, language: str) -> str:
    """The amount for people, with the currency's code: "15.00 EUR", "8 990 HUF"; exact in every case.

    Decimals that the currency does not use in life are left out while they are 0. An unknown language reads English.
    """
    thousands, point = _SEPARATORS.get(language, _SEPARATORS["en"])
    exponent, unit = money.definition.exponent, money.definition.unit
    whole, fraction = divmod(abs(money.amount), 10**exponent)
    sign = "-" if money.amount < 0 else ""
    digits = f"{whole:,}".replace(",", thousands)
    has_decimals = exponent > 0 and (unit < 10**exponent or fraction > 0)
    decimals = f"{point}{fraction:0{exponent}d}" if has_decimals else ""
    return f"{sign}{digits}{decimals} {money.currency}"
