"""Remit as `remit run` serves it, but without journal and jobs: a program of the benchmarks, never a setting.

No Work opens or appends an entry or defers a job. Its database must have the triggers that capture row changes off:
they refuse what is written outside an entry.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from unittest.mock import patch

from benchmarks.contestants.remit import main
from work import Work


def without_journal() -> AbstractContextManager[object]:
    """No Work of this process opens or appends an entry or defers a job while the block lasts."""
    return patch.multiple(Work, begin_entry=_nothing, append=_nothing, defer=_nothing)


async def _nothing(*_arguments: object, **_options: object) -> None:
    """What stands in for the journal and the queue."""


if __name__ == "__main__":
    with without_journal():
        main()
