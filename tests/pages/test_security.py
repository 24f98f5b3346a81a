"""The security headers of `identity.md` 4.9."""

from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from pages.security import SecurityHeaders
from tests.pages.asking import ask

STRICT = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'",
    "cache-control": "no-store",
}


async def answer(_: Request) -> PlainTextResponse:
    return PlainTextResponse("here")


async def fail(_: Request) -> PlainTextResponse:
    raise RuntimeError("broken")


async def page(_: Request) -> PlainTextResponse:
    own = {"Content-Security-Policy": "default-src 'self'", "Cache-Control": "max-age=60", "Referrer-Policy": "origin"}
    return PlainTextResponse("page", headers=own)


def application(*, secure_cookies: bool) -> SecurityHeaders:
    inside = Starlette(routes=[Route("/here", answer), Route("/fail", fail), Route("/page", page)])
    return SecurityHeaders(inside, secure_cookies=secure_cookies)


@pytest.mark.parametrize(
    ("case", "path", "status"),
    [("an answer", "/here", 200), ("an unknown path", "/nowhere", 404), ("an unexpected error", "/fail", 500)],
)
async def test_every_answer_has_the_strict_headers(case: str, path: str, status: int) -> None:
    response = await ask(application(secure_cookies=False), path)

    assert response.status_code == status, case
    assert {name: response.headers.get_list(name) for name in STRICT} == {name: [own] for name, own in STRICT.items()}


async def test_https_for_a_year_is_promised_with_secure_cookies_alone() -> None:
    secure = await ask(application(secure_cookies=True), "/here")
    plain = await ask(application(secure_cookies=False), "/here")

    assert secure.headers.get_list("strict-transport-security") == ["max-age=31536000; includeSubDomains"]
    assert "strict-transport-security" not in plain.headers


async def test_an_answer_keeps_its_own_policy_and_caching_but_not_its_referrer_policy() -> None:
    response = await ask(application(secure_cookies=False), "/page")

    assert response.headers.get_list("content-security-policy") == ["default-src 'self'"]
    assert response.headers.get_list("cache-control") == ["max-age=60"]
    assert response.headers.get_list("referrer-policy") == ["no-referrer"]


async def test_a_refused_socket_has_the_headers_too() -> None:
    sent: list[Message] = []

    async def refuse(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "websocket.http.response.start", "status": 403, "headers": []})

    async def receive() -> Message:
        raise AssertionError

    async def send(message: Message) -> None:
        sent.append(message)

    await SecurityHeaders(refuse, secure_cookies=False)({"type": "websocket"}, receive, send)

    expected = {name.encode(): own.encode() for name, own in STRICT.items()}
    assert [dict(message["headers"]) for message in sent] == [expected]
