"""The models and the migrations say the same: what Tortoise would write as a new migration is nothing."""

from __future__ import annotations

import pytest
from tortoise import Tortoise
from tortoise.migrations.autodetector import MigrationAutodetector
from tortoise.migrations.operations import AlterModelOptions, Operation

from database.apps import CONNECTION, OrmApp
from docs.generate.source import merged


@pytest.mark.parametrize("app", merged().apps, ids=lambda app: app.label)
async def test_the_migrations_know_every_field_of_the_models(app: OrmApp) -> None:
    apps = {app.label: app.config}
    await Tortoise.init(config={"connections": {CONNECTION: "asyncpg://nobody@localhost/none"}, "apps": apps})
    try:
        assert Tortoise.apps is not None
        writers = await MigrationAutodetector(Tortoise.apps, apps).changes()
    finally:
        await Tortoise.close_connections()

    found = [operation for writer in writers for operation in writer.operations if not _is_wording(operation)]
    assert [operation.describe() for operation in found] == []


def _is_wording(operation: Operation) -> bool:
    """Whether only a model's docstring is new: Tortoise takes it for the table's comment, and ours are in the SQL."""
    return isinstance(operation, AlterModelOptions)
