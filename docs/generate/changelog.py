"""CHANGELOG.md: put together from `changes/`, where each change is a file of its own.

Files right in `changes/` belong to the release that is coming; those of a release lie in a folder of its name.
"""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from typing import Final

from packaging.version import Version

from docs.generate.markdown import page
from docs.generate.source import HOUSE
from resolvers.core import VERSION

CHANGES: Final = HOUSE / "changes"
KINDS: Final = {
    "prices": "Prices",
    "rights": "Rights",
    "removed": "Removed",
    "added": "Added",
    "changed": "Changed",
    "fixed": "Fixed",
}
"""The first word of a file's name, in the order of the page: what costs or takes away comes first."""

INTRODUCTION = "What changed for owners, resellers and operators. What costs, permits or takes away comes first."


class MisnamedChange(ValueError):
    """A file in `changes/` does not begin with one of the kinds."""


def changelog_page() -> str:
    """The page. Raises MisnamedChange."""
    released = sorted((folder for folder in CHANGES.iterdir() if folder.is_dir()), key=_version, reverse=True)
    coming = _release(f"{VERSION} (unreleased)", CHANGES)
    return page("Change log", INTRODUCTION, coming, *(_release(folder.name, folder) for folder in released))


def changes(folder: Path) -> list[Path]:
    """The files of one release, in the order of the page. Raises MisnamedChange."""
    files = [file for file in folder.glob("*.md") if file.name != "README.md"]
    return sorted(files, key=lambda file: (list(KINDS).index(kind_of(file)), file.name))


def kind_of(file: Path) -> str:
    """The kind of a change: the word before the first hyphen of its name. Raises MisnamedChange."""
    kind = file.stem.partition("-")[0]
    if kind not in KINDS:
        raise MisnamedChange(f"changes/{file.name} must begin with one of {', '.join(KINDS)} and a hyphen")
    return kind


def _release(title: str, folder: Path) -> str:
    sections = [
        f"### {KINDS[kind]}\n\n" + "\n".join(f"- {_indented(file)}" for file in files)
        for kind, files in groupby(changes(folder), key=kind_of)
    ]
    return "\n\n".join([f"## {title}", *sections])


def _indented(file: Path) -> str:
    return file.read_text(encoding="utf-8").strip().replace("\n", "\n  ")


def _version(folder: Path) -> Version:
    return Version(folder.name)
