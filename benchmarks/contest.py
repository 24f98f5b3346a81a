"""Servers compared over HTTP: one at a time is under load, in turns, on the same core with the same PostgreSQL behind.

Order of a race: every contestant is asked once, and all must answer alike; each is warmed up; then round by round each
has its turn. A contestant is any program that prints the line of its URL when it serves, and ends with SIGTERM.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from itertools import repeat
from pathlib import Path
from typing import Any, Final, TypeAlias

import orjson
import psutil

from benchmarks.cores import available_cores, stay_on
from benchmarks.load import Load, LoadFailed, Request, answer, load
from benchmarks.measure import AnswersDiffer

ROUNDS: Final = 5
ROUND_SECONDS: Final = 2
START_SECONDS: Final = 60.0
POLL_SECONDS: Final = 0.05
STOP_SECONDS: Final = 15.0
LAST_WORDS: Final = 2000
"""Characters of a contestant's log that are shown when it did not start."""
CPU_CLOCK: Final = 2
"""Of another process, as clock_getcpuclockid(3) makes its number: in nanoseconds, where /proc has ticks of 10 ms."""

Loading: TypeAlias = Callable[[str], Awaitable[Load]]
"""Puts the server of a URL under load for the length of a turn."""


class ContestantDied(RuntimeError):
    """A contestant's process ended, or did not say its URL in time."""


@dataclass(frozen=True, slots=True)
class Server:
    """A contestant's process, which takes requests at its URL."""

    url: str
    pid: int

    def cpu_seconds(self) -> float:
        """What the process has used of its core until now, in user and system mode, with all its threads."""
        if sys.platform == "linux":
            return time.clock_gettime(~self.pid << 3 | CPU_CLOCK)
        times = psutil.Process(self.pid).cpu_times()
        return times.user + times.system


@dataclass(frozen=True, slots=True)
class Contestant:
    """One way to an answer: a server and what it is asked. `plain` gives its data the shape of the others'."""

    name: str
    server: Server
    request: Request
    plain: Callable[[Any], Any] = field(default=lambda data: data)


@dataclass(frozen=True, slots=True)
class Turn:
    """One contestant's part of one round."""

    load: Load
    cpu_seconds: float

    @property
    def requests_a_second(self) -> float:
        """How many requests were answered each second."""
        return self.load.answers / self.load.seconds

    @property
    def cpu_a_request(self) -> float:
        """Seconds of the server's core for each request."""
        return self.cpu_seconds / self.load.answers


@dataclass(frozen=True, slots=True)
class Goal:
    """What the specification asks of a ratio to one rival: of requests/s at least, or of CPU at the most."""

    least_requests: float | None = None
    most_cpu: float | None = None


@dataclass(frozen=True, slots=True)
class Race:
    """The turns of each contestant, round by round. The first contestant is the one that the others stand beside."""

    name: str
    size: str
    turns: Mapping[str, Sequence[Turn]]
    goals: Mapping[str, Goal] = field(default_factory=dict)

    @property
    def rivals(self) -> list[str]:
        """The names of all but the first."""
        return list(self.turns)[1:]

    def request_ratios(self, rival: str) -> list[float]:
        """How many requests/s the first answers for each one of the rival's, round by round, sorted."""
        return sorted(ours.requests_a_second / theirs.requests_a_second for ours, theirs in self._pairs(rival))

    def cpu_ratios(self, rival: str) -> list[float]:
        """How many of the rival's CPU seconds a request of the first takes, round by round, sorted."""
        return sorted(ours.cpu_a_request / theirs.cpu_a_request for ours, theirs in self._pairs(rival))

    def _pairs(self, rival: str) -> list[tuple[Turn, Turn]]:
        first = next(iter(self.turns.values()))
        return list(zip(first, self.turns[rival], strict=True))


@asynccontextmanager
async def serving(
    command: Sequence[str], *, log: Path, environment: Mapping[str, str] | None = None, folder: Path | None = None
) -> AsyncIterator[Server]:
    """Run a contestant on the contestants' core for the length of the block. Raises ContestantDied.

    It gets our environment with `environment` over it, starts in `folder`, and writes what it has to say to `log`.
    """
    with log.open("wb") as told:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdout=told,
            stderr=told,
            env={**os.environ, **(environment or {})},
            cwd=folder,
            preexec_fn=partial(stay_on, available_cores().server),
        )
    try:
        yield Server(await _told_url(process, log), process.pid)
    finally:
        await _stop(process)


