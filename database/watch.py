"""The watch over the embedded server: it is ours, so nobody else would start it again."""

from __future__ import annotations

import asyncio
from typing import Final

import structlog

from database.embedded import Embedded
from errors import StartRefused

LOOK_SECONDS: Final = 1.0
"""How often the watch looks whether the server's process lives."""

log = structlog.get_logger(__name__)


async def keep_running(embedded: Embedded) -> None:
    """Start the server again whenever it has died, until cancelled. What was committed is there again (its log)."""
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        if not embedded.is_running:
            await _revive(embedded)


async def _revive(embedded: Embedded) -> None:
    log.error("database_died")
    try:
        await asyncio.to_thread(embedded.revive)
    except StartRefused as refusal:
        log.error("database_not_started", reason=str(refusal), next_try_in_seconds=LOOK_SECONDS)
    else:
        log.warning("database_started_again")
