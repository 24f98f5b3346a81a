"""Devices: a browser profile or an app's installation, known again by a sealed random id.

The id lives in a cookie (browsers) or in a header (apps) with a tag that only this installation can make. What
carries no valid tag is a new device, which is given its id with the answer.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uuid_utils.compat import uuid7

from audit.addresses import Network, client_address
from audit.sealing import KEY_BYTES
from audit.user_agents import CLIENT_HINTS, Traits, clean_user_agent, traits_of

COOKIE_SECONDS = 400 * 86_400
HEADER = "Remit-Device"
SCOPE_DEVICE = "remit.device"
SCOPE_ADDRESS = "remit.address"

_LABEL = b"remit-device-1\n"
_ID_BYTES = 16
_TAG_BYTES = 16


@dataclass(frozen=True, slots=True)
class Device:
    """The device of a request; `is_new` until it comes back with the token that the answer gives it."""

    id: UUID
    is_new: bool
    traits: Traits
    user_agent: str

    @property
    def name(self) -> str:
        """A name that its owner recognises, such as "Firefox 127 on Windows"."""
        return self.traits.name


def device_token(key: bytes, device_id: UUID) -> str:
    """The id and its tag in base64url: 43 characters."""
    tag = hmac.digest(key, _LABEL + device_id.bytes, hashlib.sha256)[:_TAG_BYTES]
    return urlsafe_b64encode(device_id.bytes + tag).rstrip(b"=").decode()


def device_id_of(key: bytes, token: str) -> UUID | None:
    """The id in a token, or None if the token is not, byte for byte, one that `device_token` makes."""
    try:
        raw = urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except ValueError:
        return None
    if len(raw) != _ID_BYTES + _TAG_BYTES:
        return None
    device_id = UUID(bytes=raw[:_ID_BYTES])
    # Made again and compared as text: base64 decoding forgives foreign characters and spare bits.
    return device_id if hmac.compare_digest(device_token(key, device_id).encode(), token.encode()) else None


class DeviceMiddleware:
    """Pure ASGI: puts the `Device` and the client's address into the scope, and gives new devices their token.

    The keys of the scope are SCOPE_DEVICE and SCOPE_ADDRESS (an address, or None behind a unix socket).
    Raises ValueError for a key that is not 32 bytes.
    """

    def __init__(
        self, app: ASGIApp, *, key: bytes, trusted_proxies: Sequence[Network] = (), secure_cookies: bool = True
    ) -> None:
        if len(key) != KEY_BYTES:
            raise ValueError(f"a device key has {KEY_BYTES} bytes, not {len(key)}")
        self._app = app
        self._key = key
        self._trusted_proxies = tuple(trusted_proxies)
        self._cookie = "__Host-remit_device" if secure_cookies else "remit_device"
        self._cookie_attributes = "; Path=/; HttpOnly; SameSite=Strict" + ("; Secure" if secure_cookies else "")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        connection = HTTPConnection(scope)
        device = self._device(connection)
        peer = connection.client.host if connection.client else None
        forwarded = connection.headers.getlist("x-forwarded-for")
        scope[SCOPE_DEVICE] = device
        scope[SCOPE_ADDRESS] = client_address(peer, forwarded, self._trusted_proxies)
        await self._app(scope, receive, self._introduce(device, connection.headers, send) if device.is_new else send)

    def _device(self, connection: HTTPConnection) -> Device:
        token = connection.headers.get(HEADER) or connection.cookies.get(self._cookie, "")
        known = device_id_of(self._key, token)
        return Device(
            id=known or uuid7(),
            is_new=known is None,
            traits=traits_of(connection.headers),
            user_agent=clean_user_agent(connection.headers.get("user-agent", "")),
        )

    def _introduce(self, device: Device, request: Headers, send: Send) -> Send:
        """A send that gives a new device its token with the head of the answer."""
        token = device_token(self._key, device.id)
        is_app = HEADER in request or "remit-app" in request

        async def send_token(message: Message) -> None:
            if message["type"] in ("http.response.start", "websocket.accept"):
                headers = MutableHeaders(scope=message)
                if is_app:
                    headers.append(HEADER, token)
                else:
                    headers.append(
                        "set-cookie", f"{self._cookie}={token}; Max-Age={COOKIE_SECONDS}{self._cookie_attributes}"
                    )
                    # Once is enough: a browser forgets the hints it was asked for when it forgets its cookies.
                    headers.append("accept-ch", CLIENT_HINTS)
            await send(message)

        return send_token
