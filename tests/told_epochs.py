"""The watch over epochs without a database: a test says what was read, and when nothing was."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping
from uuid import UUID

from database.credentials import Credentials
from database.epochs import Epochs, _now


class ToldEpochs(Epochs):
    """It was read just now, until a test says otherwise."""

    def __init__(self) -> None:
        super().__init__(Credentials("nowhere", 5432, "nobody", None))
        self._note_reading(_now())

    def tell(self, found: Mapping[UUID, int]) -> None:
        """These were read now."""
        self._compare({held_id: epoch for held_id, epoch in found.items() if held_id in self._by_id})
        self._note_reading(_now())

    def fall_silent(self) -> None:
        """The process was paused: the last reading is long ago."""
        self._read_at = -math.inf

    def lose(self) -> None:
        """Nobody could read for too long."""
        self.fall_silent()
        self._give_up()

    async def _keep_reading(self) -> None:
        await asyncio.Event().wait()
