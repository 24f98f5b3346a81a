"""Acting elsewhere than as a specialist: on a visit, for the operator, for a partner firm."""

from __future__ import annotations

from tortoise import fields, migrations
from uuid_utils.compat import uuid7

from database.operations import KnowModel, RunFile


class Migration(migrations.Migration):
    """Acting elsewhere than as a specialist: on a visit, for the operator, for a partner firm."""

    dependencies = [("core", "0013_decisions")]

    operations = [
        RunFile("migrations", "sql/drop_scope.sql", "sql/scope.sql"),
        RunFile("migrations", "sql/domains.sql", "sql/drop_domains.sql"),
        KnowModel(
            "VisitRequest",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid7)),
                ("partner_id", fields.UUIDField(null=True)),
                ("account_id", fields.UUIDField()),
                ("customer_id", fields.UUIDField()),
                ("location_id", fields.UUIDField(null=True)),
                ("role_code", fields.TextField()),
                ("hours", fields.IntField()),
                ("reason", fields.TextField()),
                ("asked_at", fields.DatetimeField()),
            ],
            options={"table": "visit_requests"},
        ),
    ]
