"""Transactions do what they say, share nothing with each other, and give their connection back."""

from __future__ import annotations

import asyncio
import contextvars
import uuid
from collections.abc import AsyncIterator

import asyncpg
import pytest
from tortoise.context import get_current_context

from database.connections import Database, served_credentials
from database.statements import PinnedClient, Statements
from errors import StartRefused
from settings import Settings
from tests.database.toyapp import TOY
from tests.database.toyapp.models import ToyNote

HERE, THERE = uuid.UUID(int=1), uuid.UUID(int=2)
CONNECTIONS = 4


@pytest.fixture
async def database(toy: Database, database_settings: Settings) -> AsyncIterator[Database]:
    """A database with the toy's table and four connections; nothing is left in the table."""
    opened = await Database.open(database_settings.model_copy(update={"database_connections": CONNECTIONS}), [TOY])
    yield opened
    await opened.close()


async def set_scope(statements: Statements, network: uuid.UUID) -> None:
    await statements.fetchval("SELECT set_config('remit.network_id', $1, true)", str(network))


async def write(database: Database, network: uuid.UUID, *texts: str) -> None:
    async with database.transaction() as statements:
        await set_scope(statements, network)
        for text in texts:
            await ToyNote.create(id=uuid.uuid4(), network_id=network, text=text)


async def texts_of(database: Database, network: uuid.UUID) -> list[str]:
    async with database.read() as statements:
        await set_scope(statements, network)
        return [note.text for note in await ToyNote.all().order_by("text")]


def in_use(database: Database) -> int:
    pool = database._pool
    in_use: int = pool.get_size() - pool.get_idle_size()
    return in_use


async def test_transaction_is_read_committed_and_writes(database: Database) -> None:
    async with database.transaction() as statements:
        modes = await statements.fetchrow(
            "SELECT current_setting('transaction_isolation'), current_setting('transaction_read_only')"
        )
    await write(database, HERE, "kept")

    assert modes is not None
    assert tuple(modes) == ("read committed", "off")
    assert await texts_of(database, HERE) == ["kept"]


async def test_error_undoes_the_transaction(database: Database) -> None:
    async def refused_after_writing() -> None:
        async with database.transaction() as statements:
            await set_scope(statements, HERE)
            await ToyNote.create(id=uuid.uuid4(), network_id=HERE, text="lost")
            raise KeyError

    with pytest.raises(KeyError):
        await refused_after_writing()

    assert await texts_of(database, HERE) == []
    assert in_use(database) == 0


async def test_read_is_repeatable_and_refuses_to_write(database: Database) -> None:
    async with database.read() as statements:
        modes = await statements.fetchrow(
            "SELECT current_setting('transaction_isolation'), current_setting('transaction_read_only')"
        )
    async with database.read() as statements:
        await set_scope(statements, HERE)
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            await statements.execute("DELETE FROM toy_notes")

    assert modes is not None
    assert tuple(modes) == ("repeatable read", "on")
    assert in_use(database) == 0


async def test_read_sees_one_moment(database: Database) -> None:
    async with database.read() as statements:
        await set_scope(statements, HERE)
        before = await statements.fetchval("SELECT count(*) FROM toy_notes")
        await asyncio.create_task(write(database, HERE, "meanwhile"))
        after = await statements.fetchval("SELECT count(*) FROM toy_notes")

    assert (before, after) == (0, 0)
    assert await texts_of(database, HERE) == ["meanwhile"]


async def test_models_and_statements_are_one_transaction(database: Database) -> None:
    async with database.transaction() as statements:
        await set_scope(statements, HERE)
        await ToyNote.create(id=uuid.uuid4(), network_id=HERE, text="by model")
        found = await statements.fetch("SELECT text FROM toy_notes")
        explicit = await ToyNote.filter(text="by model").using_db(statements.client).count()

    assert [row["text"] for row in found] == ["by model"]
    assert explicit == 1


async def test_transaction_inside_a_read_is_one_of_its_own(database: Database) -> None:
    async with database.read() as outer:
        await set_scope(outer, THERE)
        await write(database, HERE, "inner")
        scope_of_outer = await outer.fetchval("SELECT current_setting('remit.network_id')")
        seen_by_models = await ToyNote.all().count()

    assert scope_of_outer == str(THERE)
    assert seen_by_models == 0
    assert await texts_of(database, HERE) == ["inner"]


async def test_concurrent_fields_share_the_connection(database: Database) -> None:
    await write(database, HERE, "one")

    async with database.read() as statements:
        await set_scope(statements, HERE)
        answers = await asyncio.gather(
            *(statements.fetchval("SELECT $1::int", number) for number in range(20)),
            *(ToyNote.all().count() for _ in range(20)),
        )
        processes = await asyncio.gather(*(statements.fetchval("SELECT pg_backend_pid()") for _ in range(5)))

    assert answers == [*range(20), *[1] * 20]
    assert len(set(processes)) == 1


