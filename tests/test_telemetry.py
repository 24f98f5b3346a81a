"""What is told of a request, and what is not."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from uuid import uuid4

import asyncpg
import httpx
import pytest
import structlog
from prometheus_client import REGISTRY
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send
from tortoise.exceptions import IntegrityError

from pages.request_id import RequestIds
from schema.view import OPERATION
from telemetry import RequestTelemetry, configure_logging


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


async def answering(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["path"] == "/broken":
        raise RuntimeError("a mistake of ours")
    scope[OPERATION] = "Greeting"
    await PlainTextResponse("hello", status_code=418)(scope, receive, send)


async def get(path: str, **headers: str) -> httpx.Response:
    transport = httpx.ASGITransport(RequestIds(RequestTelemetry(answering)), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="https://remit.example") as client:
        return await client.get(path, headers=headers)


def counted(status: str) -> float:
    return REGISTRY.get_sample_value("remit_requests_total", {"status": status}) or 0.0


async def test_a_request_is_one_line_of_json_without_personal_data(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("INFO")
    secret = str(uuid4())

    response = await get(f"/graphql?query={secret}", Authorization=f"Bearer {secret}", Cookie=f"a={secret}")

    (line,) = capsys.readouterr().err.splitlines()
    told = json.loads(line)
    assert (told.pop("ms") >= 0, "timestamp" in told) == (True, True)
    del told["timestamp"]
    assert told == {
        "event": "request",
        "level": "info",
        "logger": "telemetry",
        "method": "GET",
        "operation": "Greeting",
        "request": response.headers["remit-request-id"],
        "status": 418,
    }
    assert secret not in line


async def test_a_request_is_counted_by_its_status() -> None:
    before = counted("418")

    await get("/graphql")

    assert counted("418") == before + 1


async def test_an_application_that_raises_counts_as_500() -> None:
    before = counted("500")

    await get("/broken")

    assert counted("500") == before + 1


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
async def test_what_machines_ask_is_not_told_at_info(path: str, capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("INFO")

    await get(path)

    assert capsys.readouterr().err == ""


def test_lines_of_libraries_are_json_too_and_begin_at_warning(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("DEBUG")

    logging.getLogger("procrastinate.worker").info("a job with its arguments")
    logging.getLogger("procrastinate.worker").warning("a job was lost")

    (line,) = capsys.readouterr().err.splitlines()
    assert (json.loads(line)["event"], json.loads(line)["level"]) == ("a job was lost", "warning")


def test_an_exception_is_in_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("INFO")

    try:
        raise ValueError("a detail")
    except ValueError:
        structlog.get_logger("toy").exception("failed")

    (line,) = capsys.readouterr().err.splitlines()
    assert json.loads(line)["exception"].endswith("ValueError: a detail")


def test_rows_that_postgresql_shows_in_its_errors_stay_out_of_the_log(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("INFO")
    refused = asyncpg.UniqueViolationError("duplicate key value violates unique constraint")
    refused.detail = "Key (email_key)=(ada@example.com) already exists."

    try:
        try:
            raise refused
        except asyncpg.UniqueViolationError as error:
            raise IntegrityError(error) from None
    except IntegrityError:
        structlog.get_logger("toy").exception("failed")
        logging.getLogger("library").exception("failed")

    lines = capsys.readouterr().err.splitlines()
    assert [json.loads(line)["exception"].count("duplicate key value") for line in lines] == [1, 1]
    assert "ada@example.com" not in "".join(lines)
