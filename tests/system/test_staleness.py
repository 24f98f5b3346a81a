"""A right that was taken away is gone in every process: no request begun after the commit is allowed.

By construction, not by speed: the first statement of each request reads the policy's epoch in its own snapshot. So
nothing here waits for a signal between processes, and the figures that are printed are those of a request's length.
What is open meanwhile is told by `test_propagation`.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import httpx
import pytest

from app import open_remit
from database.migrate import migrate
from settings import Settings
from tests.factories import Person, Salon, make_salon
from tests.system.server import PROCESSES, START_SECONDS, Server, running

ASK = "{ roles { code } }"
REVOKE = """
mutation ($input: PolicyChangesInput!) { changePolicy(input: $input) { __typename ... on PolicyChanged { epoch } } }
"""

pytestmark = pytest.mark.skipif(
    "REMIT_DATABASE_URL" in os.environ, reason="these start an embedded server, not the one of REMIT_DATABASE_URL"
)


@dataclass(frozen=True, slots=True)
class Asked:
    """One request: when it began and when its answer was there (monotonic seconds), and what the answer was."""

    began: float
    ended: float
    is_allowed: bool


@dataclass(slots=True)
class Asking:
    """Asks one server the same question as one person, again and again."""

    server: Server
    person: Person
    answers: list[Asked] = field(default_factory=list)

    def pour(self, stopped: threading.Event) -> None:
        """Ask until told to stop."""
        with httpx.Client(base_url=self.server.url, timeout=30) as http:
            while not stopped.is_set():
                self.answers.append(asked(http, self.person))

    def await_answer(self, *, is_allowed: bool) -> None:
        """Wait for such an answer."""
        deadline = time.monotonic() + START_SECONDS
        while not any(one.is_allowed is is_allowed for one in tuple(self.answers)):
            assert time.monotonic() < deadline, f"{self.server.url} never answered so: {self.answers[-3:]}"
            time.sleep(0.001)

    def refused_after(self, committed: float) -> float:
        """Seconds from the commit's answer to the first refusal of this server; 0 where that was there before."""
        return max(0.0, min(one.ended for one in self.answers if not one.is_allowed) - committed)


def asked(http: httpx.Client, person: Person) -> Asked:
    """Ask for something that only a role allows."""
    began = time.monotonic()
    body = http.post("/graphql", headers={"authorization": f"Bearer {person.token}"}, json={"query": ASK}).json()
    codes = [error["extensions"]["code"] for error in body.get("errors", ())]
    assert codes in ([], ["FORBIDDEN"]), body
    return Asked(began, time.monotonic(), is_allowed=not codes)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("revocations", [3, pytest.param(200, marks=pytest.mark.slow)])
async def test_no_request_begun_after_a_revocation_is_allowed(folder: Path, tmp_path: Path, revocations: int) -> None:
    leaving = [f"ivy{number}" for number in range(revocations)]
    async with open_remit(Settings(data_dir=folder, _env_file=None), prepare=migrate) as remit:
        people = {"hal": ("owner", "network"), **dict.fromkeys(leaving, ("viewer", "network"))}
        salon = await make_salon(remit.host, people)

    late: list[Asked] = []
    seconds: list[float] = []
    with running(folder, tmp_path / "server.log") as servers:
        for name in leaving:
            committed, askings = revoke_under_questions(servers, salon, name)
            late += [one for asking in askings for one in asking.answers if one.is_allowed and one.began >= committed]
            seconds += [asking.refused_after(committed) for asking in askings]

    assert late == []
    print(
        f"{revocations} revocations, {PROCESSES} processes: refused after "
        f"{median(seconds) * 1000:.1f} ms (median), {max(seconds) * 1000:.1f} ms (most)"
    )


def revoke_under_questions(servers: Sequence[Server], salon: Salon, name: str) -> tuple[float, list[Asking]]:
    """Take somebody's only role away through the first server while all of them are asked.

    Answers the instant at which the commit was acknowledged, and what was asked.
    """
    askings = [Asking(server, salon[name]) for server in servers]
    stopped = threading.Event()
    with ThreadPoolExecutor(len(servers)) as pool:
        streams = [pool.submit(asking.pour, stopped) for asking in askings]
        try:
            for asking in askings:
                asking.await_answer(is_allowed=True)
            committed = revoke(servers[0], salon, name)
            for asking in askings:
                asking.await_answer(is_allowed=False)
        finally:
            stopped.set()
    for stream in streams:
        stream.result()
    return committed, askings


def revoke(server: Server, salon: Salon, name: str) -> float:
    """End somebody's assignment; answers the instant of the acknowledgement."""
    change = {"endAssignment": {"assignment": str(salon[name].assignment_id), "reason": "left"}}
    response = httpx.post(
        f"{server.url}/graphql",
        headers={"authorization": f"Bearer {salon['hal'].token}"},
        json={"query": REVOKE, "variables": {"input": {"network": str(salon.network_id), "changes": [change]}}},
        timeout=30,
    )
    acknowledged = time.monotonic()
    assert response.json()["data"]["changePolicy"]["__typename"] == "PolicyChanged", response.json()
    return acknowledged
