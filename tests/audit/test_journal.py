"""journal.md 4.1, 4.2 and 4.7: what the database writes by itself, and what it refuses."""

from __future__ import annotations

import asyncio
import hashlib
import json
from uuid import UUID

import asyncpg
import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from uuid_utils.compat import uuid7

from audit.chain import Change, change_digest, digest_of
from audit.entries import OPERATOR_CHAIN
from audit.verification import verify_chain
from tests.audit.conftest import DROP_JOURNAL_SQL, JOURNAL_SQL, Connection, Server, create_database
from tests.audit.test_chain import DETAILS, DETAILS_DIGEST, PHONE_CHANGED, PHONE_CHANGED_DIGEST
from tests.audit.works import PAYLOAD, add_client, append, network_with_client, open_work, payload_with, set_scope, work

INSERT_CLIENT = "INSERT INTO clients (network_id, id, name) VALUES ($1, gen_random_uuid(), 'x')"
BODIES = "SELECT operation, row_id, subject_id, body FROM journal_changes WHERE chain_id = $1 ORDER BY entry_id, n"


def sqlstate(caught: pytest.ExceptionInfo[asyncpg.PostgresError]) -> str | None:
    state: str | None = caught.value.sqlstate
    return state


# Outside a Work -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("case", "statement"),
    [
        ("insert", "INSERT INTO clients (network_id, id, name) VALUES ($1, $2, 'x')"),
        ("update", "UPDATE clients SET name = 'x' WHERE network_id = $1 AND id = $2"),
        ("delete", "DELETE FROM clients WHERE network_id = $1 AND id = $2"),
    ],
)
async def test_a_write_outside_a_work_is_refused(app: Connection, case: str, statement: str) -> None:
    network, client = await network_with_client(app)

    async def attempt() -> None:
        async with app.transaction():
            await set_scope(app, network_id=network)
            await app.execute(statement, network, uuid7() if case == "insert" else client)

    with pytest.raises(asyncpg.PostgresError) as refusal:
        await attempt()

    assert sqlstate(refusal) == "RM001"


async def test_a_write_after_the_append_is_refused(app: Connection) -> None:
    network = uuid7()

    async def attempt() -> None:
        async with work(app, network) as entry:
            await append(app, network, entry)
            await app.execute(INSERT_CLIENT, network)

    with pytest.raises(asyncpg.PostgresError) as refusal:
        await attempt()

    assert sqlstate(refusal) == "RM001"


async def test_a_setting_set_back_does_not_open_a_sealed_entry(app: Connection) -> None:
    network, old = uuid7(), uuid7()
    async with app.transaction():
        await open_work(app, network, entry=old)
        await append(app, network, old)

    async def attempt() -> None:
        async with app.transaction():
            await set_scope(app, network_id=network)
            await app.execute(
                "SELECT set_config('remit.chain', $1, true), set_config('remit.entry', $2, true)",
                str(network),
                str(old),
            )
            await app.execute(INSERT_CLIENT, network)

    with pytest.raises(asyncpg.PostgresError) as refusal:
        await attempt()

    assert sqlstate(refusal) == "RM001"


async def test_truncate_is_refused_even_in_a_work_of_the_owner(owner: Connection) -> None:
    async def attempt() -> None:
        async with work(owner, uuid7()):
            await owner.execute("TRUNCATE clients")

    with pytest.raises(asyncpg.PostgresError) as refusal:
        await attempt()

    assert sqlstate(refusal) == "RM001"


async def test_a_change_of_noise_alone_needs_no_work(app: Connection) -> None:
    network, client = await network_with_client(app)

    async with app.transaction():
        await set_scope(app, network_id=network)
        await app.execute("UPDATE clients SET updated_at = now(), name = name WHERE id = $1", client)
        written = await app.fetchval("SELECT count(*) FROM journal_changes WHERE chain_id = $1", network)

    assert written == 1  # the insert's


# The open entry -------------------------------------------------------------------------------------------------------


async def test_a_second_open_is_refused(app: Connection) -> None:
    async def attempt() -> None:
        async with work(app, uuid7()):
            await app.execute("SELECT journal_begin($1, $2)", uuid7(), uuid7())

    with pytest.raises(asyncpg.PostgresError) as refusal:
        await attempt()

    assert sqlstate(refusal) == "RM002"


