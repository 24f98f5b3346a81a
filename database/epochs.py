"""The epochs of what this process holds open: read by their ids, and sooner where a signal names one.

A request reads the epochs it depends on in its own snapshot and needs none of this. Whatever outlives its opening
statement (a socket, a subscription) holds the epochs that it was opened under, and is woken when one differs.

Each POLL_SECONDS all that is held is read. That is the guarantee; a NOTIFY only makes one id's turn come at once, so a
lost one costs time and nothing else. Read by id, never "all above the last": a number that was taken early may commit
late, and a reader that has seen a higher one passes over it for ever.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, Final
from uuid import UUID

import asyncpg
import structlog

from database.credentials import Credentials

POLL_SECONDS: Final = 0.4
"""Of the second after which nothing open may stand on an old epoch; the rest is for telling it on a busy machine."""

FRESH_SECONDS: Final = 5.0
"""Without a reading for so long nothing that depends on an epoch may be told."""

LOST_SECONDS: Final = 30.0
"""Without a reading for so long, although one was tried, whatever is held open is given up."""

READ_SECONDS: Final = 2.0
CONNECT_SECONDS: Final = 5.0
SHORTEST_PAUSE: Final = 0.1
LONGEST_PAUSE: Final = 3.2
"""Between two tries to connect the pause doubles, from the shortest to the longest."""

CHANNELS: Final = ("remit_policy", "remit_principals")
EPOCHS_OF: Final = "SELECT id, epoch FROM epochs_of($1::uuid[])"
OPERATOR_ID: Final = UUID(int=0)
"""Stands for the operator, whose domain has no id."""

log = structlog.get_logger(__name__)


class EpochsUnread(ConnectionError):
    """For LOST_SECONDS nobody could read whether what is held open still holds."""

    def __init__(self) -> None:
        super().__init__(f"No epoch could be read for {LOST_SECONDS:.0f} seconds.")


class Hold:
    """What one party holds open: the epochs, by id of a domain or an account, that it was opened under.

    `differing` are those that were read since and are others.
    """

    __slots__ = ("_epochs", "_woken", "differing", "held")

    def __init__(self, epochs: Epochs) -> None:
        self._epochs = epochs
        self.held: Mapping[UUID, int] = {}
        self.differing: dict[UUID, int] = {}
        self._woken = asyncio.Event()

    def renew(self, held: Mapping[UUID, int]) -> None:
        """Hold these instead of what was held. They are read at once: one may have been raised in between."""
        self._epochs._swap(self, self.held, held)
        self.held, self.differing = held, {}
        self._woken.clear()

    async def change(self, *, within: float = math.inf) -> None:
        """Wait until an epoch differs from the one held, or `within` seconds have passed. Raises EpochsUnread."""
        with suppress(TimeoutError):
            async with asyncio.timeout(None if within == math.inf else max(0.0, within)):
                await self._woken.wait()
        self._epochs._refuse_if_lost()

    def _compare(self, held_id: UUID, epoch: int) -> None:
        if self.held[held_id] != epoch:
            self.differing[held_id] = epoch
            self._woken.set()


class Epochs:
    """A process's watch over the epochs that it holds open.

    It has a connection of its own, outside of the pool, from the first `hold` on: requests never wait for it.
    """

    def __init__(self, login: Credentials) -> None:
        self._login = login
        self._holds: set[Hold] = set()
        self._by_id: dict[UUID, set[Hold]] = {}
        self._named: set[UUID] = set()
        self._hurry = asyncio.Event()
        self._after_reading = asyncio.Event()
        self._read_at = -math.inf
        self._wanted_since = math.inf
        self._next_poll = -math.inf
        self._is_lost = False
        self._reader: asyncio.Task[None] | None = None

    @contextmanager
    def hold(self) -> Iterator[Hold]:
        """A party to the watch for the length of the block; it holds nothing before `renew`."""
        if not self._holds:
            self._wanted_since, self._is_lost = _now(), False
        if self._reader is None:
            self._reader = asyncio.create_task(self._keep_reading())
        hold = Hold(self)
        self._holds.add(hold)
        self._hurry.set()
        try:
            yield hold
        finally:
            hold.renew({})
            self._holds.discard(hold)

    @property
    def is_fresh(self) -> bool:
        """Whether all that is held was read within FRESH_SECONDS; a process that was paused since has to read first."""
        return _now() - self._read_at <= FRESH_SECONDS

    async def fresh(self) -> None:
        """Wait until `is_fresh`; somebody must `hold` meanwhile. Raises EpochsUnread."""
        while not self.is_fresh:
            self._refuse_if_lost()
            await self._after_reading.wait()

    async def close(self) -> None:
        """End the watch and its connection."""
        if self._reader is not None:
            self._reader.cancel()
            with suppress(asyncio.CancelledError):
                await self._reader

    def _swap(self, hold: Hold, before: Mapping[UUID, int], after: Mapping[UUID, int]) -> None:
        for held_id in before:
            self._by_id[held_id].discard(hold)
            if not self._by_id[held_id]:
                del self._by_id[held_id]
        for held_id in after:
            self._by_id.setdefault(held_id, set()).add(hold)
        self._named |= after.keys()
        self._hurry.set()

    def _refuse_if_lost(self) -> None:
        if self._is_lost:
            raise EpochsUnread

    async def _keep_reading(self) -> None:
        """Read for ever: a connection that is cut is made again, at once at first and then after longer pauses."""
        pause = 0.0
        while True:
            tried_at = _now()
            try:
                await self._read_over_one_connection()
            except Exception as error:  # noqa: BLE001  (whatever a connection dies of, the next one is made)
                pause = 0.0 if self._read_at >= tried_at else min(LONGEST_PAUSE, 2 * pause or SHORTEST_PAUSE)
                log.warning("epochs_unread", error=repr(error), next_try_in_seconds=pause)
                if pause:
                    self._give_up_after_long()
            await asyncio.sleep(pause)

    async def _read_over_one_connection(self) -> None:
        async with asyncio.timeout(CONNECT_SECONDS) as limit, self._login.connection() as connection:
            limit.reschedule(None)
            try:
                await self._listen(connection)
                while True:
                    await self._read(connection, await self._due())
            except Exception:
                connection.terminate()  # closing would wait for a server that may be gone
                raise

    async def _listen(self, connection: asyncpg.Connection) -> None:
        for channel in CHANNELS:
            await connection.add_listener(channel, self._hear)
        connection.add_termination_listener(self._read_all_soon)
        self._read_all_soon()  # what was signalled while nobody listened

    def _hear(self, _connection: object, _pid: int, _channel: str, payload: Any) -> None:
        with suppress(ValueError):
            signalled_id = UUID(payload)
            if signalled_id in self._by_id:
                self._named.add(signalled_id)
                self._hurry.set()

    def _read_all_soon(self, _connection: object = None) -> None:
        self._next_poll = -math.inf
        self._hurry.set()

    async def _due(self) -> Collection[UUID] | None:
        """Wait for what is to be read next: None is all that is held, when its time has come; before that, what was
        named."""
        while True:
            self._hurry.clear()
            named, self._named = self._named, set()
            if self._holds and self._next_poll <= _now():
                return None
            if named:
                return named
            await self._until_poll_or_hurry()

    async def _until_poll_or_hurry(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(self._next_poll - _now() if self._holds else None):
                await self._hurry.wait()

    async def _read(self, connection: asyncpg.Connection, named: Collection[UUID] | None) -> None:
        began = _now()
        asked = list(self._by_id if named is None else named)
        rows = await connection.fetch(EPOCHS_OF, asked, timeout=READ_SECONDS)
        self._compare({**dict.fromkeys(asked, 0), **{row["id"]: row["epoch"] for row in rows}})
        if named is None:
            self._note_reading(began)

    def _compare(self, found: Mapping[UUID, int]) -> None:
        for found_id, epoch in found.items():
            for hold in self._by_id.get(found_id, ()):
                hold._compare(found_id, epoch)

    def _note_reading(self, began: float) -> None:
        self._read_at, self._next_poll = began, began + POLL_SECONDS
        self._is_lost = False
        self._tell_waiters()

    def _give_up_after_long(self) -> None:
        if _now() - max(self._read_at, self._wanted_since) >= LOST_SECONDS:
            self._give_up()

    def _give_up(self) -> None:
        self._is_lost = True
        for hold in self._holds:
            hold._woken.set()
        self._tell_waiters()

    def _tell_waiters(self) -> None:
        self._after_reading.set()
        self._after_reading = asyncio.Event()


def _now() -> float:
    """Seconds of a clock that goes on while the machine sleeps, where the system has one."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))
