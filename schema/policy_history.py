"""Types of the policy's history: its changes, what they did to whose access, who made them."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import strawberry

from domain.journal.reads import actors_of_entries
from domain.network import reads as network
from domain.team import history, reads
from domain.team.rules import MOST_CHANGES
from execution import declaration as remit
from schema.connections import Connection
from schema.journal import JournalActor
from schema.network import Location
from schema.policy_changes import AccessDeltaEntry
from schema.team import HoldingAccount, Specialist


@remit.type(row=history.ChangeTold)
class ToldChange:
    """One of the things that a change of policy did."""

    kind: str = strawberry.field(description="assign, end, limit, suspend, resume, create, change, retire, ...")
    sentence: str = strawberry.field(description="For people, with the names of today.")
    holder: Specialist | None = remit.relation(
        reads.specialists_by_id, key="holder_id", description="Whose access it is about, if a specialist's."
    )
    account: HoldingAccount | None = remit.relation(
        reads.holding_accounts, key="holder_id", description="Whose it is, where it is no specialist's: a visitor's."
    )
    location: Location | None = remit.relation(network.locations_by_id, key="location_id")


@remit.type(row=history.ConsequenceKept)
class KeptConsequence:
    """What a change of policy entailed in a plugin's world."""

    plugin: str
    title: str
    digest: str = strawberry.field(description="Of what was agreed to.")


@remit.type(row=history.DeltaKept)
class AccessDelta:
    """Whose access a change of policy altered."""

    gained: int = strawberry.field(description="Accesses gained or widened.")
    lost: int = strawberry.field(description="Accesses lost or narrowed.")
    entries: Connection[AccessDeltaEntry] = remit.relation(
        history.entries_of_deltas, key=lambda delta: delta, description="Each of them, by person, scope and capability."
    )


@remit.type(row=history.PolicyChangeRow)
class PolicyChange:
    """A change of the network's policy, as it was made."""

    id: UUID
    epoch: int = strawberry.field(description="The version of the policy that it made.")
    made_at: datetime
    origin: str = strawberry.field(description="REQUEST, JOB, RELEASE, PLUGIN or CLI.")
    journal_entry_id: UUID = remit.attribute(column="journal_id")
    actor: JournalActor = remit.relation(
        actors_of_entries, key="journal_id", description="Who made it, as the journal knows them."
    )
    made_by: Specialist | None = remit.relation(
        history.makers_of_changes, key="journal_id", description="The specialist who made it; null for a job."
    )
    changes: list[ToldChange] = remit.relation(
        history.told_changes,
        key="changes",
        max_items=MOST_CHANGES,
        description="What it did, in the order in which it was asked for.",
    )
    delta: AccessDelta = remit.relation(history.deltas_of_changes, key="id", description="Whose access it altered.")
    consequences: list[KeptConsequence] = remit.computed(
        history.consequences_of, max_items=5, description="What it entailed in the plugins' worlds."
    )
    consent: str | None = strawberry.field(description="The consent that was given; null where none was asked for.")