@pytest.mark.parametrize(("case", "chain", "entry"), [("chain", None, uuid7()), ("entry", uuid7(), None)])
async def test_an_entry_needs_a_chain_and_an_id(
    app: Connection, case: str, chain: UUID | None, entry: UUID | None
) -> None:
    with pytest.raises(asyncpg.NullValueNotAllowedError):
        await app.execute("SELECT journal_begin($1, $2)", chain, entry)


async def test_an_append_without_an_open_entry_is_refused(app: Connection) -> None:
    with pytest.raises(asyncpg.PostgresError) as refusal:
        await append(app, uuid7(), uuid7())

    assert sqlstate(refusal) == "RM002"


@pytest.mark.parametrize("other", ["entry", "chain"])
async def test_an_append_of_another_entry_or_chain_is_refused(app: Connection, other: str) -> None:
    network = uuid7()

    async def attempt() -> None:
        async with app.transaction():
            entry = await open_work(app, network)
            await append(app, uuid7() if other == "chain" else network, uuid7() if other == "entry" else entry)

    with pytest.raises(asyncpg.PostgresError) as refusal:
        await attempt()

    assert sqlstate(refusal) == "RM002"


async def test_a_second_append_is_refused(app: Connection) -> None:
    network = uuid7()

    async def attempt() -> None:
        async with work(app, network) as entry:
            await append(app, network, entry)

    with pytest.raises(asyncpg.PostgresError) as refusal:
        await attempt()

    assert sqlstate(refusal) == "RM002"


async def test_an_id_of_an_older_entry_is_refused(app: Connection) -> None:
    network = uuid7()
    async with work(app, network) as old:
        pass

    async def attempt() -> None:
        async with app.transaction():
            await open_work(app, network, entry=old)
            await append(app, network, old)

    with pytest.raises(asyncpg.PostgresError) as refusal:
        await attempt()

    assert sqlstate(refusal) == "RM002"


async def test_a_row_of_another_network_than_the_open_chain_is_refused(app: Connection) -> None:
    network = uuid7()

    async def attempt() -> None:
        async with app.transaction():
            await open_work(app, uuid7())
            await set_scope(app, network_id=network)
            await app.execute(INSERT_CLIENT, network)

    with pytest.raises(asyncpg.PostgresError) as refusal:
        await attempt()

    assert sqlstate(refusal) == "RM003"


async def test_a_network_belongs_to_its_own_chain(app: Connection) -> None:
    network = uuid7()

    async with work(app, network):
        await app.execute("INSERT INTO networks (id, name) VALUES ($1, 'Salon')", network)

    async def attempt() -> None:
        async with app.transaction():
            await open_work(app, uuid7())
            await set_scope(app, network_id=network)
            await app.execute("DELETE FROM networks WHERE id = $1", network)

    with pytest.raises(asyncpg.PostgresError) as refusal:
        await attempt()

    assert sqlstate(refusal) == "RM003"


async def test_a_row_without_a_domain_goes_to_whichever_chain_is_open(app: Connection) -> None:
    network, account = uuid7(), uuid7()

    async with app.transaction():
        entry = await open_work(app, network)
        await set_scope(app, network_id=network, identity="on")
        await app.execute("INSERT INTO accounts (id, name) VALUES ($1, 'Anna')", account)
        await append(app, network, entry)
        changes = await app.fetch(BODIES, network)

    assert [(row["row_id"], row["subject_id"]) for row in changes] == [(str(account), account)]


async def test_more_than_5000_rows_are_refused(app: Connection) -> None:
    async def attempt() -> None:
        async with work(app, network := uuid7()):
            await app.execute(
                "INSERT INTO clients (network_id, id, name) "
                "SELECT $1, gen_random_uuid(), 'x' FROM generate_series(1, 5001)",
                network,
            )

    with pytest.raises(asyncpg.ProgramLimitExceededError):
        await attempt()


# What structure refuses -----------------------------------------------------------------------------------------------


async def test_a_work_without_an_append_cannot_commit(app: Connection) -> None:
    network = uuid7()

    async def attempt() -> None:
        async with app.transaction():
            await open_work(app, network)
            await add_client(app, network)

    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await attempt()

    async with app.transaction():
        await set_scope(app, network_id=network)
        assert await app.fetchval("SELECT count(*) FROM clients") == 0
        assert await app.fetchval("SELECT count(*) FROM journal_changes") == 0


