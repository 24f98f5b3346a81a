"""Types of simulations: what would be, if other lines were in force."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

import strawberry

from domain.team import consequences, reads, simulations
from execution import declaration as remit
from policies import delta, simulation, verdicts
from schema.connections import Connection
from schema.errors import Forbidden, InvalidInput, NotFound, UserError
from schema.policy_change_inputs import RoleLineInput
from schema.policy_changes import AccessDeltaEntry, InvalidPolicy
from schema.team import Specialist


@strawberry.input(description="Lines to try for a role, in place of those that it has.")
class SimulatedRoleInput:
    """Lines to try for a role."""

    role: str = strawberry.field(description="The role's code, of a built-in one too.")
    lines: list[RoleLineInput]


@strawberry.input(description="A verdict policy to try: a published one, or a draft.")
class SimulatedVerdictsInput:
    """A verdict policy to try."""

    name: str = strawberry.field(description="What is judged, such as `seats`.")
    published: str | None = strawberry.field(default=None, description="Such as `seats-2026-02@1`.")
    draft: str | None = strawberry.field(default=None, description="The text of a policy's file (CSV).")
    sets: str | None = strawberry.field(default=None, description="The text of the sets file beside the draft.")


@strawberry.input(one_of=True, description="What is tried.")
class SimulatedInput:
    """What is tried."""

    roles: list[SimulatedRoleInput] | None = strawberry.UNSET
    verdicts: SimulatedVerdictsInput | None = strawberry.UNSET


@strawberry.input(description="A question what would be.")
class SimulationInput:
    """A question what would be."""

    network: UUID
    tried: SimulatedInput
    at: datetime | None = strawberry.field(default=None, description="At which instant; null: now.")


@remit.type(row=simulations.ChangeCount)
class AccessChangeCount:
    """How many accesses would change in one way."""

    change: delta.Change
    count: int


@remit.type(row=simulations.AccessSimulated)
class AccessSimulation:
    """Whose access would differ. Nothing was changed."""

    at: datetime
    holders: int = strawberry.field(description="How many people hold something at that instant.")
    holders_concerned: int
    totals: list[AccessChangeCount] = remit.attribute(max_items=200)
    rows: Connection[AccessDeltaEntry] = strawberry.field(description="What differs, by place.")


@remit.type(row=simulations.OutcomeCount)
class OutcomeCount:
    """How many people have an outcome, and how many would."""

    outcome: str
    before: int
    after: int


@remit.type(row=verdicts.Verdict)
class Verdict:
    """The answer of a verdict policy, by the first of its lines that holds."""

    outcome: str
    kind: str
    text: str = strawberry.field(description="The deciding line's sentence.")
    line_id: str = strawberry.field(description="Such as seats-2025-03#50.")


@remit.type(row=simulation.VerdictRow)
class SimulatedVerdict:
    """Somebody whose verdict would differ."""

    before: Verdict
    after: Verdict
    holder: Specialist | None = remit.relation(reads.specialists_by_id, key="holder_id")


@remit.type(row=simulations.VerdictsSimulated)
class VerdictSimulation:
    """Whose verdict would differ. Nothing was changed."""

    at: datetime
    before: str = strawberry.field(description="The policy in force.")
    after: str = strawberry.field(description="The policy that was tried.")
    totals: list[OutcomeCount] = remit.attribute(max_items=50)
    rows: Connection[SimulatedVerdict] = strawberry.field(description="Those that differ, by outcome.")


@remit.type(row=consequences.PluginSilent)
class PluginSilent(UserError):
    """A plugin failed or was late."""


SimulationResult = Annotated[
    AccessSimulation | VerdictSimulation | InvalidPolicy | InvalidInput | PluginSilent | NotFound | Forbidden,
    strawberry.union("SimulationResult", description="What would differ, or why it cannot be told."),
]
