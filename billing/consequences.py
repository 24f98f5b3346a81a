"""Billing's answer to a change of policy: the seats that it moves."""

from __future__ import annotations

from billing.operations import SeatConsequence, seat_consequence
from billing.terms import default_plan
from remit.plugin import AccessView, Statements


async def seats(before: AccessView, after: AccessView, statements: Statements) -> SeatConsequence | None:
    """The seats that the change moves, by the network's plan; None where it moves none."""
    return await seat_consequence(before, after, statements, default_plan())