@pytest.mark.parametrize(
    ("case", "n", "state"), [("a free number", 99, "23503"), ("a number that is taken", 1, "23505")]
)
async def test_a_change_cannot_be_hung_on_an_older_entry(
    app: Connection, owner: Connection, case: str, n: int, state: str
) -> None:
    network = uuid7()
    async with work(app, network) as old:
        await add_client(app, network)

    async def attempt() -> None:
        async with owner.transaction():
            await owner.execute(
                "INSERT INTO journal_changes (chain_id, entry_id, n, table_name, operation, salt, body, digest) "
                "VALUES ($1, $2, $3, 'clients', 'u', $4, '{}', $5)",
                network,
                old,
                n,
                bytes(16),
                bytes(32),
            )

    with pytest.raises(asyncpg.PostgresError) as refusal:
        await attempt()

    assert sqlstate(refusal) == state


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO journal_heads (chain_id) VALUES (gen_random_uuid())",
        "UPDATE journal_heads SET seq = 0",
        "DELETE FROM journal_heads",
        "INSERT INTO journal_entries (chain_id) VALUES (gen_random_uuid())",
        "UPDATE journal_entries SET payload = '{}'",
        "DELETE FROM journal_entries",
        "INSERT INTO journal_changes (chain_id) VALUES (gen_random_uuid())",
        "UPDATE journal_changes SET body = '{}'",
        "DELETE FROM journal_changes",
        "INSERT INTO journal_checkpoints (chain_id) VALUES (gen_random_uuid())",
        "DELETE FROM journal_checkpoints",
        "UPDATE policy_epochs SET epoch = 0",
        "DELETE FROM principal_epochs",
        "TRUNCATE journal_entries",
        "TRUNCATE clients",
        "ALTER TABLE clients DISABLE TRIGGER journal_capture",
        "SET session_replication_role = replica",
        "SELECT protect('clients', 'network', '{}', '{}', '{}', '{}')",
        "SELECT journal_change_digest('', '', '', NULL, '', '')",
    ],
)
async def test_the_servers_role_cannot_touch_the_journal(app: Connection, statement: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await app.execute(statement)


async def test_the_servers_role_may_call_these_functions_and_everybody_else_none(owner: Connection) -> None:
    callable_by = (
        "SELECT p.proname FROM pg_proc p JOIN pg_namespace s ON s.oid = p.pronamespace "
        "WHERE s.nspname = 'remit' AND has_function_privilege($1, p.oid, 'EXECUTE') ORDER BY p.proname"
    )
    public = (
        "SELECT p.proname FROM pg_proc p JOIN pg_namespace s ON s.oid = p.pronamespace, "
        "aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) g WHERE s.nspname = 'remit' AND g.grantee = 0"
    )

    assert [row["proname"] for row in await owner.fetch(callable_by, "remit_app")] == [
        "current_account",
        "current_chains",
        "current_identity",
        "current_network",
        "current_operator",
        "current_partner",
        "epochs_of",
        "journal_append",
        "journal_begin",
        "journal_erase",
        "next_policy_epoch",
    ]
    assert await owner.fetch(public) == []


async def test_row_security_refuses_copy_in_a_work(app: Connection) -> None:
    network = uuid7()

    async def attempt() -> None:
        async with work(app, network):
            await app.copy_records_to_table(
                "clients", records=[(network, uuid7(), "x")], columns=["network_id", "id", "name"]
            )

    with pytest.raises(asyncpg.FeatureNotSupportedError):
        await attempt()


async def test_a_rollback_after_the_append_leaves_no_gap(app: Connection) -> None:
    network, _ = await network_with_client(app)
    transaction = app.transaction()
    await transaction.start()
    entry = await open_work(app, network)
    await add_client(app, network)
    assert await append(app, network, entry) == 2
    await transaction.rollback()

    async with app.transaction():
        entry = await open_work(app, network)
        assert await append(app, network, entry) == 2


# What a change says ---------------------------------------------------------------------------------------------------


async def test_an_insert_keeps_its_values_and_hides_its_secrets(app: Connection) -> None:
    network, client = uuid7(), uuid7()

    async with work(app, network):
        await app.execute(
            "INSERT INTO clients (network_id, id, name, preferences, pin_hash, updated_at) "
            "VALUES ($1, $2, 'Ő', '{\"tea\": true}', 'argon', now())",
            network,
            client,
        )
        changes = await app.fetch(BODIES, network)

    assert [tuple(row)[:3] for row in changes] == [("i", str(client), client)]
    assert orjson.loads(changes[0]["body"]) == {
        "network_id": [None, str(network)],
        "id": [None, str(client)],
        "name": [None, "Ő"],
        "visits": [None, 0],
        "preferences": [None, {"tea": True}],
        "pin_hash": ["***", "***"],
    }


async def test_an_update_keeps_the_columns_that_differ_as_in_the_golden_body(app: Connection) -> None:
    network, client = uuid7(), uuid7()

    async with work(app, network):
        await app.execute(
            "INSERT INTO clients (network_id, id, name, phone, pin_hash) VALUES ($1, $2, 'x', '+36 1 234 5678', 'old')",
            network,
            client,
        )
        await app.execute("UPDATE clients SET phone = '+36 1 234 9999', pin_hash = 'new', updated_at = now()")
        changes = await app.fetch(BODIES, network)

    assert tuple(changes[1]) == ("u", str(client), client, PHONE_CHANGED.body)


async def test_a_delete_keeps_what_is_gone(app: Connection) -> None:
    network, client = await network_with_client(app)

    async with work(app, network) as entry:
        await app.execute("DELETE FROM clients")
        body = await app.fetchval("SELECT body FROM journal_changes WHERE entry_id = $1", entry)

    assert orjson.loads(body) == {
        "network_id": [str(network), None],
        "id": [str(client), None],
        "name": ["Kovács Anna", None],
        "visits": [0, None],
    }


async def test_a_row_is_named_by_its_key_without_the_network(app: Connection) -> None:
    network, client = uuid7(), uuid7()

    async with work(app, network):
        await app.execute("INSERT INTO client_tags VALUES ($1, $2, 'vip')", network, client)
        change = (await app.fetch(BODIES, network))[0]

    assert (change["row_id"], change["subject_id"]) == (f"{client}:vip", client)


async def test_a_column_that_was_never_declared_is_treated_as_a_secret(owner: Connection) -> None:
    transaction = owner.transaction()
    await transaction.start()
    await owner.execute("ALTER TABLE clients ADD COLUMN token text")
    network = uuid7()
    await open_work(owner, network)
    await owner.execute(
        "INSERT INTO clients (network_id, id, name, token) VALUES ($1, $2, 'x', 's3')", network, uuid7()
    )
    body = await owner.fetchval("SELECT body FROM journal_changes WHERE chain_id = $1", network)
    await transaction.rollback()

    assert orjson.loads(body)["token"] == ["***", "***"]


async def test_a_large_body_keeps_digests_of_its_large_values(app: Connection) -> None:
    network, long = uuid7(), "ő" * 40_000

    async with work(app, network):
        await app.execute(
            "INSERT INTO clients (network_id, id, name, phone) VALUES ($1, $2, $3, $4)",
            network,
            uuid7(),
            long,
            "1" * 1024,
        )
        body = orjson.loads((await app.fetch(BODIES, network))[0]["body"])

    assert body["name"] == [None, {"sha256": hashlib.sha256(long.encode()).hexdigest(), "length": 80_000}]
    assert body["phone"] == [None, "1" * 1024]


async def test_times_in_a_change_are_utc_whatever_the_connection_says(app: Connection) -> None:
    network = uuid7()
    await app.execute("SET timezone = 'Asia/Tokyo'")

    async with work(app, network):
        await app.execute(
            "INSERT INTO clients (network_id, id, name, last_visit_at) VALUES ($1, $2, 'x', '2026-03-01T09:00:00Z')",
            network,
            uuid7(),
        )
        body = (await app.fetch(BODIES, network))[0]["body"]

    assert orjson.loads(body)["last_visit_at"] == [None, "2026-03-01T09:00:00+00:00"]


# Digests and hashes ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("case", "change", "digest"),
    [("a row's change", PHONE_CHANGED, PHONE_CHANGED_DIGEST), ("details", DETAILS, DETAILS_DIGEST)],
)
async def test_the_databases_change_digests_are_golden(
    owner: Connection, case: str, change: Change, digest: str
) -> None:
    computed = await owner.fetchval(
        "SELECT journal_change_digest($1, $2, $3, $4, $5, $6)",
        change.salt,
        change.table_name,
        change.row_id,
        change.subject_id,
        change.operation,
        change.body,
    )

    assert computed.hex() == digest


