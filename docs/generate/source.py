"""What the pages are made of: the composition without a database, and every module of the house."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Final

from app import merged_plugins
from plugins.loader import discover
from plugins.merge import Merged
from settings import Settings

HOUSE: Final = Path(__file__).parents[2]
NOT_SHIPPED: Final = frozenset({"benchmarks", "docs", "tests"})


@cache
def merged() -> Merged:
    """The core with the bundled plugins, whatever else is installed or set on this machine."""
    bundled = [found for found in discover() if found.is_bundled]
    return merged_plugins(Settings(plugins=tuple(found.name for found in bundled), _env_file=None), bundled)


@cache
def modules() -> tuple[ModuleType, ...]:
    """Every module that is shipped, imported."""
    return tuple(importlib.import_module(name) for name in sorted(_names()))


def rooms() -> frozenset[str]:
    """The top-level packages and files that are shipped."""
    packages = {folder.parent.name for folder in HOUSE.glob("*/__init__.py")}
    return frozenset({*packages, *(file.stem for file in HOUSE.glob("*.py"))}) - NOT_SHIPPED


def _names() -> Iterator[str]:
    for root in rooms():
        yield root
        if (HOUSE / root).is_dir():
            yield from (found.name for found in pkgutil.walk_packages([str(HOUSE / root)], f"{root}."))
