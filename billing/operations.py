"""What a network's seats are now, what they cost, and what a change of policy would do to them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from billing import reads
from billing.bill import (
    BillLine,
    Estimate,
    Period,
    Plan,
    SeatAgreement,
    agreement_digest,
    bill_lines,
    estimate,
    local_period,
    quantity_changes,
)
from billing.rules import (
    SeatChange,
    SeatEffect,
    SeatPolicy,
    SeatVerdict,
    seat_changes,
    seat_effect,
    seat_verdicts,
    seats_of,
)
from billing.terms import policy_of
from remit.plugin import AccessView, Consequence, Statements

PLUGIN = "billing"
GUARD = "notify"


@dataclass(frozen=True, slots=True)
class Account:
    """A network's billing at an instant: its plan, the period it stands in, everybody's verdict, and the bill."""

    network_id: UUID
    plan: Plan
    policy: SeatPolicy
    period: Period
    verdicts: tuple[SeatVerdict, ...]
    lines: tuple[BillLine, ...]

    @property
    def per_period(self) -> int:
        """The recurring sum in minor units of the plan's currency."""
        return sum(line.per_period for line in self.lines)


@dataclass(frozen=True, slots=True)
class SeatMove:
    """Somebody who takes or leaves a seat, with the verdict that says why."""

    change: SeatChange
    verdict: SeatVerdict


@dataclass(frozen=True, kw_only=True)
class SeatConsequence(Consequence):
    """The seats that a change of policy moves, and what they cost."""

    currency: str
    moves: tuple[SeatMove, ...]
    lines_before: tuple[BillLine, ...]
    lines_after: tuple[BillLine, ...]
    estimate: Estimate


async def account(statements: Statements, view: AccessView, plan: Plan) -> Account:
    """A network's billing at the view's instant. Raises NotFound."""
    policy = policy_of(plan)
    customer = await reads.customer(statements, view.network_id)
    verdicts = seat_verdicts(policy, await reads.people(statements, view), max_free_owners=plan.max_free_owners)
    return Account(
        network_id=view.network_id,
        plan=plan,
        policy=policy,
        period=local_period(customer.anchor, plan.interval, view.at),
        verdicts=verdicts,
        lines=bill_lines(plan, seats_of(verdicts)),
    )


async def seat_effects(
    statements: Statements, view: AccessView, plan: Plan, asked: Iterable[tuple[UUID, str]]
) -> dict[tuple[UUID, str], SeatEffect]:
    """What capabilities do to the seats of their holders; nothing is said of who is no specialist of the network."""
    policy, people = policy_of(plan), await reads.people(statements, view)
    facts = {view.holder_named(person.id): person.facts for person in people}
    return {
        (holder_id, capability): seat_effect(policy, facts[holder_id], capability)
        for holder_id, capability in asked
        if holder_id in facts
    }


async def seat_consequence(
    before: AccessView, after: AccessView, statements: Statements, plan: Plan
) -> SeatConsequence | None:
    """The seats that a change moves; None where it moves none."""
    then, now = [await account(statements, view, plan) for view in (before, after)]
    changes = seat_changes(seats_of(then.verdicts), seats_of(now.verdicts))
    if not changes:
        return None
    quantities = quantity_changes(then.lines, now.lines)
    rises = any(change.kind_before is None for change in changes) or now.per_period > then.per_period
    by_person = {verdict.person: verdict for verdict in now.verdicts}
    return SeatConsequence(
        plugin=PLUGIN,
        digest=agreement_digest(_agreement(now, changes, then)),
        title=_title(changes),
        requires_consent=rises,
        currency=plan.currency,
        moves=tuple(SeatMove(change, by_person[change.person]) for change in changes),
        lines_before=then.lines,
        lines_after=now.lines,
        estimate=estimate(now.period, after.at, quantities),
    )


def _agreement(now: Account, changes: tuple[SeatChange, ...], then: Account) -> SeatAgreement:
    return SeatAgreement(
        account=str(now.network_id),
        policy_code=now.policy.code,
        policy_version=now.policy.version,
        policy_digest=now.policy.digest,
        plan=now.plan.code,
        changes=changes,
        quantity_changes=quantity_changes(then.lines, now.lines),
        guard=GUARD,
    )


def _title(changes: tuple[SeatChange, ...]) -> str:
    entered = sum(change.kind_before is None for change in changes)
    left = sum(change.kind_after is None for change in changes)
    words = [_counted(entered, "seat more"), _counted(left, "seat less")]
    told = ", ".join(word for word in words if word) or "a seat of another kind"
    return told[0].upper() + told[1:]


def _counted(count: int, words: str) -> str:
    return f"{count} {words.replace('seat', 'seats') if count > 1 else words}" if count else ""
