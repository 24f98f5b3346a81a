"""The first lines of a folder tell a newcomer what lives there and what it may import, before any code."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from docs.generate.source import HOUSE

PACKAGES = sorted(HOUSE.glob("*/__init__.py"))
LEAST_LINES = 3


@pytest.mark.parametrize("file", PACKAGES, ids=lambda file: file.parent.name)
def test_a_package_tells_what_lives_in_it_and_what_it_imports(file: Path) -> None:
    docstring = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""

    assert len(docstring.splitlines()) >= LEAST_LINES
    assert "import" in docstring.lower() or "layer" in docstring.lower()
