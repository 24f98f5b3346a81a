"""Row-level security by domain: journal.md 4.9, database.md 3."""

from __future__ import annotations

from uuid import UUID

import asyncpg
import pytest
from uuid_utils.compat import uuid7

from audit.entries import OPERATOR_CHAIN
from tests.audit.conftest import Connection
from tests.audit.works import append, network_with_client, open_work, set_scope, work

JOURNAL_TABLES = ("journal_heads", "journal_entries", "journal_changes")


async def visible(connection: Connection, table: str, column: str, value: UUID | str, **scope: UUID | str) -> int:
    """How many rows with this value a scope sees."""
    async with connection.transaction():
        await set_scope(connection, **scope)
        count: int = await connection.fetchval(f"SELECT count(*) FROM {table} WHERE {column} = $1", value)
        return count


async def write(connection: Connection, statement: str, *args: UUID | str, **scope: UUID | str) -> None:
    """One statement as a whole Work in the operator's chain, or that of the network or partner in the scope."""
    chain = scope.get("network_id") or scope.get("partner_id") or OPERATOR_CHAIN
    async with connection.transaction():
        entry = await open_work(connection, UUID(str(chain)))
        await set_scope(connection, **scope)
        await connection.execute(statement, *args)
        await append(connection, UUID(str(chain)), entry)


@pytest.mark.parametrize("table", ["clients", "journal_changes", "journal_entries", "journal_heads"])
async def test_a_network_sees_its_own_rows_and_no_scope_sees_none(app: Connection, table: str) -> None:
    network, _ = await network_with_client(app)
    column = "network_id" if table == "clients" else "chain_id"

    assert await visible(app, table, column, network, network_id=network) == 1
    assert await visible(app, table, column, network, network_id=uuid7()) == 0
    assert await visible(app, table, column, network) == 0
    assert await visible(app, table, column, network, operator="on", identity="on", account_id=uuid7()) == 0


@pytest.mark.parametrize("statement", ["UPDATE clients SET name = 'x'", "DELETE FROM clients"])
async def test_another_networks_rows_are_not_there_to_be_changed(app: Connection, statement: str) -> None:
    _, client = await network_with_client(app)

    async with work(app, uuid7()):
        status = await app.execute(f"{statement} WHERE id = $1", client)

    assert status.endswith(" 0")


@pytest.mark.parametrize("scope", ["another network", "none"])
async def test_a_row_cannot_be_written_into_another_network(app: Connection, scope: str) -> None:
    network = uuid7()

    async def attempt() -> None:
        async with app.transaction():
            await open_work(app, network)
            await set_scope(app, **({"network_id": uuid7()} if scope == "another network" else {}))
            await app.execute("INSERT INTO clients (network_id, id, name) VALUES ($1, $2, 'x')", network, uuid7())

    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await attempt()


async def test_a_row_cannot_be_moved_into_another_network(app: Connection) -> None:
    network, client = await network_with_client(app)

    async def attempt() -> None:
        async with work(app, network):
            await app.execute("UPDATE clients SET network_id = $1 WHERE id = $2", uuid7(), client)

    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await attempt()


async def test_the_owner_is_bound_too(app: Connection, owner: Connection) -> None:
    network, _ = await network_with_client(app)

    assert await visible(owner, "clients", "network_id", network) == 0
    assert await visible(owner, "clients", "network_id", network, network_id=network) == 1


async def test_a_scope_ends_with_its_transaction(app: Connection) -> None:
    network, _ = await network_with_client(app)

    assert await visible(app, "clients", "network_id", network, network_id=network) == 1
    assert await app.fetchval("SELECT count(*) FROM clients") == 0
    assert await app.fetchval("SELECT current_network()") is None
    assert await app.fetchval("SELECT current_operator()") is False


@pytest.mark.parametrize(
    ("case", "scope", "seen"),
    [
        ("the operator", {"operator": "on"}, 1),
        ("operations of identity", {"identity": "on"}, 1),
        ("a network", {"network_id": uuid7()}, 0),
        ("an account", {"account_id": uuid7()}, 0),
        ("nobody", {}, 0),
        ("a word that is not on", {"operator": "off", "identity": "true"}, 0),
    ],
)
async def test_the_operators_chain(app: Connection, case: str, scope: dict[str, UUID | str], seen: int) -> None:
    entry = uuid7()
    async with app.transaction():
        await open_work(app, OPERATOR_CHAIN, entry=entry)
        await append(app, OPERATOR_CHAIN, entry)

    assert await visible(app, "journal_entries", "id", entry, **scope) == seen


