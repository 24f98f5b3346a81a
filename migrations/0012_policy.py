"""Proposals, access tests and published verdict policies of the topic `team`."""

from __future__ import annotations

from tortoise import fields, migrations
from uuid_utils.compat import uuid7

from database.operations import KnowModel, RunFile


class Migration(migrations.Migration):
    """Proposals, access tests and published verdict policies of the topic `team`."""

    dependencies = [("core", "0011_scope")]

    operations = [
        RunFile("migrations", "sql/policy.sql", "sql/drop_policy.sql"),
        KnowModel(
            "PolicyProposal",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid7)),
                ("network_id", fields.UUIDField()),
                ("operation", fields.TextField()),
                ("input", fields.JSONField()),
                ("preview", fields.JSONField()),
                ("capability", fields.TextField()),
                ("scope", fields.UUIDField(null=True)),
                ("proposed_by", fields.UUIDField()),
                ("proposed_at", fields.DatetimeField()),
                ("state", fields.TextField(default="PROPOSED")),
                ("expires_at", fields.DatetimeField()),
                ("decided_by", fields.UUIDField(null=True)),
                ("decided_at", fields.DatetimeField(null=True)),
            ],
            options={"table": "policy_proposals"},
        ),
        KnowModel(
            "AccessTest",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid7)),
                ("network_id", fields.UUIDField()),
                ("title", fields.TextField()),
                ("who", fields.JSONField()),
                ("quantifier", fields.TextField()),
                ("number", fields.IntField(default=0)),
                ("predicate", fields.JSONField()),
                ("scope", fields.UUIDField(null=True)),
                ("mode", fields.TextField()),
                ("created_epoch", fields.BigIntField()),
                ("ended_epoch", fields.BigIntField(null=True)),
            ],
            options={"table": "access_tests"},
        ),
    ]
