"""What makes a race fair: contestants answer alike, and ratios are of turns of one round."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import psutil
import pytest

from benchmarks.contest import Contestant, ContestantDied, Race, Server, Turn, agree, first_difference, serving
from benchmarks.cores import Cores, available_cores, cores_of, stay_on
from benchmarks.load import Load, Request
from benchmarks.measure import AnswersDiffer
from benchmarks.peers import as_of_remit
from tests.benchmarks.served import served

ASKED = Request("/graphql", b"{}")
SERVER = """
import http.server, sys
server = http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler)
print(f"http://127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()
"""


def turn(requests_a_second: float, cpu_a_request: float) -> Turn:
    """A turn of one second."""
    return Turn(Load(int(requests_a_second), 1.0, p50=0.1, p99=0.2), cpu_a_request * requests_a_second)


def test_ratios_are_round_by_round_and_sorted() -> None:
    race = Race("list", "100", {"ours": [turn(100, 0.004), turn(300, 0.002)], "theirs": [turn(50, 0.008)] * 2})

    assert race.rivals == ["theirs"]
    assert race.request_ratios("theirs") == [2.0, 6.0]
    assert race.cpu_ratios("theirs") == [0.25, 0.5]


@pytest.mark.parametrize(
    ("case", "ours", "theirs", "expected"),
    [
        ("equal", {"a": [1, 2]}, {"a": [1, 2]}, None),
        ("another order of keys", {"a": 1, "b": 2}, {"b": 2, "a": 1}, None),
        ("a value", {"a": [1, {"b": 2}]}, {"a": [1, {"b": 3}]}, "data.a[1].b: 2 and 3"),
        ("a key", {"a": 1}, {"b": 1}, 'data: {"a":1} and {"b":1}'),
        ("a length", {"a": [1]}, {"a": []}, "data.a: [1] and []"),
        ("null", {"a": None}, {"a": 0}, "data.a: null and 0"),
    ],
)
def test_the_first_difference_is_told_with_its_place(
    case: str, ours: object, theirs: object, expected: str | None
) -> None:
    assert first_difference(ours, theirs) == expected


async def test_contestants_that_answer_otherwise_are_refused() -> None:
    async with served(b'{"data":{"n":1}}') as one, served(b'{"data":{"n":2}}') as other:
        contestants = [Contestant("ours", Server(one.url, 0), ASKED), Contestant("theirs", Server(other.url, 0), ASKED)]
        with pytest.raises(AnswersDiffer, match=r"theirs answers otherwise than ours: data\.n: 1 and 2"):
            await agree(contestants)


async def test_answers_are_compared_in_their_plain_form() -> None:
    async with served(b'{"data":{"n":1}}') as one, served(b'{"data":{"n":"1"}}') as other:
        theirs = Contestant("theirs", Server(other.url, 0), ASKED, lambda data: {"n": int(data["n"])})
        await agree([Contestant("ours", Server(one.url, 0), ASKED), theirs])


async def test_instants_are_compared_and_not_their_letters() -> None:
    bodies = [f'{{"data":{{"startsAt":"2026-10-12T06:00:00{end}"}}}}'.encode() for end in ("+00:00", ".000Z", ".5Z")]

    async with served(bodies[0]) as one, served(bodies[1]) as same, served(bodies[2]) as later:
        ours, alike, other = (Contestant(each.url, Server(each.url, 0), ASKED) for each in (one, same, later))
        await agree([ours, alike])
        with pytest.raises(AnswersDiffer, match=r"data\.startsAt"):
            await agree([ours, other])


async def test_a_contestant_is_found_by_the_line_of_its_url_and_ends_with_the_block(tmp_path: Path) -> None:
    async with serving([sys.executable, "-c", SERVER], log=tmp_path / "one.log") as server:
        assert server.url.startswith("http://127.0.0.1:")
        assert server.cpu_seconds() > 0

    assert not psutil.pid_exists(server.pid)


async def test_a_contestant_that_ends_at_once_is_told_with_its_last_words(tmp_path: Path) -> None:
    with pytest.raises(ContestantDied, match="one did not start: no database"):
        async with serving([sys.executable, "-c", "raise SystemExit('no database')"], log=tmp_path / "one.log"):
            pytest.fail("it serves")


@pytest.mark.parametrize(
    ("case", "numbers", "expected"),
    [
        ("one core is everybody's", {0}, Cores(frozenset({0}), frozenset({0}), frozenset({0}))),
        ("two: the contestant is alone", {0, 1}, Cores(frozenset({0}), frozenset({1}), frozenset({1}))),
        ("four", {0, 1, 2, 3}, Cores(frozenset({0}), frozenset({1}), frozenset({2, 3}))),
    ],
)
def test_the_cores_are_shared_out(case: str, numbers: set[int], expected: Cores) -> None:
    assert cores_of(numbers) == expected
    assert (cores_of(numbers).shared == "") is (len(numbers) > 2)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux binds processes to cores")
def test_the_cores_are_the_same_after_this_process_has_bound_itself_to_some() -> None:
    before, everything = available_cores(), os.sched_getaffinity(0)

    stay_on(before.load)
    try:
        assert available_cores() == before
    finally:
        stay_on(frozenset(everything))


def test_postgraphiles_answer_is_read_in_remits_shape() -> None:
    payment = {"id": "p", "method": "CASH", "amount": "2500"}
    sale = {"currency": "EUR", "payments": {"nodes": [payment]}}
    line = {"id": "l", "position": 0}
    node = {"id": "a", "lines": {"nodes": [line]}, "sales": {"nodes": [sale]}}

    assert as_of_remit({"appointments": {"nodes": [node]}}) == {
        "appointments": {
            "nodes": [
                {
                    "id": "a",
                    "lines": [{"id": "l", "position": 0}],
                    "payments": [{"id": "p", "method": "CASH", "amount": {"amount": 2500, "currency": "EUR"}}],
                }
            ]
        }
    }
