"""Types of what owners ask of the policy: who may, is a role free, what is held and never used."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

import strawberry

from domain.network import reads as network
from domain.team import questions, reads
from domain.team.uses import UnusedPage
from execution import declaration as remit
from policies import free_roles, uses
from schema.connections import Connection
from schema.network import Location
from schema.team import HoldingAccount, Specialist


@remit.type(row=questions.HolderShown)
class Holder:
    """Somebody who may, and what lets them."""

    holder_id: UUID = strawberry.field(description="Of a specialist, or of the account of somebody who visits.")
    holder: Specialist | None = remit.relation(
        reads.specialists_by_id, key="holder_id", description="Null: somebody from outside, who visits."
    )
    account: HoldingAccount | None = remit.relation(
        reads.holding_accounts, key="holder_id", description="Whose it is, where it is no specialist's: a visitor's."
    )
    assignment_id: UUID = strawberry.field(description="Of the assignment through which it is held.")
    role: str = strawberry.field(description="The role's code.")
    line: str = strawberry.field(description="The line that decides, such as `manager: allow roles:read`.")
    source: str = strawberry.field(description="Where it is written, such as policies/roles/manager.csv:12.")


@remit.type(row=free_roles.PaidCapability)
class PaidCapability:
    """A capability of a role that costs its holder a seat."""

    capability: str
    reason: str = strawberry.field(description="Why it costs one.")
    source: str = strawberry.field(description="Where the line is written by which the role holds it.")


@remit.type(row=free_roles.Escalation)
class Escalation:
    """A capability of a role that can change somebody's access."""

    capability: str
    bound: str | None = strawberry.field(
        description="The rule that keeps its holder from gaining by it; null: none is known, and the proof stays open."
    )


@remit.type(row=free_roles.FreeRoleCertificate)
class FreeRoleCertificate:
    """The proof that a role is free whatever its holder does with it, or what stands against it."""

    role: str
    terms: str = strawberry.field(description="By which a capability costs a seat or does not.")
    proved: bool = remit.attribute(column="is_proved", description="Whether the role is free.")
    sentence: str = strawberry.field(description="The answer for people, and what it does not say.")
    paid: list[PaidCapability] = remit.attribute(
        max_items=200, description="What the role holds and what costs a seat."
    )
    escalations: list[Escalation] = remit.attribute(max_items=200, description="What it holds that could bring more.")
    is_for_all: bool = strawberry.field(description="Whether by these terms somebody pays who holds nothing, too.")
    beside: list[str] = strawberry.field(description="For what else, by these terms, its holder may pay all the same.")
    digest: str = strawberry.field(
        description="SHA-256, hexadecimal, of role, release and terms: another one needs another proof."
    )


@remit.type(row=uses.UnusedCapability)
class UnusedCapability:
    """A capability that somebody holds and has not used."""

    capability: str
    location: Location | None = remit.relation(
        network.locations_by_id, key="location_id", description="Where it is held; null: in the whole network."
    )
    last_used_on: date | None = strawberry.field(
        description="The last day on which it was used there; null: not once since `knownSince`."
    )
    seat: str | None = strawberry.field(description="Why it costs a seat; null: it is free.")


@remit.type(row=uses.UnusedOfHolder)
class UnusedCapabilities:
    """What somebody could do and does not."""

    holder_id: UUID = strawberry.field(description="Of a specialist, or of the account of somebody who visits.")
    holder: Specialist | None = remit.relation(
        reads.specialists_by_id, key="holder_id", description="Null: somebody from outside, who visits."
    )
    account: HoldingAccount | None = remit.relation(
        reads.holding_accounts, key="holder_id", description="Whose it is, where it is no specialist's: a visitor's."
    )
    unused: list[UnusedCapability] = remit.attribute(max_items=50, description="By capability, then location.")
    to_free: list[str] = strawberry.field(
        description="The paid capabilities without which nothing that is held costs a seat; empty for whoever uses one "
        "of them, and for whoever holds none."
    )


@strawberry.type(description="People with what they do not use; `first` is at most 100.")
class UnusedCapabilityConnection(Connection[UnusedCapabilities]):
    """People with what they do not use. Its row is an `UnusedPage`."""

    @classmethod
    def is_type_of(cls, value: object, _info: object) -> bool:
        """A page is recognised by its row class."""
        return isinstance(value, UnusedPage)

    known_since: datetime | None = strawberry.field(
        description="Since when uses are recorded: of the time before nothing is known. Null: nothing is known yet."
    )
    known_until: datetime | None = strawberry.field(
        description="Up to when they are counted; what was used later is not. Null: nothing is counted yet."
    )
