"""The little Markdown that the pages need."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Sequence
from typing import Final

GENERATED: Final = "<!-- Written by `make docs`; edits are lost. -->"


def page(title: str, *parts: str) -> str:
    """A whole page: its title, the mark that it is generated, and its parts with blank lines between them."""
    return "\n\n".join((f"# {title}", GENERATED, *parts)) + "\n"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; bars and line ends inside a cell are escaped."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines)


def code(text: str) -> str:
    """Text as code; nothing for nothing."""
    return f"`{text}`" if text else ""


def codes(texts: Iterable[str]) -> str:
    """Several pieces of code in one cell."""
    return ", ".join(map(code, texts))


def prose(documented: object) -> str:
    """The docstring of something, as one paragraph a paragraph."""
    paragraphs = (inspect.getdoc(documented) or "").split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())
