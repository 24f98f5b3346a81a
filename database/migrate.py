"""Migrations: up, down to nothing, and the refusal to start on a database of another version.

Tortoise's executor plans and runs; what it would do beside the migration's transaction is done inside it here. The core
and the bundled plugins are all `remit_owner`'s, in the schema `remit`, in the order of their dependencies.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.migrations.executor import MigrationExecutor, MigrationTarget
from tortoise.migrations.graph import MigrationGraph, MigrationKey
from tortoise.migrations.loader import MigrationLoader
from tortoise.migrations.recorder import MigrationRecorder
from tortoise.migrations.schema_editor.base import BaseSchemaEditor

from database.apps import OrmApp
from database.bootstrap import prepare_schemas
from database.connections import Database
from database.operations import RecordApplied
from database.orm import Orm
from errors import StartRefused

ZERO = "zero"

Progress = Callable[[str, str, str], object]
"""Told `(event, app, migration)`; an event is apply_start, apply_done, rollback_start or rollback_done."""


class Recorder(MigrationRecorder):
    """The table `tortoise_migrations`, without Tortoise's writing after the commit and its silence about errors."""

    async def ensure_schema(self, schema_editor: BaseSchemaEditor) -> None:
        """Make the table; the server reads it as `remit_app` when it starts."""
        await super().ensure_schema(schema_editor)
        await schema_editor.client.execute_script("GRANT SELECT ON tortoise_migrations TO remit_app")

    async def applied_migrations(self) -> list[MigrationKey]:
        """The applied migrations, oldest first. Errors are raised: Tortoise would answer that there are none."""
        _, found = await self.connection.execute_query("SELECT to_regclass('tortoise_migrations') AS name")
        if found[0]["name"] is None:
            return []
        _, rows = await self.connection.execute_query("SELECT app, name FROM tortoise_migrations ORDER BY id")
        return [MigrationKey(row["app"], row["name"]) for row in rows]

    async def record_applied(self, app: str, name: str) -> None:
        """Nothing: `RecordApplied` has done it in the migration's transaction."""

    async def record_unapplied(self, app: str, name: str) -> None:
        """Nothing: `RecordApplied` has done it in the migration's transaction."""


class Loader(MigrationLoader):
    """The migrations on disk, each of which ends by recording itself."""

    def load_disk(self) -> None:
        """Read them anew."""
        super().load_disk()
        for key, migration in self.disk_migrations.items():
            migration.operations.append(RecordApplied(key.name))


class Executor(MigrationExecutor):
    """Tortoise's executor with the two above."""

    def __init__(self, connection: BaseDBAsyncClient, apps: Sequence[OrmApp]) -> None:
        super().__init__(connection, _config(apps))
        self.recorder = Recorder(connection)
        self.loader = Loader(_config(apps), self.recorder)


@dataclass(frozen=True, slots=True)
class Difference:
    """How the database and the migrations on disk differ, of the apps that are loaded."""

    missing: tuple[MigrationKey, ...]
    unknown: tuple[MigrationKey, ...]
    unfounded: tuple[MigrationKey, ...]

    @classmethod
    def between(cls, applied: set[MigrationKey], graph: MigrationGraph, labels: set[str]) -> Difference:
        """`unfounded` are applied ones that depend on one that is not. Apps that are not loaded are not looked at."""
        known = set(graph.nodes)
        return cls(
            missing=tuple(sorted(known - applied)),
            unknown=tuple(sorted(key for key in applied - known if key.app_label in labels)),
            unfounded=tuple(sorted(key for key in applied & known if set(graph.forwards_plan(key)) - applied)),
        )

    def refuse_unrunnable(self) -> None:
        """Raise StartRefused where no migration of this version can put it right."""
        if self.unknown:
            raise StartRefused(
                f"The database is newer than this Remit: it has {_listed(self.unknown)}. "
                "Upgrade Remit, or restore the backup from before the upgrade."
            )
        if self.unfounded:
            raise StartRefused(
                f"The database is half migrated: {_listed(self.unfounded)} is applied, and what it depends on is not "
                f"({_listed(self.missing)}). Restore the backup from before the upgrade, then run `remit migrate`."
            )

    def refuse_behind(self) -> None:
        """Raise StartRefused where migrations wait."""
        if self.missing:
            raise StartRefused(
                f"The database is behind this Remit: {_listed(self.missing)} is not applied. Run `remit migrate`."
            )


async def migrate(
    database: Database, apps: Sequence[OrmApp], *, target: str | None = None, progress: Progress | None = None
) -> None:
    """Bring the database to `target`: the newest migrations (None), "zero", or one such as "core.0002_team".

    Each migration and its record are one transaction; a second process waits until the first is through. Raises
    StartRefused on a newer or half migrated database, and for a target that there is not.
    """
    async with _alone(database), _owner_client(database, apps) as client:
        executor = Executor(client, apps)
        await executor.loader.build_graph()
        _difference(executor.loader).refuse_unrunnable()
        await executor.migrate(_targets(target, apps, executor.loader.graph), progress=progress)


async def check(database: Database, apps: Sequence[OrmApp]) -> None:
    """Raise StartRefused unless the database has exactly the migrations of `apps`."""
    async with database.read() as statements:
        loader = Loader(_config(apps), Recorder(statements.client))
        await loader.build_graph()
    difference = _difference(loader)
    difference.refuse_unrunnable()
    difference.refuse_behind()


@asynccontextmanager
async def _alone(database: Database) -> AsyncIterator[None]:
    """Hold the migrations' lock on a connection of its own: the ORM's go back to the pool, which frees their locks."""
    async with database.owner_connection() as connection:
        await connection.execute("SELECT pg_advisory_lock(hashtextextended('remit.migrate', 0))")
        await prepare_schemas(connection)
        yield


@asynccontextmanager
async def _owner_client(database: Database, apps: Sequence[OrmApp]) -> AsyncIterator[BaseDBAsyncClient]:
    orm = await Orm.open(database.owner, apps, connections=2)
    try:
        with orm.current():
            yield orm.client
    finally:
        await orm.close()


def _difference(loader: MigrationLoader) -> Difference:
    return Difference.between(loader.applied_migrations, loader.graph, loader.migrated_apps)


def _config(apps: Sequence[OrmApp]) -> dict[str, dict[str, Any]]:
    return {app.label: app.config for app in apps}


def _targets(target: str | None, apps: Sequence[OrmApp], graph: MigrationGraph) -> list[MigrationTarget] | None:
    if target is None:
        return None  # the executor's word for every newest migration
    if target == ZERO:
        return [MigrationTarget(app.label, "__first__") for app in apps]
    label, _, name = target.partition(".")
    if MigrationKey(label, name) not in graph.nodes:
        raise StartRefused(
            f"There is no migration {target}. Name one as app.migration, such as {min(graph.nodes)}, or {ZERO}."
        )
    return [MigrationTarget(label, name)]


def _listed(keys: Sequence[MigrationKey]) -> str:
    return ", ".join(str(key) for key in keys)
