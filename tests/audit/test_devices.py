from __future__ import annotations

from ipaddress import ip_address, ip_network
from uuid import UUID

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import HTTPConnection
from starlette.types import Message, Receive, Scope, Send

from audit.devices import SCOPE_ADDRESS, SCOPE_DEVICE, Device, DeviceMiddleware, device_id_of, device_token

KEY = b"\x0c" * 32
GOLDEN_ID = UUID(bytes=bytes(range(16)))
GOLDEN_TOKEN = "AAECAwQFBgcICQoLDA0OD8BPl26_g6BuLc4R_7odPjk"  # identity.md 4.4, "Device"


class Seen:
    """An application that keeps the scope and answers with nothing."""

    def __init__(self) -> None:
        self.scope: Scope = {}

    @property
    def device(self) -> Device:
        device: Device = self.scope[SCOPE_DEVICE]
        return device

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scope = scope
        if scope["type"] == "websocket":
            await send({"type": "websocket.accept", "headers": []})
            return
        await send({"type": "http.response.start", "status": 204, "headers": [(b"set-cookie", b"other=1")]})
        await send({"type": "http.response.body", "body": b""})


async def ask(
    headers: dict[str, str], *, peer: str = "198.51.100.7", secure_cookies: bool = True
) -> tuple[Seen, httpx.Response]:
    """One request through the middleware, and what the application and the client saw of it."""
    seen = Seen()
    app = DeviceMiddleware(seen, key=KEY, trusted_proxies=[ip_network("10.0.0.0/8")], secure_cookies=secure_cookies)
    transport = httpx.ASGITransport(app, client=(peer, 1234))
    async with httpx.AsyncClient(transport=transport, base_url="https://remit.example") as client:
        return seen, await client.get("/", headers=headers)


def test_the_golden_token() -> None:
    assert device_token(KEY, GOLDEN_ID) == GOLDEN_TOKEN
    assert device_id_of(KEY, GOLDEN_TOKEN) == GOLDEN_ID


@pytest.mark.parametrize(
    ("case", "token"),
    [
        ("empty", ""),
        ("another tag", GOLDEN_TOKEN[:-2] + "AA"),
        ("spare bits that base64 forgives", GOLDEN_TOKEN[:-1] + "l"),
        ("padding that base64 forgives", GOLDEN_TOKEN + "="),
        ("a character that base64 skips", GOLDEN_TOKEN[:20] + "." + GOLDEN_TOKEN[20:]),
        ("too short", GOLDEN_TOKEN[:-1]),
        ("too long", GOLDEN_TOKEN + "AA"),
        ("not ASCII", "é" * 43),
        ("of another key", device_token(b"\x0d" * 32, GOLDEN_ID)),
    ],
)
def test_a_token_that_was_not_made_here_is_nobodys(case: str, token: str) -> None:
    assert device_id_of(KEY, token) is None


@given(device_id=st.uuids(), text=st.text(max_size=60))
def test_only_its_own_token_names_a_device(device_id: UUID, text: str) -> None:
    token = device_token(KEY, device_id)

    assert len(token) == 43
    assert device_id_of(KEY, token) == device_id
    assert device_id_of(KEY, text) is None or text == device_token(KEY, UUID(str(device_id_of(KEY, text))))


async def test_a_new_browser_gets_a_cookie_for_400_days() -> None:
    seen, response = await ask({"user-agent": "curl/8.5.0"})

    token = device_token(KEY, seen.device.id)
    assert seen.device.is_new
    assert response.headers.get_list("set-cookie") == [
        "other=1",
        f"__Host-remit_device={token}; Max-Age=34560000; Path=/; HttpOnly; SameSite=Strict; Secure",
    ]
    assert response.headers["accept-ch"] == ("Sec-CH-UA-Platform-Version, Sec-CH-UA-Model, Sec-CH-UA-Full-Version-List")
    assert (seen.device.user_agent, seen.device.name) == ("curl/8.5.0", "curl 8")