async def test_details_are_a_change_of_the_actor(app: Connection) -> None:
    network, actor = uuid7(), uuid7()

    async with app.transaction():
        entry = await open_work(app, network)
        await add_client(app, network)
        await append(app, network, entry, payload_with(actor={"type": "account", "id": str(actor)}), '{"ip":"::1"}')
        changes = await app.fetch("SELECT * FROM journal_changes WHERE entry_id = $1 ORDER BY n", entry)

    details = changes[1]
    assert [row["n"] for row in changes] == [1, 2]
    assert (details["table_name"], details["row_id"], details["subject_id"], details["operation"], details["body"]) == (
        "@details",
        None,
        actor,
        "x",
        '{"ip":"::1"}',
    )


async def test_details_of_a_plugin_are_nobodys(app: Connection) -> None:
    network = uuid7()

    async with work(app, network, details='{"reason":"renewal"}') as entry:
        pass
    async with app.transaction():
        await set_scope(app, network_id=network)
        subject = await app.fetch("SELECT subject_id FROM journal_changes WHERE entry_id = $1", entry)

    assert [row["subject_id"] for row in subject] == [None]


async def test_generated_columns_repeat_the_payload(app: Connection) -> None:
    network, actor, device, location = uuid7(), uuid7(), uuid7(), uuid7()
    payload = payload_with(
        actor={"type": "specialist", "id": str(actor)}, device=str(device), location=str(location), session="00ff"
    )

    async with app.transaction():
        entry = await open_work(app, network)
        await append(app, network, entry, payload)
        row = await app.fetchrow(
            "SELECT code, area, outcome, actor_id, actor_type, device_id, location_id, session_ref "
            "FROM journal_entries WHERE chain_id = $1",
            network,
        )

    assert row is not None
    assert tuple(row) == ("client.updated", "data_changes", "ok", str(actor), "specialist", device, location, "00ff")


