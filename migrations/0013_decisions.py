"""Decisions of the access policy, found in the journal by their id."""

from __future__ import annotations

from tortoise import migrations

from database.operations import RunFile


class Migration(migrations.Migration):
    """Decisions of the access policy, found in the journal by their id."""

    dependencies = [("core", "0012_policy")]

    operations = [
        RunFile("migrations", "sql/decisions.sql", "sql/drop_decisions.sql"),
    ]
