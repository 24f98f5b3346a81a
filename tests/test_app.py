"""The composed application on a database of its own: what is served, and what is said of its state."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from app import Remit, asgi_of, build_app, open_remit, working
from audit.entries import Area, EventType
from database.migrate import migrate
from jobs import Job
from pages.health import Condition, ConditionState
from plugins.loader import Fault, Listed, State
from settings import Settings
from work import Task, Work

NOTED = EventType("toy.noted", Area.SYSTEM)


@pytest.fixture
def settings(database_settings: Settings) -> Settings:
    return database_settings.model_copy(update={"plugins": (), "worker": False})


@pytest.fixture
async def remit(settings: Settings) -> AsyncIterator[Remit]:
    async with open_remit(settings, prepare=migrate) as remit:
        yield remit


def client_of(remit: Remit) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(asgi_of(remit)), base_url="https://remit.example")


def with_settings(remit: Remit, **changes: Any) -> Remit:
    return replace(remit, host=replace(remit.host, settings=remit.settings.model_copy(update=changes)))


async def test_an_answer_has_its_id_its_device_and_the_headers_of_safety(remit: Remit) -> None:
    async with client_of(remit) as client:
        response = await client.post("/graphql", json={"query": "{ __typename }"})

    assert response.json()["data"] == {"__typename": "Query"}
    assert response.headers["set-cookie"].startswith("__Host-remit_device=")
    assert response.headers["x-content-type-options"] == "nosniff"
    assert "remit-request-id" in response.headers


async def test_pages_give_no_device(remit: Remit) -> None:
    async with client_of(remit) as client:
        response = await client.get("/graphql", headers={"Accept": "text/html"})

    assert (response.status_code, response.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "set-cookie" not in response.headers


async def test_the_root_leads_to_the_explorer(remit: Remit) -> None:
    async with client_of(remit) as client:
        response = await client.get("/")

    assert (response.status_code, response.headers["location"]) == (307, "/graphql")


async def test_without_the_explorer_a_browser_is_told_what_the_address_takes(remit: Remit) -> None:
    async with client_of(with_settings(remit, explorer=False)) as client:
        root = await client.get("/")
        page = await client.get("/graphql", headers={"Accept": "text/html,*/*;q=0.8"})

    assert root.status_code == 404
    assert page.json()["errors"][0]["extensions"]["code"] == "MISSING_DOCUMENT"


async def test_the_mailbox_is_there_in_a_demo_alone(remit: Remit) -> None:
    async with client_of(remit) as client:
        real = await client.get("/dev/mail")
    async with client_of(replace(remit, host=replace(remit.host, is_demo=True))) as client:
        demo = await client.get("/dev/mail")

    assert (real.status_code, demo.status_code) == (404, 200)


async def test_a_good_state_is_ready(remit: Remit) -> None:
    assert await remit.conditions() == (Condition("database"), Condition("plugins"))


async def test_a_plugin_in_quarantine_is_named_and_the_process_stays_ready(remit: Remit) -> None:
    refused = Listed("rental", State.QUARANTINED, fault=Fault.API_RANGE, sentence="Too old.")
    degraded = replace(remit, merged=replace(remit.merged, listed=(refused,)))

    async with client_of(degraded) as client:
        response = await client.get("/readyz")

    assert response.status_code == 200
    assert response.json()["conditions"][1] == {
        "name": "plugins",
        "state": "degraded",
        "reason": "In quarantine: rental.",
    }


async def test_a_database_that_is_gone_is_not_ready_and_says_no_address(settings: Settings) -> None:
    async with open_remit(settings, prepare=migrate) as remit:
        pass

    database, _ = await remit.conditions()

    assert database == Condition("database", ConditionState.UNMET, "The database does not answer.")


async def test_jobs_are_carried_out_beside_the_server(remit: Remit) -> None:
    done = asyncio.Event()

    async def carry_out(host: object) -> None:
        done.set()

    job = Job("toy.noted", carry_out)
    busy = with_settings(replace(remit, merged=replace(remit.merged, jobs=(job,))), worker=True)

    async def defer(work: Work) -> None:
        await work.defer(job)

    async with working(busy):
        await busy.host.perform_as_system(None, Task(NOTED), defer)
        await asyncio.wait_for(done.wait(), 30)


async def test_the_server_is_told_a_refusal_as_its_sentence(settings: Settings) -> None:
    application = build_app(settings.model_copy(update={"database_url": "mysql://localhost/remit"}))

    assert await life_of(application) == [
        {"type": "lifespan.startup.failed", "message": "The database's address must begin with postgresql://."}
    ]


async def test_the_application_lives_as_long_as_its_server(settings: Settings) -> None:
    application = build_app(settings)

    assert await life_of(application) == [
        {"type": "lifespan.startup.complete"},
        {"type": "lifespan.shutdown.complete"},
    ]


async def test_a_server_without_lifespan_is_told_so(settings: Settings) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(build_app(settings)), base_url="http://x") as client:
        with pytest.raises(RuntimeError, match="switch its lifespan on"):
            await client.get("/healthz")


async def life_of(application: Any) -> list[dict[str, str]]:
    """What the application tells a server that starts and at once stops it."""
    asked = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])
    told: list[dict[str, str]] = []

    async def receive() -> dict[str, str]:
        return next(asked)

    async def send(message: dict[str, str]) -> None:
        told.append(message)

    await application({"type": "lifespan"}, receive, send)
    return told
