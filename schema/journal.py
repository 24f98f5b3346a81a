"""Types of the Security journal."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from uuid import UUID

import strawberry

from domain.journal import reads, rules
from domain.network import reads as network
from execution import declaration as remit
from schema.network import Location


@remit.type(row=rules.FieldChange)
class FieldChange:
    """One column's value before and after."""

    name: str
    old: str | None
    new: str | None
    masked: str | None = strawberry.field(description="The capability that you lack to read the values.")


@remit.type(row=reads.RowChange)
class JournalChange:
    """What an entry changed in one row."""

    table: str
    row_id: str | None
    operation: str = strawberry.field(description="i inserted, u updated, d deleted.")
    is_erased: bool = strawberry.field(description="Whether the values were erased on a client's request.")
    fields: list[FieldChange] = remit.attribute(max_items=15)


@remit.type(row=reads.ActorShown)
class JournalActor:
    """Who acted, as known then."""

    type: str = strawberry.field(description="specialist, account, token, partner, operator, plugin, webhook, system.")
    id: str
    name: str | None
    roles: list[str]


@remit.type(row=reads.DeviceShown)
class JournalDevice:
    """From which device."""

    id: UUID
    name: str | None
    address: str | None


@remit.type(row=reads.TargetShown)
class JournalTarget:
    """What an entry is about."""

    type: str
    id: str


@remit.type(row=reads.EntryRow)
class JournalEntry:
    """One journaled event: it cannot be altered without the chain of hashes showing it."""

    id: UUID
    seq: int = strawberry.field(description="Its number in the network's chain.")
    recorded_at: datetime
    code: str
    area: str
    outcome: str = strawberry.field(description="ok, denied or failed.")
    sentence: str = remit.computed(reads.sentence_of, description="The event, told to people.")
    actor: JournalActor = remit.computed(reads.actor_of)
    device: JournalDevice | None = remit.computed(reads.device_of)
    targets: list[JournalTarget] = remit.computed(reads.targets_of, max_items=10)
    capability: str | None = remit.computed(partial(reads.payload_word, name="capability"))
    decision_id: UUID | None = remit.attribute(
        description="Under which the query `decision` says whether the actor may. Null where nothing was required, or "
        "where something else refused before."
    )
    error: str | None = remit.computed(
        partial(reads.payload_word, name="error"), description="The code of the refusal or failure."
    )
    location: Location | None = remit.relation(network.locations_by_id, key="location_id")
    changes: list[JournalChange] = remit.relation(reads.changes_of_entries, key="id", max_items=10)
    hash: str = remit.computed(lambda row: row["hash"].hex(), description="SHA-256, hexadecimal.")
    prev_hash: str = remit.computed(lambda row: row["prev_hash"].hex(), description="Of the entry before.")


@strawberry.input(description="Which entries; what is left out does not matter.")
class JournalFilterInput:
    """Which entries."""

    areas: list[str] | None = None
    codes: list[str] | None = None
    outcomes: list[str] | None = None
    actor_id: str | None = None
    location_id: UUID | None = None
    since: datetime | None = strawberry.field(default=None, description="Inclusive.")
    before: datetime | None = strawberry.field(default=None, description="Exclusive.")
