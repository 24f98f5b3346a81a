"""Tables of the topic `booking`."""

from __future__ import annotations

from tortoise import fields, migrations
from uuid_utils.compat import uuid7

from database.operations import KnowModel, RunFile


class Migration(migrations.Migration):
    """Tables of the topic `booking`."""

    dependencies = [("core", "0007_clients")]

    operations = [
        RunFile("migrations", "sql/booking.sql", "sql/drop_booking.sql"),
        KnowModel(
            "Appointment",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid7)),
                ("network_id", fields.UUIDField()),
                ("location_id", fields.UUIDField()),
                ("client_id", fields.UUIDField(null=True)),
                ("state", fields.TextField()),
                ("version", fields.IntField(default=1)),
                ("starts_at", fields.DatetimeField()),
                ("ends_at", fields.DatetimeField()),
                ("local_start", fields.TextField()),
                ("zone", fields.TextField()),
                ("source", fields.TextField()),
                ("created_by", fields.UUIDField(null=True)),
                ("comment", fields.TextField(default="")),
                ("cancelled_by", fields.TextField(null=True)),
                ("late", fields.BooleanField(null=True)),
                ("reason", fields.TextField(null=True)),
                ("created_at", fields.DatetimeField()),
            ],
            options={"table": "appointments"},
        ),
        KnowModel(
            "AppointmentLine",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid7)),
                ("network_id", fields.UUIDField()),
                ("appointment_id", fields.UUIDField()),
                ("position", fields.IntField()),
                ("service_id", fields.UUIDField()),
                ("specialist_id", fields.UUIDField()),
                ("starts_at", fields.DatetimeField()),
                ("ends_at", fields.DatetimeField()),
                ("amount", fields.BigIntField()),
                ("currency", fields.TextField()),
            ],
            options={"table": "appointment_lines"},
        ),
    ]
