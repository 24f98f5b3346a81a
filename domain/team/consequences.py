"""Asking the plugins what a change of policy entails: inside a savepoint, read-only, within two seconds each."""

from __future__ import annotations

import asyncio
from hashlib import sha256

import structlog

from plugins.contract import AccessView, Consequence, Consequences
from policies.canonical import canonical_json
from work import Work

log = structlog.get_logger(__name__)

SECONDS = 2.0
READ_ONLY = "SET LOCAL transaction_read_only = on"


class Unknown(Consequence):
    """A plugin that failed or was late: nobody knows what would follow, so somebody must agree to that."""


async def ask_plugins(work: Work, before: AccessView, after: AccessView) -> tuple[Consequence, ...]:
    """Every plugin's consequence, in the order of their names; what they wrote or broke is undone."""
    found: list[Consequence] = []
    for plugin, consequences in sorted(work.host.consequences.items()):
        consequence = await _ask(work, plugin, consequences, before, after)
        if consequence is not None:
            found.append(consequence)
    return tuple(found)


async def _ask(
    work: Work, plugin: str, consequences: Consequences, before: AccessView, after: AccessView
) -> Consequence | None:
    answer: Consequence | None = None
    try:
        async with asyncio.timeout(SECONDS), work.statements.savepoint() as savepoint:
            await work.statements.execute(READ_ONLY)
            answer = await consequences(before, after, work.statements)
            await savepoint.roll_back()
    except Exception:  # a plugin's failure, whatever it is, is a consequence of its own
        log.exception("consequence_failed", plugin=plugin)
        return Unknown(
            plugin=plugin,
            digest=sha256(canonical_json({"plugin": plugin, "unknown": True})).hexdigest(),
            title=f"What follows in {plugin} could not be told.",
            requires_consent=True,
        )
    return answer
