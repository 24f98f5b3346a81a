"""The generated pages: where each lies, and which function answers its text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from docs.generate.capabilities import capabilities_page
from docs.generate.changelog import changelog_page
from docs.generate.commands import commands_page
from docs.generate.errors import errors_page
from docs.generate.events import events_page
from docs.generate.settings import settings_page
from docs.generate.source import merged


def schema_page() -> str:
    """The schema as its readers see it: a difference is a change of the API."""
    return merged().schema.sdl()


PAGES: Final[Mapping[str, Callable[[], str]]] = MappingProxyType(
    {
        "CHANGELOG.md": changelog_page,
        "docs/capabilities.md": capabilities_page,
        "docs/cli.md": commands_page,
        "docs/errors.md": errors_page,
        "docs/journal-events.md": events_page,
        "docs/settings.md": settings_page,
        "schema/schema.graphql": schema_page,
    }
)


def pages() -> dict[str, str]:
    """The text of every page by its path in the repository."""
    return {path: text() for path, text in PAGES.items()}