@pytest.mark.parametrize(
    ("case", "payload", "state"),
    [
        ("no JSON", "nonsense", "22P02"),
        ("without a code", '{"area":"system","outcome":"ok"}', "23502"),
        ("over 64 KiB", payload_with(padding="x" * 65_536), "23514"),
    ],
)
async def test_a_payload_that_cannot_be_kept_fails_the_work(
    app: Connection, case: str, payload: str, state: str
) -> None:
    network = uuid7()

    async def attempt() -> None:
        async with app.transaction():
            entry = await open_work(app, network)
            await append(app, network, entry, payload)

    with pytest.raises(asyncpg.PostgresError) as refusal:
        await attempt()

    assert sqlstate(refusal) == state


async def test_time_never_runs_backwards_in_a_chain(app: Connection, owner: Connection) -> None:
    network, _ = await network_with_client(app)
    await owner.execute("UPDATE journal_heads SET recorded_at = '2200-01-01Z' WHERE chain_id = $1", network)

    async with work(app, network):
        pass
    async with app.transaction(isolation="repeatable_read"):
        await set_scope(app, network_id=network)
        recorded_at = await app.fetchval(
            "SELECT recorded_at FROM journal_entries WHERE chain_id = $1 AND seq = 2", network
        )
        assert (await verify_chain(app, network)).is_sound

    assert recorded_at.isoformat() == "2200-01-01T00:00:00+00:00"


text = st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.tuples(text, text | st.none(), json_values, text | st.none()), min_size=1, max_size=4),
    details=st.none() | st.dictionaries(text, text, max_size=3),
)
async def test_python_and_the_database_agree_on_every_digest(
    app: Connection, rows: list[tuple[str, str | None, object, str | None]], details: dict[str, str] | None
) -> None:
    network = uuid7()

    async with work(app, network, details=orjson.dumps(details).decode() if details is not None else None):
        for name, phone, preferences, pin in rows:
            client = await add_client(app, network, name=name)
            await app.execute(
                "UPDATE clients SET phone = $1, preferences = $2, pin_hash = $3 WHERE id = $4",
                phone,
                json.dumps(preferences),
                pin,
                client,
            )

    async with app.transaction(isolation="repeatable_read"):
        await set_scope(app, network_id=network)
        changes = await app.fetch("SELECT * FROM journal_changes WHERE chain_id = $1 ORDER BY n", network)
        digests = [
            change_digest(
                Change(
                    table_name=row["table_name"],
                    row_id=row["row_id"],
                    subject_id=row["subject_id"],
                    operation=row["operation"],
                    salt=row["salt"],
                    body=row["body"],
                )
            )
            for row in changes
        ]
        stored = await app.fetchval("SELECT changes_digest FROM journal_entries WHERE chain_id = $1", network)
        verification = await verify_chain(app, network)
    assert [row["digest"] for row in changes] == digests
    assert stored == digest_of(digests)
    assert (verification.fault, verification.last_seq) == (None, 1)


