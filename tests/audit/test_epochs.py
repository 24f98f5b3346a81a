"""policies.md 3.2 "Epoch" and journal.md 4.10: raised once a transaction by whatever narrows or changes rights."""

from __future__ import annotations

import asyncio
from uuid import UUID

import asyncpg
import pytest
from uuid_utils.compat import uuid7

from audit.entries import OPERATOR_CHAIN
from tests.audit.conftest import Connection, Server
from tests.audit.works import append, open_work, set_scope, work

ASSIGN = "INSERT INTO assignments (id, network_id, role_code) VALUES (gen_random_uuid(), $1, 'manager')"
POLICY_EPOCH = "SELECT epoch FROM policy_epochs WHERE network_id = $1"


async def policy_epoch(connection: Connection, network: UUID) -> int | None:
    async with connection.transaction():
        await set_scope(connection, network_id=network)
        epoch: int | None = await connection.fetchval(POLICY_EPOCH, network)
        return epoch


async def test_a_policy_epoch_is_raised_once_a_transaction(app: Connection) -> None:
    network = uuid7()

    async with work(app, network):
        await app.execute(ASSIGN, network)
        await app.execute(ASSIGN, network)
        await app.execute("UPDATE assignments SET role_code = 'owner' WHERE network_id = $1", network)
    first = await policy_epoch(app, network)
    async with work(app, network):
        await app.execute("DELETE FROM assignments WHERE network_id = $1", network)

    assert (first, await policy_epoch(app, network)) == (1, 2)


async def test_a_statement_that_changes_no_row_raises_nothing(app: Connection) -> None:
    network = uuid7()

    async with work(app, network):
        await app.execute("UPDATE assignments SET role_code = 'owner' WHERE network_id = $1", network)

    assert await policy_epoch(app, network) is None


async def test_a_rollback_takes_the_epoch_back(app: Connection) -> None:
    network = uuid7()
    async with work(app, network):
        await app.execute(ASSIGN, network)
    transaction = app.transaction()
    await transaction.start()
    await open_work(app, network)
    savepoint = app.transaction()
    await savepoint.start()
    await app.execute(ASSIGN, network)
    assert await app.fetchval(POLICY_EPOCH, network) == 2
    await savepoint.rollback()
    assert await app.fetchval(POLICY_EPOCH, network) == 1
    await transaction.rollback()

    assert await policy_epoch(app, network) == 1


async def test_the_next_epoch_is_the_one_that_the_transaction_makes(app: Connection) -> None:
    network = uuid7()

    for expected in (1, 2):
        async with work(app, network):
            before = await app.fetchval("SELECT next_policy_epoch()")
            await app.execute(ASSIGN, network)
            after = await app.fetchval("SELECT next_policy_epoch()")
        assert (before, after, await policy_epoch(app, network)) == (expected, expected, expected)


async def test_partner_and_operator_have_epochs_of_their_own(app: Connection) -> None:
    partner = uuid7()
    async with app.transaction():
        entry = await open_work(app, partner)
        await set_scope(app, partner_id=partner)
        await app.execute(
            "INSERT INTO assignments (id, partner_id, role_code) VALUES (gen_random_uuid(), $1, 'technician')", partner
        )
        assert await app.fetchval("SELECT epoch FROM policy_epochs WHERE partner_id = $1", partner) == 1
        await append(app, partner, entry)

    async with app.transaction():
        entry = await open_work(app, OPERATOR_CHAIN)
        await set_scope(app, operator="on")
        expected = await app.fetchval("SELECT next_policy_epoch()")
        await app.execute("INSERT INTO assignments (id, role_code) VALUES (gen_random_uuid(), 'account_manager')")
        rows = await app.fetch("SELECT network_id, partner_id, epoch FROM policy_epochs")
        await append(app, OPERATOR_CHAIN, entry)
    assert [tuple(row) for row in rows] == [(None, None, expected)]


async def test_without_a_scope_there_is_no_next_epoch(app: Connection) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await app.fetchval("SELECT next_policy_epoch()")


async def test_the_next_epoch_waits_for_the_one_being_made(app: Connection, server: Server) -> None:
    network, second = uuid7(), await server.connect("remit_app")

    async with work(app, network):
        assert await app.fetchval("SELECT next_policy_epoch()") == 1
        async with second.transaction():
            await open_work(second, network)
            await second.execute("SET LOCAL lock_timeout = 50")
            with pytest.raises(asyncpg.LockNotAvailableError):
                await second.fetchval("SELECT next_policy_epoch()")
    await second.close()


