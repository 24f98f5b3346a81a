"""Tables of the topic `network`."""

from __future__ import annotations

from tortoise import fields, migrations
from uuid_utils.compat import uuid7

from database.operations import KnowModel, RunFile


class Migration(migrations.Migration):
    """Tables of the topic `network`."""

    dependencies = [("core", "0003_identity")]

    operations = [
        RunFile("migrations", "sql/network.sql", "sql/drop_network.sql"),
        KnowModel(
            "Network",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid7)),
                ("name", fields.TextField()),
                ("legal_name", fields.TextField()),
                ("country", fields.TextField()),
                ("currency", fields.TextField()),
                ("zone", fields.TextField()),
                ("state", fields.TextField(default="ACTIVE")),
                ("created_at", fields.DatetimeField()),
            ],
            options={"table": "networks"},
        ),
        KnowModel(
            "Location",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid7)),
                ("network_id", fields.UUIDField()),
                ("code", fields.TextField()),
                ("name", fields.TextField()),
                ("zone", fields.TextField()),
                ("country", fields.TextField()),
                ("currency", fields.TextField()),
                ("address", fields.TextField(default="")),
                ("phone", fields.TextField(null=True)),
                ("state", fields.TextField(default="OPEN")),
                ("call_center", fields.BooleanField(default=False)),
                ("created_at", fields.DatetimeField()),
            ],
            options={"table": "locations"},
        ),
    ]
