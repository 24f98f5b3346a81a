"""The server's process: uvicorn as Remit runs it, from a bound socket to an orderly end.

One process opens Remit itself, so that a refused start is one sentence; several are kept by uvicorn, and each opens
its own. SIGTERM and SIGINT end the requests in flight, then the worker, then the database: in that order, always.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any, Final

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.supervisors import Multiprocess

from app import Remit, asgi_of, open_remit, settle_memory, working
from errors import StartRefused
from settings import Settings

LARGEST_FRAME: Final = 256 * 1024
"""Bytes of a WebSocket message at the most; a larger one closes with 1009."""

LARGEST_HEAD: Final = 64 * 1024
"""Bytes of a request's line and headers at the most, give or take what one read of the socket brings."""

HEAD_SECONDS: Final = 10.0
"""How long a request's line and headers may take to arrive."""

PING_SECONDS: Final = 20.0
GRACE_SECONDS: Final = 10
"""How long requests in flight may take after a signal."""

WAITING: Final = 2048
FACTORY: Final = "app:from_environment"

Announce = Callable[[Remit, str], object]
"""Told the running Remit and its URL, once requests are taken."""


class Server(uvicorn.Server):
    """uvicorn in our event loop: a signal ends its serving, and everything behind it in order.

    uvicorn itself would raise the signal again, which kills the process before the embedded database has stopped.
    """

    def __init__(self, config: uvicorn.Config, *, announce: Callable[[], object]) -> None:
        super().__init__(config)
        self._announce = announce

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Take SIGINT and SIGTERM as the wish to stop; still so when serving is over and the rest is closing."""
        loop = asyncio.get_running_loop()
        for each in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(each, self.handle_exit, each, None)
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to serve, and say so."""
        await super().startup(sockets=sockets)
        if self.started:
            self._announce()


class BoundedHeads(HttpToolsProtocol):
    """uvicorn's HTTP, in which the head of a request is bounded in bytes and in time.

    uvicorn itself collects a header for as long as it comes: one connection could take all memory, and idle ones all
    of the process's files.
    """

    _head_timer: asyncio.TimerHandle | None = None
    _head_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        """Await the first head."""
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Await nothing any more."""
        self._head_came()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """Await the head of the next request of the connection."""
        super().on_message_begin()
        self._await_head()

    def on_headers_complete(self) -> None:
        """Go on to the body."""
        self._head_came()
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        """Take what came, and refuse a head that is too large."""
        super().data_received(data)
        if self._head_timer is None or self.transport.is_closing():
            return
        self._head_bytes += len(data)
        if self._head_bytes > LARGEST_HEAD:
            self.send_400_response(f"The head of a request may have {LARGEST_HEAD} bytes.")

    def _await_head(self) -> None:
        if self._head_timer is None:
            self._head_bytes = 0
            self._head_timer = self.loop.call_later(HEAD_SECONDS, self._give_up)

    def _head_came(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _give_up(self) -> None:
        is_answering = self.cycle is not None and not self.cycle.response_complete
        if not is_answering and not self.transport.is_closing():
            self.transport.close()


def bound_socket(settings: Settings) -> socket.socket:
    """The socket of REMIT_HOST and REMIT_PORT, listening. Raises StartRefused where it is taken, or not ours."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        bound = socket.create_server((settings.host, settings.port), family=family, backlog=WAITING)
    except OSError as error:
        raise StartRefused(
            f"The server cannot listen on {settings.host}:{settings.port} ({reason_of(error)}). "
            "End what uses the address, or set REMIT_PORT to another port (0 takes a free one)."
        ) from error
    bound.set_inheritable(True)
    return bound


def reason_of(error: OSError) -> str:
    """The system's word for an error, without what Python adds; names that do not resolve have words of their own."""
    is_of_names = isinstance(error, socket.gaierror)
    return str(error.strerror) if is_of_names or error.errno is None else os.strerror(error.errno)


def url_of(bound: socket.socket) -> str:
    """The URL under which a browser of this machine reaches the socket."""
    host, port = bound.getsockname()[:2]
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104  (compared, not bound)
    return f"http://{shown}:{port}"


async def serve(settings: Settings, *, announce: Announce) -> None:
    """Serve in this process until SIGTERM or SIGINT. Raises StartRefused."""
    with bound_socket(settings) as bound:
        async with open_remit(settings) as remit, working(remit):
            config = uvicorn.Config(asgi_of(remit), lifespan="off", **_options())
            settle_memory()
            await Server(config, announce=lambda: announce(remit, url_of(bound))).serve(sockets=[bound])


def serve_with_processes(settings: Settings, *, processes: int, announce: Callable[[str], object]) -> None:
    """Serve in several processes, which read their settings from the environment, until SIGTERM or SIGINT.

    A process that dies is replaced. `announce` is told the URL. Raises StartRefused.
    """
    with bound_socket(settings) as bound:
        config = uvicorn.Config(FACTORY, factory=True, lifespan="on", workers=processes, **_options())
        announce(url_of(bound))
        Multiprocess(config, sockets=[bound]).run()


def _options() -> dict[str, Any]:
    return {
        "http": BoundedHeads,
        "log_config": None,
        "access_log": False,
        "proxy_headers": False,  # the client's address is found by `audit.addresses`, with its own list of proxies
        "server_header": False,
        "ws_max_size": LARGEST_FRAME,
        "ws_ping_interval": PING_SECONDS,
        "ws_ping_timeout": PING_SECONDS,
        "timeout_graceful_shutdown": GRACE_SECONDS,
    }
