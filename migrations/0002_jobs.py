"""The job queue's own schema: procrastinate's SQL, in the schema `jobs`, as it is shipped with the pinned version."""

from __future__ import annotations

from procrastinate.schema import SchemaManager
from tortoise import migrations
from tortoise.migrations.operations import RunSQL

GRANTS = """
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA jobs TO remit_app;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA jobs TO remit_app;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA jobs TO remit_app;
"""
MAKE = "\n".join(
    ("SET LOCAL search_path = jobs;", SchemaManager.get_schema(), GRANTS, "SET LOCAL search_path = remit, jobs;")
)
DROP = "DROP SCHEMA jobs CASCADE; CREATE SCHEMA jobs; GRANT USAGE ON SCHEMA jobs TO remit_app;"


class Migration(migrations.Migration):
    """Makes the queue. Row-level security is not needed there: job arguments hold ids only."""

    dependencies = [("core", "0001_journal")]

    operations = [RunSQL(MAKE, reverse_sql=DROP)]
