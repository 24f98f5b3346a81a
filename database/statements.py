"""SQL and models on the one connection of a transaction, one statement at a time.

Concurrent root fields share the connection and queue for it. It goes back to the pool only behind its COMMIT or
ROLLBACK; a task that outlives its transaction gets asyncpg's InterfaceError, never another transaction.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, Literal, TypeVar, cast, overload

import asyncpg
from asyncpg.pool import PoolConnectionProxy
from asyncpg.transaction import Transaction
from tortoise.backends.asyncpg.client import AsyncpgDBClient, TransactionWrapper

R = TypeVar("R", bound=asyncpg.Record)

Isolation = Literal["read_committed", "repeatable_read"]


class PinnedClient(TransactionWrapper):
    """Tortoise's client over the one connection of a transaction.

    Tortoise's own transaction context is not used: where its BEGIN fails, the connection stays out of the pool and the
    dead client stays the one that models use (1.1.9).
    """

    def __init__(self, pool_client: AsyncpgDBClient, pooled: PoolConnectionProxy) -> None:
        super().__init__(pool_client)
        self.pooled = pooled
        self._connection = cast(asyncpg.Connection, pooled)  # the pool's stand-in has all of its methods

    async def start(self, isolation: Isolation, *, readonly: bool) -> None:
        """Begin the transaction."""
        self.transaction = self._connection.transaction(isolation=isolation, readonly=readonly)
        await self.transaction.start()

    async def abandon(self) -> None:
        """Roll back; a lost connection has done that already, and must not hide the error that told of it."""
        with suppress(asyncpg.InterfaceError):
            await self.rollback()


class Savepoint:
    """A point of a transaction that it can go back to."""

    __slots__ = ("_client", "_transaction")

    def __init__(self, client: PinnedClient) -> None:
        self._client = client
        self._transaction: Transaction | None = None

    async def set(self) -> None:
        """Begin: what comes from here on can be undone."""
        async with self._client.acquire_connection() as connection:
            transaction = connection.transaction()
            await transaction.start()
            self._transaction = transaction

    async def release(self) -> None:
        """Keep what was done; without effect behind `roll_back`."""
        async with self._client.acquire_connection():
            if self._transaction is not None:
                await self._transaction.commit()
                self._transaction = None

    async def roll_back(self) -> None:
        """Undo everything since the savepoint, the transaction's settings too; the transaction itself goes on."""
        async with self._client.acquire_connection():
            if self._transaction is not None:
                await self._transaction.rollback()
                self._transaction = None


class Statements:
    """SQL on the connection of a transaction, one statement at a time, whichever task it comes from.

    `client` is the same connection for the ORM (`using_db=`); models find it without being told. Errors are
    asyncpg's own; `database.sqlstate` reads them.
    """

    __slots__ = ("client",)

    def __init__(self, client: PinnedClient) -> None:
        self.client = client

    @overload
    async def fetch(self, sql: str, *args: object) -> list[asyncpg.Record]: ...
    @overload
    async def fetch(self, sql: str, *args: object, record_class: type[R]) -> list[R]: ...
    async def fetch(
        self, sql: str, *args: object, record_class: type[asyncpg.Record] | None = None
    ) -> Sequence[asyncpg.Record]:
        """All rows of one statement, of the given class."""
        async with self.client.acquire_connection() as connection:
            rows: list[asyncpg.Record] = await connection.fetch(sql, *args, record_class=record_class)
            return rows

    @overload
    async def fetchrow(self, sql: str, *args: object) -> asyncpg.Record | None: ...
    @overload
    async def fetchrow(self, sql: str, *args: object, record_class: type[R]) -> R | None: ...
    async def fetchrow(
        self, sql: str, *args: object, record_class: type[asyncpg.Record] | None = None
    ) -> asyncpg.Record | None:
        """The first row of one statement, of the given class, or None."""
        async with self.client.acquire_connection() as connection:
            row: asyncpg.Record | None = await connection.fetchrow(sql, *args, record_class=record_class)
            return row

    async def fetchval(self, sql: str, *args: object) -> Any:
        """The first column of the first row, or None."""
        async with self.client.acquire_connection() as connection:
            return await connection.fetchval(sql, *args)

    async def execute(self, sql: str, *args: object) -> str:
        """Run one statement, or without `args` several; answers PostgreSQL's command tag, such as "UPDATE 1"."""
        async with self.client.acquire_connection() as connection:
            tag: str = await connection.execute(sql, *args)
            return tag

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[Savepoint]:
        """A part of the transaction that an error undoes alone, or `await savepoint.roll_back()` on demand.

        One after the other or one within the other; other tasks of the transaction must not write meanwhile.
        """
        savepoint = Savepoint(self.client)
        await savepoint.set()
        try:
            yield savepoint
        except BaseException:
            with suppress(asyncpg.InterfaceError):  # of a lost connection; the error that told of it matters
                await savepoint.roll_back()
            raise
        await savepoint.release()
