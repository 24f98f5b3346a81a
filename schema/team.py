"""Types of the topic `team`: people and their places (what policy says of them is `schema/policy.py`)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

import strawberry

from domain.catalogue import reads as catalogue
from domain.network import reads as network
from domain.team import reads
from execution import declaration as remit
from policies.limit_syntax import limits_to_words
from policies.store import stored_limits
from schema.catalogue import ServiceLink
from schema.errors import BusyTryAgain, Forbidden, IdempotencyMismatch, InvalidInput, NotFound
from schema.network import Location


@remit.type(row=reads.HoldingAccountRow)
class HoldingAccount:
    """An account that holds a role without being a specialist: a visitor, or a member of the operator or a firm."""

    id: UUID
    name: str


@remit.type(row=reads.AssignmentRow)
class Assignment:
    """A role given in a network to a specialist or a visitor, or to a member of the operator or of a partner firm."""

    id: UUID
    role: str = strawberry.field(description="The code of the role, built in or the network's own.")
    valid_from: datetime
    valid_until: datetime | None
    limits: str = remit.computed(
        lambda row: limits_to_words(stored_limits(row["limits"])),
        description="Under which it holds, in words such as `own back=7`; `none` without.",
    )
    reason: str
    created_epoch: int = strawberry.field(description="The version of the policy that brought it: see `policyChanges`.")
    location: Location | None = remit.relation(
        network.locations_by_id, key="location_id", description="Null: the whole network."
    )
    holder: Specialist | None = remit.relation(
        reads.specialists_by_id, key="specialist_id", description="The specialist who holds it; null: the account does."
    )
    account: HoldingAccount | None = remit.relation(
        reads.holding_accounts,
        key="account_id",
        description="The visitor or member who holds it; null: the specialist does.",
    )


@remit.type(row=reads.SpecialistRow)
class Specialist:
    """A person's place in one network (or a service account's)."""

    id: UUID
    name: str
    kind: str = strawberry.field(description="HUMAN or SERVICE.")
    position: str
    state: str = strawberry.field(description="ACTIVE, SUSPENDED or LEFT.")
    can_sign_in: bool = remit.computed(
        lambda row: row["account_id"] is not None, reads=("account_id",), description="Whether an account is behind it."
    )
    created_at: datetime
    assignments: list[Assignment] | None = remit.relation(
        reads.assignments_of_specialists,
        key="id",
        requires="assignments:read",
        max_items=30,
        description="Current roles.",
    )
    services: list[ServiceLink] = remit.relation(
        catalogue.links_of_specialists, key="id", max_items=50, description="What the person provides today."
    )


@strawberry.input(description="A person to be entered.")
class CreateSpecialistInput:
    """A person to be entered."""

    idempotency_key: str = strawberry.field(description="A fresh random UUID for each intention of a person.")
    name: str
    position: str = ""


@remit.type()
class SpecialistCreated:
    """The specialist is entered, and holds nothing yet."""

    specialist: Specialist
    journal_entry_id: UUID


CreateSpecialistResult = Annotated[
    SpecialistCreated | IdempotencyMismatch | InvalidInput | NotFound | Forbidden | BusyTryAgain,
    strawberry.union("CreateSpecialistResult", description="The specialist, or why not."),
]


@strawberry.input(description="What to ask the owners of a network for.")
class RequestVisitInput:
    """What to ask the owners of a network for."""

    network: UUID
    role: str = strawberry.field(description="The code of a built-in role of networks; not owner.")
    hours: int = strawberry.field(description="1 to 72.")
    reason: str
    location: UUID | None = strawberry.field(default=None, description="Null: wherever the owners choose.")


@remit.type()
class VisitRequested:
    """The owners are asked; at most once an hour by you."""

    id: UUID
    journal_entry_id: UUID


RequestVisitResult = Annotated[
    VisitRequested | InvalidInput | NotFound | Forbidden | BusyTryAgain,
    strawberry.union("RequestVisitResult", description="That the owners are asked, or why not."),
]
