"""A constraint that only COMMIT looks at, from a file."""

from __future__ import annotations

from tortoise import migrations

from database.operations import RunFile


class Migration(migrations.Migration):
    """Makes texts unique in a network."""

    dependencies = [("toy", "0001_notes")]
    operations = [RunFile("tests.database.toyapp.migrations", "sql/unique.sql", "sql/unique.down.sql")]
