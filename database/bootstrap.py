"""What has to stand before the first migration: two roles, the database, two schemas and the default privileges.

On the embedded server Remit does it itself, as superuser. On a served one the customer's administrator runs
`administrator_lines()` once; Remit only looks whether that has been done.
"""

from __future__ import annotations

import asyncpg
from psycopg.sql import SQL, Identifier

from database.credentials import Credentials
from database.embedded import SUPERUSER, Embedded
from errors import StartRefused

OWNER_ROLE = "remit_owner"
APP_ROLE = "remit_app"
DATABASE = "remit"

_ROLES = {
    # CREATEROLE only for the roles of plugins
    OWNER_ROLE: "CREATE ROLE remit_owner LOGIN NOSUPERUSER NOBYPASSRLS CREATEROLE",
    APP_ROLE: "CREATE ROLE remit_app LOGIN NOSUPERUSER NOBYPASSRLS",
}
# The locale is named: else it is the machine's, and sorting differs from one to the next
_CREATE_DATABASE = SQL(
    "CREATE DATABASE {} OWNER remit_owner TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C.UTF-8'"
)
_CLOSE_DATABASE = SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC")
_OPEN_DATABASE = SQL("GRANT CONNECT ON DATABASE {} TO remit_app")
_PREPARE_SCHEMAS = """
SELECT pg_advisory_xact_lock(hashtextextended('remit.bootstrap', 0));
CREATE SCHEMA IF NOT EXISTS remit;
CREATE SCHEMA IF NOT EXISTS jobs;
GRANT USAGE ON SCHEMA remit, jobs TO remit_app;
-- Not IN SCHEMA: that form cannot take away the built-in default, and every new function would be everybody's
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
"""
_FAULTS_OF_SERVED = """
SELECT current_setting('server_version_num')::int >= 150000 AS is_recent,
       current_user = 'remit_app' AS is_remit_app,
       NOT (role.rolsuper OR role.rolbypassrls) AND NOT coalesce(pg_has_role(owner.oid, 'MEMBER'), false) AS is_humble,
       coalesce(database.datdba = owner.oid AND NOT owner.rolsuper AND NOT owner.rolbypassrls, false) AS is_owned,
       getdatabaseencoding() = 'UTF8' AND lower('ÁŐΩ') = 'áőω' AND 'B' < 'a' AS is_located,
       NOT (has_database_privilege(database.oid, 'CREATE') OR has_database_privilege(database.oid, 'TEMP')) AS is_closed
  FROM pg_database AS database
  JOIN pg_roles AS role ON role.rolname = current_user
  LEFT JOIN pg_roles AS owner ON owner.rolname = 'remit_owner'
 WHERE database.datname = current_database()
"""
_SENTENCES = {
    "is_recent": "the server must be PostgreSQL 15 or later",
    "is_remit_app": "REMIT_DATABASE_URL must sign in as remit_app",
    "is_humble": "remit_app must be no superuser, have no BYPASSRLS and not be a member of remit_owner",
    "is_owned": "the database must belong to the role remit_owner, without SUPERUSER and BYPASSRLS",
    "is_located": "the database must have ENCODING 'UTF8', LC_COLLATE 'C' and LC_CTYPE 'C.UTF-8'",
    "is_closed": "remit_app and PUBLIC must not have CREATE or TEMPORARY on the database",
}


def administrator_lines(database: str = DATABASE) -> tuple[str, ...]:
    """The SQL that an administrator of a served PostgreSQL runs once, as superuser; each line ends with a semicolon.

    The passwords are not in it: the administrator sets those of remit_owner and remit_app (psql: `\\password`).
    """
    return tuple(f"{statement};" for statement in (*_ROLES.values(), *_database_statements(database)))


async def prepare_embedded(embedded: Embedded) -> tuple[Credentials, Credentials]:
    """Create on the embedded server what is missing; answers the logins of `remit_app` and of `remit_owner`.

    Processes that do it at once wait for each other.
    """
    async with embedded.credentials(SUPERUSER, SUPERUSER).connection() as connection:
        await connection.execute("SELECT pg_advisory_lock(hashtextextended('remit.bootstrap', 0))")
        await _create_roles(connection)
        await _create_database(connection)
    owner = embedded.credentials(OWNER_ROLE, DATABASE)
    async with owner.connection() as connection:
        await prepare_schemas(connection)
    return embedded.credentials(APP_ROLE, DATABASE), owner


async def prepare_schemas(owner: asyncpg.Connection) -> None:
    """Create the schemas `remit` and `jobs` with their grants and the default privileges, as `remit_owner`."""
    async with owner.transaction():
        await owner.execute(_PREPARE_SCHEMAS)


async def refuse_unprepared(app: asyncpg.Connection) -> None:
    """Raise StartRefused, which lists every fault, unless a served database is as `administrator_lines()` make it."""
    (holds,) = await app.fetch(_FAULTS_OF_SERVED)
    faults = [sentence for name, sentence in _SENTENCES.items() if not holds[name]]
    if faults:
        raise StartRefused(
            f"The served database is not prepared for Remit: {'; '.join(faults)}. "
            "Let the administrator run the lines that `remit doctor` prints."
        )


async def _create_roles(superuser: asyncpg.Connection) -> None:
    present = {row["rolname"] for row in await superuser.fetch("SELECT rolname FROM pg_roles")}
    for role, statement in _ROLES.items():
        if role not in present:
            await superuser.execute(statement)


async def _create_database(superuser: asyncpg.Connection) -> None:
    create, *grants = _database_statements(DATABASE)
    if not await superuser.fetchval("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", DATABASE):
        await superuser.execute(create)
    for grant in grants:
        await superuser.execute(grant)


def _database_statements(database: str) -> tuple[str, ...]:
    name = Identifier(database)
    return tuple(part.format(name).as_string() for part in (_CREATE_DATABASE, _CLOSE_DATABASE, _OPEN_DATABASE))
