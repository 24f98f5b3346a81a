"""The id of a request: one word that the answer, the log and the journal share."""

from __future__ import annotations

from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uuid_utils.compat import uuid7

REQUEST_ID: Final = "remit.request_id"
"""Key of the id in the ASGI scope; the value is a `uuid.UUID` of version 7."""

CARRIES_HEADERS: Final = frozenset({"http.response.start", "websocket.http.response.start", "websocket.accept"})


class RequestIds:
    """Middleware: gives each request and each socket an id and says it in `Remit-Request-Id`.

    An id sent by the client is not taken over: it could be chosen to collide with somebody else's.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Name the request, then pass it on."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        request_id = uuid7()

        async def send_with_id(message: Message) -> None:
            if message["type"] in CARRIES_HEADERS:
                message.setdefault("headers", [])
                MutableHeaders(scope=message)["remit-request-id"] = str(request_id)
            await send(message)

        await self.app({**scope, REQUEST_ID: request_id}, receive, send_with_id)