async def test_a_principals_epoch_follows_the_watched_column(app: Connection) -> None:
    account = uuid7()

    async def write(statement: str) -> int | None:
        async with app.transaction():
            entry = await open_work(app, OPERATOR_CHAIN)
            await set_scope(app, identity="on")
            await app.execute(statement, account)
            await append(app, OPERATOR_CHAIN, entry)
            epoch: int | None = await app.fetchval(
                "SELECT epoch FROM principal_epochs WHERE principal_id = $1", account
            )
            return epoch

    assert await write("INSERT INTO accounts (id, name) VALUES ($1, 'Anna')") is None
    assert await write("UPDATE accounts SET name = 'Anna K.' WHERE id = $1") is None
    assert await write("UPDATE accounts SET state = 'DISABLED' WHERE id = $1") == 1
    assert await write("UPDATE accounts SET state = 'ACTIVE' WHERE id = $1") == 2


async def test_raises_are_told_on_their_channels(app: Connection, server: Server) -> None:
    network, account, listener = uuid7(), uuid7(), await server.connect("remit_app")
    heard: asyncio.Queue[tuple[str, str]] = asyncio.Queue()
    for channel in ("remit_policy", "remit_principals"):
        await listener.add_listener(channel, lambda _c, _p, name, domain: heard.put_nowait((name, domain)))

    async with work(app, network):
        await app.execute(ASSIGN, network)
        await app.execute(ASSIGN, network)
    assert await asyncio.wait_for(heard.get(), 10) == ("remit_policy", str(network))
    async with app.transaction():
        entry = await open_work(app, OPERATOR_CHAIN)
        await set_scope(app, identity="on")
        await app.execute("INSERT INTO accounts (id, name) VALUES ($1, 'Anna')", account)
        await app.execute("UPDATE accounts SET state = 'DISABLED' WHERE id = $1", account)
        await append(app, OPERATOR_CHAIN, entry)
    assert await asyncio.wait_for(heard.get(), 10) == ("remit_principals", str(account))

    assert heard.empty()
    await listener.close()


async def test_epochs_are_read_by_id_whatever_the_scope(app: Connection) -> None:
    network, account, unknown = uuid7(), uuid7(), uuid7()
    async with work(app, network):
        await app.execute(ASSIGN, network)
        await set_scope(app, network_id=network, identity="on", operator="on")
        await app.execute("INSERT INTO accounts (id, name) VALUES ($1, 'Anna')", account)
        await app.execute("UPDATE accounts SET state = 'DISABLED' WHERE id = $1", account)
        operators = await app.fetchval("SELECT next_policy_epoch() FROM set_config('remit.network_id', '', true)")
        await app.execute("INSERT INTO assignments (id, role_code) VALUES (gen_random_uuid(), 'account_manager')")

    epochs = await app.fetch("SELECT id, epoch FROM epochs_of($1)", [network, account, unknown, OPERATOR_CHAIN])

    assert {row["id"]: row["epoch"] for row in epochs} == {network: 1, account: 1, OPERATOR_CHAIN: operators}


@pytest.mark.parametrize(
    ("case", "scope", "seen"),
    [("the account", "own", 1), ("another account", "other", 0), ("operations of identity", "identity", 1)],
)
async def test_principal_epochs_are_their_principals(app: Connection, case: str, scope: str, seen: int) -> None:
    account = uuid7()
    async with app.transaction():
        entry = await open_work(app, OPERATOR_CHAIN)
        await set_scope(app, identity="on")
        await app.execute("INSERT INTO accounts (id, name) VALUES ($1, 'Anna')", account)
        await app.execute("UPDATE accounts SET state = 'DISABLED' WHERE id = $1", account)
        await append(app, OPERATOR_CHAIN, entry)
    scopes: dict[str, dict[str, UUID | str]] = {
        "own": {"account_id": account},
        "other": {"account_id": uuid7()},
        "identity": {"identity": "on"},
    }

    async with app.transaction():
        await set_scope(app, **scopes[scope])
        count = await app.fetchval("SELECT count(*) FROM principal_epochs WHERE principal_id = $1", account)

    assert count == seen
