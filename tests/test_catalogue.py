"""What pg_catalog says of every table: tenant-owned and protected, or on the list of exceptions with its reason."""

from __future__ import annotations

import pytest
from asyncpg import Record

from app import Remit

EXEMPT = {
    "installation": "says whether this is a demo; the owner alone writes it",
    "devices": "traffic: user agents by random id; outcomes are journaled",
    "account_devices": "traffic: which account used which device; outcomes are journaled",
    "sign_in_attempts": "traffic of signing in; outcomes are journaled",
    "failure_counters": "traffic of signing in, keyed by hashes",
    "capability_uses": "counted from the journal, which has each use",
    "uses_folded": "how far the journal is counted",
    "idempotency": "repeats an answer; the mutation itself is journaled",
    "journal_heads": "the journal itself: written by its owner's functions alone",
    "journal_entries": "the journal itself",
    "journal_changes": "the journal itself",
    "journal_checkpoints": "the journal itself",
    "policy_epochs": "raised by triggers alone",
    "principal_epochs": "raised by triggers alone",
    "tortoise_migrations": "the record of migrations: remit_app reads it when it starts",
}
TABLES = """
SELECT c.relname AS name, c.relrowsecurity AS secured, c.relforcerowsecurity AS forced,
  ARRAY(SELECT tgname::text FROM pg_trigger t
    WHERE t.tgrelid = c.oid AND NOT tgisinternal AND tgenabled = 'O') AS triggers,
  ARRAY(SELECT polname::text FROM pg_policy p WHERE p.polrelid = c.oid) AS policies,
  EXISTS (SELECT FROM pg_attribute a
    WHERE a.attrelid = c.oid AND a.attname = 'network_id' AND NOT a.attisdropped) AS owned
FROM pg_class c WHERE c.relnamespace = 'remit'::regnamespace AND c.relkind = 'r' ORDER BY 1
"""
SINGLE_KEYS = """
SELECT c.conrelid::regclass::text AS child, c.confrelid::regclass::text AS parent FROM pg_constraint c
WHERE c.contype = 'f' AND c.connamespace = 'remit'::regnamespace AND cardinality(c.conkey) = 1
"""
UNIQUE = """
SELECT i.indexrelid::regclass::text AS name, i.indrelid::regclass::text AS on_table,
  (SELECT attname FROM pg_attribute a WHERE a.attrelid = i.indrelid AND a.attnum = i.indkey[0])::text AS leads
FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
WHERE c.relnamespace = 'remit'::regnamespace AND i.indisunique
"""


@pytest.fixture
async def tables(remit: Remit) -> dict[str, Record]:
    async with remit.host.database.read() as statements:
        return {row["name"]: row for row in await statements.fetch(TABLES)}


async def test_every_table_is_protected_or_exempt_with_a_reason(tables: dict[str, Record]) -> None:
    unprotected = {
        name
        for name, row in tables.items()
        if not (row["secured"] and row["forced"] and {"journal_capture", "journal_truncate"} <= set(row["triggers"]))
    }

    assert unprotected == EXEMPT.keys()


async def test_every_protected_table_has_the_tenancy_policy(tables: dict[str, Record]) -> None:
    assert {name for name, row in tables.items() if "tenant" not in row["policies"]} <= EXEMPT.keys()


async def test_tenant_tables_point_at_each_other_by_network_and_id_only(
    remit: Remit, tables: dict[str, Record]
) -> None:
    owned = {name for name, row in tables.items() if row["owned"]}
    async with remit.host.database.read() as statements:
        keys = [(row["child"], row["parent"]) for row in await statements.fetch(SINGLE_KEYS)]

    assert [key for key in keys if key[0] in owned and key[1] in owned] == []


async def test_unique_indexes_of_tenant_tables_lead_with_the_network(remit: Remit, tables: dict[str, Record]) -> None:
    several = {"assignments", "policy_changes", "mails"}  # their rows may belong to no network: keyed by a random id
    owned = {name for name, row in tables.items() if row["owned"]} - several
    async with remit.host.database.read() as statements:
        found = [row for row in await statements.fetch(UNIQUE) if row["on_table"] in owned]

    assert {row["name"] for row in found if row["leads"] != "network_id"} == set()
