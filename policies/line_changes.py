"""The difference between two sets of role lines: what was added, what was removed, what has another effect or limit.

A role has one line for a capability, so two lines are the same one where role and capability are equal. Sources do not
matter: a line that moved in its file has not changed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from policies.lines import Line


@dataclass(frozen=True, slots=True)
class LineChanges:
    """Lines added, removed and changed (before and after), each sorted by role and capability."""

    added: tuple[Line, ...]
    removed: tuple[Line, ...]
    changed: tuple[tuple[Line, Line], ...]

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed)


def line_changes(before: Iterable[Line], after: Iterable[Line]) -> LineChanges:
    """What leads from some lines to others."""
    old, new = _by_capability(before), _by_capability(after)
    return LineChanges(
        added=tuple(new[key] for key in sorted(new.keys() - old.keys())),
        removed=tuple(old[key] for key in sorted(old.keys() - new.keys())),
        changed=tuple(
            (old[key], new[key]) for key in sorted(old.keys() & new.keys()) if str(old[key]) != str(new[key])
        ),
    )


def _by_capability(lines: Iterable[Line]) -> dict[tuple[str, str], Line]:
    return {(line.role, line.capability): line for line in lines}
