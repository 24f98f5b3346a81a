"""Fixtures of the system tests."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def folder() -> Iterator[Path]:
    """A short data folder that everybody may enter: as root the embedded server refuses private ones."""
    made = Path(tempfile.mkdtemp(prefix="rs-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made, ignore_errors=True)
