"""/metrics, in the text format that Prometheus reads."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route


def metrics_routes(registry: CollectorRegistry) -> list[BaseRoute]:
    """/metrics over `registry`, always in the text format 0.0.4.

    The format is not negotiated: the library's `choose_encoder` raises on an Accept header with a bad version.
    Counts and states only, no personal data; close the path at the proxy if strangers must not read load figures.
    """

    async def metrics(_: Request) -> Response:
        return Response(generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4})

    return [Route("/metrics", metrics)]
