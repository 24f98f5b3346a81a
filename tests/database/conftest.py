"""Fixtures of the database's tests: short public folders, and the toy app on the shared server."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from database.connections import Database
from database.migrate import ZERO, migrate
from settings import Settings
from tests.database.toyapp import TOY


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A data folder that does not exist yet, below one that is short and that everybody may enter."""
    if "REMIT_DATABASE_URL" in os.environ:
        pytest.skip("the embedded server is not tested where REMIT_DATABASE_URL names a served one")
    parent = Path(tempfile.mkdtemp(prefix="remit-"))
    parent.chmod(0o755)
    yield parent / "data"
    shutil.rmtree(parent)


@pytest.fixture
async def empty_toy(database_settings: Settings) -> AsyncIterator[Database]:
    """A database without the toy app's tables."""
    database = await Database.open(database_settings, [TOY])
    await migrate(database, [TOY], target=ZERO)
    yield database
    await _forget_future(database)
    await migrate(database, [TOY], target=ZERO)
    await database.close()


@pytest.fixture
async def toy(empty_toy: Database) -> Database:
    """A database with the toy app's tables."""
    await migrate(empty_toy, [TOY])
    return empty_toy


async def _forget_future(database: Database) -> None:
    """Take back what a test has recorded of migrations that there are not."""
    async with database.owner_connection() as owner:
        await owner.execute("DELETE FROM tortoise_migrations WHERE app = 'toy' AND name LIKE '9%'")
