"""What a real server takes at its socket before there is a request."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest
import uvicorn
from starlette.responses import PlainTextResponse

import serving
from serving import LARGEST_HEAD, BoundedHeads
from tests.sockets import QuietServer

START = b"GET / HTTP/1.1\r\nHost: remit.example\r\n"


@pytest.fixture
async def port(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[int]:
    """The port of a server that answers "hello", and that waits a tenth of a second for a head."""
    monkeypatch.setattr(serving, "HEAD_SECONDS", 0.1)
    config = uvicorn.Config(PlainTextResponse("hello"), http=BoundedHeads, lifespan="off", log_config=None)
    with socket.create_server(("127.0.0.1", 0)) as bound:
        server = QuietServer(config)
        running = asyncio.create_task(server.serve(sockets=[bound]))
        yield bound.getsockname()[1]
        server.should_exit = True
        await running


async def sent(port: int, *parts: bytes, pause: float = 0) -> bytes:
    """What comes back for what is sent, part by part, until the server closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for part in parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(pause)
        return await asyncio.wait_for(reader.read(), timeout=10)
    except ConnectionError:
        return b""
    finally:
        writer.close()


async def test_a_request_that_comes_whole_is_answered(port: int) -> None:
    answer = await sent(port, START + b"Connection: close\r\n\r\n")

    assert answer.startswith(b"HTTP/1.1 200 OK")


async def test_two_requests_of_one_connection_each_have_their_time(port: int) -> None:
    answer = await sent(port, START + b"\r\n", START + b"Connection: close\r\n\r\n", pause=0.2)

    assert answer.count(b"HTTP/1.1 200 OK") == 2


@pytest.mark.parametrize("header", [b"X", b"X-Many: x\r\n"])
async def test_a_head_without_end_is_refused(port: int, header: bytes) -> None:
    nearly_all = START + header * ((LARGEST_HEAD - 1000) // len(header))

    answer = await sent(port, nearly_all, header * (2000 // len(header)), pause=0.02)

    assert answer.startswith(b"HTTP/1.1 400 Bad Request")
    assert answer.endswith(b"The head of a request may have 65536 bytes.")


@pytest.mark.parametrize(("case", "part"), [("nothing", b""), ("half a head", START)])
async def test_a_head_that_does_not_come_ends_the_connection(port: int, case: str, part: bytes) -> None:
    assert await sent(port, part) == b""
