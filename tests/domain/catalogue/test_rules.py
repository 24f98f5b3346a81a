"""Order of prices: booking.md 3.2."""

from __future__ import annotations

from datetime import date
from itertools import permutations
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.catalogue.rules import PriceMissing, ServicePrice, price_of_line
from domain.localtime import DateRange
from domain.money import Money

HERE, ELSEWHERE = UUID(int=1), UUID(int=2)
ANNA, OTHER = UUID(int=3), UUID(int=4)
ALWAYS = DateRange(None, None)
DAY = date(2026, 3, 2)


def price(
    amount: int, *, location: UUID | None = None, specialist: UUID | None = None, valid: DateRange = ALWAYS
) -> ServicePrice:
    """A price in whole euros."""
    return ServicePrice(Money(amount * 100, "EUR"), valid, location_id=location, specialist_id=specialist)


NETWORK = price(10)
LOCATION = price(20, location=HERE)
SPECIALIST = price(30, specialist=ANNA)
BOTH = price(40, location=HERE, specialist=ANNA)
STRANGE = [price(50, location=ELSEWHERE), price(60, specialist=OTHER), price(70, location=ELSEWHERE, specialist=ANNA)]
ENDED = DateRange(None, DAY)
NOT_YET = DateRange(date(2026, 3, 3), None)


def chosen(prices: list[ServicePrice]) -> ServicePrice:
    """The price of Anna's line here on the day."""
    return price_of_line(prices, location_id=HERE, specialist_id=ANNA, service_date=DAY)


@pytest.mark.parametrize(
    ("case", "prices", "expected"),
    [
        ("specialist at location before all", [NETWORK, LOCATION, SPECIALIST, BOTH], BOTH),
        ("specialist before location", [NETWORK, LOCATION, SPECIALIST], SPECIALIST),
        ("location before network", [NETWORK, LOCATION], LOCATION),
        ("network", [NETWORK, *STRANGE], NETWORK),
        ("a price that has ended is none", [NETWORK, price(40, location=HERE, specialist=ANNA, valid=ENDED)], NETWORK),
        ("a price of tomorrow is none", [NETWORK, price(20, location=HERE, valid=NOT_YET)], NETWORK),
        ("today's of two dated prices", [price(9, valid=ENDED), price(11, valid=DateRange(DAY, None))],
         price(11, valid=DateRange(DAY, None))),
    ],
)  # fmt: skip
def test_price_of_line(case: str, prices: list[ServicePrice], expected: ServicePrice) -> None:
    assert chosen(prices) == expected


def test_order_of_rows_does_not_matter() -> None:
    assert {chosen(list(rows)) for rows in permutations([NETWORK, LOCATION, SPECIALIST, BOTH])} == {BOTH}


@given(st.lists(st.sampled_from(STRANGE), unique=True))
def test_prices_of_others_do_not_matter(others: list[ServicePrice]) -> None:
    assert chosen([LOCATION, *others]) == LOCATION


def test_service_without_a_price_on_the_day_is_refused() -> None:
    with pytest.raises(PriceMissing) as refusal:
        chosen([*STRANGE, price(10, valid=ENDED)])

    assert refusal.value.code == "PRICE_MISSING"
    assert refusal.value.message == "The service has no price on 2026-03-02."
