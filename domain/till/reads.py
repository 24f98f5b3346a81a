"""Reads of the topic `till`: sales of appointments with their sums, and payments."""

from __future__ import annotations

from typing import LiteralString
from uuid import UUID

from asyncpg import Record

from domain.columns import ALL, Columns, select
from domain.conditions import Conditions
from domain.money import Money
from domain.till.rules import Settlement
from errors import NotFound
from policies.reach import Columns as ReachColumns
from policies.reach import Reach
from work import Work


class SaleRow(Record):
    """A sale with its sums in minor units: `due`, `captured`, `refunded`."""


class PaymentRow(Record):
    """A row of `payments` with its sale's currency."""


SALES = """
SELECT * FROM (
  SELECT s.*, a.starts_at,
    ARRAY(SELECT DISTINCT l.specialist_id FROM appointment_lines l
      WHERE l.network_id = a.network_id AND l.appointment_id = a.id) AS specialist_id,
    COALESCE((SELECT sum(l.amount) FROM sale_lines l WHERE l.network_id = s.network_id AND l.sale_id = s.id), 0)::bigint
      AS due,
    COALESCE((SELECT sum(p.amount) FROM payments p WHERE p.network_id = s.network_id AND p.sale_id = s.id), 0)::bigint
      AS captured,
    COALESCE((SELECT sum(p.refunded) FROM payments p WHERE p.network_id = s.network_id AND p.sale_id = s.id), 0)::bigint
      AS refunded
  FROM sales s JOIN appointments a ON a.network_id = s.network_id AND a.id = s.appointment_id
  WHERE s.network_id = $1
) AS sale WHERE """
SALE = SALES + "id = $2"
OPEN_SALE = SALES + "appointment_id = $2 AND state = 'OPEN'"
SALES_OF = SALES + "appointment_id = ANY ($2) AND "
SALES_ORDER = " ORDER BY id"
PAYMENT = """
SELECT p.*, s.currency, s.appointment_id FROM payments p
JOIN sales s ON s.network_id = p.network_id AND s.id = p.sale_id WHERE p.network_id = $1 AND p.id = $2
"""
VISIBLE_SALE = SALE + " AND "
PAYMENTS = """ FROM (
  SELECT p.*, s.currency, s.appointment_id, s.location_id, a.starts_at,
    ARRAY(SELECT DISTINCT l.specialist_id FROM appointment_lines l
      WHERE l.network_id = a.network_id AND l.appointment_id = a.id) AS specialist_id
  FROM payments p
  JOIN sales s ON s.network_id = p.network_id AND s.id = p.sale_id
  JOIN appointments a ON a.network_id = s.network_id AND a.id = s.appointment_id
  WHERE p.network_id = $1
) AS payment WHERE """
ALL_PAYMENTS = """ FROM (
  SELECT p.*, s.currency, s.appointment_id, s.location_id FROM payments p
  JOIN sales s ON s.network_id = p.network_id AND s.id = p.sale_id WHERE p.network_id = $1
) AS payment WHERE """
VISIBLE_PAYMENT = "SELECT *" + PAYMENTS + "id = $2 AND "
PAYMENTS_ORDER = " ORDER BY captured_at, id"

REACHED = ReachColumns(location="location_id", owners="specialist_id", instant="starts_at")


def facts_of(row: Record, *, amount: Money | None = None) -> dict[str, object]:
    """What limits ask of an appointment, a sale or a payment: whose it is, of when, and the amount that is moved."""
    return {"specialist_id": row["specialist_id"], "service_date": row["starts_at"], "amount": amount}


def settlement_of(sale: SaleRow) -> Settlement:
    """The three sums of a sale."""
    currency = sale["currency"]
    return Settlement(
        due=Money(sale["due"], currency),
        captured=Money(sale["captured"], currency),
        refunded=Money(sale["refunded"], currency),
    )


def paid_amount(payment: PaymentRow) -> Money:
    """What was paid."""
    return Money(payment["amount"], payment["currency"])


def refunded_amount(payment: PaymentRow) -> Money:
    """What of a payment was given back."""
    return Money(payment["refunded"], payment["currency"])


async def open_sale_of(work: Work, appointment_id: UUID) -> SaleRow | None:
    """The open sale of an appointment, None before its first payment."""
    return await work.statements.fetchrow(OPEN_SALE, work.network_id, appointment_id, record_class=SaleRow)


async def sales_of_appointments(work: Work, keys: list[UUID], *, reach: Reach) -> dict[UUID, SaleRow]:
    """The latest sale of each appointment, as far as the reach goes."""
    where = reach.where(REACHED, first=3)
    rows = await work.statements.fetch(
        SALES_OF + where.sql + SALES_ORDER, work.network_id, keys, *where.args, record_class=SaleRow
    )
    return {row["appointment_id"]: row for row in rows}


async def sale(work: Work, sale_id: UUID) -> SaleRow:
    """One sale by id. Raises NotFound."""
    row = await work.statements.fetchrow(SALE, work.network_id, sale_id, record_class=SaleRow)
    if row is None:
        raise NotFound
    return row


async def visible_sale(work: Work, sale_id: UUID, *, path: tuple[str | int, ...] = ()) -> SaleRow:
    """One sale in the viewer's reach. Raises NotFound."""
    where = work.viewer.scope("sales:read").where(REACHED, first=3)
    row = await work.statements.fetchrow(
        VISIBLE_SALE + where.sql, work.network_id, sale_id, *where.args, record_class=SaleRow
    )
    if row is None:
        raise NotFound(path=path)
    return row


async def visible_payment(work: Work, payment_id: UUID, *, path: tuple[str | int, ...] = ()) -> PaymentRow:
    """One payment in the viewer's reach. Raises NotFound."""
    where = work.viewer.scope("payments:read").where(REACHED, first=3)
    row = await work.statements.fetchrow(
        VISIBLE_PAYMENT + where.sql, work.network_id, payment_id, *where.args, record_class=PaymentRow
    )
    if row is None:
        raise NotFound(path=path)
    return row


async def payment(work: Work, payment_id: UUID) -> PaymentRow:
    """One payment by id. Raises NotFound."""
    row = await work.statements.fetchrow(PAYMENT, work.network_id, payment_id, record_class=PaymentRow)
    if row is None:
        raise NotFound
    return row


async def payments_of_appointments(
    work: Work, keys: list[UUID], *, reach: Reach, columns: Columns = ALL
) -> dict[UUID, list[PaymentRow]]:
    """The payments of each appointment, as far as the reach goes."""
    wanted = Conditions(work.network_id)
    wanted.add("appointment_id = ANY (", keys, ")")
    wanted.add_reach(reach, REACHED)
    source: LiteralString = ALL_PAYMENTS if work.viewer.asks_no_facts else PAYMENTS
    sql = wanted.statement(select(columns, "appointment_id") + source, PAYMENTS_ORDER)
    rows = await work.statements.fetch(sql, *wanted.arguments, record_class=PaymentRow)
    found: dict[UUID, list[PaymentRow]] = {}
    for row in rows:
        found.setdefault(row["appointment_id"], []).append(row)
    return found
