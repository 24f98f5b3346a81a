"""What opens the scope of a transaction."""

from __future__ import annotations

from tortoise import migrations

from database.operations import RunFile


class Migration(migrations.Migration):
    """What opens the scope of a transaction."""

    dependencies = [("core", "0010_notices")]

    operations = [
        RunFile("migrations", "sql/scope.sql", "sql/drop_scope.sql"),
    ]
