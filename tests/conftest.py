"""What every test may ask for: a prepared PostgreSQL, embedded in a temporary folder or that of REMIT_DATABASE_URL."""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from app import Remit, asgi_of, open_remit
from database.bootstrap import prepare_embedded
from database.embedded import Embedded
from database.migrate import migrate
from settings import Settings
from tests.api import Api

EQUIVALENCE_SEED = "EQUIVALENCE_SEED"


def pytest_configure() -> None:
    """Choose the seed of what the equivalence tests make by chance, unless the environment names one."""
    os.environ.setdefault(EQUIVALENCE_SEED, secrets.token_hex(4))


def pytest_report_header() -> str:
    """The seed at the head of each run, so that it can be run again."""
    return f"{EQUIVALENCE_SEED}={os.environ[EQUIVALENCE_SEED]}"


@pytest.fixture(scope="session")
def session_data_dir() -> Iterator[Path]:
    """The data folder of the shared embedded server."""
    folder = Path(tempfile.mkdtemp(prefix="remit-"))
    folder.chmod(0o755)  # as root the embedded server refuses private folders
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
async def database_settings(session_data_dir: Path) -> AsyncIterator[Settings]:
    """Settings of a database with its roles; the embedded server runs until the last test is through."""
    if "REMIT_DATABASE_URL" in os.environ:
        yield Settings(_env_file=None)
        return
    embedded = Embedded.start(session_data_dir)
    try:
        await prepare_embedded(embedded)
        yield Settings(data_dir=session_data_dir, _env_file=None)
    finally:
        embedded.stop()


@pytest.fixture(scope="session")
async def remit(database_settings: Settings) -> AsyncIterator[Remit]:
    """The whole of Remit on that database, migrated, with the bundled plugins."""
    async with open_remit(database_settings, prepare=migrate) as opened:
        yield opened


@pytest.fixture(scope="session")
async def api(remit: Remit) -> AsyncIterator[Api]:
    """A client of the served application."""
    transport = httpx.ASGITransport(app=asgi_of(remit))
    async with httpx.AsyncClient(transport=transport, base_url="https://remit.test") as http:
        yield Api(http)
