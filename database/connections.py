"""The server process's connections: one pool as `remit_app`, and one connection pinned for each transaction."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from typing import Self, cast

import asyncpg

from database.apps import OrmApp
from database.bootstrap import OWNER_ROLE, prepare_embedded, refuse_unprepared
from database.credentials import Credentials
from database.embedded import Embedded
from database.epochs import Epochs
from database.orm import Orm
from database.statements import Isolation, PinnedClient, Statements
from database.turns import WAIT_SECONDS, Turns
from database.watch import keep_running
from errors import StartRefused
from settings import Settings


@dataclass(frozen=True, slots=True)
class Database:
    """One process's way to PostgreSQL: its pool, its two logins, the epochs it holds open, the server where it is ours.

    The first that a process opens is also the one that models use outside a transaction, in every task; no scope is set
    there, and row-level security shows them nothing.
    """

    app: Credentials
    owner: Credentials
    epochs: Epochs
    _orm: Orm
    _turns: Turns
    _embedded: Embedded | None = None
    _watch: asyncio.Task[None] | None = None

    @classmethod
    async def open(cls, settings: Settings, apps: Sequence[OrmApp]) -> Self:
        """Start or join the embedded server, or reach the served one, and open the pool in the running event loop.

        Migrations are neither run nor looked at. Raises StartRefused with what to do.
        """
        if settings.database_url is None:
            return await cls._open_embedded(settings, apps)
        app, owner = served_credentials(settings)
        async with app.connection() as connection:
            await refuse_unprepared(connection)
        orm = await _open_orm(app, settings, apps)
        return cls(app, owner, Epochs(app), orm, Turns(settings.database_connections))

    @classmethod
    async def _open_embedded(cls, settings: Settings, apps: Sequence[OrmApp]) -> Self:
        embedded = await asyncio.to_thread(Embedded.start, settings.data_dir)
        try:
            app, owner = await prepare_embedded(embedded)
            orm = await _open_orm(app, settings, apps)
            watch = asyncio.create_task(keep_running(embedded))
            return cls(app, owner, Epochs(app), orm, Turns(settings.database_connections), embedded, watch)
        except BaseException:
            await asyncio.to_thread(embedded.stop)
            raise

    async def close(self) -> None:
        """Close the pool and what reads the epochs, and let go of the embedded server."""
        if self._watch is not None:
            self._watch.cancel()
        await self.epochs.close()
        await self._orm.close()
        if self._embedded is not None:
            await asyncio.to_thread(self._embedded.stop)

    def transaction(self) -> AbstractAsyncContextManager[Statements]:
        """READ COMMITTED; committed at the end of the block, rolled back when an error leaves it.

        What only COMMIT finds out (deferred constraints) is raised at the end of the block. Raises TimeoutError where
        no connection comes free.
        """
        return self._pinned("read_committed", readonly=False)

    def read(self) -> AbstractAsyncContextManager[Statements]:
        """REPEATABLE READ, READ ONLY: every statement of the block sees the same moment. Raises TimeoutError, too."""
        return self._pinned("repeatable_read", readonly=True)

    def owner_connection(self) -> AbstractAsyncContextManager[asyncpg.Connection]:
        """A connection of its own as `remit_owner`, for migrations and `remit doctor`; never for requests."""
        return self.owner.connection()

    @asynccontextmanager
    async def _pinned(self, isolation: Isolation, *, readonly: bool) -> AsyncIterator[Statements]:
        async with self._turns.turn():
            client = await self._begin(isolation, readonly=readonly)
            try:
                with self._orm.pinned_to(client):
                    yield Statements(client)
            except BaseException:
                await self._end(client, client.abandon)
                raise
            await self._end(client, client.commit)

    async def _begin(self, isolation: Isolation, *, readonly: bool) -> PinnedClient:
        client = PinnedClient(self._orm.client, await self._pool.acquire(timeout=WAIT_SECONDS))
        try:
            await client.start(isolation, readonly=readonly)
        except BaseException:
            await self._pool.release(client.pooled)
            raise
        return client

    async def _end(self, client: PinnedClient, finish: Callable[[], Awaitable[None]]) -> None:
        # Shielded: a request that is cancelled now must neither cut its COMMIT in two nor keep its connection
        await asyncio.shield(self._finish_and_release(client, finish))

    async def _finish_and_release(self, client: PinnedClient, finish: Callable[[], Awaitable[None]]) -> None:
        # Released under the lock: a task that is late would else run its statement outside any transaction
        async with client.acquire_connection():
            try:
                await finish()
            finally:
                await self._pool.release(client.pooled)

    @property
    def _pool(self) -> asyncpg.Pool:
        return cast(asyncpg.Pool, self._orm.client._pool)  # None only before Orm.open and after close


def served_credentials(settings: Settings) -> tuple[Credentials, Credentials]:
    """The logins of the served PostgreSQL: as `remit_app`, then as `remit_owner`.

    Raises StartRefused where an address cannot be read, or none is set.
    """
    if settings.database_url is None:
        raise StartRefused("REMIT_DATABASE_URL is not set: there is no served PostgreSQL.")
    app = Credentials.parse(settings.database_url)
    if settings.database_owner_url is None:
        return app, replace(app, user=OWNER_ROLE, password=None)
    return app, Credentials.parse(settings.database_owner_url.get_secret_value())


async def _open_orm(app: Credentials, settings: Settings, apps: Sequence[OrmApp]) -> Orm:
    return await Orm.open(app, apps, connections=settings.database_connections)
