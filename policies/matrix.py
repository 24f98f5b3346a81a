"""The total matrix: every capability that a built-in role holds, with its limits, as one table that people can check.

What the table does not list is denied. Both ways are problems: a listed row that the roles do not give, named by its
line, and what the roles give without being listed.
"""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterator
from io import StringIO
from typing import Final, NamedTuple

from policies.limit_syntax import limits_to_words
from policies.lines import Problem
from policies.release import Release

COLUMNS: Final = ("role", "capability", "limits")


class Row(NamedTuple):
    """One access of one role; `limits` in words, `none` without."""

    role: str
    capability: str
    limits: str


def matrix_rows(release: Release, capabilities: Collection[str]) -> frozenset[Row]:
    """What the built-in roles hold of these capabilities."""
    return frozenset(row for role in release.closed for row in _rows(release, role) if row.capability in capabilities)


def matrix_problems(text: str, release: Release, capabilities: Collection[str], *, label: str) -> Iterator[Problem]:
    """Where a table (CSV with a header) and the roles differ. `label` names its file."""
    reader = csv.reader(StringIO(text))
    if tuple(next(reader, ())) != COLUMNS:
        yield Problem("SYNTAX", f"{label}:1", f"The header reads: {','.join(COLUMNS)}.")
        return
    held = matrix_rows(release, capabilities)
    listed: set[Row] = set()
    for cells in reader:
        source = f"{label}:{reader.line_num}"
        if len(cells) != len(COLUMNS):
            yield Problem("SYNTAX", source, f"A row has {len(COLUMNS)} cells: {','.join(COLUMNS)}.")
            continue
        row = Row(*cells)
        listed.add(row)
        if row not in held:
            yield Problem("NOT_HELD", source, f"{row.role} does not hold {row.capability} ({row.limits}).")
    for row in sorted(held - listed):
        source = release.closed[row.role].naming[row.capability][0].source
        yield Problem(
            "NOT_LISTED", source, f"{row.role} holds {row.capability} ({row.limits}); {label} does not list it."
        )


def _rows(release: Release, code: str) -> Iterator[Row]:
    role, catalogue = release.closed[code], release.catalogue
    given = [(role.plain, "none"), *((bit, limits_to_words(limits)) for bit, limits in role.limited)]
    for mask, words in given:
        for capability in catalogue.codes(mask & ~role.denies):
            yield Row(code, capability, words)
