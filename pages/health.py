"""What load balancers and monitors ask: is the process up, and should it get traffic?"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Route

CHECK_TIMEOUT_SECONDS: Final = 5.0
RETRY_AFTER_SECONDS: Final = 5

log = structlog.get_logger(__name__)


class ConditionState(StrEnum):
    """How one condition of readiness stands."""

    MET = "met"
    """As it should be."""
    DEGRADED = "degraded"
    """Somebody should look at it, and traffic is still served: a plugin in quarantine, say."""
    UNMET = "unmet"
    """No request can be served well: this process wants no traffic."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One thing that readiness depends on. `reason` is shown to anybody who asks: no secrets, no addresses."""

    name: str
    state: ConditionState = ConditionState.MET
    reason: str | None = None


ReadinessCheck = Callable[[], Awaitable[Sequence[Condition]]]


def health_routes(check_readiness: ReadinessCheck) -> list[BaseRoute]:
    """/healthz, which asks nothing of anything else, and /readyz over `check_readiness`.

    A check that raises or needs more than five seconds counts as unmet; why it raised is in the log only.
    """

    async def readyz(_: Request) -> JSONResponse:
        return _answer(await _conditions(check_readiness))

    return [Route("/healthz", healthz), Route("/readyz", readyz)]


async def healthz(_: Request) -> JSONResponse:
    """Answer that the process runs and its event loop turns."""
    return JSONResponse({"status": "up"})


async def _conditions(check_readiness: ReadinessCheck) -> Sequence[Condition]:
    try:
        async with asyncio.timeout(CHECK_TIMEOUT_SECONDS):
            return await check_readiness()
    except TimeoutError:
        reason = f"The check took longer than {CHECK_TIMEOUT_SECONDS:.0f} seconds."
    except Exception:
        log.exception("readiness_check_failed")
        reason = "The check itself failed; the log says why."
    return (Condition("readiness check", ConditionState.UNMET, reason),)


def _answer(conditions: Sequence[Condition]) -> JSONResponse:
    is_ready = all(condition.state is not ConditionState.UNMET for condition in conditions)
    content = {"status": "ready" if is_ready else "not ready", "conditions": [_shown(each) for each in conditions]}
    if is_ready:
        return JSONResponse(content)
    return JSONResponse(content, status_code=503, headers={"Retry-After": str(RETRY_AFTER_SECONDS)})


def _shown(condition: Condition) -> dict[str, str]:
    shown = {"name": condition.name, "state": condition.state.value}
    return shown if condition.reason is None else {**shown, "reason": condition.reason}
