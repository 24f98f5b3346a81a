"""A host for the tests of this folder, whose clock stands until a test moves it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from settings import Settings
from tests.installation import Clock, open_host
from work import Host


@pytest.fixture(scope="session")
async def running_host(database_settings: Settings) -> AsyncIterator[Host]:
    """The host of all tests here: its database is opened and migrated once."""
    async with open_host(database_settings) as host:
        yield host


@pytest.fixture
def clock() -> Clock:
    """What every Work takes for now."""
    return Clock()


@pytest.fixture
def host(running_host: Host, clock: Clock) -> Host:
    """The host with this test's own clock."""
    return replace(running_host, clock=clock)
