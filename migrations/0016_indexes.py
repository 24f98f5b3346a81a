"""Indexes of lists: a network's appointments by their start, and the sales of an appointment, closed ones too."""

from __future__ import annotations

from tortoise import migrations

from database.operations import RunFile


class Migration(migrations.Migration):
    """Indexes of lists: a network's appointments by their start, and the sales of an appointment, closed ones too."""

    dependencies = [("core", "0015_uses")]

    operations = [
        RunFile("migrations", "sql/indexes.sql", "sql/drop_indexes.sql"),
    ]