# Several chains -------------------------------------------------------------------------------------------------------


async def test_a_sign_in_is_appended_to_several_chains(app: Connection) -> None:
    first, second = sorted([uuid7(), uuid7()])
    details = '{"ip":"203.0.113.9"}'

    async with app.transaction():
        await set_scope(app, identity="on")
        entry, account = uuid7(), uuid7()
        await app.execute("SELECT journal_begin($1, $2)", OPERATOR_CHAIN, entry)
        await app.execute("INSERT INTO accounts (id, name) VALUES ($1, 'Anna')", account)
        await append(app, OPERATOR_CHAIN, entry, details=details)
        assert await append(app, first, uuid7(), details=details) == 1
        assert await append(app, second, uuid7(), details=details) == 1

    for network in (first, second):
        async with app.transaction(isolation="repeatable_read"):
            await set_scope(app, network_id=network)
            changes = await app.fetch("SELECT table_name, n FROM journal_changes")
            assert [tuple(row) for row in changes] == [("@details", 1)]
            assert (await verify_chain(app, network)).is_sound
    async with app.transaction(isolation="repeatable_read"):
        await set_scope(app, operator="on")
        tables = await app.fetch("SELECT table_name FROM journal_changes WHERE entry_id = $1 ORDER BY n", entry)
        assert [row["table_name"] for row in tables] == ["accounts", "@details"]
        assert (await verify_chain(app, OPERATOR_CHAIN)).is_sound


@pytest.mark.parametrize("case", ["a smaller chain", "the same chain"])
async def test_chains_are_appended_in_ascending_order(app: Connection, case: str) -> None:
    smaller, greater = sorted([uuid7(), uuid7()])

    async def attempt() -> None:
        async with work(app, smaller) as entry:
            await append(app, smaller, entry)
            await append(app, greater, uuid7())
            await append(app, smaller if case == "a smaller chain" else greater, uuid7())

    with pytest.raises(asyncpg.PostgresError) as refusal:
        await attempt()

    assert sqlstate(refusal) == "RM004"


async def test_settings_of_an_older_entry_open_no_further_chains(app: Connection) -> None:
    network = uuid7()
    async with work(app, network) as old:
        pass

    async def attempt() -> None:
        async with app.transaction():
            for name, value in (("chain", network), ("entry", old), ("appended_chain", network)):
                await app.execute(f"SELECT set_config('remit.{name}', $1, true)", str(value))
            await append(app, UUID(int=2**128 - 1), uuid7())

    with pytest.raises(asyncpg.PostgresError) as refusal:
        await attempt()

    assert sqlstate(refusal) == "RM002"


async def test_an_erasing_work_states_its_erasure_in_the_open_chain_alone(app: Connection) -> None:
    network, client = await network_with_client(app)
    further = UUID(int=2**128 - 3)

    async with app.transaction(isolation="repeatable_read"):
        entry = await open_work(app, network)
        erased = await app.fetchrow("SELECT * FROM journal_erase($1, $2)", network, client)
        assert erased is not None
        await append(app, network, entry, payload_with(erased=dict(erased)))
        await append(app, further, uuid7())
        assert (await verify_chain(app, network)).is_sound
        await set_scope(app, network_id=further)
        assert (await verify_chain(app, further)).is_sound


async def test_no_row_is_written_between_the_chains(app: Connection) -> None:
    network = uuid7()

    async def attempt() -> None:
        async with work(app, network) as entry:
            await append(app, network, entry)
            await append(app, UUID(int=2**128 - 1), uuid7())
            await add_client(app, network)

    with pytest.raises(asyncpg.PostgresError) as refusal:
        await attempt()

    assert sqlstate(refusal) == "RM001"


async def test_works_of_one_network_at_once_are_numbered_without_gaps(server: Server) -> None:
    network = uuid7()
    connections = [await server.connect("remit_app") for _ in range(4)]

    async def five_works(connection: Connection) -> None:
        for _ in range(5):
            async with work(connection, network):
                await add_client(connection, network)

    await asyncio.gather(*(five_works(connection) for connection in connections))

    async with connections[0].transaction(isolation="repeatable_read"):
        await set_scope(connections[0], network_id=network)
        verification = await verify_chain(connections[0], network)
    for connection in connections:
        await connection.close()
    assert (verification.fault, verification.last_seq) == (None, 20)


