"""What was paid for a visit: the sale that copies its lines, and the money that came for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from random import Random
from uuid import UUID

from demo import rows
from demo.ids import Path, demo_id
from domain.money import Money, cash_amount, computed_money

SETTLEMENTS, SETTLEMENT_WEIGHTS = ("full", "split", "partial", "none"), (86, 4, 4, 6)
"""All at once, in two parts, half of it so far, or nothing yet: in percent of the completed visits."""
CASH_SHARE = 0.4
LONGEST_AT_THE_TILL_MINUTES = 10
NOTES = {"HUF": 1_000_00, "EUR": 10_00, "USD": 20_00}
"""The note that cash is handed over in, in minor units: the rest is change."""


@dataclass(frozen=True, slots=True)
class Bill:
    """A sale with its lines and payments. It stays open: closing comes with receipts."""

    sale: rows.Sale
    lines: tuple[rows.SaleLine, ...]
    payments: tuple[rows.Payment, ...]

    def __iter__(self) -> Iterator[rows.Row]:
        yield from (self.sale, *self.lines, *self.payments)


def planned_bill(
    path: Path,
    visit: tuple[rows.Appointment, Sequence[rows.AppointmentLine]],
    *,
    administrators: Sequence[UUID],
    draw: Random,
    now: datetime,
) -> Bill | None:
    """The bill of a completed visit, not after `now`; None where nothing was paid, since payments open sales."""
    appointment, lines = visit
    due = Money(sum(line.amount for line in lines), lines[0].currency)
    amounts = _amounts(draw, due)
    if not amounts:
        return None
    paid_at = min(appointment.ends_at + timedelta(minutes=draw.randrange(LONGEST_AT_THE_TILL_MINUTES)), now)
    sale = rows.Sale(
        network_id=appointment.network_id,
        id=demo_id(*path, "sale"),
        location_id=appointment.location_id,
        appointment_id=appointment.id,
        currency=due.currency,
        opened_at=paid_at,
    )
    taken_by = draw.choice(administrators)
    payments = tuple(
        _payment(demo_id(*path, "payment", number), sale, amount, taken_by=taken_by, is_cash=draw.random() < CASH_SHARE)
        for number, amount in enumerate(amounts)
    )
    return Bill(sale, tuple(_sale_line(path, sale, line) for line in lines), payments)


def _amounts(draw: Random, due: Money) -> tuple[Money, ...]:
    half = cash_amount(computed_money(Fraction(due.amount, 2), due.currency))
    match draw.choices(SETTLEMENTS, SETTLEMENT_WEIGHTS)[0]:
        case "full":
            return (due,)
        case "split":
            return half, due - half
        case "partial":
            return (half,)
        case _:
            return ()


def _sale_line(path: Path, sale: rows.Sale, line: rows.AppointmentLine) -> rows.SaleLine:
    return rows.SaleLine(
        network_id=sale.network_id,
        id=demo_id(*path, "sale", line.position),
        sale_id=sale.id,
        position=line.position,
        appointment_line_id=line.id,
        served_by=line.specialist_id,
        amount=line.amount,
    )


def _payment(payment_id: UUID, sale: rows.Sale, amount: Money, *, taken_by: UUID, is_cash: bool) -> rows.Payment:
    return rows.Payment(
        network_id=sale.network_id,
        id=payment_id,
        sale_id=sale.id,
        method="CASH" if is_cash else "TERMINAL",
        amount=amount.amount,
        tendered=_tendered(amount) if is_cash else None,
        captured_at=sale.opened_at,
        taken_by=taken_by,
    )


def _tendered(amount: Money) -> int:
    note = NOTES[amount.currency]
    return -(-amount.amount // note) * note