async def _told_url(process: asyncio.subprocess.Process, log: Path) -> str:
    give_up_at = time.monotonic() + START_SECONDS
    while process.returncode is None and time.monotonic() < give_up_at:
        if found := _url_in(log):
            return found
        await asyncio.sleep(POLL_SECONDS)
    raise ContestantDied(f"{log.stem} did not start: {_written_to(log)[-LAST_WORDS:]}")


def _written_to(log: Path) -> str:
    return log.read_text(errors="replace")


def _url_in(log: Path) -> str | None:
    lines = _written_to(log).splitlines(keepends=True)
    return next((line.strip() for line in lines if line.startswith("http://") and line.endswith("\n")), None)


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    process.terminate()
    try:
        async with asyncio.timeout(STOP_SECONDS):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


async def race(
    name: str, size: str, contestants: Sequence[Contestant], *, goals: Mapping[str, Goal] | None = None
) -> Race:
    """Compare contestants that answer one request alike. Raises AnswersDiffer, LoadFailed."""
    await agree(contestants)
    loads = {one.name: (one.server, repeated(one.request)) for one in contestants}
    return await race_of_loads(name, size, loads, goals=goals)


async def race_of_loads(
    name: str, size: str, loads: Mapping[str, tuple[Server, Loading]], *, goals: Mapping[str, Goal] | None = None
) -> Race:
    """Compare servers under loads of their own, whose answers are not compared. Raises LoadFailed."""
    for server, loading in loads.values():
        await loading(server.url)
    turns: dict[str, list[Turn]] = {who: [] for who in loads}
    for _ in range(ROUNDS):
        for who, (server, loading) in loads.items():
            turns[who].append(await _turn(server, loading))
    return Race(name, size, turns, goals or {})


def repeated(request: Request) -> Loading:
    """The load of one request, again and again."""
    return partial(_repeat, request)


async def _repeat(request: Request, url: str) -> Load:
    return await load(url, repeat(request), seconds=ROUND_SECONDS)


async def agree(contestants: Sequence[Contestant]) -> None:
    """Raise AnswersDiffer, with the place, unless all contestants give the first one's data."""
    first, *others = [(one.name, await _data_of(one)) for one in contestants]
    for name, data in others:
        if difference := first_difference(first[1], data):
            raise AnswersDiffer(f"{name} answers otherwise than {first[0]}: {difference}")


def with_plain_instants(value: Any) -> Any:
    """A JSON value whose instants (`startsAt`) are written alike: some end with a Z, some leave out decimals."""
    if isinstance(value, dict):
        return {
            key: _plain_instant(one) if key.endswith("At") else with_plain_instants(one) for key, one in value.items()
        }
    return [with_plain_instants(one) for one in value] if isinstance(value, list) else value


def _plain_instant(text: str | None) -> str | None:
    return None if text is None else datetime.fromisoformat(text).isoformat()


def first_difference(ours: Any, theirs: Any, at: str = "data") -> str | None:
    """Where two JSON values differ first, and how; None where they are equal."""
    if isinstance(ours, dict) and isinstance(theirs, dict) and ours.keys() == theirs.keys():
        pairs = [(ours[key], theirs[key], f"{at}.{key}") for key in ours]
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        pairs = [(one, other, f"{at}[{index}]") for index, (one, other) in enumerate(zip(ours, theirs, strict=True))]
    else:
        return None if ours == theirs else f"{at}: {_short(ours)} and {_short(theirs)}"
    return next((found for pair in pairs if (found := first_difference(*pair))), None)


def _short(value: Any) -> str:
    text = orjson.dumps(value).decode()
    return text if len(text) <= 200 else f"{text[:200]}…"


async def _data_of(contestant: Contestant) -> Any:
    try:
        body = orjson.loads(await answer(contestant.server.url, contestant.request))
    except LoadFailed as error:
        raise LoadFailed(f"{contestant.name}: {error}") from error
    return with_plain_instants(contestant.plain(body["data"]))


async def _turn(server: Server, loading: Loading) -> Turn:
    before = server.cpu_seconds()
    done = await loading(server.url)
    return Turn(done, server.cpu_seconds() - before)
