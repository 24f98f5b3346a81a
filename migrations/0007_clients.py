"""Tables of the topic `clients`."""

from __future__ import annotations

from tortoise import fields, migrations
from uuid_utils.compat import uuid7

from database.operations import KnowModel, RunFile


class Migration(migrations.Migration):
    """Tables of the topic `clients`."""

    dependencies = [("core", "0006_catalogue")]

    operations = [
        RunFile("migrations", "sql/clients.sql", "sql/drop_clients.sql"),
        KnowModel(
            "Client",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid7)),
                ("network_id", fields.UUIDField()),
                ("name", fields.TextField()),
                ("name_key", fields.TextField()),
                ("phone", fields.TextField(null=True)),
                ("email", fields.TextField(null=True)),
                ("language", fields.TextField(null=True)),
                ("created_at", fields.DatetimeField()),
            ],
            options={"table": "clients"},
        ),
    ]
