"""What is printed of a run, and what is written of it."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import orjson
import pytest
from rich.console import Console

from benchmarks.__main__ import SUITES, main
from benchmarks.contest import Goal, Race, Turn
from benchmarks.load import Load
from benchmarks.measure import Comparison, Note
from benchmarks.report import WIDTH, show, write

OURS = [Turn(Load(200, 1.0, p50=0.04, p99=0.05), 0.5), Turn(Load(200, 1.0, p50=0.04, p99=0.05), 0.5)]
THEIRS = [Turn(Load(100, 1.0, p50=0.08, p99=0.09), 1.0), Turn(Load(50, 1.0, p50=0.16, p99=0.2), 1.0)]
RACE = Race("list", "100 rows", {"Remit": OURS, "Other": THEIRS}, {"Other": Goal(least_requests=8, most_cpu=0.5)})


def lines_of(*findings: Comparison | Race | Note) -> list[str]:
    """The printed lines, with single spaces."""
    written = StringIO()
    show(Console(width=WIDTH, file=written), "reads", findings)
    return [" ".join(line.split()) for line in written.getvalue().splitlines()]


def test_a_race_is_a_table_with_ratios_of_the_first_to_the_others() -> None:
    assert lines_of(Note("PostgreSQL shares a core."), RACE)[:5] == [
        "PostgreSQL shares a core.",
        "reads: list, 100 rows",
        "requests/s p50 p99 CPU each requests ratio spread CPU ratio spread goal",
        "Remit 200 40.0 ms 50.0 ms 2.5 ms",
        "Other 75 120.0 ms 145.0 ms 15.0 ms 3.00 2.00 to 4.00 0.19 0.12 to 0.25 requests ≥ 8, CPU ≤ 0.5",
    ]


def test_compared_calls_share_one_table() -> None:
    told = lines_of(Comparison("check", "10", [1e-6], {"Enforcer": [5e-4]}, goal=1e-6))

    assert told == [
        "reads",
        "question size Remit goal beside its time ratio spread",
        "check 10 1.0 µs 1.0 µs Enforcer 500.0 µs 500 500 to 500",
    ]


def test_a_suite_is_written_with_its_figures_and_leaves_the_others(tmp_path: Path) -> None:
    latest = tmp_path / "latest.json"
    write(latest, {"peers": [Note("skipped")]})

    write(latest, {"reads": [RACE]})

    suites = orjson.loads(latest.read_bytes())["suites"]
    assert suites["peers"]["notes"] == ["skipped"]
    assert suites["reads"]["libraries"]["asyncpg"]
    assert suites["reads"]["races"] == [
        {
            "name": "list",
            "size": "100 rows",
            "contestants": [
                {
                    "name": "Remit",
                    "requestsASecond": 200.0,
                    "p50Seconds": 0.04,
                    "p99Seconds": 0.05,
                    "cpuSecondsARequest": 0.0025,
                },
                {
                    "name": "Other",
                    "requestsASecond": 75.0,
                    "p50Seconds": 0.12,
                    "p99Seconds": pytest.approx(0.145),
                    "cpuSecondsARequest": 0.015,
                    "requestsRatio": 3.0,
                    "requestsRatios": [2.0, 4.0],
                    "leastRequestsRatio": 8,
                    "cpuRatio": pytest.approx(0.1875),
                    "cpuRatios": [0.125, 0.25],
                    "mostCpuRatio": 0.5,
                },
            ],
        }
    ]


def test_a_suite_that_there_is_not_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["speed"]) == 2

    told = " ".join(capsys.readouterr().out.split())
    assert told == f"There is no suite speed. Name one of {', '.join(SUITES)}."
