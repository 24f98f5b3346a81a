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
from uvicorn.supervisors import Multiprocess

from app import Remit, asgi_of, open_remit, settle_memory, working
from errors import StartRefused
from settings import Settings

LARGEST_FRAME: Final = 256 * 1024
"""Bytes of a WebSocket message at the most; a larger one closes with 1009."""

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
        "log_config": None,
        "access_log": False,
        "proxy_headers": False,  # the client's address is found by `audit.addresses`, with its own list of proxies
        "server_header": False,
        "ws_max_size": LARGEST_FRAME,
        "ws_ping_interval": PING_SECONDS,
        "ws_ping_timeout": PING_SECONDS,
        "timeout_graceful_shutdown": GRACE_SECONDS,
    }
