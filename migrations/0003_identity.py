"""Tables of the topic `identity`."""

from __future__ import annotations

from tortoise import fields, migrations
from tortoise.contrib.postgres.fields import ArrayField
from uuid_utils.compat import uuid7

from database.operations import KnowModel, RunFile


class Migration(migrations.Migration):
    """Tables of the topic `identity`."""

    dependencies = [("core", "0002_jobs")]

    operations = [
        RunFile("migrations", "sql/identity.sql", "sql/drop_identity.sql"),
        KnowModel(
            "Account",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid7)),
                ("email", fields.TextField()),
                ("email_key", fields.TextField()),
                ("email_verified_at", fields.DatetimeField(null=True)),
                ("name", fields.TextField()),
                ("language", fields.TextField(default="en")),
                ("password_hash", fields.TextField(null=True)),
                ("password_changed_at", fields.DatetimeField(null=True)),
                ("state", fields.TextField(default="ACTIVE")),
                ("must_change_password", fields.BooleanField(default=False)),
                ("created_at", fields.DatetimeField()),
            ],
            options={"table": "accounts"},
        ),
        KnowModel(
            "Session",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid7)),
                ("account_id", fields.UUIDField()),
                ("device_id", fields.UUIDField()),
                ("kind", fields.TextField()),
                ("token_hash", fields.BinaryField()),
                ("factors", ArrayField("text")),
                ("stepped_up_at", fields.DatetimeField(null=True)),
                ("created_at", fields.DatetimeField()),
                ("last_seen_at", fields.DatetimeField()),
                ("idle_until", fields.DatetimeField()),
                ("ends_at", fields.DatetimeField()),
                ("state", fields.TextField(default="ACTIVE")),
                ("ended_at", fields.DatetimeField(null=True)),
                ("ended_reason", fields.TextField(null=True)),
            ],
            options={"table": "sessions"},
        ),
    ]
