"""How the rivals written in Python are served: by uvicorn, with Remit's loop, parser and settled memory.

They find the database in libpq's variables (PGHOST and so on), and the network that they answer for in BENCH_NETWORK.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Coroutine
from typing import Any, Final, TypeAlias
from uuid import UUID

import asyncpg
import uvicorn
from starlette.types import ASGIApp

from app import settle_memory
from serving import Server
from terminal import run_to_end

Init: TypeAlias = Callable[[Any], Coroutine[Any, Any, None]]
CONNECTIONS: Final = 10
"""As many as Remit's pool has by default."""


def network_id() -> UUID:
    """The network that is asked about; the rivals know no viewers."""
    return UUID(os.environ["BENCH_NETWORK"])


def serve_on_pool(build: Callable[[asyncpg.Pool], ASGIApp], *, init: Init | None = None) -> None:
    """Serve the application made of a pool, until SIGTERM; `init` is given each connection before its first use."""

    async def served() -> None:
        async with asyncpg.create_pool(min_size=CONNECTIONS, max_size=CONNECTIONS, init=init) as pool:
            await serve(build(pool))

    run_to_end(served())


async def serve(application: ASGIApp) -> None:
    """Serve on a free port until SIGTERM, after printing the URL."""
    with socket.create_server(("127.0.0.1", 0)) as bound:
        url = f"http://127.0.0.1:{bound.getsockname()[1]}"
        config = uvicorn.Config(application, lifespan="off", log_config=None, access_log=False)
        settle_memory()
        await Server(config, announce=lambda: print(url, flush=True)).serve(sockets=[bound])
