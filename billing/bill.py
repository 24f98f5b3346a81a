"""What seats cost: quantities, the bill of a period, its proration, and what people agree to. Pure.

Seats of a kind become the quantity that is charged; a change of quantity is estimated as Stripe would prorate it.
Money is in minor units; instants carry a time zone.
"""

from __future__ import annotations

from calendar import monthrange
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Final

from billing.rules import ADMINISTRATOR, BILLABLE, SPECIALIST, Seat, SeatChange, SeatPolicy
from remit.plugin import canonical_json

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Interval(StrEnum):
    """How long a plan's period is."""

    MONTH = "month"
    YEAR = "year"

    @property
    def months(self) -> int:
        """Calendar months of one period."""
        return 1 if self is Interval.MONTH else 12


@dataclass(frozen=True, slots=True)
class PlanPrice:
    """What one seat of a kind costs a period, how many are included, and the least quantity that is charged."""

    kind: str
    unit_amount: int
    lookup_key: str
    included: int = 0
    min_quantity: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """An offer: prices, the seat policy that it is sold under, and limits (`max_free_owners` None: unlimited)."""

    code: str
    currency: str
    interval: Interval
    policy_code: str
    policy_version: int
    prices: tuple[PlanPrice, ...]
    max_free_owners: int | None = None
    trial_days: int = 14


STANDARD_MONTH: Final = Plan(
    code="standard-month",
    currency="EUR",
    interval=Interval.MONTH,
    policy_code="seats-2025-03",
    policy_version=1,
    # The terms of 2025 have administrators paid for "just the same" as specialists; two prices let a plan differ.
    prices=(
        PlanPrice(SPECIALIST, 15_00, "standard-month-specialist"),
        PlanPrice(ADMINISTRATOR, 15_00, "standard-month-administrator"),
    ),
)
STANDARD_YEAR: Final = replace(
    STANDARD_MONTH,
    code="standard-year",
    interval=Interval.YEAR,
    prices=(
        PlanPrice(SPECIALIST, 150_00, "standard-year-specialist"),
        PlanPrice(ADMINISTRATOR, 150_00, "standard-year-administrator"),
    ),
)


@dataclass(frozen=True, slots=True)
class BillLine:
    """One kind of the bill of a full period: seats counted, quantity charged and its money."""

    kind: str
    seats: int
    included: int
    quantity: int
    unit_amount: int
    is_overridden: bool = False

    @property
    def per_period(self) -> int:
        """Money of a full period."""
        return self.quantity * self.unit_amount


def quantity(price: PlanPrice, seats: int) -> int:
    """The quantity that is charged for this many seats."""
    return max(price.min_quantity, seats - price.included, 0)


def unpriced_kinds(plan: Plan, policy: SeatPolicy) -> frozenset[str]:
    """Kinds that the policy can bill and the plan has no price for: the two cannot be offered together."""
    billed = {line.kind for line in policy.lines if line.outcome == BILLABLE}
    return frozenset(billed - {price.kind for price in plan.prices})


def bill_lines(
    plan: Plan, seats: Iterable[Seat], *, overrides: Mapping[str, int] | None = None
) -> tuple[BillLine, ...]:
    """The bill of a full period, a line for each kind of the plan. An override replaces a kind's quantity.

    Raises ValueError for a seat of a kind that the plan does not price.
    """
    counts = Counter(seat.kind for seat in seats)
    unpriced = counts.keys() - {price.kind for price in plan.prices}
    if unpriced:
        raise ValueError(f"{plan.code} has no price for {', '.join(sorted(unpriced))}")
    return tuple(_bill_line(price, counts[price.kind], (overrides or {}).get(price.kind)) for price in plan.prices)


def _bill_line(price: PlanPrice, seats: int, override: int | None) -> BillLine:
    charged = quantity(price, seats) if override is None else override
    return BillLine(price.kind, seats, price.included, charged, price.unit_amount, is_overridden=override is not None)


@dataclass(frozen=True, slots=True)
class Period:
    """A half-open stretch of time, `[start, end)`. Raises ValueError when it does not end after it starts."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.end <= self.start:
            raise ValueError("a period ends after it starts")


@dataclass(frozen=True, slots=True)
class QuantityChange:
    """A change of one kind's quantity at a price."""

    kind: str
    unit_amount: int
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class EstimateLine:
    """A credit (negative) or a charge for a quantity of a kind over the rest of the period."""

    kind: str
    quantity: int
    amount: int


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a change adds to the next invoice and to each later one, without tax and discounts; both are signed."""

    lines: tuple[EstimateLine, ...]
    on_next_invoice: int
    per_period: int


def quantity_changes(before: Iterable[BillLine], after: Iterable[BillLine]) -> tuple[QuantityChange, ...]:
    """The kinds whose quantity differs between two bills of one plan, in the plan's order."""
    quantities = {line.kind: line.quantity for line in before}
    return tuple(
        QuantityChange(line.kind, line.unit_amount, quantities.get(line.kind, 0), line.quantity)
        for line in after
        if quantities.get(line.kind, 0) != line.quantity
    )


