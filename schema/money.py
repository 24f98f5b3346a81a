"""Money in the API."""

from __future__ import annotations

import strawberry

from domain import money
from execution import declaration as remit
from schema.errors import UserError
from schema.scalars import MinorUnits


@remit.type(row=money.Money)
class Money:
    """An amount in minor units of one currency (ISO 4217): 1500 EUR is 15.00 euros."""

    amount: MinorUnits
    currency: str


@strawberry.input(description="An amount in minor units of one currency (ISO 4217): 1500 EUR is 15.00 euros.")
class MoneyInput:
    """An amount in minor units of one currency."""

    amount: MinorUnits
    currency: str


@remit.type(row=money.AmountNotInUnit)
class AmountNotInUnit(UserError):
    """The currency has no such small unit in life."""
