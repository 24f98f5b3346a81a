"""The WebSocket door, on a real server: what it carries, and what closes it."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Generator
from contextlib import contextmanager
from typing import Any

import orjson
import pytest
import uvicorn
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Subprotocol

from tests.schema.toy import StubHost, toy_app

PROTOCOL = Subprotocol("graphql-transport-ws")


class QuietServer(uvicorn.Server):
    """uvicorn within the tests' process, whose signals are pytest's."""

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


@pytest.fixture
def host() -> StubHost:
    return StubHost()


@pytest.fixture
async def address(host: StubHost) -> AsyncIterator[str]:
    app = toy_app(host, secure_cookies=False)
    with socket.create_server(("127.0.0.1", 0)) as bound:
        server = QuietServer(uvicorn.Config(app, lifespan="off", log_config=None, ws_max_size=256 * 1024))
        serving = asyncio.create_task(server.serve(sockets=[bound]))
        yield f"127.0.0.1:{bound.getsockname()[1]}"
        server.should_exit = True
        await serving


async def send(websocket: ClientConnection, **message: Any) -> None:
    await websocket.send(orjson.dumps(message).decode())


async def receive(websocket: ClientConnection) -> Any:
    text = await websocket.recv()
    assert isinstance(text, str)
    return orjson.loads(text)


async def begin(websocket: ClientConnection, **payload: Any) -> None:
    await send(websocket, type="connection_init", payload=payload)
    assert await receive(websocket) == {"type": "connection_ack"}


async def close_code(websocket: ClientConnection) -> int:
    await websocket.wait_closed()
    assert websocket.close_code is not None
    return websocket.close_code


async def test_a_query_runs_over_a_socket(address: str, host: StubHost) -> None:
    async with connect(f"ws://{address}/graphql", subprotocols=[PROTOCOL]) as websocket:
        await begin(websocket, authorization="Bearer good")
        await send(websocket, id="1", type="subscribe", payload={"query": "query Q { hello secret }"})

        answer = {"hello": "Hello you", "secret": "42"}
        assert await receive(websocket) == {"id": "1", "type": "next", "payload": {"data": answer}}
        assert await receive(websocket) == {"id": "1", "type": "complete"}

    (caller,) = host.callers
    assert (caller.token, caller.transport, caller.operation_name) == ("good", "socket", "Q")


async def test_a_mutation_is_refused_over_a_socket(address: str, host: StubHost) -> None:
    async with connect(f"ws://{address}/graphql", subprotocols=[PROTOCOL]) as websocket:
        await begin(websocket)
        document = 'mutation { greet(name: "Ada") { __typename } }'
        await send(websocket, id="1", type="subscribe", payload={"query": document})

        answer = await receive(websocket)

    assert (answer["id"], answer["type"]) == ("1", "error")
    assert [error["extensions"]["code"] for error in answer["payload"]] == ["OPERATION_NOT_ALLOWED"]
    assert host.callers == []


async def test_operations_of_one_socket_do_not_share_a_context(address: str) -> None:
    async with connect(f"ws://{address}/graphql", subprotocols=[PROTOCOL]) as websocket:
        await begin(websocket)
        for n in range(10):
            payload = {"query": "query ($name: String!) { hello(name: $name) }", "variables": {"name": str(n)}}
            await send(websocket, id=str(n), type="subscribe", payload=payload)

        received = [await receive(websocket) for _ in range(20)]

    answers = {one["id"]: one["payload"] for one in received if one["type"] == "next"}
    assert answers == {str(n): {"data": {"hello": f"Hello {n}"}} for n in range(10)}


async def test_an_unreachable_database_says_nothing_of_itself(address: str, host: StubHost) -> None:
    host.failure = ConnectionRefusedError("10.0.0.7:5432 refused")
    async with connect(f"ws://{address}/graphql", subprotocols=[PROTOCOL]) as websocket:
        await begin(websocket)
        await send(websocket, id="1", type="subscribe", payload={"query": "{ hello }"})

        answer = await receive(websocket)

    assert answer["payload"]["errors"][0]["extensions"]["code"] == "UNAVAILABLE"
    assert "10.0.0.7" not in str(answer)


# identity.md 4.10
@pytest.mark.parametrize(
    ("case", "frame"),
    [
        ("binary", b"{}"),
        ("not JSON", "{"),
        ("a text", '"x"'),
        ("a list", '[{"type": "ping"}]'),
        ("nested too deeply", "[" * 70 + "]" * 70),
        ("no type", "{}"),
        ("an unknown type", '{"type": "hello"}'),
        ("a type that is a number", '{"type": 1}'),
        ("no id", '{"type": "subscribe", "payload": {"query": "{ hello }"}}'),
        ("an empty id", '{"type": "subscribe", "id": "", "payload": {"query": "{ hello }"}}'),
        ("an id that is a list", '{"type": "complete", "id": []}'),
        ("an id of 65 characters", '{"type": "complete", "id": "' + "x" * 65 + '"}'),
        ("no payload", '{"type": "subscribe", "id": "1"}'),
        (
            "variables that are a list",
            '{"type": "subscribe", "id": "1", "payload": {"query": "{ hello }", "variables": []}}',
        ),
        ("a document that is a number", '{"type": "subscribe", "id": "1", "payload": {"query": 1}}'),
        (
            "U+0000",
            '{"type": "subscribe", "id": "1", "payload": {"query": "{ hello }", "variables": {"a": "\\u0000"}}}',
        ),
    ],
)
async def test_what_is_no_message_closes_with_4400(address: str, case: str, frame: str | bytes) -> None:
    async with connect(f"ws://{address}/graphql", subprotocols=[PROTOCOL]) as websocket:
        await begin(websocket)

        await websocket.send(frame)

        assert await close_code(websocket) == 4400


async def test_a_large_frame_closes_with_1009(address: str) -> None:
    async with connect(f"ws://{address}/graphql", subprotocols=[PROTOCOL]) as websocket:
        await begin(websocket)

        await websocket.send(" " * (256 * 1024 + 1))

        assert await close_code(websocket) == 1009


async def test_an_operation_before_init_closes_with_4401(address: str) -> None:
    async with connect(f"ws://{address}/graphql", subprotocols=[PROTOCOL]) as websocket:
        await send(websocket, id="1", type="subscribe", payload={"query": "{ hello }"})

        assert await close_code(websocket) == 4401


async def test_a_second_init_closes_with_4429(address: str) -> None:
    async with connect(f"ws://{address}/graphql", subprotocols=[PROTOCOL]) as websocket:
        await begin(websocket)
        await send(websocket, type="connection_init")

        assert await close_code(websocket) == 4429


async def test_another_subprotocol_closes_with_4406(address: str) -> None:
    async with connect(f"ws://{address}/graphql", subprotocols=[Subprotocol("graphql-ws")]) as websocket:
        assert await close_code(websocket) == 4406


@pytest.mark.parametrize("authorization", ["Basic x", "good", 1, ["Bearer good"]])
async def test_an_init_without_a_bearer_closes_with_4403(address: str, authorization: object) -> None:
    async with connect(f"ws://{address}/graphql", subprotocols=[PROTOCOL]) as websocket:
        await send(websocket, type="connection_init", payload={"authorization": authorization})

        assert await close_code(websocket) == 4403


async def test_a_bearer_beside_a_cookie_closes_with_4403(address: str) -> None:
    headers = {"Cookie": "remit_session=good", "Origin": f"http://{address}"}
    async with connect(f"ws://{address}/graphql", subprotocols=[PROTOCOL], additional_headers=headers) as websocket:
        await send(websocket, type="connection_init", payload={"authorization": "Bearer good"})

        assert await close_code(websocket) == 4403


async def test_a_cookie_of_our_own_page_opens_a_socket(address: str, host: StubHost) -> None:
    headers = {"Cookie": "remit_session=good", "Origin": f"http://{address}"}
    async with connect(f"ws://{address}/graphql", subprotocols=[PROTOCOL], additional_headers=headers) as websocket:
        await begin(websocket)
        await send(websocket, id="1", type="subscribe", payload={"query": "{ secret }"})

        assert (await receive(websocket))["payload"] == {"data": {"secret": "42"}}

    assert host.callers[0].is_cookie


@pytest.mark.parametrize("origin", [None, "https://evil.example", "null"])
async def test_a_cookie_from_elsewhere_opens_no_socket(address: str, origin: str | None) -> None:
    headers = {"Cookie": "remit_session=good", **({} if origin is None else {"Origin": origin})}

    with pytest.raises(InvalidStatus) as refused:
        await connect(f"ws://{address}/graphql", subprotocols=[PROTOCOL], additional_headers=headers)

    assert refused.value.response.status_code == 403
