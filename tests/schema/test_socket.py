"""The WebSocket door, on a real server: what it carries, and what closes it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Subprotocol

from schema.view import SUBSCRIPTIONS
from tests.schema.toy import ACCOUNT_ID, StubHost, toy_app
from tests.sockets import PROTOCOL, begin, close_code, opened, receive, send, served, subscribe


@pytest.fixture
async def host() -> AsyncIterator[StubHost]:
    host = StubHost()
    yield host
    await host.database.epochs.close()


@pytest.fixture
async def address(host: StubHost) -> AsyncIterator[str]:
    async with served(toy_app(host, secure_cookies=False)) as address:
        yield address


async def test_a_query_runs_over_a_socket(address: str, host: StubHost) -> None:
    async with connect(f"ws://{address}/graphql", subprotocols=[PROTOCOL]) as websocket:
        await begin(websocket, authorization="Bearer good")
        await send(websocket, id="1", type="subscribe", payload={"query": "query Q { hello secret }"})

        answer = {"hello": "Hello you", "secret": "42"}
        payload = {"data": answer, "extensions": {"cost": {"requested": 0, "limit": 10_000}}}
        assert await receive(websocket) == {"id": "1", "type": "next", "payload": payload}
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

    answers = {one["id"]: one["payload"]["data"] for one in received if one["type"] == "next"}
    assert answers == {str(n): {"hello": f"Hello {n}"} for n in range(10)}


async def test_an_unreachable_database_says_nothing_of_itself(address: str, host: StubHost) -> None:
    host.failure = ConnectionRefusedError("10.0.0.7:5432 refused")
    async with connect(f"ws://{address}/graphql", subprotocols=[PROTOCOL]) as websocket:
        await begin(websocket)
        await send(websocket, id="1", type="subscribe", payload={"query": "{ hello }"})

        answer = await receive(websocket)

    assert answer["payload"]["errors"][0]["extensions"]["code"] == "UNAVAILABLE"
    assert "10.0.0.7" not in str(answer)


async def test_a_subscription_tells_of_each_change_until_the_client_has_enough(address: str, host: StubHost) -> None:
    async with opened(address, authorization="Bearer good") as websocket:
        await subscribe(websocket, "subscription { counted }")
        told = [await receive(websocket)]
        for _ in range(2):
            host.tell_epoch()
            told.append(await receive(websocket))
        await send(websocket, id="1", type="complete")
        await subscribe(websocket, "{ hello }", operation_id="2")
        assert [(await receive(websocket))["id"] for _ in range(2)] == ["2", "2"]
        host.tell_epoch()
        await subscribe(websocket, "{ hello }", operation_id="3")
        assert [(await receive(websocket))["id"] for _ in range(2)] == ["3", "3"]

    assert [one["payload"]["data"] for one in told] == [{"counted": 0}, {"counted": 1}, {"counted": 2}]


async def test_an_epoch_that_is_read_as_it_was_wakes_nobody(address: str, host: StubHost) -> None:
    async with opened(address, authorization="Bearer good") as websocket:
        await subscribe(websocket, "subscription { counted }")
        await receive(websocket)

        host.database.epochs.tell({ACCOUNT_ID: 0})
        await subscribe(websocket, "{ hello }", operation_id="2")

        assert (await receive(websocket))["id"] == "2"


async def test_one_operation_too_many_is_refused_and_the_others_go_on(address: str, host: StubHost) -> None:
    async with opened(address, authorization="Bearer good") as websocket:
        for number in range(SUBSCRIPTIONS):
            await subscribe(websocket, "subscription { counted }", operation_id=str(number))
            await receive(websocket)

        await subscribe(websocket, "{ hello }", operation_id="more")
        refused = await receive(websocket)
        host.tell_epoch()
        told = [await receive(websocket) for _ in range(SUBSCRIPTIONS)]

    assert (refused["id"], refused["type"]) == ("more", "error")
    assert [error["extensions"]["code"] for error in refused["payload"]] == ["TOO_MANY_SUBSCRIPTIONS"]
    assert {one["id"] for one in told} == {str(number) for number in range(SUBSCRIPTIONS)}


async def test_a_mistake_of_ours_ends_a_subscription_and_is_masked(address: str) -> None:
    async with opened(address, authorization="Bearer good") as websocket:
        await subscribe(websocket, "subscription { ticking }")

        received = [await receive(websocket) for _ in range(3)]

    assert [one["type"] for one in received] == ["next", "next", "error"]
    assert [one["payload"]["data"] for one in received[:2]] == [{"ticking": 0}, {"ticking": 1}]
    (error,) = received[2]["payload"]
    assert (error["message"], error["extensions"]["code"]) == ("Something went wrong on our side.", "INTERNAL")


async def test_a_subscription_of_nobody_is_an_error_and_leaves_the_socket_open(address: str) -> None:
    async with opened(address) as websocket:
        await subscribe(websocket, "subscription { ticking }")

        answer = await receive(websocket)
        await subscribe(websocket, "{ hello }")

        assert (await receive(websocket))["payload"]["data"] == {"hello": "Hello you"}

    assert (answer["id"], answer["type"]) == ("1", "error")
    assert [error["extensions"]["code"] for error in answer["payload"]] == ["UNAUTHENTICATED"]


async def test_the_end_of_the_session_ends_its_subscriptions_and_closes_with_4403(address: str, host: StubHost) -> None:
    async with opened(address, authorization="Bearer good") as websocket:
        for operation_id in ("1", "2"):
            await subscribe(websocket, "subscription { counted }", operation_id=operation_id)
            await receive(websocket)
        host.is_signed_out = True
        host.tell_epoch()

        last_words = [await receive(websocket) for _ in range(2)]

        assert await close_code(websocket) == 4403

    assert {one["id"] for one in last_words} == {"1", "2"}
    assert {one["payload"][0]["extensions"]["code"] for one in last_words} == {"UNAUTHENTICATED"}


async def test_a_socket_without_operations_closes_with_its_session(address: str, host: StubHost) -> None:
    async with opened(address, authorization="Bearer good") as websocket:
        await subscribe(websocket, "{ hello }")
        await receive(websocket)
        host.is_signed_out = True
        host.tell_epoch()

        assert await close_code(websocket) == 4403


# journal.md 4.10
async def test_a_socket_whose_session_nobody_could_read_for_long_closes_with_1013(address: str, host: StubHost) -> None:
    async with opened(address, authorization="Bearer good") as websocket:
        await subscribe(websocket, "subscription { counted }")
        await receive(websocket)

        host.database.epochs.lose()
        last_words = await receive(websocket)

        assert await close_code(websocket) == 1013

    assert last_words["payload"][0]["extensions"]["code"] == "UNAVAILABLE"


async def test_after_a_pause_nothing_is_told_before_the_epochs_are_read(address: str, host: StubHost) -> None:
    async with opened(address, authorization="Bearer good") as websocket:
        host.database.epochs.fall_silent()
        await subscribe(websocket, "subscription { counted }")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(receive(websocket), timeout=0.2)

        host.database.epochs.tell({ACCOUNT_ID: 0})

        assert (await receive(websocket))["payload"]["data"] == {"counted": 0}


async def test_what_was_read_before_a_pause_and_has_changed_since_is_not_told(address: str, host: StubHost) -> None:
    async with opened(address, authorization="Bearer good") as websocket:
        host.database.epochs.fall_silent()
        await subscribe(websocket, "subscription { counted }")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(receive(websocket), timeout=0.2)

        host.tell_epoch()
        answer = await receive(websocket)

    assert (answer["type"], answer["payload"][0]["extensions"]["code"]) == ("error", "UNAVAILABLE")


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

        assert (await receive(websocket))["payload"]["data"] == {"secret": "42"}

    assert host.callers[0].is_cookie


@pytest.mark.parametrize("origin", [None, "https://evil.example", "null"])
async def test_a_cookie_from_elsewhere_opens_no_socket(address: str, origin: str | None) -> None:
    headers = {"Cookie": "remit_session=good", **({} if origin is None else {"Origin": origin})}

    with pytest.raises(InvalidStatus) as refused:
        await connect(f"ws://{address}/graphql", subprotocols=[PROTOCOL], additional_headers=headers)

    assert refused.value.response.status_code == 403