async def test_over_plain_http_the_cookie_has_no_prefix() -> None:
    seen, response = await ask({}, secure_cookies=False)

    token = device_token(KEY, seen.device.id)
    assert response.headers.get_list("set-cookie")[1] == (
        f"remit_device={token}; Max-Age=34560000; Path=/; HttpOnly; SameSite=Strict"
    )


@pytest.mark.parametrize(
    ("case", "headers", "secure"),
    [
        ("by cookie", {"cookie": f"a=b; __Host-remit_device={GOLDEN_TOKEN}"}, True),
        ("by plain cookie", {"cookie": f"remit_device={GOLDEN_TOKEN}"}, False),
        ("by header", {"remit-device": GOLDEN_TOKEN}, True),
    ],
)
async def test_a_known_device_is_known_again_and_given_nothing(
    case: str, headers: dict[str, str], secure: bool
) -> None:
    seen, response = await ask(headers, secure_cookies=secure)

    assert (seen.device.id, seen.device.is_new) == (GOLDEN_ID, False)
    assert response.headers.get_list("set-cookie") == ["other=1"]
    assert "accept-ch" not in response.headers
    assert "remit-device" not in response.headers


@pytest.mark.parametrize(
    ("case", "headers"),
    [
        ("a bad tag", {"cookie": f"__Host-remit_device={GOLDEN_TOKEN[:-2]}AA"}),
        ("the cookie of the other mode", {"cookie": f"remit_device={GOLDEN_TOKEN}"}),
    ],
)
async def test_a_token_that_does_not_hold_makes_a_new_device(case: str, headers: dict[str, str]) -> None:
    seen, response = await ask(headers)

    assert seen.device.is_new
    assert seen.device.id != GOLDEN_ID
    assert device_token(KEY, seen.device.id) in response.headers.get_list("set-cookie")[1]


@pytest.mark.parametrize("headers", [{"remit-app": "Remit/1 (iOS 17; iPhone15,2)"}, {"remit-device": "gone"}])
async def test_a_new_app_gets_its_token_in_a_header(headers: dict[str, str]) -> None:
    seen, response = await ask(headers)

    assert response.headers["remit-device"] == device_token(KEY, seen.device.id)
    assert response.headers.get_list("set-cookie") == ["other=1"]


async def test_the_address_is_that_behind_trusted_proxies() -> None:
    direct, _ = await ask({"x-forwarded-for": "1.2.3.4"})
    proxied, _ = await ask({"x-forwarded-for": "6.6.6.6, 203.0.113.9"}, peer="10.0.0.5")

    assert direct.scope[SCOPE_ADDRESS] == ip_address("198.51.100.7")
    assert proxied.scope[SCOPE_ADDRESS] == ip_address("203.0.113.9")


async def test_a_websocket_is_introduced_with_its_acceptance() -> None:
    seen, sent = Seen(), []

    async def keep(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    scope: Scope = {"type": "websocket", "path": "/", "headers": [], "client": None}
    await DeviceMiddleware(seen, key=KEY)(scope, receive, keep)

    cookie = dict(sent[0]["headers"])[b"set-cookie"].decode()
    assert cookie.startswith(f"__Host-remit_device={device_token(KEY, seen.device.id)};")
    assert HTTPConnection(seen.scope).client is None
    assert seen.scope[SCOPE_ADDRESS] is None


async def test_the_servers_own_events_pass_untouched() -> None:
    passed: list[Scope] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        passed.append(scope)

    async def receive() -> Message:
        raise AssertionError("nothing is received")

    async def send(message: Message) -> None:
        raise AssertionError("nothing is sent")

    await DeviceMiddleware(app, key=KEY)({"type": "lifespan"}, receive, send)

    assert passed == [{"type": "lifespan"}]


def test_a_key_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="a device key has 32 bytes, not 16"):
        DeviceMiddleware(Seen(), key=bytes(16))
