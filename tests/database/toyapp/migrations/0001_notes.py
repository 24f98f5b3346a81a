"""The table, with what the ORM cannot say: a composite key and row-level security."""

from __future__ import annotations

from tortoise import fields, migrations

from database.operations import CreateTable

NOTES = """
CREATE TABLE toy_notes (
    network_id uuid NOT NULL,
    id uuid NOT NULL,
    text text NOT NULL CONSTRAINT toy_notes_text CHECK (text <> ''),
    PRIMARY KEY (network_id, id)
);
ALTER TABLE toy_notes ENABLE ROW LEVEL SECURITY;
ALTER TABLE toy_notes FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON toy_notes USING (network_id = current_setting('remit.network_id', true)::uuid);
GRANT SELECT, INSERT, UPDATE, DELETE ON toy_notes TO remit_app;
"""


class Migration(migrations.Migration):
    """Makes the table."""

    dependencies = [("toy", "0000_root")]
    operations = [
        CreateTable(
            "ToyNote",
            [
                ("id", fields.UUIDField(primary_key=True)),
                ("network_id", fields.UUIDField()),
                ("text", fields.TextField()),
            ],
            {"table": "toy_notes"},
            sql=NOTES,
        )
    ]
