"""Migration operations for what the ORM's own cannot say: a model's table, and anything else, as SQL.

Tortoise writes one primary-key column a table and foreign keys on a single column. Remit's tables have composite keys,
exclusion constraints, policies and triggers; the models only have to know the columns.
"""

from __future__ import annotations

from importlib.resources import files
from typing import Any

from tortoise.migrations.operations import CreateModel, FieldLike, TortoiseOperation
from tortoise.migrations.schema_editor.base import BaseSchemaEditor
from tortoise.migrations.schema_generator.state import State


class CreateTable(CreateModel):
    """The model goes into the migrations' state as it is; the table is made by `sql`, of one or many statements.

    Backward runs `reverse_sql`; without it the model's table is dropped, with what depends on it.
    """

    def __init__(
        self,
        name: str,
        fields: list[tuple[str, FieldLike]],
        options: dict[str, Any] | None = None,
        bases: list[str] | None = None,
        *,
        sql: str,
        reverse_sql: str | None = None,
    ) -> None:
        super().__init__(name, fields, options, bases)
        self.sql = sql
        self.reverse_sql = reverse_sql

    def describe(self) -> str:
        """The line that `remit migrate` shows."""
        return f"Create table of {self.name}"

    async def database_forward(
        self, app_label: str, old_state: State, new_state: State, state_editor: BaseSchemaEditor | None = None
    ) -> None:
        """Make the table."""
        if state_editor is not None:
            await state_editor._run_sql(self.sql)

    async def database_backward(
        self, app_label: str, old_state: State, new_state: State, state_editor: BaseSchemaEditor | None = None
    ) -> None:
        """Take the table away."""
        if state_editor is None:
            return
        if self.reverse_sql is None:
            await super().database_backward(app_label, old_state, new_state, state_editor)
        else:
            await state_editor._run_sql(self.reverse_sql)


class KnowModel(CreateModel):
    """The model goes into the migrations' state, and nothing else happens: its table was made by a file of SQL."""

    def describe(self) -> str:
        """The line that `remit migrate` shows."""
        return f"Know {self.name}"

    async def database_forward(
        self, app_label: str, old_state: State, new_state: State, state_editor: BaseSchemaEditor | None = None
    ) -> None:
        """Leave the database as it is."""

    async def database_backward(
        self, app_label: str, old_state: State, new_state: State, state_editor: BaseSchemaEditor | None = None
    ) -> None:
        """Leave the database as it is."""


class RunFile(TortoiseOperation):
    """Run a file of SQL that lies in a package: `RunFile("migrations", "sql/journal.sql", "sql/journal.down.sql")`.

    A file is read when it runs, not at import. Without `reverse` the migration cannot be taken back.
    """

    def __init__(self, package: str, file: str, reverse: str | None = None) -> None:
        self.package = package
        self.file = file
        self.reverse = reverse
        self.reversible = reverse is not None

    def describe(self) -> str:
        """The line that `remit migrate` shows."""
        return f"Run {self.file}"

    async def database_forward(
        self, app_label: str, old_state: State, new_state: State, state_editor: BaseSchemaEditor | None = None
    ) -> None:
        """Run the file."""
        if state_editor is not None:
            await state_editor._run_sql(self._read(self.file))

    async def database_backward(
        self, app_label: str, old_state: State, new_state: State, state_editor: BaseSchemaEditor | None = None
    ) -> None:
        """Run the reverse file; `reversible` keeps a migration without one from getting here."""
        if state_editor is not None and self.reverse is not None:
            await state_editor._run_sql(self._read(self.reverse))

    def _read(self, file: str) -> str:
        return files(self.package).joinpath(file).read_text(encoding="utf-8")


class RecordApplied(TortoiseOperation):
    """The last operation of every migration: its line in `tortoise_migrations`, in the migration's own transaction.

    Tortoise writes the line after the commit on another connection, and a kill between the two leaves a migration that
    is applied and not recorded.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def describe(self) -> str:
        """The line that `remit migrate` shows."""
        return f"Record {self.name}"

    async def database_forward(
        self, app_label: str, old_state: State, new_state: State, state_editor: BaseSchemaEditor | None = None
    ) -> None:
        """Write the line."""
        if state_editor is not None:
            await state_editor.client.execute_query(
                "INSERT INTO tortoise_migrations (app, name, applied_at) VALUES ($1, $2, clock_timestamp())",
                [app_label, self.name],
            )

    async def database_backward(
        self, app_label: str, old_state: State, new_state: State, state_editor: BaseSchemaEditor | None = None
    ) -> None:
        """Take the line back."""
        if state_editor is not None:
            await state_editor.client.execute_query(
                "DELETE FROM tortoise_migrations WHERE app = $1 AND name = $2", [app_label, self.name]
            )
