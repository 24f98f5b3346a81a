"""A tiny HTTP server that gives every request the same answer, and remembers what it was asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass(slots=True)
class Served:
    """Where it is, and what it has seen."""

    url: str = ""
    connections: int = 0
    bodies: list[bytes] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)


@asynccontextmanager
async def served(body: bytes, *, status: int = 200, hangs_up: bool = False) -> AsyncIterator[Served]:
    """Serve on a free port for the length of the block; one that hangs up closes instead of answering."""
    seen = Served()
    written = f"HTTP/1.1 {status} Told\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body

    async def answer_all(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.connections += 1
        while await _read_request(reader, seen) and not hangs_up:
            writer.write(written)
        writer.close()

    server = await asyncio.start_server(answer_all, "127.0.0.1", 0)
    seen.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield seen


async def _read_request(reader: asyncio.StreamReader, seen: Served) -> bool:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
    except asyncio.IncompleteReadError:
        return False
    headers = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if line)
    seen.headers.append(headers)
    seen.bodies.append(await reader.readexactly(int(headers["content-length"])))
    return True
