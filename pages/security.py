"""The security headers of every answer.

Wrap the whole application, not its inside: Starlette puts its own middleware *within* the layer that answers
unexpected errors, and those answers need the headers too.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

API_POLICY: Final = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'"
"""Content-Security-Policy of an answer that is no page: it may load nothing and be framed by nobody."""

PAGE_POLICY: Final = "; ".join(
    (
        API_POLICY,
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
)
"""Content-Security-Policy of Remit's pages: own files only, nothing inline, and no text ever becomes markup."""

ALWAYS: Final = MappingProxyType({"x-content-type-options": "nosniff", "referrer-policy": "no-referrer"})
UNLESS_SAID_OTHERWISE: Final = MappingProxyType({"content-security-policy": API_POLICY, "cache-control": "no-store"})
ONE_YEAR_OF_HTTPS: Final = MappingProxyType({"strict-transport-security": "max-age=31536000; includeSubDomains"})

ANSWER_STARTS: Final = frozenset({"http.response.start", "websocket.http.response.start"})


class SecurityHeaders:
    """Middleware: the headers that a browser needs to keep strangers out of an answer.

    `nosniff` and the referrer policy hold for every answer. A page or a file may bring its own
    Content-Security-Policy and Cache-Control; whoever brings none gets the strictest. With `secure_cookies` the
    browser is also told to use https for a year: over plain http that promise would lock people out.
    """

    def __init__(self, app: ASGIApp, *, secure_cookies: bool) -> None:
        self.app = app
        self.always = {**ALWAYS, **(ONE_YEAR_OF_HTTPS if secure_cookies else {})}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and complete the headers of its answer."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] in ANSWER_STARTS:
                self._complete(message)
            await send(message)

        await self.app(scope, receive, send_with_headers)

    def _complete(self, message: Message) -> None:
        message.setdefault("headers", [])
        headers = MutableHeaders(scope=message)
        headers.update(self.always)
        for name, value in UNLESS_SAID_OTHERWISE.items():
            headers.setdefault(name, value)
