"""Every instant has a zone. In Python ruff's rules DTZ see to it; here the columns of the tables."""

from __future__ import annotations

import re

from docs.generate.source import HOUSE

NAIVE = re.compile(r"\btimestamp\b(?!tz)(?!\s+with\s+time\s+zone)", re.IGNORECASE)


def test_no_column_holds_a_time_without_a_zone() -> None:
    found = [
        f"{file.name}:{number}"
        for file in sorted(HOUSE.glob("**/migrations/sql/*.sql"))
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1)
        if NAIVE.search(line.partition("--")[0])
    ]

    assert found == []


def test_a_naive_column_is_seen() -> None:
    assert NAIVE.search("at timestamp NOT NULL")
    assert not NAIVE.search("at timestamptz NOT NULL")
