"""Leaving a plan: why, at which field, and how often. The ordinary executor then answers in its place."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from prometheus_client import Counter

PLANS: Final = Counter(
    "remit_plan_total",
    "Operations by what became of their plan: first (not compiled yet), compile, hit, deopt with its reason and field.",
    ["outcome", "reason", "field"],
)


class Outcome(StrEnum):
    """What became of an operation's plan."""

    FIRST = "first"
    COMPILE = "compile"
    HIT = "hit"
    DEOPT = "deopt"


class Reason(StrEnum):
    """Why a plan was left, or never made."""

    FORBIDDEN = "forbidden"
    VARIABLES = "variables"
    NULL = "null"
    FOREIGN = "foreign"
    ERROR = "error"
    RESOLVER = "resolver"
    INTROSPECTION = "introspection"
    DIRECTIVE = "directive"
    SHAPES = "shapes"
    TOO_LARGE = "too_large"


class Deopt(Exception):
    """The plan cannot give this answer: let the ordinary executor give it."""

    def __init__(self, reason: Reason, field: str = "") -> None:
        super().__init__(f"{reason} {field}".strip())
        self.reason = reason
        self.field = field


def count(outcome: Outcome, reason: str = "", field: str = "") -> None:
    """Count what became of one operation."""
    PLANS.labels(outcome, reason, field).inc()
