"""Seats as verdicts that the core can ask for: in access tests, simulations and proofs that a role is free."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from billing import reads
from billing.rules import FREE, SEAT_VOCABULARY, SeatFacts, SeatPolicy, seat_verdicts
from billing.terms import default_plan, policy_of, shipped_policies
from remit.plugin import AccessView, Statements, Verdict, VerdictFamily


def seat_family() -> VerdictFamily[SeatFacts]:
    """The family `seats`. Raises StartRefused for terms that cannot be read."""
    return VerdictFamily(
        name="seats",
        title="Who takes a paid seat",
        vocabulary=SEAT_VOCABULARY,
        published=shipped_policies(),
        judge=judge_seats,
        free=FREE,
    )


async def judge_seats(view: AccessView, statements: Statements, policy: SeatPolicy | None) -> Mapping[UUID, Verdict]:
    """Everybody's seat verdict, under the network's plan; owners past its limit of free ones are judged as none."""
    plan = default_plan()
    people = await reads.people(statements, view)
    verdicts = seat_verdicts(policy or policy_of(plan), people, max_free_owners=plan.max_free_owners)
    return {view.holder_named(verdict.person): verdict.verdict for verdict in verdicts}
