"""WebSockets as a client sees them: a server within the tests' process, and the messages of graphql-transport-ws."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Generator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final

import orjson
import uvicorn
from starlette.types import ASGIApp
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

PROTOCOL: Final = Subprotocol("graphql-transport-ws")


class QuietServer(uvicorn.Server):
    """uvicorn within the tests' process, whose signals are pytest's."""

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Leave the signals alone."""
        yield


@asynccontextmanager
async def served(app: ASGIApp) -> AsyncIterator[str]:
    """Serve the application for the length of the block; the value is its address."""
    with socket.create_server(("127.0.0.1", 0)) as bound:
        server = QuietServer(uvicorn.Config(app, lifespan="off", log_config=None, ws_max_size=256 * 1024))
        serving = asyncio.create_task(server.serve(sockets=[bound]))
        yield f"127.0.0.1:{bound.getsockname()[1]}"
        server.should_exit = True
        await serving


@asynccontextmanager
async def opened(address: str, **payload: Any) -> AsyncIterator[ClientConnection]:
    """A socket whose `connection_init` with this payload was acknowledged."""
    async with connect(f"ws://{address}/graphql", subprotocols=[PROTOCOL]) as websocket:
        await begin(websocket, **payload)
        yield websocket


async def send(websocket: ClientConnection, **message: Any) -> None:
    """Send one message."""
    await websocket.send(orjson.dumps(message).decode())


async def receive(websocket: ClientConnection) -> Any:
    """The next message."""
    text = await websocket.recv()
    assert isinstance(text, str)
    return orjson.loads(text)


async def begin(websocket: ClientConnection, **payload: Any) -> None:
    """Send `connection_init` and take its acknowledgement."""
    await send(websocket, type="connection_init", payload=payload)
    assert await receive(websocket) == {"type": "connection_ack"}


async def subscribe(websocket: ClientConnection, document: str, *, operation_id: str = "1") -> None:
    """Begin an operation."""
    await send(websocket, id=operation_id, type="subscribe", payload={"query": document})


async def close_code(websocket: ClientConnection) -> int:
    """Wait for the end, and say with which code it came."""
    await websocket.wait_closed()
    assert websocket.close_code is not None
    return websocket.close_code
