"""The terms that are shipped: plans by code, and the seat policies that they are sold under."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

from billing.bill import STANDARD_MONTH, STANDARD_YEAR, Plan, unpriced_kinds
from billing.rules import SEAT_VOCABULARY, SeatPolicy
from billing.settings import BillingSettings
from remit.plugin import StartRefused, VerdictPolicyInvalid, load_verdict_policy

FOLDER: Final = Path(__file__).parent / "policies"
PLANS: Final = {plan.code: plan for plan in (STANDARD_MONTH, STANDARD_YEAR)}


@cache
def seat_policy(code: str, version: int) -> SeatPolicy:
    """A shipped seat policy. Raises StartRefused, naming file and row, where it cannot be read."""
    try:
        return load_verdict_policy(FOLDER / f"{code}@{version}.csv", SEAT_VOCABULARY)
    except VerdictPolicyInvalid as error:
        raise StartRefused(f"A seat policy cannot be read. {error.message}") from error


def shipped_policies() -> tuple[SeatPolicy, ...]:
    """Every seat policy that is shipped, by code. Raises StartRefused, naming file and row."""
    names = sorted(path.stem for path in FOLDER.glob("seats-*@*.csv") if not path.name.endswith(".sets.csv"))
    return tuple(seat_policy(code, int(version)) for code, _, version in (name.partition("@") for name in names))


def plan_named(code: str) -> Plan:
    """A plan with its policy checked against its prices. Raises StartRefused for an unknown code or a missing price."""
    plan = PLANS.get(code)
    if plan is None:
        raise StartRefused(f"There is no plan {code}; REMIT_BILLING_DEFAULT_PLAN may be {', '.join(sorted(PLANS))}.")
    missing = unpriced_kinds(plan, policy_of(plan))
    if missing:
        raise StartRefused(f"The plan {code} has no price for {', '.join(sorted(missing))}.")
    return plan


def policy_of(plan: Plan) -> SeatPolicy:
    """The seat policy that a plan is sold under."""
    return seat_policy(plan.policy_code, plan.policy_version)


@cache
def default_plan() -> Plan:
    """The plan of a network that has chosen none: REMIT_BILLING_DEFAULT_PLAN. Raises StartRefused."""
    return plan_named(BillingSettings().default_plan)