async def test_rows_take_the_class_that_is_asked_for(database: Database) -> None:
    class Row(asyncpg.Record):
        pass

    async with database.read() as statements:
        rows = await statements.fetch("SELECT 1 AS one", record_class=Row)
        row = await statements.fetchrow("SELECT 2 AS two", record_class=Row)
        none = await statements.fetchrow("SELECT 3 WHERE false")

    assert (type(rows[0]), type(row), none) == (Row, Row, None)


async def test_no_scope_leaks_between_interleaved_reads(database: Database) -> None:
    await write(database, HERE, "here")
    await write(database, THERE, "there", "there too")

    answers = await asyncio.gather(*(texts_of(database, (HERE, THERE)[number % 2]) for number in range(400)))

    assert answers == [["here"], ["there", "there too"]] * 200


async def test_scope_and_settings_are_gone_with_their_transaction(database: Database) -> None:
    for _ in range(CONNECTIONS):
        async with database.transaction() as statements:
            await set_scope(statements, HERE)
            await statements.execute("SET SESSION work_mem = '99MB'")

    async with database.read() as statements:
        left = await statements.fetchrow(
            "SELECT current_setting('remit.network_id', true), current_setting('work_mem') = '99MB'"
        )

    assert left is not None
    assert tuple(left) in {("", False), (None, False)}


async def test_task_that_outlives_its_transaction_gets_no_other(database: Database) -> None:
    ended = asyncio.Event()

    async def late(statements: Statements) -> int:
        await ended.wait()
        count: int = await ToyNote.all().count()
        return count

    async def late_by_statement(statements: Statements) -> object:
        await ended.wait()
        return await statements.fetchval("SELECT 1")

    async with database.transaction() as statements:
        tasks = [asyncio.create_task(late(statements)), asyncio.create_task(late_by_statement(statements))]
        await asyncio.sleep(0)
    ended.set()
    errors = await asyncio.gather(*tasks, return_exceptions=True)

    assert [type(error) for error in errors] == [asyncpg.InterfaceError, asyncpg.InterfaceError]


async def test_statement_that_queues_behind_the_commit_is_not_run(database: Database) -> None:
    await write(database, HERE, "kept")

    async with database.transaction() as statements:
        await set_scope(statements, HERE)
        running = asyncio.create_task(statements.execute("SELECT pg_sleep(0.05)"))
        await asyncio.sleep(0)
        ending = asyncio.Event()

        async def delete_late() -> str:
            await ending.wait()
            return await statements.execute("DELETE FROM toy_notes")

        queued = asyncio.create_task(delete_late())
        asyncio.get_running_loop().call_later(0.02, ending.set)
    answers = await asyncio.gather(running, queued, return_exceptions=True)

    assert answers[0] == "SELECT 1"
    assert isinstance(answers[1], asyncpg.InterfaceError)
    assert await texts_of(database, HERE) == ["kept"]


async def test_failing_begin_gives_the_connection_back(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: object, **__: object) -> None:
        raise ConnectionResetError

    with monkeypatch.context() as broken:
        broken.setattr(PinnedClient, "start", fail)
        for _ in range(CONNECTIONS + 1):
            with pytest.raises(ConnectionResetError):
                async with database.transaction():
                    pass

    assert in_use(database) == 0
    await write(database, HERE, "afterwards")
    assert await texts_of(database, HERE) == ["afterwards"]


async def test_lost_connection_is_told_by_the_first_error_and_replaced(database: Database) -> None:
    with pytest.raises(asyncpg.ConnectionDoesNotExistError):
        async with database.transaction() as statements, statements.savepoint():
            await statements.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    assert in_use(database) == 0
    assert await texts_of(database, HERE) == []


async def test_cancelled_transactions_give_their_connections_back(database: Database) -> None:
    async def never_ending() -> None:
        async with database.transaction() as statements:
            await statements.execute("SELECT pg_sleep(600)")

    tasks = [asyncio.create_task(never_ending()) for _ in range(CONNECTIONS)]
    await asyncio.sleep(0.05)
    for task in tasks:
        task.cancel()
    ends = await asyncio.gather(*tasks, return_exceptions=True)

    assert [type(end) for end in ends] == [asyncio.CancelledError] * CONNECTIONS
    assert await texts_of(database, HERE) == []
    assert in_use(database) == 0


