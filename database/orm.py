"""Tortoise over one pool, as one login. Which Tortoise a task sees is decided here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, Self, cast

from tortoise.backends.asyncpg.client import AsyncpgDBClient, TransactionWrapper
from tortoise.context import TortoiseContext, _current_context, get_current_context

from database.apps import CONNECTION, OrmApp
from database.credentials import Credentials

TIME_LIMITS: Final[Mapping[str, str]] = MappingProxyType(
    {"statement_timeout": "8s", "idle_in_transaction_session_timeout": "15s"}
)
"""After these PostgreSQL gives up on a statement or a transaction of the pool, whatever has become of its client."""


@dataclass(frozen=True, slots=True)
class Orm:
    """One context of Tortoise with its pool.

    The first that a process opens is also the default of every task. Inside `current()` a task, and the tasks that it
    starts, see this one; Tortoise's own `with context:` keeps one token for all tasks and cannot be used at once.
    """

    client: AsyncpgDBClient
    _context: TortoiseContext

    @classmethod
    async def open(cls, login: Credentials, apps: Sequence[OrmApp], *, connections: int) -> Self:
        """Bind the models of `apps` (one or more), and open a pool of up to `connections` in the running event loop."""
        context = TortoiseContext()
        is_first = get_current_context() is None
        try:
            with _current(context):
                await context.init(_config(login, apps, connections=connections), _enable_global_fallback=is_first)
                client = cast(AsyncpgDBClient, context.db(CONNECTION))
                await client.create_connection(with_db=True)
        except BaseException:
            await context.close_connections()
            raise
        return cls(client, context)

    async def close(self) -> None:
        """Close the pool; connections that are still in use after ten seconds are cut."""
        await self._context.close_connections()

    @contextmanager
    def current(self) -> Iterator[None]:
        """Models of this block use this pool."""
        with _current(self._context):
            yield

    @contextmanager
    def pinned_to(self, client: TransactionWrapper) -> Iterator[None]:
        """Models of this block use the one connection of `client`."""
        connections = self._context.connections
        before = connections.set(CONNECTION, client)
        try:
            with _current(self._context):
                yield
        finally:
            connections.reset(before)


@contextmanager
def _current(context: TortoiseContext) -> Iterator[None]:
    before = _current_context.set(context)
    try:
        yield
    finally:
        _current_context.reset(before)


def _config(login: Credentials, apps: Sequence[OrmApp], *, connections: int) -> dict[str, Any]:
    # Not Tortoise's parameter `schema`: it would overwrite the search_path
    credentials = {**login.asyncpg_arguments(), "minsize": 1, "maxsize": connections}
    credentials["server_settings"] |= TIME_LIMITS
    return {
        "connections": {CONNECTION: {"engine": "tortoise.backends.asyncpg", "credentials": credentials}},
        "apps": {app.label: app.config for app in apps},
        "use_tz": True,
        "timezone": "UTC",
    }
