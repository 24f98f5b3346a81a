"""Acting elsewhere than as a specialist: on a visit, for the operator, for a partner firm."""

from __future__ import annotations

from tortoise import migrations

from database.operations import RunFile


class Migration(migrations.Migration):
    """Acting elsewhere than as a specialist: on a visit, for the operator, for a partner firm."""

    dependencies = [("core", "0012_policy")]

    operations = [
        RunFile("migrations", "sql/drop_scope.sql", "sql/scope.sql"),
        RunFile("migrations", "sql/domains.sql", "sql/drop_domains.sql"),
    ]