async def test_cancelled_commit_is_finished(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    committing, may_commit, committed = asyncio.Event(), asyncio.Event(), asyncio.Event()
    commit = PinnedClient.commit

    async def slow_commit(client: PinnedClient) -> None:
        committing.set()
        await may_commit.wait()
        await commit(client)
        committed.set()

    with monkeypatch.context() as slowed:
        slowed.setattr(PinnedClient, "commit", slow_commit)
        writing = asyncio.create_task(write(database, HERE, "kept"))
        await committing.wait()
        writing.cancel()
        (end,) = await asyncio.gather(writing, return_exceptions=True)
        may_commit.set()
        async with asyncio.timeout(10):
            await committed.wait()

    assert isinstance(end, asyncio.CancelledError)
    assert await texts_of(database, HERE) == ["kept"]


async def test_savepoint_undoes_its_own_part(database: Database) -> None:
    async def refused_after_writing(statements: Statements) -> None:
        async with statements.savepoint():
            await ToyNote.create(id=uuid.uuid4(), network_id=HERE, text="undone by an error")
            raise KeyError

    async with database.transaction() as statements:
        await set_scope(statements, HERE)
        await ToyNote.create(id=uuid.uuid4(), network_id=HERE, text="before")
        with pytest.raises(KeyError):
            await refused_after_writing(statements)
        async with statements.savepoint() as savepoint:
            await ToyNote.create(id=uuid.uuid4(), network_id=HERE, text="undone on demand")
            await statements.fetchval("SELECT set_config('remit.change_no', '7', true)")
            await savepoint.roll_back()
        change_no = await statements.fetchval("SELECT current_setting('remit.change_no', true)")
        async with statements.savepoint():
            await ToyNote.create(id=uuid.uuid4(), network_id=HERE, text="kept")

    assert await texts_of(database, HERE) == ["before", "kept"]
    assert not change_no


async def test_savepoint_heals_a_refused_statement(database: Database) -> None:
    async with database.transaction() as statements:
        await set_scope(statements, HERE)
        with pytest.raises(asyncpg.CheckViolationError):
            async with statements.savepoint():
                await statements.execute(
                    "INSERT INTO toy_notes (network_id, id, text) VALUES ($1, $2, '')", HERE, uuid.uuid4()
                )
        await ToyNote.create(id=uuid.uuid4(), network_id=HERE, text="afterwards")

    assert await texts_of(database, HERE) == ["afterwards"]


async def test_inner_savepoint_goes_with_the_outer(database: Database) -> None:
    async with database.transaction() as statements:
        await set_scope(statements, HERE)
        async with statements.savepoint() as outer:
            async with statements.savepoint():
                await ToyNote.create(id=uuid.uuid4(), network_id=HERE, text="inner")
            await outer.roll_back()

    assert await texts_of(database, HERE) == []


async def test_task_of_another_task_finds_the_models(database: Database) -> None:
    """A server opens its pool in one task (lifespan) and answers in others, which inherit nothing from it."""
    opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def request() -> list[str]:
        await opened
        return await texts_of(database, HERE)

    request_task = asyncio.create_task(request())
    await write(database, HERE, "found")
    opened.set_result(None)

    assert await request_task == ["found"]


async def test_models_have_a_default_in_tasks_that_inherit_nothing(database: Database) -> None:
    assert contextvars.Context().run(get_current_context) is not None


async def test_session_reads_its_own_search_path(database: Database) -> None:
    async with database.read() as statements:
        path = await statements.fetchval("SHOW search_path")
        name = await statements.fetchval("SHOW application_name")

    assert (path, name) == ("remit, jobs", "remit")


async def test_close_ends_every_connection(toy: Database, database_settings: Settings) -> None:
    database = await Database.open(database_settings, [TOY])
    async with database.read() as statements:
        process = await statements.fetchval("SELECT pg_backend_pid()")
    await database.close()

    async with toy.owner_connection() as owner:
        for _ in range(100):
            if not await owner.fetchval("SELECT EXISTS (SELECT FROM pg_stat_activity WHERE pid = $1)", process):
                return
            await asyncio.sleep(0.01)
    pytest.fail("the connection is still there")


def test_owner_s_login_comes_from_the_app_s_unless_it_is_set() -> None:
    url = "postgresql://remit_app:a@db/remit?sslmode=require"
    implied = served_credentials(Settings(database_url=url, _env_file=None))
    given = served_credentials(
        Settings(database_url=url, database_owner_url="postgresql://remit_owner:o@db2/remit", _env_file=None)
    )

    assert [(login.user, login.password, login.host, login.sslmode) for login in implied] == [
        ("remit_app", "a", "db", "require"),
        ("remit_owner", None, "db", "require"),
    ]
    assert [(login.user, login.password, login.host) for login in given] == [
        ("remit_app", "a", "db"),
        ("remit_owner", "o", "db2"),
    ]


def test_logins_of_no_served_database_are_refused() -> None:
    with pytest.raises(StartRefused, match="REMIT_DATABASE_URL is not set"):
        served_credentials(Settings(database_url=None, _env_file=None))