# Erasure --------------------------------------------------------------------------------------------------------------


async def test_an_erasure_blanks_a_subjects_changes_and_the_chain_holds(app: Connection) -> None:
    network, client = await network_with_client(app)
    async with work(app, network):
        other = await add_client(app, network)

    async with app.transaction():
        entry = await open_work(app, network)
        await app.execute("UPDATE clients SET name = 'erased' WHERE id = $1", client)
        erased = await app.fetchrow("SELECT * FROM journal_erase($1, $2)", network, client)
        assert erased is not None
        await append(app, network, entry, payload_with(code="client.erased", erased=dict(erased)))

    async with app.transaction(isolation="repeatable_read"):
        await set_scope(app, network_id=network)
        changes = await app.fetch(
            "SELECT c.subject_id, c.salt, c.body, c.erased_by, c.digest FROM journal_changes c "
            "JOIN journal_entries e ON e.chain_id = c.chain_id AND e.id = c.entry_id ORDER BY e.seq, c.n"
        )
        verification = await verify_chain(app, network)
    blanked = [row["digest"] for row in changes if row["subject_id"] == client]
    assert dict(erased) == {"count": 2, "digest": hashlib.sha256(b"".join(blanked)).hexdigest()}
    assert [(row["subject_id"], row["salt"], row["body"], row["erased_by"]) for row in changes if row["erased_by"]] == [
        (client, None, None, entry),
        (client, None, None, entry),
    ]
    assert [row["subject_id"] for row in changes if row["body"]] == [other]
    assert verification.is_sound


def test_the_digest_of_a_golden_erasure() -> None:
    # journal.md 4.7: erasing change 1 of the golden chain
    assert digest_of([bytes.fromhex(PHONE_CHANGED_DIGEST)]).hex() == (
        "81200c89161c8a193bd35c927265053b11aedcdcf0435c3e11fb35e249d6491a"
    )


async def test_erasing_several_subjects_adds_up(app: Connection) -> None:
    network, first = await network_with_client(app)
    async with work(app, network):
        second = await add_client(app, network)

    async with app.transaction(isolation="repeatable_read"):
        entry = await open_work(app, network)
        await app.fetchrow("SELECT * FROM journal_erase($1, $2)", network, first)
        erased = await app.fetchrow("SELECT * FROM journal_erase($1, $2)", network, second)
        assert erased is not None
        await append(app, network, entry, payload_with(erased=dict(erased)))
        assert (await verify_chain(app, network)).is_sound

    assert erased["count"] == 2


@pytest.mark.parametrize(
    ("case", "claim"),
    [
        ("hidden", {}),
        ("of another number", {"erased": {"count": 2, "digest": PHONE_CHANGED_DIGEST}}),
    ],
)
async def test_a_payload_that_misstates_its_erasure_is_refused(
    app: Connection, case: str, claim: dict[str, object]
) -> None:
    network, client = await network_with_client(app)

    async def attempt() -> None:
        async with app.transaction():
            entry = await open_work(app, network)
            await app.fetchrow("SELECT * FROM journal_erase($1, $2)", network, client)
            await append(app, network, entry, payload_with(**claim))

    with pytest.raises(asyncpg.PostgresError, match="must state in its payload what it erased") as refusal:
        await attempt()

    assert sqlstate(refusal) == "RM002"


@pytest.mark.parametrize("chain", ["the open chain", "a further chain"])
async def test_a_payload_that_claims_an_erasure_which_never_was_is_refused(app: Connection, chain: str) -> None:
    network, claim = uuid7(), payload_with(erased={"count": 1, "digest": PHONE_CHANGED_DIGEST})

    async def attempt() -> None:
        async with app.transaction():
            entry = await open_work(app, network)
            if chain == "the open chain":
                await append(app, network, entry, claim)
            else:
                await append(app, network, entry)
                await append(app, UUID(int=2**128 - 2), uuid7(), claim)

    with pytest.raises(asyncpg.PostgresError, match="must state in its payload what it erased: nothing") as refusal:
        await attempt()

    assert sqlstate(refusal) == "RM002"


