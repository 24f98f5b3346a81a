"""Scope functions, the journal, epochs, and `protect()`."""

from __future__ import annotations

from tortoise import migrations

from database.operations import RunFile


class Migration(migrations.Migration):
    """Scope functions, the journal, epochs, and `protect()`."""

    dependencies = [("core", "0000_root")]

    operations = [
        RunFile("migrations", "sql/journal.sql", "sql/drop_journal.sql"),
    ]
