"""The GraphQL types of billing, and the fields that it adds to the core's."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import strawberry

from billing import bill, operations, rules
from billing.terms import default_plan
from remit import plugin as remit
from remit.plugin import GraphQLConsequence, GraphQLMoney, Money, Reach, Specialist, Work, specialists_by_id


def _money(amount: int, plan: bill.Plan) -> Money:
    return Money(amount, plan.currency)


def _specialist_id(verdict: rules.SeatVerdict) -> UUID | None:
    """The person's id; None for one whom a previewed change would make."""
    return None if verdict.person.startswith("created:") else UUID(verdict.person)


def _witness(witness: rules.Witness) -> str:
    match witness:
        case rules.CapabilityWitness(capability):
            return capability
        case rules.ServiceWitness(service, location):
            return f"provides {service} at {location}"
        case rules.FactWitness(fact):
            return fact


@remit.type(row=remit.Line)
class SeatPolicyLine:
    """One line of the terms: when it holds and is the first that does, it decides."""

    number: int
    outcome: str = strawberry.field(description="billable or free.")
    kind: str
    text: str = strawberry.field(description="The reason, for people.")


@remit.type(row=rules.SeatVerdict)
class SeatVerdict:
    """Whether a person is paid for, as what, and by which line of the terms."""

    outcome: str = remit.computed(lambda row: row.verdict.outcome, description="billable or free.")
    kind: str = strawberry.field(description="specialist or administrator; for free ones the reason.")
    line: SeatPolicyLine = strawberry.field(description="The line that decided.")
    line_id: str = remit.computed(lambda row: row.verdict.line_id, description="Such as seats-2025-03#50.")
    witnesses: list[str] = remit.computed(
        lambda row: [_witness(witness) for witness in row.witnesses],
        description="What made the line true: held capabilities, provided services, facts.",
    )
    next_lines: list[SeatPolicyLine] = remit.attribute(max_items=5, description="The lines that would decide next.")
    beyond_free_owners: bool
    specialist: Specialist | None = remit.relation(specialists_by_id, key=_specialist_id)


@remit.type(row=rules.SeatEffect)
class SeatEffect:
    """What holding a capability does to a person's seat, all else as it is."""

    costs_seat: bool = strawberry.field(description="Whether the person is paid for because of it.")
    line_with: SeatPolicyLine = remit.computed(lambda row: row.held.line, description="What decides with it.")
    line_without: SeatPolicyLine = remit.computed(lambda row: row.lacking.line, description="What decides without it.")


@remit.type(row=bill.BillLine)
class BillLine:
    """One kind of seat in the bill of a full period."""

    kind: str
    seats: int
    included: int
    quantity: int
    unit_amount: remit.MinorUnits
    per_period: remit.MinorUnits


@remit.type(row=bill.Estimate)
class BillEstimate:
    """The money of a change, without tax and discount; computed here, since no payment provider is connected yet."""

    due_now: remit.MinorUnits = remit.computed(lambda _row: 0, description="Nothing is ever charged at once.")
    on_next_invoice: remit.MinorUnits = strawberry.field(description="Prorated by the second; signed.")
    per_period: remit.MinorUnits = strawberry.field(description="Recurring; signed.")
    source: str = remit.computed(lambda _row: "ESTIMATE", description="ESTIMATE or STRIPE.")


@remit.type(row=operations.SeatMove)
class SeatChange:
    """Somebody who takes, leaves or changes a seat."""

    kind_before: str | None = remit.computed(lambda move: move.change.kind_before, description="Null: no seat.")
    kind_after: str | None = remit.computed(lambda move: move.change.kind_after, description="Null: no seat.")
    verdict: SeatVerdict = strawberry.field(description="Why, after the change.")


@remit.type(row=operations.SeatConsequence)
class SeatConsequence(GraphQLConsequence):
    """The seats that a change of policy moves, and what they cost."""

    currency: str
    changes: list[SeatChange] = remit.computed(lambda row: row.moves, max_items=200)
    lines_before: list[BillLine] = remit.attribute(max_items=20)
    lines_after: list[BillLine] = remit.attribute(max_items=20)
    estimate: BillEstimate


@remit.type(row=bill.Period)
class BillingPeriod:
    """The period that is running: `[start, end)`."""

    start: datetime
    end: datetime


@remit.type(row=operations.Account)
class BillingAccount:
    """What the network pays for: its seats by the terms, and the bill."""

    mode: str = remit.computed(lambda _row: "DRY", description="DRY: counted and shown, charged by nobody yet.")
    plan: str = remit.computed(lambda row: row.plan.code)
    currency: str = remit.computed(lambda row: row.plan.currency)
    policy: str = remit.computed(lambda row: row.policy.name, description="The terms that the period was bought under.")
    period: BillingPeriod
    lines: list[BillLine] = remit.attribute(max_items=20)
    per_period: GraphQLMoney = remit.computed(lambda row: _money(row.per_period, row.plan))
    seats: list[SeatVerdict] = remit.computed(
        lambda row: [verdict for verdict in row.verdicts if verdict.is_billable],
        max_items=500,
        description="Who is paid for.",
    )
    verdicts: list[SeatVerdict] = remit.attribute(max_items=500, description="Everybody, the free ones too.")


async def accounts_of_networks(work: Work, keys: list[UUID], *, reach: Reach) -> dict[UUID, operations.Account]:
    """The billing of the viewer's network; other networks have none for this viewer."""
    if not reach.is_always or work.network_id not in keys:
        return {}
    return {work.network_id: await operations.account(work.statements, work.access, default_plan())}


async def verdicts_of_specialists(work: Work, keys: list[UUID], *, reach: Reach) -> dict[UUID, rules.SeatVerdict]:
    """The seat verdict of each specialist of the viewer's network."""
    found = await accounts_of_networks(work, [work.network_id], reach=reach)
    wanted = {str(key): key for key in keys}
    return {
        wanted[verdict.person]: verdict
        for account in found.values()
        for verdict in account.verdicts
        if verdict.person in wanted
    }


async def effects_of_explanations(
    work: Work, keys: list[tuple[UUID, str]], *, reach: Reach
) -> dict[tuple[UUID, str], rules.SeatEffect]:
    """What each explained capability does to its holder's seat."""
    if not reach.is_always:
        return {}
    return await operations.seat_effects(work.statements, work.access, default_plan(), keys)


class NetworkBilling:
    """What billing adds to a network."""

    billing: BillingAccount | None = remit.relation(
        accounts_of_networks, key="id", requires="billing:read", description="Seats, the terms they follow, the bill."
    )


class SpecialistSeat:
    """What billing adds to a specialist."""

    seat: SeatVerdict | None = remit.relation(
        verdicts_of_specialists,
        key="id",
        requires="billing:read",
        description="Whether the person is paid for, and why.",
    )


class ExplainedSeat:
    """What billing adds to an explanation of access."""

    seat_effect: SeatEffect | None = remit.relation(
        effects_of_explanations,
        key=lambda row: (row.holder_id, row.decision.capability),
        requires="billing:read",
        description="What the capability does to its holder's seat; null for visitors.",
    )
