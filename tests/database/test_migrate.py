"""Up, down, up; two at once; killed between; and the refusals of a database that does not fit."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest
from tortoise.migrations.graph import MigrationGraph, MigrationKey
from tortoise.migrations.migration import Migration
from tortoise.migrations.schema_generator.state import State
from tortoise.migrations.schema_generator.state_apps import StateApps

from database.apps import OrmApp
from database.connections import Database
from database.migrate import ZERO, Difference, Loader, Recorder, check, migrate
from database.operations import RunFile
from errors import StartRefused
from settings import Settings
from tests.database.toyapp import TOY

REPOSITORY = Path(__file__).parents[2]
ALL = ["0000_root", "0001_notes", "0002_unique"]


async def recorded(database: Database) -> list[str]:
    async with database.owner_connection() as owner:
        rows = await owner.fetch("SELECT name FROM tortoise_migrations WHERE app = 'toy' ORDER BY id")
    return [row["name"] for row in rows]


async def record(database: Database, name: str) -> None:
    async with database.owner_connection() as owner:
        await owner.execute("INSERT INTO tortoise_migrations (app, name, applied_at) VALUES ('toy', $1, now())", name)


async def forget(database: Database, name: str) -> None:
    async with database.owner_connection() as owner:
        await owner.execute("DELETE FROM tortoise_migrations WHERE app = 'toy' AND name = $1", name)


async def toys_in_catalogue(database: Database) -> list[str]:
    async with database.owner_connection() as owner:
        rows = await owner.fetch(
            "SELECT conname AS name FROM pg_constraint WHERE conname LIKE 'toy%' AND contype IN ('p', 'u') UNION ALL"
            " SELECT proname FROM pg_proc WHERE proname LIKE 'toy%' UNION ALL"
            " SELECT relname FROM pg_class WHERE relname LIKE 'toy%' AND relkind = 'r' ORDER BY name"
        )
    return [row["name"] for row in rows]


def settings_as_environment(settings: Settings) -> dict[str, str]:
    return {**os.environ, "REMIT_DATA_DIR": str(settings.data_dir)}


async def run_migrator(settings: Settings, *arguments: str) -> int:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.database.migrator",
        *arguments,
        cwd=REPOSITORY,
        env=settings_as_environment(settings),
    )
    return await process.wait()


async def test_up_down_and_up_again(empty_toy: Database) -> None:
    states = []
    for target in (None, ZERO, None):
        await migrate(empty_toy, [TOY], target=target)
        states.append((await recorded(empty_toy), await toys_in_catalogue(empty_toy)))

    up = (ALL, ["toy_notes", "toy_notes_pkey", "toy_notes_unique", "toy_shout"])
    assert states == [up, ([], []), up]


async def test_progress_is_told(empty_toy: Database) -> None:
    told: list[tuple[str, str, str]] = []

    await migrate(empty_toy, [TOY], target="toy.0001_notes", progress=lambda *event: told.append(event))
    await migrate(empty_toy, [TOY], target="toy.0000_root", progress=lambda *event: told.append(event))

    assert told == [
        ("apply_start", "toy", "0000_root"),
        ("apply_done", "toy", "0000_root"),
        ("apply_start", "toy", "0001_notes"),
        ("apply_done", "toy", "0001_notes"),
        ("rollback_start", "toy", "0001_notes"),
        ("rollback_done", "toy", "0001_notes"),
    ]
    assert await recorded(empty_toy) == ["0000_root"]


async def test_tables_are_the_owner_s(toy: Database) -> None:
    async with toy.owner_connection() as owner:
        owners = await owner.fetch("SELECT schemaname, tableowner FROM pg_tables WHERE tablename LIKE 'to%'")

    assert {tuple(row) for row in owners} == {("remit", "remit_owner")}


async def test_model_s_state_is_what_the_sql_made(toy: Database) -> None:
    """The state of the migrations has the model, though SQL made its table: makemigrations finds no change."""
    async with toy.read() as statements:
        loader = Loader({"toy": TOY.config}, Recorder(statements.client))
        await loader.build_graph()
    state = State(models={}, apps=StateApps(default_connections={"toy": "default"}))
    for name in ALL:
        migration = loader.graph.nodes[MigrationKey("toy", name)]
        assert migration is not None
        await migration.apply(state, dry_run=True)

    assert list(state.models) == [("toy", "ToyNote")]
    assert sorted(state.models["toy", "ToyNote"].fields) == ["id", "network_id", "text"]


async def test_two_processes_migrate_at_once(empty_toy: Database, database_settings: Settings) -> None:
    first, second = await asyncio.gather(run_migrator(database_settings), run_migrator(database_settings))

    assert (first, second) == (0, 0)
    assert await recorded(empty_toy) == ALL


async def test_kill_behind_a_commit_leaves_the_migration_recorded(
    empty_toy: Database, database_settings: Settings
) -> None:
    code = await run_migrator(database_settings, "kill")
    after_kill = await recorded(empty_toy)
    await migrate(empty_toy, [TOY])

    assert code == -signal.SIGKILL
    assert after_kill == ["0000_root", "0001_notes"]
    assert await recorded(empty_toy) == ALL


async def test_refused_migration_leaves_nothing(empty_toy: Database) -> None:
    await migrate(empty_toy, [TOY], target="toy.0001_notes")
    async with empty_toy.owner_connection() as owner:
        await owner.execute("CREATE FUNCTION toy_shout(word text) RETURNS text LANGUAGE sql AS 'SELECT $1'")

    with pytest.raises(Exception, match='function "toy_shout" already exists'):
        await migrate(empty_toy, [TOY])
    async with empty_toy.owner_connection() as owner:
        await owner.execute("DROP FUNCTION toy_shout(text)")

    assert await recorded(empty_toy) == ["0000_root", "0001_notes"]
    assert await toys_in_catalogue(empty_toy) == ["toy_notes", "toy_notes_pkey"]


async def test_fitting_database_is_not_refused(toy: Database) -> None:
    await check(toy, [TOY])


async def test_database_behind_is_refused(empty_toy: Database) -> None:
    await migrate(empty_toy, [TOY], target="toy.0001_notes")

    with pytest.raises(StartRefused) as refusal:
        await check(empty_toy, [TOY])

    assert str(refusal.value) == (
        "The database is behind this Remit: toy.0002_unique is not applied. Run `remit migrate`."
    )


async def test_newer_database_is_refused_to_server_and_migration(toy: Database) -> None:
    await record(toy, "9000_future")
    await record(toy, "9001_beyond")

    for refused in (check(toy, [TOY]), migrate(toy, [TOY]), migrate(toy, [TOY], target=ZERO)):
        with pytest.raises(StartRefused) as refusal:
            await refused
        assert str(refusal.value) == (
            "The database is newer than this Remit: it has toy.9000_future, toy.9001_beyond. "
            "Upgrade Remit, or restore the backup from before the upgrade."
        )
    assert await recorded(toy) == [*ALL, "9000_future", "9001_beyond"]


async def test_half_migrated_database_is_refused(toy: Database) -> None:
    await forget(toy, "0001_notes")

    with pytest.raises(StartRefused) as refusal:
        await check(toy, [TOY])
    with pytest.raises(StartRefused, match="half migrated"):
        await migrate(toy, [TOY])
    await record(toy, "0001_notes")

    assert str(refusal.value) == (
        "The database is half migrated: toy.0002_unique is applied, and what it depends on is not "
        "(toy.0001_notes). Restore the backup from before the upgrade, then run `remit migrate`."
    )


async def test_migrations_of_apps_that_are_not_loaded_do_not_matter(toy: Database) -> None:
    async with toy.owner_connection() as owner:
        await owner.execute(
            "INSERT INTO tortoise_migrations (app, name, applied_at) VALUES ('toy_plugin', '9000_theirs', now())"
        )

    await check(toy, [TOY])

    async with toy.owner_connection() as owner:
        await owner.execute("DELETE FROM tortoise_migrations WHERE app = 'toy_plugin'")


async def test_unknown_target_is_refused(empty_toy: Database) -> None:
    with pytest.raises(StartRefused) as refusal:
        await migrate(empty_toy, [TOY], target="toy.0007_none")

    assert str(refusal.value) == (
        "There is no migration toy.0007_none. Name one as app.migration, such as toy.0000_root, or zero."
    )


async def test_record_that_cannot_be_read_is_an_error_and_not_an_empty_one(toy: Database) -> None:
    async with toy.owner_connection() as owner:
        await owner.execute("REVOKE SELECT ON tortoise_migrations FROM remit_app")

    with pytest.raises(Exception, match="permission denied for table tortoise_migrations"):
        await check(toy, [TOY])
    await migrate(toy, [TOY])

    await check(toy, [TOY])


async def test_core_begins_with_an_empty_root(empty_toy: Database) -> None:
    core = OrmApp("core", ("tests.database.toyapp.models",), "migrations")
    async with empty_toy.read() as statements:
        loader = Loader({"core": core.config}, Recorder(statements.client))
        loader.load_disk()

    root = loader.disk_migrations[MigrationKey("core", "0000_root")]
    assert [*root.dependencies, *root.run_before] == []
    assert [operation.describe() for operation in root.operations] == ["Record 0000_root"]


def test_difference_of_two_apps_is_sorted_by_app_and_name() -> None:
    graph = MigrationGraph()
    core = [MigrationKey("core", name) for name in ("0000_root", "0001_first")]
    plugin = MigrationKey("billing", "0000_root")
    for key in (*core, plugin):
        graph.add_node(key, Migration(key.name, key.app_label))
    graph.add_dependency(core[1], core[1], core[0])
    graph.add_dependency(plugin, plugin, core[1])
    unknown = MigrationKey("core", "0002_next")

    difference = Difference.between({core[0], plugin, unknown}, graph, {"core", "billing"})

    assert difference == Difference(missing=(core[1],), unknown=(unknown,), unfounded=(plugin,))


def test_file_without_reverse_cannot_be_taken_back() -> None:
    assert not RunFile("tests.database.toyapp.migrations", "sql/unique.sql").reversible
    assert RunFile("tests.database.toyapp.migrations", "sql/unique.sql", "sql/unique.down.sql").reversible
