"""A Remit on the tests' database, as the composition makes it: migrated, with the core's own policy and a set clock."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from audit.keys import Keys
from database.apps import OrmApp
from database.connections import Database
from database.migrate import migrate
from host import Host
from policies.capabilities import CORE
from policies.catalogue import Catalogue
from policies.release import assemble_release, core_lines
from policies.store import PolicyCache
from settings import Settings

ORM = OrmApp(
    "core",
    tuple(
        f"domain.{topic}.models"
        for topic in ("network", "identity", "team", "catalogue", "clients", "booking", "till", "notices")
    ),
    "migrations",
)
START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
"""A Monday."""


@dataclass(slots=True)
class Clock:
    """The clock of every Work: it stands until a test moves it."""

    now: datetime = START

    def __call__(self) -> datetime:
        """The instant that it shows."""
        return self.now

    def pass_by(self, **span: float) -> None:
        """Let time pass: `seconds=30`."""
        self.now += timedelta(**span)


@asynccontextmanager
async def open_host(settings: Settings) -> AsyncIterator[Host]:
    """A host in demo mode, so that the mail it sends can be read."""
    database = await Database.open(settings, [ORM])
    try:
        await migrate(database, [ORM])
        release = assemble_release(Catalogue(CORE), lines=core_lines())
        keys = Keys.derive(b"a secret of the tests, 32 bytes and more")
        yield Host(settings, database, release, PolicyCache(release), keys, is_demo=True)
    finally:
        await database.close()
