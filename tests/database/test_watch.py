"""The embedded server dies under an open database, and comes back by itself."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest

from database.connections import Database
from database.embedded import Embedded
from database.leftovers import is_server_running
from errors import StartRefused
from settings import Settings
from tests.database.toyapp import TOY

PATIENCE_SECONDS = 30


def server_of(data_dir: Path) -> int:
    return int((data_dir / "postgres" / "postmaster.pid").read_text().split()[0])


async def answer_of_another_server(database: Database, data_dir: Path, before: int) -> int:
    """The answer of the first transaction that another server takes."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            try:
                async with database.read() as statements:
                    answer: int = await statements.fetchval("SELECT 1")
                    if server_of(data_dir) != before:
                        return answer
            except Exception:  # noqa: BLE001  (whatever a database that is away is answered with)
                await asyncio.sleep(0.1)


async def test_a_killed_server_comes_back_to_those_that_hold_it(data_dir: Path) -> None:
    database = await Database.open(Settings(data_dir=data_dir, _env_file=None), [TOY])
    killed = server_of(data_dir)
    os.kill(killed, signal.SIGKILL)

    answer = await answer_of_another_server(database, data_dir, killed)
    await database.close()

    assert answer == 1
    assert not is_server_running(data_dir / "postgres")


def test_a_server_whose_folder_is_gone_is_not_made_again(data_dir: Path) -> None:
    embedded = Embedded.start(data_dir)
    version = embedded.folder / "PG_VERSION"
    version.rename(embedded.folder / "PG_VERSION.away")

    with pytest.raises(StartRefused, match="Put the folder back from a backup"):
        embedded.revive()

    (embedded.folder / "PG_VERSION.away").rename(version)
    embedded.stop()
