"""Installations to measure: a temporary data folder, PostgreSQL on its own core, and networks full of appointments.

A network is founded through Works, as any is; its business is `network.sql`, which takes seconds instead of hours
because no trigger runs: nothing of it is journaled. What the figures need of the journal, some Works write.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from uuid import UUID

import asyncpg
from uuid_utils.compat import uuid7

from app import open_remit
from audit.devices import HEADER as DEVICE_HEADER
from audit.devices import device_token
from benchmarks.cores import available_cores, stay_on
from database.bootstrap import DATABASE
from database.credentials import Credentials
from database.embedded import SUPERUSER, Embedded
from database.migrate import migrate
from host import Host
from policies import scopes
from settings import Settings
from tests.factories import MADE, USER_AGENT, Salon, make_salon
from work import Work

APPOINTMENTS: Final = 20_000
JOURNAL_ENTRIES: Final = 50
WEEKS_BEFORE: Final = 5
"""How long ago the first appointment was: some weeks of 20,000 are over, and some are to come."""

BUSINESS: Final = Path(__file__).with_name("network.sql")
WANTED: Final = """
CREATE TEMPORARY TABLE wanted ON COMMIT DROP AS SELECT $1::uuid AS network_id, $2::uuid AS north, $3::uuid AS south,
$4::bigint AS appointments, $5::timestamp AS first_day
"""
ROLE_SETTINGS: Final = """
ALTER ROLE postgres IN DATABASE remit SET search_path = remit, jobs;
ALTER ROLE postgres IN DATABASE remit SET timezone = 'UTC';
"""
WITHOUT_TRIGGERS: Final = "SET LOCAL session_replication_role = replica"


@dataclass(frozen=True, slots=True)
class Network:
    """A network with its owner's way in, as the headers of a request from a known device."""

    id: UUID
    salon: Salon
    owner_headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class Installation:
    """A prepared data folder whose PostgreSQL runs. `superuser` passes row-level security, as rivals do."""

    data_dir: Path
    superuser: Credentials
    networks: tuple[Network, ...]
    appointments: int

    @property
    def size(self) -> str:
        """How much it holds, in words."""
        return f"{len(self.networks)} x {self.appointments:,} appointments"

    @property
    def environment(self) -> dict[str, str]:
        """What a Remit that serves this installation reads from its environment."""
        return {"REMIT_DATA_DIR": str(self.data_dir), "REMIT_PORT": "0", "REMIT_LOG_LEVEL": "ERROR"}

    @property
    def environment_of_rivals(self) -> dict[str, str]:
        """Where servers that are not Remit find the database (libpq's variables), and which network they answer for."""
        return {
            "PGHOST": self.superuser.host,
            "PGPORT": str(self.superuser.port),
            "PGUSER": self.superuser.user,
            "PGDATABASE": self.superuser.database,
            "BENCH_NETWORK": str(self.networks[0].id),
        }

    def log(self, name: str) -> Path:
        """Where the process of this name writes its complaints."""
        return self.data_dir / f"{name.replace(' ', '-').replace('/', '-')}.log"


@asynccontextmanager
async def installed(*, networks: int = 1, appointments: int = APPOINTMENTS) -> AsyncIterator[Installation]:
    """An installation with so many networks of so many appointments each, for the length of the block."""
    with _temporary_folder() as data_dir, _running_postgres(data_dir) as embedded:
        founded = await _found_networks(data_dir, networks)
        superuser = embedded.credentials(SUPERUSER, DATABASE)
        async with superuser.connection() as connection:
            await connection.execute(ROLE_SETTINGS)
            for network in founded:
                await _fill(connection, network.salon, appointments)
            await connection.execute("VACUUM (ANALYZE)")
        yield Installation(data_dir, superuser, founded, appointments)


@contextmanager
def _temporary_folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="remit-bench-"))
    folder.chmod(0o755)  # as root the embedded server refuses private folders
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _running_postgres(data_dir: Path) -> Iterator[Embedded]:
    """PostgreSQL inherits the cores of who starts it; afterwards this process, which sends the load, takes its own."""
    cores = available_cores()
    stay_on(cores.database)
    embedded = Embedded.start(data_dir)
    stay_on(cores.load)
    try:
        yield embedded
    finally:
        embedded.stop()


async def _found_networks(data_dir: Path, number: int) -> tuple[Network, ...]:
    settings = Settings(data_dir=data_dir, _env_file=None)
    async with open_remit(settings, prepare=migrate) as remit:
        return tuple([await _found(remit.host) for _ in range(number)])


async def _found(host: Host) -> Network:
    salon = await make_salon(host, {"owner": ("owner", "network")})
    for _ in range(JOURNAL_ENTRIES):
        await host.perform_as_system(salon.network_id, MADE, _nothing)
    headers = {
        "authorization": f"Bearer {salon['owner'].token}",
        "remit-domain": str(scopes.network(salon.network_id)),
        "user-agent": USER_AGENT,
        DEVICE_HEADER: device_token(host.keys.device, uuid7()),
    }
    return Network(salon.network_id, salon, headers)


async def _nothing(_work: Work) -> None:
    """A Work that leaves its journal entry."""


async def _fill(connection: asyncpg.Connection, salon: Salon, appointments: int) -> None:
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    first_day = today - timedelta(weeks=WEEKS_BEFORE, days=today.weekday())
    async with connection.transaction():
        await connection.execute(WITHOUT_TRIGGERS)
        await connection.execute(WANTED, salon.network_id, salon.north, salon.south, appointments, first_day)
        await connection.execute(BUSINESS.read_text())
