"""All routes of this package, from explicit arguments."""

from __future__ import annotations

from prometheus_client import CollectorRegistry
from starlette.routing import BaseRoute, Mount
from starlette.staticfiles import StaticFiles

from pages.explorer import explorer_routes
from pages.health import ReadinessCheck, health_routes
from pages.mailbox import MAILBOX_PATH, LoadMails, mailbox_routes
from pages.metrics import metrics_routes


def routes(
    *, check_readiness: ReadinessCheck, registry: CollectorRegistry, has_explorer: bool, load_mails: LoadMails | None
) -> list[BaseRoute]:
    """Routes of the pages, to be placed before the route of /graphql, whose path the explorer shares.

    `load_mails` is given in demo mode alone: with None there is no mailbox, and no path that tells of one.
    """
    shown: list[BaseRoute] = [*health_routes(check_readiness), *metrics_routes(registry)]
    if has_explorer:
        shown += explorer_routes(mailbox_path=None if load_mails is None else MAILBOX_PATH)
    if load_mails is not None:
        shown += mailbox_routes(load_mails)
    if has_explorer or load_mails is not None:
        shown.append(Mount("/pages/static", StaticFiles(packages=[("pages", "static")])))
    return shown
