"""A plan, and a database into which it was written by two runs: the first was cut short."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app import open_remit
from database.migrate import migrate
from demo.generate import Summary, generate
from demo.plan import Plan, demo_plan
from host import Host
from settings import Settings
from tests.installation import Clock

BEGUN_AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
COMPLETED_AT = datetime(2026, 3, 2, 9, 10, tzinfo=UTC)


class Cut(Exception):
    """The first run ends here."""


@dataclass(frozen=True, slots=True)
class Demo:
    """The database with the demo, the summary of the run that completed it, and what the two runs told."""

    host: Host
    summary: Summary
    first_run: list[tuple[str, int, int]]
    second_run: list[tuple[str, int, int]]


@pytest.fixture(
    scope="session",
    params=[
        pytest.param(datetime(2026, 3, 29, 10, 30, tzinfo=UTC), id="clocks-went-forward-in-europe-today"),
        pytest.param(datetime(2026, 11, 1, 18, 15, tzinfo=UTC), id="clocks-went-back-in-new-york-today"),
    ],
)
def plan(request: pytest.FixtureRequest) -> Plan:
    """The plan as of an afternoon in Europe, and as of an afternoon in New York."""
    return demo_plan(request.param)


@pytest.fixture(scope="session")
def demo_settings() -> Iterator[Settings]:
    """Settings of an embedded database of the demo's own: it must be empty."""
    folder = Path(tempfile.mkdtemp(prefix="remit-"))
    folder.chmod(0o755)  # as root the embedded server refuses private folders
    yield Settings(data_dir=folder / "data", database_url=None, _env_file=None)
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
async def demo(demo_settings: Settings) -> AsyncIterator[Demo]:
    """The demo, whose first run ended amid the appointments."""
    first_run: list[tuple[str, int, int]] = []
    second_run: list[tuple[str, int, int]] = []

    def cut_amid_the_appointments(label: str, done: int, total: int) -> None:
        first_run.append((label, done, total))
        if label == "Aurora Studios: appointments" and done > total // 10:
            raise Cut

    async with open_remit(demo_settings, prepare=migrate) as remit, remit.host.database.owner_connection() as owner:
        with pytest.RaisesGroup(Cut):
            await generate(replace(remit.host, clock=Clock(BEGUN_AT)), owner, progress=cut_amid_the_appointments)
        later = replace(remit.host, clock=Clock(COMPLETED_AT))
        summary = await generate(later, owner, progress=lambda *told: second_run.append(told))
        yield Demo(later, summary, first_run, second_run)
