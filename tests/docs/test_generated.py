"""Every generated page is what `make docs` would write now."""

from __future__ import annotations

from difflib import unified_diff

import pytest

from docs.generate.pages import PAGES
from docs.generate.source import HOUSE


@pytest.mark.parametrize("path", PAGES)
def test_a_generated_page_is_fresh(path: str) -> None:
    file = HOUSE / path
    written = file.read_text(encoding="utf-8") if file.exists() else ""

    difference = list(unified_diff(written.splitlines(), PAGES[path]().splitlines(), path, "now", lineterm="", n=1))

    assert not difference, "\n".join([*difference, f"\n{path} is stale: run `make docs` and look at the difference."])
