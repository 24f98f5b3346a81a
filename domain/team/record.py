"""The record of a change of policy: what was changed, what that did, and who agreed to what followed."""

from __future__ import annotations

from collections.abc import Sequence

from uuid_utils.compat import uuid7

from domain.team.models import PolicyChange as PolicyChangeRecord
from domain.team.rules import PolicyChange
from plugins.contract import Consequence
from policies.delta import Delta
from work import Work


async def record_change(
    work: Work,
    changes: Sequence[PolicyChange],
    delta: Delta,
    *,
    epoch: int,
    origin: str = "REQUEST",
    consequences: Sequence[Consequence] = (),
    consent: str | None = None,
) -> None:
    """Write what the Work changed. `origin` is REQUEST, JOB, RELEASE, PLUGIN or CLI."""
    domain = delta.after.domain
    await PolicyChangeRecord.create(
        id=uuid7(),
        network_id=domain.network_id,
        partner_id=domain.partner_id,
        epoch=epoch,
        made_at=work.at,
        journal_id=work.entry_id,
        origin=origin,
        changes=[change.to_json(domain) for change in changes],
        delta=delta.to_json(),
        consequences=[[one.plugin, one.digest] for one in consequences],
        consent=consent,
    )
