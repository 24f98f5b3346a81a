"""Addresses are read exactly, written for both drivers, and never show their password."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg.conninfo import conninfo_to_dict

from database.credentials import Credentials
from errors import StartRefused


@pytest.mark.parametrize(
    ("case", "url", "expected"),
    [
        (
            "everything",
            "postgresql://remit_app:p%40ss@db.example.com:6543/remit?sslmode=require",
            Credentials("db.example.com", 6543, "remit_app", "p@ss", "remit", "require"),
        ),
        ("short scheme", "postgres://remit_app@db/remit", Credentials("db", 5432, "remit_app", None, "remit")),
        ("socket", "postgresql://remit_app@/remit?host=/run/pg", Credentials("/run/pg", 5432, "remit_app")),
        ("socket's port", "postgresql://a@/b?host=/run/pg&port=5433", Credentials("/run/pg", 5433, "a", None, "b")),
        ("no host", "postgresql://remit_app@/remit", Credentials("localhost", 5432, "remit_app")),
        ("IPv6", "postgresql://remit_app@[::1]:5433/remit", Credentials("::1", 5433, "remit_app")),
        ("escapes", "postgresql://a%20b@db/c%2Fd", Credentials("db", 5432, "a b", None, "c/d")),
    ],
)
def test_address_is_read(case: str, url: str, expected: Credentials) -> None:
    assert Credentials.parse(url) == expected


@pytest.mark.parametrize(
    ("case", "url", "sentence"),
    [
        ("scheme", "mysql://a@b/c", "must begin with postgresql://"),
        ("no user", "postgresql://db/remit", "must name a user and a database"),
        ("no database", "postgresql://remit_app@db", "must name a user and a database"),
        ("port in words", "postgresql://a@db:five/b", "must be a number up to 65535"),
        ("port too high", "postgresql://a@db:65536/b", "must be a number up to 65535"),
        ("unknown option", "postgresql://a@db/b?target=x&pool=3", "asks for pool, target, which Remit does not know"),
        ("unknown sslmode", "postgresql://a@db/b?sslmode=on", "must have an sslmode of disable, allow, prefer"),
    ],
)
def test_unusable_address_is_refused(case: str, url: str, sentence: str) -> None:
    with pytest.raises(StartRefused, match=sentence):
        Credentials.parse(url)


def test_password_is_not_shown() -> None:
    credentials = Credentials.parse("postgresql://remit_app:topsecret@db/remit")

    assert "topsecret" not in repr(credentials)
    assert credentials.address == "remit_app@db:5432/remit"


def test_asyncpg_gets_the_core_s_search_path() -> None:
    assert Credentials("db", 5432, "remit_app", "x", "remit", "verify-full").asyncpg_arguments() == {
        "host": "db",
        "port": 5432,
        "user": "remit_app",
        "password": "x",
        "database": "remit",
        "server_settings": {"search_path": "remit, jobs", "application_name": "remit"},
        "ssl": "verify-full",
    }


def test_driver_chooses_the_sslmode_that_is_not_given() -> None:
    assert "ssl" not in Credentials("/run/pg", 5432, "remit_app").asyncpg_arguments()


@given(st.text(st.characters(exclude_characters="\0", codec="utf-8"), min_size=1))
def test_conninfo_means_what_was_put_in(password: str) -> None:
    conninfo = Credentials("/run/a b", 5433, "remit_app", password).conninfo()

    assert conninfo_to_dict(conninfo) == {
        "host": "/run/a b",
        "port": "5433",
        "user": "remit_app",
        "password": password,
        "dbname": "remit",
        "application_name": "remit",
        "options": "-c search_path=jobs,remit",
    }


async def test_unreachable_server_is_worded() -> None:
    nowhere = Credentials("/nonexistent", 5432, "remit_app", "topsecret")

    with pytest.raises(StartRefused, match=r"cannot be reached at remit_app@/nonexistent:5432/remit") as refusal:
        async with nowhere.connection():
            pass

    assert "topsecret" not in str(refusal.value)