def estimate(period: Period, at: datetime, changes: Iterable[QuantityChange]) -> Estimate:
    """The money of changes at an instant, prorated by the second as Stripe does: the old quantity back, the new one on.

    `at` is clamped into the period. Each line is rounded for itself, and a quantity of zero has none.
    """
    changes = tuple(changes)
    lines = tuple(line for change in changes for line in _estimate_lines(period, at, change))
    per_period = sum(change.unit_amount * (change.after - change.before) for change in changes)
    return Estimate(lines, sum(line.amount for line in lines), per_period)


def _estimate_lines(period: Period, at: datetime, change: QuantityChange) -> Iterator[EstimateLine]:
    if change.before:
        amount = -prorated(change.unit_amount * change.before, period, at)
        yield EstimateLine(change.kind, change.before, amount)
    if change.after:
        yield EstimateLine(change.kind, change.after, prorated(change.unit_amount * change.after, period, at))


def prorated(amount: int, period: Period, at: datetime) -> int:
    """The part of a full period's amount that falls on its rest after `at`, half a minor unit away from zero.

    Raises ValueError for a negative amount or a naive instant.
    """
    if amount < 0:
        raise ValueError("amounts are prorated without their sign")
    start, end = _second(period.start), _second(period.end)
    rest = end - min(max(_second(at), start), end)
    return _half_up(amount * rest, end - start)


def _second(instant: datetime) -> int:
    if instant.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    return (instant - EPOCH) // timedelta(seconds=1)


def _half_up(dividend: int, divisor: int) -> int:
    return (2 * dividend + divisor) // (2 * divisor)


def boundary(anchor: datetime, interval: Interval, count: int) -> datetime:
    """The `count`-th boundary of local periods: counted from the anchor, its day clamped to the month's length.

    Counted from the anchor and not from the boundary before it, so that a 31st which met February is a 31st again.
    """
    months = anchor.year * 12 + anchor.month - 1 + count * interval.months
    year, month = divmod(months, 12)
    return anchor.replace(year=year, month=month + 1, day=min(anchor.day, monthrange(year, month + 1)[1]))


def local_period(anchor: datetime, interval: Interval, at: datetime) -> Period:
    """The period that an instant falls in, counted without Stripe in the anchor's time zone."""
    local = at.astimezone(anchor.tzinfo)
    months = (local.year - anchor.year) * 12 + local.month - anchor.month
    count = months // interval.months
    # The calendar says the month; the day and the hour say whether its boundary has been reached.
    if at < boundary(anchor, interval, count):
        count -= 1
    return Period(boundary(anchor, interval, count), boundary(anchor, interval, count + 1))


def statement_parts(amount: int, seat_seconds: Mapping[str, int]) -> dict[str, int]:
    """Divide an invoice line over specialists by the seconds of their seats; the parts sum to the line.

    Largest remainder, ties by specialist id. A credit is divided as its charge would be.
    Raises ValueError when there are no seconds to divide by.
    """
    total = sum(seat_seconds.values())
    if total <= 0:
        raise ValueError("an invoice line is divided over at least one second of a seat")
    size, sign = abs(amount), -1 if amount < 0 else 1
    shares = {person: divmod(size * seconds, total) for person, seconds in seat_seconds.items()}
    left = size - sum(whole for whole, _ in shares.values())
    by_remainder = sorted(shares, key=lambda person: (-shares[person][1], person))
    rounded_up = frozenset(by_remainder[:left])
    return {person: sign * (whole + (person in rounded_up)) for person, (whole, _) in sorted(shares.items())}


@dataclass(frozen=True, slots=True)
class SeatAgreement:
    """What people agree to when a change of policy moves seats.

    Prorated money is left out on purpose: it changes every second, and every consent would fail. A person created by
    the change is `created:1`, `created:2`, ... in the order of the input.
    """

    account: str
    policy_code: str
    policy_version: int
    policy_digest: str
    plan: str
    changes: tuple[SeatChange, ...]
    quantity_changes: tuple[QuantityChange, ...]
    guard: str

    @property
    def per_period(self) -> int:
        """The recurring change of the bill, signed."""
        return sum(change.unit_amount * (change.after - change.before) for change in self.quantity_changes)


def agreement_digest(agreement: SeatAgreement) -> str:
    """SHA-256 of the agreement's canonical JSON (RFC 8785), in hexadecimal: what a consent binds."""
    agreed = {
        "account": agreement.account,
        "policy": [agreement.policy_code, agreement.policy_version, agreement.policy_digest],
        "plan": agreement.plan,
        "delta": [
            [change.person, change.scope, change.kind_before, change.kind_after]
            for change in sorted(agreement.changes, key=lambda change: (change.person, change.scope))
        ],
        "quantities": {change.kind: change.after - change.before for change in agreement.quantity_changes},
        "per_period": agreement.per_period,
        "guard": agreement.guard,
    }
    return sha256(canonical_json(agreed)).hexdigest()
