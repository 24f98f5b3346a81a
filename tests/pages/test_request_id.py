"""Request ids."""

from __future__ import annotations

from uuid import UUID

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from pages.request_id import REQUEST_ID, RequestIds
from tests.pages.asking import ask


async def said(request: Request) -> PlainTextResponse:
    return PlainTextResponse(str(request.scope[REQUEST_ID]))


def application() -> RequestIds:
    return RequestIds(Starlette(routes=[Route("/", said)]))


async def test_the_scope_and_the_answer_have_the_same_id_of_version_7() -> None:
    response = await ask(application(), "/")

    assert response.text == response.headers["remit-request-id"]
    assert UUID(response.text).version == 7


async def test_each_request_has_its_own_id() -> None:
    app = application()

    first, second = await ask(app, "/"), await ask(app, "/")

    assert first.text != second.text


async def test_an_id_of_the_client_is_not_taken_over() -> None:
    chosen = "01890000-0000-7000-8000-000000000001"

    response = await ask(application(), "/", headers={"Remit-Request-Id": chosen})

    assert response.headers.get_list("remit-request-id") != [chosen]
    assert response.text != chosen


async def test_an_accepted_socket_is_told_its_id() -> None:
    sent: list[Message] = []
    scopes: list[Scope] = []

    async def accept(scope: Scope, receive: Receive, send: Send) -> None:
        scopes.append(scope)
        await send({"type": "websocket.accept"})

    async def receive() -> Message:
        raise AssertionError

    async def send(message: Message) -> None:
        sent.append(message)

    await RequestIds(accept)({"type": "websocket"}, receive, send)

    told = str(scopes[0][REQUEST_ID]).encode()
    assert sent == [{"type": "websocket.accept", "headers": [(b"remit-request-id", told)]}]
