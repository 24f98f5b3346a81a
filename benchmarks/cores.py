"""Which core does what while servers are compared: the contestants' own, that of the load, and PostgreSQL's.

A contestant that is not alone on its core would be timed together with whoever disturbs it.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True, slots=True)
class Cores:
    """The cores of each part, by number. Where the machine has fewer than three, parts share one."""

    server: frozenset[int]
    load: frozenset[int]
    database: frozenset[int]

    @property
    def shared(self) -> str:
        """What shares a core with what, for the reader of the figures; empty where every part has its own."""
        if self.server == self.load:
            return "Contestant, load and PostgreSQL share one core: only the CPU times tell anything."
        if self.database == self.load:
            return "PostgreSQL shares its core with the load; the contestant under load has the other to itself."
        return ""


def cores_of(numbers: set[int]) -> Cores:
    """The first core for contestants, the second for the load, whatever is left for PostgreSQL."""
    server, *others = sorted(numbers)
    load = others[0] if others else server
    return Cores(frozenset({server}), frozenset({load}), frozenset(others[1:] or {load}))


@cache
def available_cores() -> Cores:
    """The cores that this process may use; where the system does not bind processes to cores, all as one.

    Found out once: afterwards this process binds itself to some of them.
    """
    if sys.platform != "linux":
        return cores_of({0})
    return cores_of(os.sched_getaffinity(0))


def stay_on(numbers: frozenset[int]) -> None:
    """Bind this process, and whatever it starts from now on, to these cores, where the system can."""
    if sys.platform == "linux":
        os.sched_setaffinity(0, numbers)
