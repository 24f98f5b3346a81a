"""Hashing passwords with argon2id, without letting sign-ins take the memory or the processor that bookings need.

The only file of this topic's rules that does I/O: it reads the shipped list of breached passwords, and it hashes in
threads. Order of an answer: a free slot, or a place in the queue, or `Busy`; then the thread.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

from errors import UserError

T = TypeVar("T")

_UNKNOWN_ACCOUNT_HASH = (
    "$argon2id$v=19$m=19456,t=2,p=1$m7bFFr1AINCQ0/RPKXfvEw$1RHysFAS+24zp+LcBJqZtIq4EG7OpMIDKnwXh4XQW84"
)
"""A hash of a random password that nobody knows, with today's parameters."""

_RETRY_AFTER = timedelta(seconds=5)


class Busy(UserError):
    """Too many passwords are being checked at once. Trying again at `retry_at` helps."""

    code = "BUSY"
    hint = "Try again in a few seconds."

    def __init__(self, retry_at: datetime) -> None:
        super().__init__("Too many people are signing in at this moment.")
        self.retry_at = retry_at


@dataclass(frozen=True, slots=True)
class PasswordCheck:
    """The answer to a typed password; `needs_rehash` if it is right and its hash has outdated parameters."""

    is_right: bool
    needs_rehash: bool


class PasswordHashing:
    """Argon2id (m=19456 KiB, t=2, p=1; OWASP Password Storage Cheat Sheet) in at most `concurrency` threads at once.

    At most `queue` callers wait for a thread, each for at most `wait`; any other gets Busy. One for the process.
    """

    def __init__(self, *, concurrency: int = 4, queue: int = 64, wait: timedelta = timedelta(seconds=2)) -> None:
        self._hasher = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1, hash_len=32, salt_len=16)
        self._slots = asyncio.Semaphore(concurrency)
        self._queue = queue
        self._waiting = 0
        self._wait = wait

    async def hash(self, password: str, *, now: datetime) -> str:
        """The password's hash with its salt and parameters. Raises Busy; `now` is only for its `retry_at`."""
        return await self._in_thread(lambda: self._hasher.hash(password), now)

    async def verify(self, stored: str | None, password: str, *, now: datetime) -> PasswordCheck:
        """Compare a typed password with the stored hash, byte for byte. Raises Busy; `now` is only for its `retry_at`.

        None stands for an account that does not exist or has no password: the same work is done, and it is wrong.
        """
        return await self._in_thread(lambda: self._compare(stored, password), now)

    def _compare(self, stored: str | None, password: str) -> PasswordCheck:
        try:
            self._hasher.verify(_UNKNOWN_ACCOUNT_HASH if stored is None else stored, password)
        except VerifyMismatchError:
            return PasswordCheck(is_right=False, needs_rehash=False)
        if stored is None:
            return PasswordCheck(is_right=False, needs_rehash=False)
        return PasswordCheck(is_right=True, needs_rehash=self._hasher.check_needs_rehash(stored))

    async def _in_thread(self, work: Callable[[], T], now: datetime) -> T:
        await self._take_slot(now)
        running = asyncio.get_running_loop().run_in_executor(None, work)
        # A thread cannot be cancelled: the slot is free when the thread has ended, not when its caller has left.
        running.add_done_callback(lambda _: self._slots.release())
        return await asyncio.shield(running)

    async def _take_slot(self, now: datetime) -> None:
        if self._slots.locked() and self._waiting >= self._queue:
            raise Busy(now + _RETRY_AFTER)
        self._waiting += 1
        try:
            async with asyncio.timeout(self._wait.total_seconds()):
                await self._slots.acquire()
        except TimeoutError:
            raise Busy(now + self._wait + _RETRY_AFTER) from None
        finally:
            self._waiting -= 1


@cache
def password_hashing() -> PasswordHashing:
    """The process's own, made on first use."""
    return PasswordHashing()


@cache
def breached_passwords() -> frozenset[str]:
    """The shipped list of passwords that attackers try first, case-folded. Read once."""
    lines = Path(__file__).with_name("breached.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(line for line in lines if line and not line.startswith("# "))
