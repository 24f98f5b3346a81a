"""Tables of the topic `notices`."""

from __future__ import annotations

from tortoise import fields, migrations
from uuid_utils.compat import uuid7

from database.operations import KnowModel, RunFile


class Migration(migrations.Migration):
    """Tables of the topic `notices`."""

    dependencies = [("core", "0009_till")]

    operations = [
        RunFile("migrations", "sql/notices.sql", "sql/drop_notices.sql"),
        KnowModel(
            "Mail",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid7)),
                ("network_id", fields.UUIDField(null=True)),
                ("account_id", fields.UUIDField(null=True)),
                ("recipient", fields.TextField()),
                ("kind", fields.TextField()),
                ("sealed", fields.BinaryField(null=True)),
                ("state", fields.TextField(default="QUEUED")),
                ("why", fields.TextField(null=True)),
                ("created_at", fields.DatetimeField()),
                ("sent_at", fields.DatetimeField(null=True)),
            ],
            options={"table": "mails"},
        ),
    ]
