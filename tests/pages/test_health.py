"""/healthz and /readyz."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from starlette.applications import Starlette

from pages import health
from pages.health import Condition, ConditionState, ReadinessCheck, health_routes
from tests.pages.asking import ask


def conditions(*given: Condition) -> ReadinessCheck:
    async def check() -> Sequence[Condition]:
        return given

    return check


async def broken() -> Sequence[Condition]:
    raise ConnectionRefusedError("postgresql://remit_app:secret@db/remit")


async def endless() -> Sequence[Condition]:
    await asyncio.Event().wait()
    return ()


def application(check: ReadinessCheck) -> Starlette:
    return Starlette(routes=health_routes(check))


async def test_a_process_is_up_whatever_else_is_broken() -> None:
    response = await ask(application(broken), "/healthz")

    assert (response.status_code, response.json()) == (200, {"status": "up"})


async def test_a_process_whose_conditions_are_met_is_ready() -> None:
    response = await ask(application(conditions(Condition("database"), Condition("migrations"))), "/readyz")

    assert response.status_code == 200
    assert response.json() == {
        "status": "ready",
        "conditions": [{"name": "database", "state": "met"}, {"name": "migrations", "state": "met"}],
    }


async def test_a_quarantined_plugin_is_named_and_does_not_stop_traffic() -> None:
    quarantined = Condition("plugin rental", ConditionState.DEGRADED, "It needs host API 1.8 or later.")

    response = await ask(application(conditions(Condition("database"), quarantined)), "/readyz")

    assert response.status_code == 200
    assert response.json()["conditions"][1] == {
        "name": "plugin rental",
        "state": "degraded",
        "reason": "It needs host API 1.8 or later.",
    }


async def test_one_unmet_condition_turns_traffic_away() -> None:
    unmet = Condition("migrations", ConditionState.UNMET, "Run `remit migrate`.")

    response = await ask(application(conditions(Condition("database"), unmet)), "/readyz")

    assert (response.status_code, response.headers["retry-after"]) == (503, "5")
    assert response.json() == {
        "status": "not ready",
        "conditions": [
            {"name": "database", "state": "met"},
            {"name": "migrations", "state": "unmet", "reason": "Run `remit migrate`."},
        ],
    }


async def test_a_check_that_raises_is_unmet_and_tells_strangers_nothing() -> None:
    response = await ask(application(broken), "/readyz")

    assert response.status_code == 503
    assert response.json()["conditions"] == [
        {"name": "readiness check", "state": "unmet", "reason": "The check itself failed; the log says why."}
    ]


async def test_a_check_that_does_not_end_is_unmet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "CHECK_TIMEOUT_SECONDS", 0.01)

    response = await ask(application(endless), "/readyz")

    assert response.status_code == 503
    assert response.json()["conditions"][0]["state"] == "unmet"
