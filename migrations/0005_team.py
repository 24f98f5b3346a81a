"""Tables of the topic `team`."""

from __future__ import annotations

from tortoise import fields, migrations
from uuid_utils.compat import uuid7

from database.operations import KnowModel, RunFile


class Migration(migrations.Migration):
    """Tables of the topic `team`."""

    dependencies = [("core", "0004_network")]

    operations = [
        RunFile("migrations", "sql/team.sql", "sql/drop_team.sql"),
        KnowModel(
            "Specialist",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid7)),
                ("network_id", fields.UUIDField()),
                ("kind", fields.TextField(default="HUMAN")),
                ("account_id", fields.UUIDField(null=True)),
                ("name", fields.TextField()),
                ("position", fields.TextField(default="")),
                ("state", fields.TextField(default="ACTIVE")),
                ("created_at", fields.DatetimeField()),
            ],
            options={"table": "specialists"},
        ),
        KnowModel(
            "Role",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid7)),
                ("network_id", fields.UUIDField()),
                ("code", fields.TextField()),
                ("title", fields.TextField()),
                ("description", fields.TextField(default="")),
                ("based_on", fields.TextField(null=True)),
                ("state", fields.TextField(default="ACTIVE")),
                ("version", fields.IntField(default=1)),
            ],
            options={"table": "roles"},
        ),
        KnowModel(
            "RoleLine",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid7)),
                ("network_id", fields.UUIDField()),
                ("role_id", fields.UUIDField()),
                ("capability", fields.TextField()),
                ("effect", fields.TextField()),
                ("limits", fields.JSONField(default=dict)),
                ("created_epoch", fields.BigIntField()),
                ("ended_epoch", fields.BigIntField(null=True)),
            ],
            options={"table": "role_lines"},
        ),
        KnowModel(
            "Assignment",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid7)),
                ("network_id", fields.UUIDField(null=True)),
                ("partner_id", fields.UUIDField(null=True)),
                ("location_id", fields.UUIDField(null=True)),
                ("role_code", fields.TextField(null=True)),
                ("role_id", fields.UUIDField(null=True)),
                ("specialist_id", fields.UUIDField(null=True)),
                ("account_id", fields.UUIDField(null=True)),
                ("limits", fields.JSONField(default=dict)),
                ("valid_from", fields.DatetimeField()),
                ("valid_until", fields.DatetimeField(null=True)),
                ("created_epoch", fields.BigIntField()),
                ("ended_epoch", fields.BigIntField(null=True)),
                ("reason", fields.TextField(default="")),
            ],
            options={"table": "assignments"},
        ),
        KnowModel(
            "PolicyChange",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid7)),
                ("network_id", fields.UUIDField(null=True)),
                ("partner_id", fields.UUIDField(null=True)),
                ("epoch", fields.BigIntField()),
                ("made_at", fields.DatetimeField()),
                ("journal_id", fields.UUIDField()),
                ("origin", fields.TextField()),
                ("changes", fields.JSONField()),
                ("delta", fields.JSONField()),
                ("consequences", fields.JSONField()),
                ("consent", fields.TextField(null=True)),
            ],
            options={"table": "policy_changes"},
        ),
    ]
