"""Uses of capabilities, and which networks the jobs of the system go through."""

from __future__ import annotations

from tortoise import migrations

from database.operations import RunFile


class Migration(migrations.Migration):
    """Uses of capabilities, and which networks the jobs of the system go through."""

    dependencies = [("core", "0014_domains")]

    operations = [
        RunFile("migrations", "sql/uses.sql", "sql/drop_uses.sql"),
    ]