@pytest.mark.parametrize("case", ["no entry is open", "another chain is open", "the entry is sealed"])
async def test_an_erasure_outside_the_open_chain_is_refused(app: Connection, case: str) -> None:
    network, client = await network_with_client(app)

    async with app.transaction():
        if case == "another chain is open":
            await open_work(app, uuid7())
        if case == "the entry is sealed":
            await append(app, network, await open_work(app, network))
        with pytest.raises(asyncpg.PostgresError, match="is not the open one") as refusal:
            async with app.transaction():
                await app.fetchrow("SELECT * FROM journal_erase($1, $2)", network, client)

    assert sqlstate(refusal) == "RM002"


# protect() ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("case", "arguments", "error", "words"),
    [
        ("a column in no class", "'network', '{network_id}', '{}', '{}', '{}'", "42P16", "exactly one class .*: id"),
        (
            "a column in two classes",
            "'network', '{network_id,id}', '{}', '{id}', '{}'",
            "42P16",
            "exactly one class .*: id",
        ),
        (
            "a class names no column",
            "'network', '{network_id,id,nme}', '{}', '{}', '{}'",
            "42703",
            "no such column: nme",
        ),
        ("an unknown domain", "'tenant', '{network_id,id}', '{}', '{}', '{}'", "22023", 'no domain "tenant"'),
        (
            "a subject that is no column",
            "'network', '{network_id,id}', '{}', '{}', '{}', 'client_id'",
            "42703",
            "subject client_id",
        ),
    ],
)
async def test_protect_refuses(owner: Connection, case: str, arguments: str, error: str, words: str) -> None:
    async def attempt() -> None:
        async with owner.transaction():
            await owner.execute("CREATE TABLE things (network_id uuid, id uuid, PRIMARY KEY (network_id, id))")
            await owner.execute(f"SELECT protect('things', {arguments})")

    with pytest.raises(asyncpg.PostgresError, match=words) as refusal:
        await attempt()

    assert sqlstate(refusal) == error


async def test_protect_refuses_a_table_whose_rows_have_no_name(owner: Connection) -> None:
    async def attempt() -> None:
        async with owner.transaction():
            await owner.execute("CREATE TABLE things (network_id uuid)")
            await owner.execute("SELECT protect('things', 'network', '{network_id}', '{}', '{}', '{}')")

    with pytest.raises(asyncpg.InvalidTableDefinitionError, match="no primary key"):
        await attempt()


async def test_protect_again_takes_in_an_added_column(owner: Connection) -> None:
    transaction = owner.transaction()
    await transaction.start()
    await owner.execute("ALTER TABLE client_tags ADD COLUMN colour text")
    await owner.execute(
        "SELECT protect('client_tags', 'network', '{network_id,client_id,tag,colour}', '{}', '{}', '{}', 'client_id')"
    )
    network = uuid7()
    await open_work(owner, network)
    await owner.execute("INSERT INTO client_tags VALUES ($1, $2, 'vip', 'red')", network, uuid7())
    bodies = await owner.fetch(BODIES, network)
    await transaction.rollback()

    assert [orjson.loads(row["body"])["colour"] for row in bodies] == [[None, "red"]]


async def test_a_plugins_table_is_named_with_its_schema(owner: Connection) -> None:
    transaction = owner.transaction()
    await transaction.start()
    await owner.execute("CREATE SCHEMA rental; CREATE TABLE rental.chairs (network_id uuid, id uuid PRIMARY KEY)")
    await owner.execute("SELECT protect('rental.chairs', 'network', '{network_id,id}', '{}', '{}', '{}')")
    network = uuid7()
    await open_work(owner, network)
    await owner.execute("INSERT INTO rental.chairs VALUES ($1, $2)", network, uuid7())
    tables = await owner.fetch("SELECT table_name FROM journal_changes WHERE chain_id = $1", network)
    await transaction.rollback()

    assert [row["table_name"] for row in tables] == ["rental.chairs"]


async def test_dropping_the_journal_leaves_nothing(running_server: Server) -> None:
    await create_database(running_server, "remit_audit_drop")
    owner = await running_server.connect("remit_owner", "remit_audit_drop")
    try:
        async with owner.transaction():
            await owner.execute(JOURNAL_SQL.read_text())
        async with owner.transaction():
            await owner.execute(DROP_JOURNAL_SQL.read_text())
        left = await owner.fetch(
            "SELECT relname AS name FROM pg_class WHERE relnamespace = 'remit'::regnamespace "
            "UNION ALL SELECT proname FROM pg_proc WHERE pronamespace = 'remit'::regnamespace"
        )
    finally:
        await owner.close()

    assert left == []


def test_the_usual_payload_is_canonical() -> None:
    assert payload_with() == PAYLOAD
