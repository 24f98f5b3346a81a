"""Limits as people type them: the words of role files, such as `own back=7 max=10000/EUR`, or `none`."""

from __future__ import annotations

from collections.abc import Collection

from domain.texts import require_kept
from policies.limit_syntax import LimitInvalid, limits_from_words
from policies.limits import Limits

LONGEST_LIMITS = 2000
LARGEST_AMOUNT = 2**53 - 1
"""The largest integer that every JSON reader keeps exact (RFC 8259, section 6)."""
HINT = "Write limits as `own`, `back=7`, `ahead=14`, `max=10000/EUR`, `pct=500`, `hours=12345/08:00-20:00`, or `none`."


def typed_limits(text: str, *, path: tuple[str | int, ...]) -> Limits:
    """The limits that the words say. Raises InvalidText, LimitInvalid."""
    require_kept(text, longest=LONGEST_LIMITS, path=path)
    try:
        limits = limits_from_words(text)
    except LimitInvalid as error:
        raise LimitInvalid(error.message, hint=HINT, path=path) from error
    if limits.max is not None and limits.max.amount > LARGEST_AMOUNT:
        raise LimitInvalid(f"max is at most {LARGEST_AMOUNT} minor units.", hint=HINT, path=path)
    return limits


def require_registered(limits: Limits, further: Collection[str], *, path: tuple[str | int, ...]) -> None:
    """Let limits through that some topic or plugin knows: an unknown one is never met. Raises LimitInvalid."""
    unknown = sorted(limits.further.difference(further))
    if unknown:
        raise LimitInvalid(f"There is no limit {unknown[0]!r}.", hint=HINT, path=path)
