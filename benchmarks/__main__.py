"""`python -m benchmarks [suite]`: run all suites or one, print ratios, write benchmarks/latest.json.

Ratios are medians of rounds in one run; the spread is from the lowest to the highest round. No figure is asserted: a
machine has moods, and two figures of one run share them.
"""

from __future__ import annotations

import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any, Final

import orjson
from rich.console import Console
from rich.table import Table

from benchmarks import policies
from benchmarks.measure import Comparison

SUITES: Final[dict[str, Callable[[], Iterator[Comparison]]]] = {"policies": policies.comparisons}
LATEST: Final = Path(__file__).parent / "latest.json"
LIBRARIES: Final = ("pycasbin", "strawberry-graphql", "tortoise-orm", "asyncpg")


def main(arguments: Sequence[str]) -> int:
    """Run what the arguments name. Answers the exit code: 2 for a suite that there is not."""
    wanted = list(arguments) or list(SUITES)
    console = Console()
    if unknown := sorted(set(wanted) - set(SUITES)):
        console.print(f"There is no suite {', '.join(unknown)}. Name one of {', '.join(SUITES)}.")
        return 2
    found = {name: list(SUITES[name]()) for name in wanted}
    for name, comparisons in found.items():
        console.print(_table(name, comparisons))
    LATEST.write_bytes(orjson.dumps(_report(found), option=orjson.OPT_INDENT_2))
    console.print(f"Written to {LATEST.parent.name}/{LATEST.name}.")
    return 0


def _table(suite: str, comparisons: Sequence[Comparison]) -> Table:
    columns = ("question", "size", "Remit", "goal", "beside", "its time", "ratio", "spread")
    table = Table(*columns, title=suite, box=None)
    for one in comparisons:
        ours = (one.name, one.size, _duration(median(one.ours)), "" if one.goal is None else _duration(one.goal))
        for rival, seconds in one.rivals.items():
            ratios = one.ratios(rival)
            spread = f"{ratios[0]:,.0f} to {ratios[-1]:,.0f}"
            table.add_row(*ours, rival, _duration(median(seconds)), f"{median(ratios):,.0f}", spread)
        if not one.rivals:
            table.add_row(*ours)
    return table


def _duration(seconds: float) -> str:
    for unit, factor in (("s", 1.0), ("ms", 1e3), ("µs", 1e6)):
        if seconds * factor >= 1:
            return f"{seconds * factor:,.1f} {unit}"
    return f"{seconds * 1e9:,.0f} ns"


def _report(found: dict[str, list[Comparison]]) -> dict[str, Any]:
    return {
        "commit": _commit(),
        "python": platform.python_version(),
        "machine": platform.machine(),
        "libraries": {name: version(name) for name in LIBRARIES},
        "suites": {name: [_figures(one) for one in comparisons] for name, comparisons in found.items()},
    }


def _figures(one: Comparison) -> dict[str, Any]:
    return {
        "name": one.name,
        "size": one.size,
        "secondsACall": median(one.ours),
        "goalSecondsACall": one.goal,
        "beside": {
            rival: {"secondsACall": median(seconds), "ratio": median(one.ratios(rival)), "ratios": one.ratios(rival)}
            for rival, seconds in one.rivals.items()
        },
    }


def _commit() -> str | None:
    git = shutil.which("git")
    if git is None:
        return None
    told = subprocess.run(  # noqa: S603  (git as the developer has it, with arguments of ours)
        [git, "describe", "--always", "--dirty"], cwd=LATEST.parent, capture_output=True, check=False, text=True
    )
    return told.stdout.strip() or None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
