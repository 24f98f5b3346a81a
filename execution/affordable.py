"""How much one operation may cost, in the points of `cost.py`."""

from __future__ import annotations

from typing import Final

from errors import UserError

SESSION_LIMIT: Final = 10_000
ANONYMOUS_LIMIT: Final = 100
"""Points of one operation, with and without a session."""


class CostExceeded(UserError):
    """The operation might return more than one operation may."""

    code = "COST_EXCEEDED"
    hint = "Ask for shorter pages (`first`), or in several requests."


def require_affordable(points: int, limit: int) -> None:
    """Refuse an operation that may cost more than its limit. Raises CostExceeded."""
    if points > limit:
        raise CostExceeded(f"This may cost {points} points; an operation may cost {limit}.")
