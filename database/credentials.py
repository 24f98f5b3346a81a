"""How to reach a database as one of its roles, in the words of each driver."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

import asyncpg
from psycopg.conninfo import make_conninfo

from errors import StartRefused

APPLICATION = "remit"
CORE_SEARCH_PATH = "remit, jobs"
WORKER_SEARCH_PATH = "jobs,remit"
SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")


@dataclass(frozen=True, slots=True)
class Credentials:
    """One role's way into one database. The password is in no `repr` and in no message.

    `host` is a name, an address, or the folder of a unix socket. `sslmode` is libpq's; None leaves it to the driver.
    """

    host: str
    port: int
    user: str
    password: str | None = field(default=None, repr=False)
    database: str = "remit"
    sslmode: str | None = None

    @classmethod
    def parse(cls, url: str) -> Self:
        """Read `postgresql://user:password@host:port/database`, or `…/database?host=/socket/folder`.

        Raises StartRefused where the address is none, names no user or no database, or asks for what is unknown.
        """
        parts = urlsplit(url)
        if parts.scheme not in {"postgresql", "postgres"}:
            raise StartRefused("The database's address must begin with postgresql://.")
        options = dict(parse_qsl(parts.query))
        credentials = cls(
            host=options.pop("host", "") or unquote(parts.hostname or "localhost"),
            port=_port(parts, options.pop("port", "")),
            user=unquote(parts.username or ""),
            password=unquote(parts.password) if parts.password else None,
            database=unquote(parts.path.removeprefix("/")),
            sslmode=options.pop("sslmode", None),
        )
        credentials._refuse_gaps(options)
        return credentials

    @property
    def address(self) -> str:
        """The place and the role in a form that may be logged."""
        return f"{self.user}@{self.host}:{self.port}/{self.database}"

    def asyncpg_arguments(self) -> dict[str, Any]:
        """Keyword arguments of `asyncpg.connect`, and of Tortoise's client, with Remit's `search_path`."""
        arguments: dict[str, Any] = {
            "host": self.host,
            "port": self.port,
            "user": self.user,
            "password": self.password,
            "database": self.database,
            "server_settings": {"search_path": CORE_SEARCH_PATH, "application_name": APPLICATION},
        }
        if self.sslmode is not None:
            arguments["ssl"] = self.sslmode
        return arguments

    def conninfo(self) -> str:
        """libpq's connection string, for psycopg under the job queue: `jobs` comes first in its `search_path`."""
        return make_conninfo(
            host=self.host,
            port=self.port,
            user=self.user,
            password=self.password,
            dbname=self.database,
            sslmode=self.sslmode,
            application_name=APPLICATION,
            options=f"-c search_path={WORKER_SEARCH_PATH}",
        )

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[asyncpg.Connection]:
        """A connection outside every pool, closed at the end of the block.

        Raises StartRefused, which says whether the server, the login or the database is what is missing.
        """
        connection = await self._connect()
        try:
            yield connection
        finally:
            await connection.close()

    async def _connect(self) -> asyncpg.Connection:
        try:
            return await asyncpg.connect(**self.asyncpg_arguments())
        except (OSError, asyncpg.CannotConnectNowError, asyncpg.TooManyConnectionsError) as error:
            raise StartRefused(
                f"PostgreSQL cannot be reached at {self.address} ({error or type(error).__name__}). "
                "Start it, or correct REMIT_DATABASE_URL."
            ) from error
        except asyncpg.InvalidCatalogNameError as error:
            raise StartRefused(
                f"There is no database {self.database} at {self.address}. "
                "Let the administrator run the lines that `remit doctor` prints, or correct REMIT_DATABASE_URL."
            ) from error
        except (asyncpg.InvalidAuthorizationSpecificationError, asyncpg.InsufficientPrivilegeError) as error:
            raise StartRefused(
                f"PostgreSQL does not let {self.address} in ({error}). Correct the user and the password of "
                "REMIT_DATABASE_URL (of REMIT_DATABASE_OWNER_URL for remit_owner), or let the administrator run "
                "the lines that `remit doctor` prints."
            ) from error
        except asyncpg.ClientConfigurationError as error:
            raise StartRefused(f"{error} Correct REMIT_DATABASE_URL ({self.address}).") from error

    def _refuse_gaps(self, unknown: dict[str, str]) -> None:
        if unknown:
            raise StartRefused(
                f"The database's address asks for {', '.join(sorted(unknown))}, which Remit does not know; "
                "host, port and sslmode are possible."
            )
        if not self.user or not self.database:
            raise StartRefused(
                "The database's address must name a user and a database: postgresql://remit_app@host/remit."
            )
        if self.sslmode is not None and self.sslmode not in SSL_MODES:
            raise StartRefused(f"The database's address must have an sslmode of {', '.join(SSL_MODES)}.")


def _port(parts: SplitResult, option: str) -> int:
    try:
        return int(option) if option else parts.port or 5432
    except ValueError as error:
        raise StartRefused("The port in the database's address must be a number up to 65535.") from error
