"""Why a decision fell: the words that clients, the journal and the explanation branch on."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """The reason of a yes or a no. The order of the limits is the order in which they are looked at."""

    ALLOWED = "ALLOWED"
    NOT_ACTIVE = "NOT_ACTIVE"
    DENIED_BY_LINE = "DENIED_BY_LINE"
    IP = "IP"
    HOURS = "HOURS"
    OWN = "OWN"
    BACK = "BACK"
    AHEAD = "AHEAD"
    MAX = "MAX"
    PCT = "PCT"
    ACCT = "ACCT"
    LIMIT = "LIMIT"
    """A further limit of a topic or a plugin, such as a location's opting in."""
    NOT_NOW = "NOT_NOW"
    OTHER_SCOPE = "OTHER_SCOPE"
    NO_LINE = "NO_LINE"
    REQUIREMENT_MISSING = "REQUIREMENT_MISSING"
    NARROWED = "NARROWED"
    RESTRICTED = "RESTRICTED"


LIMITS_IN_ORDER = (
    Reason.IP,
    Reason.HOURS,
    Reason.OWN,
    Reason.BACK,
    Reason.AHEAD,
    Reason.MAX,
    Reason.PCT,
    Reason.ACCT,
    Reason.LIMIT,
)
"""The reasons that a limit gives, in the order in which limits are looked at."""


class IgnoredBecause(StrEnum):
    """Why a line that names the capability did not decide."""

    ALREADY_GRANTED = "ALREADY_GRANTED"
    """An allow line before it said yes."""
    ALREADY_DENIED = "ALREADY_DENIED"
    """A deny line before it said no."""
    DENIED = "DENIED"
    """It allows, and a deny line beats it."""
    OTHER_SCOPE = "OTHER_SCOPE"
    NOT_NOW = "NOT_NOW"
    IP = "IP"
    HOURS = "HOURS"
    OWN = "OWN"
    BACK = "BACK"
    AHEAD = "AHEAD"
    MAX = "MAX"
    PCT = "PCT"
    ACCT = "ACCT"
    LIMIT = "LIMIT"
    NOT_ACTIVE = "NOT_ACTIVE"
    REQUIREMENT_MISSING = "REQUIREMENT_MISSING"
    NARROWED = "NARROWED"
    RESTRICTED = "RESTRICTED"
