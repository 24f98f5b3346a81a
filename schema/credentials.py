"""Who a connection says it is: a bearer token or the session's cookie, and whether a browser may use the cookie here.

A cookie travels by itself, so whoever sends one must also come from a good origin: our own host or the web frontend.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from starlette.requests import HTTPConnection
from strawberry.http.websocket_origin import is_same_origin, normalize_origin

from schema.refusals import RequestRefused

SESSION_COOKIE: Final = "remit_session"
HOST_PREFIX: Final = "__Host-"
"""Browsers take such a cookie only with Secure and Path=/, and never from a neighbouring host (RFC 6265bis, 4.1.3)."""

BEARER: Final = "bearer"


@dataclass(frozen=True, slots=True)
class Token:
    """A session's token as it came; None where nobody claims to be anybody."""

    value: str | None
    is_cookie: bool = False


NOBODY: Final = Token(None)


@dataclass(frozen=True, slots=True)
class Credentials:
    """The rules of one installation: the cookie's name, and the web frontend's origin if it is another than ours."""

    secure_cookies: bool
    app_origin: str | None = None

    def cookie_name(self, name: str) -> str:
        """A cookie's full name: with the prefix wherever browsers reach the server over https."""
        return f"{HOST_PREFIX}{name}" if self.secure_cookies else name

    def token(self, connection: HTTPConnection) -> Token:
        """The token of an HTTP request or of a socket's handshake.

        Raises RequestRefused for two credentials at once, an Authorization that is no bearer, and a cookie that comes
        from another site.
        """
        header = connection.headers.get("authorization")
        cookie = connection.cookies.get(self.cookie_name(SESSION_COOKIE))
        if header is not None and cookie is not None:
            raise RequestRefused(400, "TWO_CREDENTIALS", "Send the session's cookie or a bearer token, not both.")
        if header is not None:
            return Token(bearer_token(header))
        if cookie is None:
            return NOBODY
        self.refuse_other_sites(connection)
        return Token(cookie, is_cookie=True)

    def refuse_other_sites(self, connection: HTTPConnection) -> None:
        """Raise RequestRefused (403) unless the page that uses the cookie is of a good origin."""
        site = connection.headers.get("sec-fetch-site")
        origin = connection.headers.get("origin")
        if origin is not None and not self._is_good(origin, connection.headers.get("host")):
            raise _foreign()
        if site == "cross-site" or (origin is None and site != "same-origin"):
            raise _foreign()

    def _is_good(self, origin: str, host: str | None) -> bool:
        if is_same_origin(origin, host):
            return True
        return self.app_origin is not None and normalize_origin(origin) == normalize_origin(self.app_origin)


def bearer_token(header: str) -> str:
    """The token of an Authorization header. Raises RequestRefused (401) for any other scheme."""
    scheme, _, token = header.partition(" ")
    if scheme.lower() != BEARER or not token.strip():
        raise RequestRefused(
            401, "UNAUTHENTICATED", "Send Authorization: Bearer <token>.", headers={"WWW-Authenticate": "Bearer"}
        )
    return token.strip()


def _foreign() -> RequestRefused:
    return RequestRefused(
        403, "OTHER_SITE", "The session's cookie works only on pages of this host and of the web frontend."
    )
