"""The client of the load: what it sends, what it takes for an answer, and how it counts."""

from __future__ import annotations

import pytest

from benchmarks.load import Load, LoadFailed, Request, answer, load, percentile
from tests.benchmarks.served import served

ASKED = Request("/graphql", b'{"query":"{ name }"}', {"authorization": "Bearer one"})


@pytest.mark.parametrize(
    ("case", "percent", "expected"),
    [
        ("the middle of an even number is its lower one", 50, 2.0),
        ("nine in ten of four are all four", 90, 4.0),
        ("the least of all", 0, 1.0),
        ("all", 100, 4.0),
    ],
)
def test_percentiles_are_values_that_were_measured(case: str, percent: float, expected: float) -> None:
    assert percentile([1.0, 2.0, 3.0, 4.0], percent) == expected


def test_a_load_sorts_what_it_was_told() -> None:
    assert Load.of([0.3, 0.1, 0.2], 1.5) == Load(answers=3, seconds=1.5, p50=0.2, p99=0.3)


def test_a_load_without_answers_is_a_failure() -> None:
    with pytest.raises(LoadFailed, match="no request was answered"):
        Load.of([], 1.0)


async def test_the_answer_to_one_request_is_its_body() -> None:
    async with served(b'{"data":{"name":"Nikos"}}') as server:
        assert await answer(server.url, ASKED) == b'{"data":{"name":"Nikos"}}'

    assert server.bodies == [ASKED.body]
    assert server.headers[0]["authorization"] == "Bearer one"
    assert server.headers[0]["content-type"] == "application/json"


async def test_each_request_is_sent_once_over_connections_kept_alive() -> None:
    requests = [Request("/graphql", str(number).encode()) for number in range(20)]

    async with served(b'{"data":{}}') as server:
        done = await load(server.url, requests, seconds=30, connections=3)

    assert done.answers == 20
    assert sorted(server.bodies) == sorted(request.body for request in requests)
    assert server.connections == 3


async def test_errors_in_an_answer_fail_the_load() -> None:
    async with served(b'{"data":null,"errors":[{"message":"no"}]}') as server:
        with pytest.raises(LoadFailed, match="no"):
            await load(server.url, [ASKED], seconds=30, connections=1)


async def test_another_status_fails_the_load() -> None:
    async with served(b"{}", status=503) as server:
        with pytest.raises(LoadFailed, match="status 503"):
            await load(server.url, [ASKED], seconds=30, connections=1)


async def test_a_server_that_hangs_up_fails_the_load() -> None:
    async with served(b"", hangs_up=True) as server:
        with pytest.raises(LoadFailed, match="closed a connection"):
            await load(server.url, [ASKED], seconds=30, connections=1)
