"""The record of what changed a domain's policy, whoever or whatever made the change."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from uuid import UUID

from uuid_utils.compat import uuid7

from domain.team.models import PolicyChange
from work import Work


class Origin(StrEnum):
    """By what a change of policy came about."""

    REQUEST = "REQUEST"
    JOB = "JOB"
    RELEASE = "RELEASE"
    CLI = "CLI"


async def record_change(
    work: Work,
    *,
    epoch: int,
    origin: Origin,
    changes: object,
    delta: Sequence[Sequence[str]] = (),
    consequences: Sequence[Sequence[str]] = (),
    consent: str | None = None,
) -> UUID:
    """Keep what changed the policy of the Work's domain: all but the ids as JSON. Answers the record's id."""
    network_id, partner_id = work.domain.columns
    change_id = uuid7()
    await PolicyChange.create(
        id=change_id,
        network_id=network_id,
        partner_id=partner_id,
        epoch=epoch,
        made_at=work.at,
        journal_id=work.entry_id,
        origin=str(origin),
        changes=changes,
        delta=list(delta),
        consequences=list(consequences),
        consent=consent,
    )
    return change_id
