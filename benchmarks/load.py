"""The load of a server: a few connections kept alive, each asking again as soon as it is answered.

The client is our own. `wrk` and its like throw away what is in flight when the time is over, which would take a quarter
of its answers from a contestant that gives fourteen a second, and they do not read what they get. This one waits for
the last answer, refuses errors, and does little else, so that it stays ahead of every contestant.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil
from time import perf_counter
from typing import Final, cast
from urllib.parse import urlsplit

from httptools import HttpResponseParser

CONNECTIONS: Final = 8
LONGEST_SECONDS: Final = 30.0
"""That an answer may take."""
OK: Final = 200
ERRORS: Final = b'"errors":['
"""How the errors of a GraphQL answer begin: one that has them was not the work that is timed."""


class LoadFailed(AssertionError):
    """A request was not answered as it should be: the figures would mean nothing."""


@dataclass(frozen=True, slots=True)
class Request:
    """A POST of JSON."""

    path: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def all_headers(self) -> dict[str, str]:
        """The request's own headers and those of its content."""
        return {"content-type": "application/json", "accept": "application/json", **self.headers}

    def written(self, host: str) -> bytes:
        """The request as it goes over a connection to `host`."""
        headers = {"host": host, "content-length": str(len(self.body)), **self.all_headers}
        lines = [f"POST {self.path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + self.body


@dataclass(frozen=True, slots=True)
class Load:
    """What came of a load: how many answers in how many seconds, and the latencies in seconds."""

    answers: int
    seconds: float
    p50: float
    p99: float

    @classmethod
    def of(cls, latencies: Sequence[float], seconds: float) -> Load:
        """The load of these latencies. Raises LoadFailed where there is none."""
        if not latencies:
            raise LoadFailed("no request was answered in time")
        ordered = sorted(latencies)
        return cls(len(ordered), seconds, percentile(ordered, 50), percentile(ordered, 99))


def percentile(ordered: Sequence[float], percent: float) -> float:
    """The least of the ordered values that so many percent of them do not exceed (nearest rank)."""
    return ordered[max(0, ceil(len(ordered) * percent / 100) - 1)]


async def load(url: str, requests: Iterable[Request], *, seconds: float, connections: int = CONNECTIONS) -> Load:
    """Send one request after the other until none is left, or the time is over. Raises LoadFailed.

    Each connection takes the next of them when it is free; `itertools.repeat` sends the same one all the time.
    """
    host, port = _place(url)
    written = _written(requests, f"{host}:{port}")
    loop = asyncio.get_running_loop()
    began = perf_counter()
    asking = [_Asking(written, loop.create_future(), until=began + seconds) for _ in range(connections)]
    try:
        async with asyncio.timeout(seconds + LONGEST_SECONDS), asyncio.TaskGroup() as group:
            for one in asking:
                group.create_task(_ask_all(one, host, port))
    except* (OSError, LoadFailed) as errors:
        raise LoadFailed(f"{url}: {errors.exceptions[0]!r}") from errors
    latencies = [latency for one in asking for latency in one.latencies]
    return Load.of(latencies, perf_counter() - began)


async def answer(url: str, request: Request) -> bytes:
    """The body of the answer to one request. Raises LoadFailed."""
    host, port = _place(url)
    bodies: list[bytes] = []
    over = asyncio.get_running_loop().create_future()
    asking = _Asking(iter([request.written(f"{host}:{port}")]), over, until=float("inf"), keep=bodies.append)
    await _ask_all(asking, host, port)
    return bodies[0]


def _place(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return parts.hostname or "127.0.0.1", parts.port or 80


def _written(requests: Iterable[Request], host: str) -> Iterator[bytes]:
    """The requests as bytes; one that comes again is written once."""
    before, written = None, b""
    for request in requests:
        if request is not before:
            before, written = request, request.written(host)
        yield written


async def _ask_all(asking: _Asking, host: str, port: int) -> None:
    transport, _ = await asyncio.get_running_loop().create_connection(lambda: asking, host, port)
    try:
        await asking.over
    finally:
        transport.close()


class _Asking(asyncio.Protocol):
    """One connection: it asks, takes the answer's time, and asks again."""

    def __init__(
        self,
        requests: Iterator[bytes],
        over: asyncio.Future[None],
        *,
        until: float,
        keep: Callable[[bytes], object] | None = None,
    ) -> None:
        self.latencies: list[float] = []
        self.over = over
        self._requests = requests
        self._until = until
        self._keep = keep
        self._parser = HttpResponseParser(self)
        self._parts: list[bytes] = []
        self._asked_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.WriteTransport, transport)  # uvloop's is one, and does not say so
        self._ask()

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def connection_lost(self, _error: Exception | None) -> None:
        if not self.over.done():
            self.over.set_exception(LoadFailed("the server closed a connection before it had answered"))

    def on_body(self, body: bytes) -> None:
        self._parts.append(body)

    def on_message_complete(self) -> None:
        self.latencies.append(perf_counter() - self._asked_at)
        body = b"".join(self._parts)
        self._parts.clear()
        status = self._parser.get_status_code()
        if status != OK or ERRORS in body:
            self.over.set_exception(LoadFailed(f"status {status}: {body[:500].decode(errors='replace')}"))
            return
        if self._keep is not None:
            self._keep(body)
        self._ask()

    def _ask(self) -> None:
        self._asked_at = perf_counter()
        request = next(self._requests, None) if self._asked_at < self._until else None
        if request is None:
            self.over.set_result(None)
        else:
            self._transport.write(request)
