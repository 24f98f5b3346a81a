"""Tables of the topic `catalogue`."""

from __future__ import annotations

from tortoise import fields, migrations
from uuid_utils.compat import uuid7

from database.operations import KnowModel, RunFile


class Migration(migrations.Migration):
    """Tables of the topic `catalogue`."""

    dependencies = [("core", "0005_team")]

    operations = [
        RunFile("migrations", "sql/catalogue.sql", "sql/drop_catalogue.sql"),
        KnowModel(
            "Service",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid7)),
                ("network_id", fields.UUIDField()),
                ("category", fields.TextField(default="")),
                ("name", fields.TextField()),
                ("duration", fields.IntField()),
                ("buffer_before", fields.IntField(default=0)),
                ("buffer_after", fields.IntField(default=0)),
                ("state", fields.TextField(default="ACTIVE")),
                ("created_at", fields.DatetimeField()),
            ],
            options={"table": "services"},
        ),
    ]
