"""Tables of the topic `till`."""

from __future__ import annotations

from tortoise import fields, migrations
from uuid_utils.compat import uuid7

from database.operations import KnowModel, RunFile


class Migration(migrations.Migration):
    """Tables of the topic `till`."""

    dependencies = [("core", "0008_booking")]

    operations = [
        RunFile("migrations", "sql/till.sql", "sql/drop_till.sql"),
        KnowModel(
            "Sale",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid7)),
                ("network_id", fields.UUIDField()),
                ("location_id", fields.UUIDField()),
                ("appointment_id", fields.UUIDField(null=True)),
                ("currency", fields.TextField()),
                ("state", fields.TextField(default="OPEN")),
                ("opened_at", fields.DatetimeField()),
            ],
            options={"table": "sales"},
        ),
        KnowModel(
            "SaleLine",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid7)),
                ("network_id", fields.UUIDField()),
                ("sale_id", fields.UUIDField()),
                ("position", fields.IntField()),
                ("kind", fields.TextField()),
                ("appointment_line_id", fields.UUIDField(null=True)),
                ("served_by", fields.UUIDField(null=True)),
                ("amount", fields.BigIntField()),
            ],
            options={"table": "sale_lines"},
        ),
        KnowModel(
            "Payment",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid7)),
                ("network_id", fields.UUIDField()),
                ("sale_id", fields.UUIDField()),
                ("method", fields.TextField()),
                ("amount", fields.BigIntField()),
                ("tendered", fields.BigIntField(null=True)),
                ("captured_at", fields.DatetimeField()),
                ("refunded", fields.BigIntField(default=0)),
                ("taken_by", fields.UUIDField()),
            ],
            options={"table": "payments"},
        ),
    ]
