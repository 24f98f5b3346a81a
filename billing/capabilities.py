"""Billing's own capabilities. None costs a seat: who looks after the bill need not be on it."""

from __future__ import annotations

from typing import Final

from remit.plugin import AGE, Capability, Level, Seat

CAPABILITIES: Final = (
    Capability(
        "billing:read",
        "Read seats, reasons, statement and estimates",
        "Shows who takes a seat and why, the bill's lines, the ledger, statements, estimates and unused seats.",
        level=Level.NETWORK,
        seat=Seat.FREE,
        limits=(),
        immune=(),
    ),
    Capability(
        "billing:consent",
        "Agree to a higher bill for others",
        "Agrees to a change of a colleague that raises the bill, and decides such proposals.",
        level=Level.NETWORK,
        seat=Seat.FREE,
        limits=(),
        immune=(),
        requires=("billing:read",),
    ),
    Capability(
        "billing:manage",
        "Manage plan, checkout, portal, guard and drift",
        "Chooses the plan, subscribes, opens the payment portal, sets the guard against rises and resolves drift.",
        level=Level.NETWORK,
        seat=Seat.FREE,
        limits=(),
        immune=(),
        requires=("billing:read",),
    ),
    Capability(
        "billing:operate",
        "Set overrides, retry synchronisation, handle alerts",
        "Sets agreed quantities of a customer, retries a synchronisation that needs attention and handles alerts.",
        level=Level.OPERATOR,
        seat=Seat.FREE,
        limits=(),
        immune=AGE,
    ),
)
"""`price_policies:publish` is the core's: seat policies are published beside every other policy."""
