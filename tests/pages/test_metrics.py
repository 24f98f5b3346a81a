"""/metrics."""

from __future__ import annotations

import pytest
from prometheus_client import CollectorRegistry, Counter
from starlette.applications import Starlette

from pages.metrics import metrics_routes
from tests.pages.asking import ask


def application() -> Starlette:
    registry = CollectorRegistry()
    Counter("remit_journal_unwritten", "Refusals whose entry was not written", registry=registry).inc(3)
    return Starlette(routes=metrics_routes(registry))


@pytest.mark.parametrize(
    ("case", "accept"),
    [
        ("anything", "*/*"),
        ("a version that is none", "text/plain;version=abc"),
        ("OpenMetrics of no version", "application/openmetrics-text;version=x.y"),
    ],
)
async def test_the_given_registry_is_answered_in_text_format(case: str, accept: str) -> None:
    response = await ask(application(), "/metrics", headers={"Accept": accept})

    assert response.status_code == 200, case
    assert response.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert "remit_journal_unwritten_total 3.0" in response.text.splitlines()
