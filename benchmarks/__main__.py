"""`python -m benchmarks [suite ...]`: run all suites or those named, print ratios, write benchmarks/latest.json."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from rich.console import Console

from benchmarks import peers, policies, reads
from benchmarks.report import HERE, WIDTH, Finding, show, write
from benchmarks.slots import suite as slots
from benchmarks.writes import suite as writes

SUITES: Final[dict[str, Callable[[], Iterable[Finding]]]] = {
    "policies": policies.comparisons,
    "reads": reads.findings,
    "peers": peers.findings,
    "writes": writes.findings,
    "slots": slots.comparisons,
}
LATEST: Final = HERE / "latest.json"


def main(arguments: Sequence[str]) -> int:
    """Run what the arguments name. Answers the exit code: 2 for a suite that there is not."""
    wanted = list(arguments) or list(SUITES)
    console = Console(width=WIDTH)
    if unknown := sorted(set(wanted) - set(SUITES)):
        console.print(f"There is no suite {', '.join(unknown)}. Name one of {', '.join(SUITES)}.")
        return 2
    for name in wanted:
        findings = list(SUITES[name]())
        show(console, name, findings)
        write(LATEST, {name: findings})
    console.print(f"Written to {LATEST.parent.name}/{LATEST.name}.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
