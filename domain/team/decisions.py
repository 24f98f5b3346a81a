"""Decisions that were kept: what the policy said to somebody who tried, as the journal has it."""

from __future__ import annotations

from uuid import UUID

import orjson

from policies.decisions import Decision
from policies.scopes import location_in
from work import Work

DECIDED = "SELECT actor_id, payload FROM journal_entries WHERE chain_id = $1 AND decision_id = $2"


async def decision(work: Work, decision_id: UUID) -> Decision | None:
    """A decision about the viewer, or one at a scope where the viewer may explain. None for others and unknown ones."""
    entry = await work.statements.fetchrow(DECIDED, work.chain_id, decision_id)
    if entry is None:
        return None
    payload = orjson.loads(entry["payload"])
    kept = Decision.from_json(payload["ruling"], decision_id=decision_id, capability=payload["capability"])
    return kept if _may_see(work, kept, actor_id=entry["actor_id"]) else None


def _may_see(work: Work, kept: Decision, *, actor_id: str) -> bool:
    is_own = actor_id == str(work.viewer.holder_id)
    return is_own or work.viewer.can("policies:explain", at=location_in(kept.scope))
