"""Whose turn it is to take a connection: an outer transaction waits, one within another never waits for an outer one.

A try is counted, and a rehearsal carried out, in a transaction within another: it needs a second connection while the
first is held. If outer transactions could take the whole pool, they would wait for one another for ever; so a part of
it is theirs at the most, and the rest is kept for the inner ones.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Final

WAIT_SECONDS: Final = 10.0
"""How long a transaction waits for a connection; whoever asks again later is served sooner than in a longer queue."""

_is_within: ContextVar[bool] = ContextVar("is_within_a_transaction", default=False)


class Turns:
    """The turns of one pool, in the order of their asking."""

    def __init__(self, connections: int) -> None:
        self._outer = asyncio.Semaphore(connections - max(1, connections // 3))

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Hold a turn for the length of the block. Raises TimeoutError where none came up in WAIT_SECONDS."""
        if _is_within.get():
            yield
            return
        await self._take()
        before = _is_within.set(True)
        try:
            yield
        finally:
            self._outer.release()
            _is_within.reset(before)

    async def _take(self) -> None:
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                await self._outer.acquire()
        except TimeoutError as error:
            raise TimeoutError(
                f"No database connection came free within {WAIT_SECONDS:.0f} seconds. Raise "
                "REMIT_DATABASE_CONNECTIONS, or run more server processes."
            ) from error