async def test_a_partner_reads_its_own_chain(app: Connection) -> None:
    partner = uuid7()
    await write(
        app,
        "INSERT INTO assignments (id, partner_id, role_code) VALUES ($1, $2, 'technician')",
        uuid7(),
        partner,
        partner_id=partner,
    )

    for table in JOURNAL_TABLES:
        assert await visible(app, table, "chain_id", partner, partner_id=partner) == 1
        assert await visible(app, table, "chain_id", partner, partner_id=uuid7()) == 0


@pytest.mark.parametrize("domain", ["network", "partner", "operator"])
async def test_a_table_of_several_domains_shows_each_its_own(app: Connection, domain: str) -> None:
    assignment, account, ours = uuid7(), uuid7(), uuid7()
    scopes: dict[str, dict[str, UUID | str]] = {
        "network": {"network_id": ours},
        "partner": {"partner_id": ours},
        "operator": {"operator": "on"},
    }
    columns = {"network": (ours, None), "partner": (None, ours), "operator": (None, None)}
    await write(
        app,
        "INSERT INTO assignments (id, account_id, role_code, network_id, partner_id) VALUES ($1, $2, 'r', $3, $4)",
        assignment,
        account,
        *columns[domain],  # type: ignore[arg-type]  # null is a domain's absence
        **scopes[domain],
    )

    seen = {other: await visible(app, "assignments", "id", assignment, **scope) for other, scope in scopes.items()}

    assert seen == {other: int(other == domain) for other in scopes}
    assert await visible(app, "assignments", "id", assignment, account_id=account) == 1
    assert await visible(app, "assignments", "id", assignment, account_id=uuid7()) == 0
    assert await visible(app, "assignments", "id", assignment) == 0


async def test_ones_own_assignment_is_for_reading_only(app: Connection) -> None:
    assignment, account, network = uuid7(), uuid7(), uuid7()
    await write(
        app,
        "INSERT INTO assignments (id, network_id, account_id, role_code) VALUES ($1, $2, $3, 'r')",
        assignment,
        network,
        account,
        network_id=network,
    )

    async with app.transaction():
        await set_scope(app, account_id=account)
        status = await app.execute("UPDATE assignments SET role_code = 'owner' WHERE id = $1", assignment)

    assert status == "UPDATE 0"


@pytest.mark.parametrize(("table", "column"), [("accounts", "id"), ("sessions", "account_id")])
async def test_identity_rows_are_their_accounts_and_the_topics(app: Connection, table: str, column: str) -> None:
    account = uuid7()
    await write(app, "INSERT INTO accounts (id, name) VALUES ($1, 'Anna')", account, identity="on")
    await write(app, "INSERT INTO sessions (id, account_id) VALUES ($1, $2)", uuid7(), account, identity="on")

    assert await visible(app, table, column, account, account_id=account) == 1
    assert await visible(app, table, column, account, identity="on") == 1
    assert await visible(app, table, column, account, account_id=uuid7()) == 0
    assert await visible(app, table, column, account, network_id=uuid7(), operator="on") == 0
    assert await visible(app, table, column, account) == 0


async def test_a_network_sees_itself(app: Connection) -> None:
    network = uuid7()
    await write(app, "INSERT INTO networks (id, name) VALUES ($1, 'Salon')", network, network_id=network)

    assert await visible(app, "networks", "id", network, network_id=network) == 1
    assert await visible(app, "networks", "id", network, network_id=uuid7()) == 0
    assert await visible(app, "networks", "id", network) == 0


async def test_shared_rows_are_read_by_all_and_written_by_the_operator(app: Connection) -> None:
    code = str(uuid7())
    await write(app, "INSERT INTO prices (code, amount) VALUES ($1, 900)", code, operator="on")

    assert await visible(app, "prices", "code", code) == 1
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await write(app, "INSERT INTO prices (code, amount) VALUES ($1, 1)", code + "x", network_id=uuid7())
    async with app.transaction():
        await set_scope(app, network_id=uuid7())
        assert await app.execute("UPDATE prices SET amount = 1 WHERE code = $1", code) == "UPDATE 0"
        assert await app.execute("DELETE FROM prices WHERE code = $1", code) == "DELETE 0"


async def test_operator_rows_are_the_operators(app: Connection) -> None:
    note = uuid7()
    await write(app, "INSERT INTO operator_notes (id, text) VALUES ($1, 'x')", note, operator="on")

    assert await visible(app, "operator_notes", "id", note, operator="on") == 1
    assert await visible(app, "operator_notes", "id", note, network_id=uuid7(), account_id=uuid7(), identity="on") == 0
