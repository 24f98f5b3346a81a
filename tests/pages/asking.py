"""Asks an ASGI application as a client does, without a socket."""

from __future__ import annotations

from collections.abc import Mapping

import httpx
from starlette.types import ASGIApp


async def ask(
    app: ASGIApp, path: str, *, method: str = "GET", headers: Mapping[str, str] | None = None
) -> httpx.Response:
    """The application's answer; an error that it raises after answering stays inside, as in a server."""
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://remit.test") as client:
        return await client.request(method, path, headers=headers)
