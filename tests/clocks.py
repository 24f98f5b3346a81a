"""A clock that stands until a test moves it, and a host of the running Remit that goes by it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app import Remit
from host import Host
from tests.installation import Clock


@pytest.fixture
def clock() -> Clock:
    """The clock of this test's host."""
    return Clock()


@pytest.fixture
def host(remit: Remit, clock: Clock) -> Host:
    """A host by this test's clock; in demo mode, so that the mail it sends can be read."""
    return replace(remit.host, clock=clock, is_demo=True)
