"""What a run found, as tables for people and as JSON for programs.

Ratios are medians of rounds in one run; the spread is from the lowest to the highest round. No figure is asserted: a
machine has moods, and two figures of one run share them.
"""

from __future__ import annotations

import platform
import shutil
import subprocess
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any, Final, TypeAlias

import orjson
from rich.console import Console
from rich.table import Table

from benchmarks.contest import Goal, Race, Turn
from benchmarks.measure import Comparison, Note

Finding: TypeAlias = Comparison | Race | Note

WIDTH: Final = 150
"""Characters of the widest table; a narrower terminal wraps its lines."""
HERE: Final = Path(__file__).parent
LIBRARIES: Final = (
    "asyncpg",
    "graphql-core",
    "httptools",
    "orjson",
    "pycasbin",
    "strawberry-graphql",
    "tortoise-orm",
    "uvicorn",
    "uvloop",
)
CALLS: Final = ("question", "size", "Remit", "goal", "beside", "its time", "ratio", "spread")
TURNS: Final = ("", "requests/s", "p50", "p99", "CPU each", "requests ratio", "spread", "CPU ratio", "spread", "goal")
EXPLANATION: Final = (
    "Ratios are of the first line to the others: its requests/s, and its CPU time for a request (the server process's "
    "own, without PostgreSQL)."
)


def show(console: Console, suite: str, findings: Sequence[Finding]) -> None:
    """Print what one suite found: its notes, the comparisons of calls in one table, each race in its own."""
    for note in (one for one in findings if isinstance(one, Note)):
        console.print(note.text, soft_wrap=True)
    comparisons = [one for one in findings if isinstance(one, Comparison)]
    if comparisons:
        console.print(_table_of_calls(suite, comparisons))
    races = [one for one in findings if isinstance(one, Race)]
    for one in races:
        console.print(_table_of_turns(suite, one), soft_wrap=True)
    if races:
        console.print(EXPLANATION, soft_wrap=True)


def write(path: Path, found: dict[str, Sequence[Finding]]) -> None:
    """Put the suites into the file, in place of what it had of them; others stay, with the commit they were run at."""
    before = orjson.loads(path.read_bytes())["suites"] if path.exists() else {}
    ran = {name: {**_origin(), **_figures(findings)} for name, findings in found.items()}
    path.write_bytes(orjson.dumps({"suites": {**before, **ran}}, option=orjson.OPT_INDENT_2))


def _table_of_calls(suite: str, comparisons: Sequence[Comparison]) -> Table:
    table = Table(*CALLS, title=suite, box=None)
    for one in comparisons:
        ours = (one.name, one.size, _duration(median(one.ours)), "" if one.goal is None else _duration(one.goal))
        for rival, seconds in one.rivals.items():
            ratios = one.ratios(rival)
            spread = f"{ratios[0]:,.0f} to {ratios[-1]:,.0f}"
            table.add_row(*ours, rival, _duration(median(seconds)), f"{median(ratios):,.0f}", spread)
        if not one.rivals:
            table.add_row(*ours)
    return table


def _table_of_turns(suite: str, race: Race) -> Table:
    table = Table(title=f"{suite}: {race.name}, {race.size}", box=None)
    for index, column in enumerate(TURNS):
        table.add_column(column, justify="right" if index else "left", no_wrap=True)
    for name, turns in race.turns.items():
        ratios: tuple[str, ...] = ()
        if name in race.rivals:
            ratios = (*_ratio(race.request_ratios(name)), *_ratio(race.cpu_ratios(name)), _goal(race.goals.get(name)))
        table.add_row(name, *_speeds(turns), *ratios)
    return table


def _speeds(turns: Sequence[Turn]) -> tuple[str, ...]:
    return (
        f"{_median(turns, lambda one: one.requests_a_second):,.0f}",
        _duration(_median(turns, lambda one: one.load.p50)),
        _duration(_median(turns, lambda one: one.load.p99)),
        _duration(_median(turns, lambda one: one.cpu_a_request)),
    )


def _ratio(ratios: Sequence[float]) -> tuple[str, str]:
    return f"{median(ratios):,.2f}", f"{ratios[0]:,.2f} to {ratios[-1]:,.2f}"


def _goal(goal: Goal | None) -> str:
    if goal is None:
        return ""
    asked = []
    if goal.least_requests is not None:
        asked.append(f"requests ≥ {goal.least_requests:g}")
    if goal.most_cpu is not None:
        asked.append(f"CPU ≤ {goal.most_cpu:g}")
    return ", ".join(asked)


def _duration(seconds: float) -> str:
    for unit, factor in (("s", 1.0), ("ms", 1e3), ("µs", 1e6)):
        if seconds * factor >= 1:
            return f"{seconds * factor:,.1f} {unit}"
    return f"{seconds * 1e9:,.0f} ns"


def _median(turns: Sequence[Turn], figure: Callable[[Turn], float]) -> float:
    return median(figure(one) for one in turns)


def _origin() -> dict[str, Any]:
    return {
        "commit": _commit(),
        "python": platform.python_version(),
        "machine": platform.machine(),
        "libraries": {name: version(name) for name in LIBRARIES},
    }


def _figures(findings: Sequence[Finding]) -> dict[str, Any]:
    return {
        "notes": [one.text for one in findings if isinstance(one, Note)],
        "calls": [_figures_of_calls(one) for one in findings if isinstance(one, Comparison)],
        "races": [_figures_of_turns(one) for one in findings if isinstance(one, Race)],
    }


def _figures_of_calls(one: Comparison) -> dict[str, Any]:
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


def _figures_of_turns(race: Race) -> dict[str, Any]:
    return {
        "name": race.name,
        "size": race.size,
        "contestants": [
            {"name": name, **_figures_of(turns), **(_ratios(race, name) if name in race.rivals else {})}
            for name, turns in race.turns.items()
        ],
    }


def _figures_of(turns: Sequence[Turn]) -> dict[str, float]:
    return {
        "requestsASecond": _median(turns, lambda one: one.requests_a_second),
        "p50Seconds": _median(turns, lambda one: one.load.p50),
        "p99Seconds": _median(turns, lambda one: one.load.p99),
        "cpuSecondsARequest": _median(turns, lambda one: one.cpu_a_request),
    }


def _ratios(race: Race, rival: str) -> dict[str, Any]:
    goal = race.goals.get(rival, Goal())
    return {
        "requestsRatio": median(race.request_ratios(rival)),
        "requestsRatios": race.request_ratios(rival),
        "leastRequestsRatio": goal.least_requests,
        "cpuRatio": median(race.cpu_ratios(rival)),
        "cpuRatios": race.cpu_ratios(rival),
        "mostCpuRatio": goal.most_cpu,
    }


def _commit() -> str | None:
    git = shutil.which("git")
    if git is None:
        return None
    told = subprocess.run(  # noqa: S603  (git as the developer has it, with arguments of ours)
        [git, "describe", "--always", "--dirty"], cwd=HERE, capture_output=True, check=False, text=True
    )
    return told.stdout.strip() or None
