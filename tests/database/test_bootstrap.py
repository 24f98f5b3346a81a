"""The roles, the database and the schemas are as database.md 2 says, and a served database that differs is refused."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import asyncpg
import pytest

from database.bootstrap import administrator_lines, prepare_embedded, prepare_schemas, refuse_unprepared
from database.connections import Database
from database.credentials import Credentials
from database.embedded import SUPERUSER, Embedded
from database.sqlstate import sqlstate_of
from errors import StartRefused
from settings import Settings
from tests.database.toyapp import TOY

ROLES = """
SELECT rolname, rolcanlogin, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb
  FROM pg_roles WHERE rolname LIKE 'remit\\_%' ORDER BY rolname
"""
DATABASE = """
SELECT pg_get_userbyid(datdba), pg_encoding_to_char(encoding), datcollate, datctype
  FROM pg_database WHERE datname = 'remit'
"""


async def test_embedded_server_has_the_roles_and_the_database(data_dir: Path) -> None:
    embedded = Embedded.start(data_dir)
    await prepare_embedded(embedded)
    async with embedded.credentials(SUPERUSER, SUPERUSER).connection() as superuser:
        roles = [tuple(row) for row in await superuser.fetch(ROLES)]
        database = [tuple(row) for row in await superuser.fetch(DATABASE)]
    embedded.stop()

    assert roles == [("remit_app", True, False, False, False, False), ("remit_owner", True, False, False, True, False)]
    assert database == [("remit_owner", "UTF8", "C", "C.UTF-8")]


async def test_preparing_twice_and_at_once_is_preparing(data_dir: Path) -> None:
    embedded = Embedded.start(data_dir)
    await asyncio.gather(*(prepare_embedded(embedded) for _ in range(3)))
    app, owner = await prepare_embedded(embedded)
    async with app.connection() as connection:
        await refuse_unprepared(connection)
    embedded.stop()

    assert (app.user, owner.user, app.database, owner.database) == ("remit_app", "remit_owner", "remit", "remit")


def test_administrator_s_lines_name_the_database() -> None:
    assert administrator_lines('sal"on') == (
        "CREATE ROLE remit_owner LOGIN NOSUPERUSER NOBYPASSRLS CREATEROLE;",
        "CREATE ROLE remit_app LOGIN NOSUPERUSER NOBYPASSRLS;",
        'CREATE DATABASE "sal""on" OWNER remit_owner TEMPLATE template0 '
        "ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C.UTF-8';",
        'REVOKE ALL ON DATABASE "sal""on" FROM PUBLIC;',
        'GRANT CONNECT ON DATABASE "sal""on" TO remit_app;',
    )


@pytest.mark.parametrize(
    ("case", "statement"),
    [
        ("a schema", "CREATE SCHEMA mine"),
        ("a table in the core's schema", "CREATE TABLE remit.mine (id int)"),
        ("a table among the jobs", "CREATE TABLE jobs.mine (id int)"),
        ("a temporary table", "CREATE TEMP TABLE mine (id int)"),
        ("the owner's role", "SET ROLE remit_owner"),
    ],
)
async def test_remit_app_may_not_make(empty_toy: Database, case: str, statement: str) -> None:
    async with empty_toy.app.connection() as app:
        with pytest.raises(asyncpg.PostgresError) as refusal:
            await app.execute(statement)

    assert sqlstate_of(refusal.value) == "42501"


async def test_new_functions_are_not_everybody_s(toy: Database) -> None:
    async with toy.app.connection() as app:
        with pytest.raises(asyncpg.PostgresError) as refusal:
            await app.fetchval("SELECT toy_shout('quiet')")

    assert sqlstate_of(refusal.value) == "42501"


async def test_letters_of_the_market_are_folded(empty_toy: Database) -> None:
    async with empty_toy.read() as statements:
        folded = await statements.fetchval("SELECT lower('ÁŐΩ') || ' ' || ('ő' ILIKE 'Ő')::text")

    assert folded == "áőω true"


async def test_served_database_with_all_faults_is_refused_with_all_of_them(data_dir: Path) -> None:
    embedded = Embedded.start(data_dir)
    async with embedded.credentials(SUPERUSER, "template1").connection() as connection:
        await connection.execute("CREATE ROLE remit_owner SUPERUSER")
        with pytest.raises(StartRefused) as refusal:
            await refuse_unprepared(connection)
    embedded.stop()

    assert str(refusal.value) == (
        "The served database is not prepared for Remit: REMIT_DATABASE_URL must sign in as remit_app; "
        "remit_app must be no superuser, have no BYPASSRLS and not be a member of remit_owner; "
        "the database must belong to the role remit_owner, without SUPERUSER and BYPASSRLS; "
        "the database must have ENCODING 'UTF8', LC_COLLATE 'C' and LC_CTYPE 'C.UTF-8'; "
        "remit_app and PUBLIC must not have CREATE or TEMPORARY on the database. "
        "Let the administrator run the lines that `remit doctor` prints."
    )


async def test_database_that_is_not_there_is_named(empty_toy: Database) -> None:
    missing = replace(empty_toy.app, database="no_such")

    with pytest.raises(StartRefused, match=r"There is no database no_such at .* `remit doctor`"):
        async with missing.connection():
            pass


async def test_role_that_is_not_there_is_named(empty_toy: Database) -> None:
    stranger = replace(empty_toy.app, user="stranger")

    with pytest.raises(StartRefused, match=r"does not let stranger@.* in .*`remit doctor`"):
        async with stranger.connection():
            pass


async def test_prepared_server_is_opened_as_a_served_one(data_dir: Path) -> None:
    embedded = Embedded.start(data_dir)
    await prepare_embedded(embedded)
    url = f"postgresql://remit_app@/remit?host={embedded.host}"
    database = await Database.open(Settings(database_url=url, _env_file=None), [TOY])
    async with database.read() as statements, database.owner_connection() as owner:
        users = [await statements.fetchval("SELECT current_user"), await owner.fetchval("SELECT current_user")]
        await prepare_schemas(owner)
    await database.close()
    embedded.stop()

    assert users == ["remit_app", "remit_owner"]
    assert database.owner == Credentials(embedded.host, 5432, "remit_owner")
