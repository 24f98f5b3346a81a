"""kill -9 under a stream of bookings: nothing acknowledged is lost, nothing is there without its entry and its job."""

from __future__ import annotations

import os
import random
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from app import open_remit
from database.migrate import migrate
from domain.journal.operations import verify_journal
from settings import Settings
from tests.factories import Salon, make_salon
from tests.system.server import START_SECONDS, Server, start_server

BOOKERS = 4
PEOPLE = {"hal": ("owner", "network"), **{f"s{n}": ("specialist", "network") for n in range(BOOKERS)}}
BOOK = """
mutation ($input: BookAppointmentInput!) {
  bookAppointment(input: $input) { __typename ... on AppointmentBooked { journalEntryId appointment { id } } }
}
"""


@dataclass
class Bookings:
    """What a stream of bookings was told, across all kills."""

    salon: Salon
    acknowledged: dict[str, str] = field(default_factory=dict)
    next_slot: Iterator[int] = field(default_factory=lambda: iter(range(10**6)))
    lock: threading.Lock = field(default_factory=threading.Lock)

    def pour(self, server: Server, booker: int, stopped: threading.Event) -> None:
        """Book one slot after the other until the server is gone."""
        with httpx.Client(base_url=server.url, timeout=10) as http, suppress(httpx.TransportError):
            while not stopped.is_set():
                self._book(http, booker)

    def await_more(self, count: int) -> None:
        """Wait until so many more bookings are acknowledged: only then is there something to lose."""
        wanted, deadline = len(self.acknowledged) + count, time.monotonic() + START_SECONDS
        while len(self.acknowledged) < wanted and time.monotonic() < deadline:
            time.sleep(0.01)

    def _book(self, http: httpx.Client, booker: int) -> None:
        with self.lock:
            slot = next(self.next_slot)
        starts_at = datetime(2031, 1, 1, tzinfo=UTC) + timedelta(hours=slot)
        response = http.post(
            "/graphql",
            headers={"authorization": f"Bearer {self.salon['hal'].token}"},
            json={"query": BOOK, "variables": {"input": self._input(starts_at, booker)}},
        )
        booked = response.json()["data"]["bookAppointment"]
        assert booked["__typename"] == "AppointmentBooked", booked
        with self.lock:
            self.acknowledged[booked["appointment"]["id"]] = booked["journalEntryId"]

    def _input(self, starts_at: datetime, booker: int) -> dict[str, object]:
        line = {"serviceId": str(self.salon.service_id), "specialistId": str(self.salon[f"s{booker}"].specialist_id)}
        return {
            "idempotencyKey": str(uuid4()),
            "locationId": str(self.salon.north),
            "clientId": str(self.salon.client_id),
            "startsAt": starts_at.isoformat(),
            "lines": [line],
        }


@pytest.fixture
def folder() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="rk-"))
    made.chmod(0o755)
    yield made
    _kill_postmaster(made)
    shutil.rmtree(made, ignore_errors=True)


def _kill_postmaster(data_dir: Path) -> None:
    for pid_file in data_dir.rglob("postmaster.pid"):
        with suppress(ProcessLookupError, ValueError, FileNotFoundError):
            os.kill(int(pid_file.read_text().split()[0]), signal.SIGKILL)


FACTS = """
SELECT (SELECT count(*) FROM appointments) AS appointments,
  (SELECT count(*) FROM journal_entries WHERE code = 'appointment.created' AND outcome = 'ok') AS entries,
  (SELECT count(DISTINCT args ->> 'appointment_id') FROM jobs.procrastinate_jobs
   WHERE task_name = 'notices.tell_client') AS jobs,
  (SELECT count(*) FROM appointments a WHERE NOT EXISTS (
     SELECT FROM busy b WHERE b.appointment_id = a.id AND b.part = 'core' AND b.state = 'booked')) AS unlocked
"""
IDS = "SELECT id::text AS id FROM appointments"
ENTRY_IDS = "SELECT id::text AS id FROM journal_entries"


@pytest.mark.parametrize("kills", [3, pytest.param(20, marks=pytest.mark.slow)])
async def test_kills_lose_nothing_that_was_acknowledged(folder: Path, tmp_path: Path, kills: int) -> None:
    settings = Settings(data_dir=folder, _env_file=None)
    async with open_remit(settings, prepare=migrate) as remit:
        bookings = Bookings(
            await make_salon(remit.host, PEOPLE, provides=tuple(name for name in PEOPLE if name != "hal"))
        )
    chance = random.Random(kills)  # noqa: S311  (a plan of kills, not a secret)

    for kill in range(kills):
        server = start_server(folder, tmp_path / "server.log")
        stopped = threading.Event()
        with ThreadPoolExecutor(BOOKERS) as pool:
            streams = [pool.submit(bookings.pour, server, booker, stopped) for booker in range(BOOKERS)]
            bookings.await_more(3)
            stopped.wait(chance.random() / 2)
            server.kill()
            if kill % 4 == 3:
                _kill_postmaster(folder)
            stopped.set()
        for stream in streams:
            stream.result()

    async with open_remit(settings) as remit, remit.host.database.read() as statements:
        await statements.execute("SELECT set_config('remit.network_id', $1, true)", str(bookings.salon.network_id))
        facts = dict(await statements.fetchrow(FACTS) or {})
        ids = {row["id"] for row in await statements.fetch(IDS)}
        entry_ids = {row["id"] for row in await statements.fetch(ENTRY_IDS)}
        verification = await verify_journal(remit.host, bookings.salon.network_id)

    assert len(bookings.acknowledged) >= 3 * kills
    assert bookings.acknowledged.keys() <= ids
    assert set(bookings.acknowledged.values()) <= entry_ids
    assert facts["entries"] == facts["jobs"] == facts["appointments"]
    assert facts["unlocked"] == 0
    assert verification.is_sound
    print(f"{kills} kills, {len(ids)} appointments, {len(bookings.acknowledged)} acknowledged")
