"""The composition: from settings to a running Remit, and from a running Remit to the ASGI application.

Importing this does nothing. `open_remit` is what the server, the command line and the tests share; nothing else puts
the parts together.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Final

import structlog
from prometheus_client import REGISTRY
from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from audit.devices import DeviceMiddleware
from audit.keys import Keys
from database.apps import OrmApp
from database.connections import Database
from database.migrate import check, migrate
from domain.notices.reads import recent_mails
from domain.team.published import publish_verdict_policies
from domain.team.releases import record_release
from errors import StartRefused
from host import Host
from jobs import Worker
from pages.explorer import EXPLORER_PATH
from pages.health import Condition, ConditionState
from pages.mailbox import Mail
from pages.request_id import REQUEST_ID, RequestIds
from pages.routes import routes as page_routes
from pages.security import SecurityHeaders
from plugins.loader import Found, State, discover, load, refuse_foreign_packages
from plugins.merge import Merged, merge
from policies.store import PolicyCache
from resolvers.core import CORE
from schema.credentials import Credentials
from schema.view import GraphQLView
from settings import Settings
from telemetry import RequestTelemetry, configure_logging

log = structlog.get_logger(__name__)

GRAPHQL_PATH: Final = EXPLORER_PATH
IS_DEMO: Final = "SELECT is_demo FROM installation"
WORKER_PAUSE_SECONDS: Final = 5.0
GARBAGE_THRESHOLDS: Final = (50_000, 20, 50)

Prepare = Callable[[Database, Sequence[OrmApp]], Awaitable[None]]
"""What is done with a database before it is used: `check` refuses one that is behind, `migrate` brings it up."""


@dataclass(frozen=True, slots=True)
class Remit:
    """A running Remit: the host of all Works, and all that the core and the plugins bring."""

    host: Host
    merged: Merged

    @property
    def settings(self) -> Settings:
        """The settings that it was opened with."""
        return self.host.settings

    async def work_off(self, *, until_empty: bool = False) -> None:
        """Carry out deferred jobs until cancelled, or until nothing is left to do now."""
        await Worker(self.host.database.app, self.merged.jobs, self.host).run(until_empty=until_empty)

    async def conditions(self) -> Sequence[Condition]:
        """What readiness depends on. A plugin in quarantine is worth a look, and no reason to serve nobody."""
        refused = [one.name for one in self.merged.listed if one.state is State.QUARANTINED]
        plugins = Condition("plugins")
        if refused:
            plugins = Condition("plugins", ConditionState.DEGRADED, f"In quarantine: {', '.join(refused)}.")
        return (await self._database_condition(), plugins)

    async def _database_condition(self) -> Condition:
        try:
            async with self.host.database.read() as statements:
                await statements.fetchval("SELECT 1")
        except Exception:
            log.warning("database_away", exc_info=True)
            return Condition("database", ConditionState.UNMET, "The database does not answer.")
        return Condition("database")


def load_settings() -> Settings:
    """The settings of the environment. Raises StartRefused, which names every variable that is wrong."""
    try:
        settings = Settings()
        settings.trusted_networks  # noqa: B018  (parsed on first use: a bad one must not wait for a request)
    except ValidationError as error:
        faults = [f"REMIT_{'_'.join(map(str, one['loc'])).upper()}: {one['msg']}" for one in error.errors()]
        raise StartRefused(f"The settings are wrong. {'. '.join(faults)}.") from error
    except ValueError as error:
        raise StartRefused(f"The settings are wrong. REMIT_TRUSTED_PROXIES: {error}.") from error
    return settings


def preparation(settings: Settings) -> Prepare:
    """Our own embedded database is brought up to date; a served one is its administrator's to migrate."""
    return migrate if settings.database_url is None else check


def merged_plugins(settings: Settings, plugins: Iterable[Found] | None = None) -> Merged:
    """The core with the installed plugins that the settings name, or with those of `plugins`. Raises StartRefused."""
    if plugins is None:
        refuse_foreign_packages()
        plugins = discover()
    merged = merge(CORE, load(plugins, wanted=settings.plugins))
    merged.schema.compiles = settings.compiled_execution
    return merged


@asynccontextmanager
async def open_remit(
    settings: Settings, *, prepare: Prepare | None = None, plugins: Iterable[Found] | None = None
) -> AsyncIterator[Remit]:
    """Open everything for the length of the block. Raises StartRefused with what to do.

    `prepare` is `preparation(settings)` unless given. `plugins` replaces what is installed.
    """
    merged = merged_plugins(settings, plugins)
    database = await Database.open(settings, merged.apps)
    try:
        await (prepare or preparation(settings))(database, merged.apps)
        host = await _host(settings, database, merged)
        await publish_verdict_policies(host)
        await record_release(host)
        yield Remit(host, merged)
    finally:
        await database.close()


async def _host(settings: Settings, database: Database, merged: Merged) -> Host:
    async with database.read() as statements:
        is_demo = await statements.fetchval(IS_DEMO)
    return Host(
        settings=settings,
        database=database,
        release=merged.release,
        policies=PolicyCache(merged.release),
        keys=Keys.load(settings),
        consequences=merged.consequences,
        verdicts=merged.verdicts,
        access_tests=merged.access_tests,
        is_demo=bool(is_demo),
    )


@asynccontextmanager
async def working(remit: Remit) -> AsyncIterator[None]:
    """Carry out jobs beside the block, if the settings want that of the server's process."""
    if not remit.settings.worker:
        yield
        return
    task = asyncio.create_task(_keep_working(remit))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _keep_working(remit: Remit) -> None:
    """Work off jobs for ever: when the database goes away and comes back, so does the worker."""
    while True:
        try:
            await remit.work_off()
        except Exception:
            log.exception("worker_failed", next_try_in_seconds=WORKER_PAUSE_SECONDS)
            await asyncio.sleep(WORKER_PAUSE_SECONDS)


def asgi_of(remit: Remit) -> ASGIApp:
    """The ASGI application of an open Remit.

    Outermost the request's id, then what is told of it, then the headers of every answer: Starlette answers unexpected
    errors outside of its own middleware, and those answers need all three.
    """
    served = Starlette(routes=[*_pages(remit), *_door(remit)])
    headed = SecurityHeaders(served, secure_cookies=remit.settings.secure_cookies)
    return RequestIds(RequestTelemetry(headed))


def _pages(remit: Remit) -> list[BaseRoute]:
    has_explorer = remit.host.is_demo or remit.settings.explorer
    shown = page_routes(
        check_readiness=remit.conditions,
        registry=REGISTRY,
        has_explorer=has_explorer,
        load_mails=_load_mails(remit.host) if remit.host.is_demo else None,
    )
    if has_explorer:
        shown.append(Route("/", _show_explorer))
    return shown


async def _show_explorer(request: Request) -> RedirectResponse:
    return RedirectResponse(request.scope.get("root_path", "") + EXPLORER_PATH)


def _door(remit: Remit) -> list[BaseRoute]:
    settings, host = remit.settings, remit.host
    view = GraphQLView(
        host,
        remit.merged.schema,
        credentials=Credentials(settings.secure_cookies, settings.app_origin),
        request_id_key=REQUEST_ID,
    )
    door = DeviceMiddleware(
        view,
        key=host.keys.device,
        trusted_proxies=settings.trusted_networks,
        secure_cookies=settings.secure_cookies,
    )
    return [Route(GRAPHQL_PATH, door), WebSocketRoute(GRAPHQL_PATH, door)]


def _load_mails(host: Host) -> Callable[[], Awaitable[list[Mail]]]:
    async def load_mails() -> list[Mail]:
        mails = await recent_mails(host)
        return [Mail(mail.to, mail.subject, mail.body, mail.written_at) for mail in mails]

    return load_mails


class Application:
    """The ASGI application that opens Remit when its server starts it, and closes it when the server stops it.

    A refused start is told to the server as its sentence (ASGI, lifespan protocol), without a traceback.
    """

    def __init__(self, settings: Settings, *, plugins: Iterable[Found] | None = None) -> None:
        self._settings = settings
        self._plugins = plugins
        self._served: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection, or the server's life."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif self._served is None:
            raise RuntimeError("the server must start the application first: switch its lifespan on")
        else:
            await self._served(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        async with AsyncExitStack() as stack:
            try:
                remit = await stack.enter_async_context(open_remit(self._settings, plugins=self._plugins))
            except StartRefused as refusal:
                await send({"type": "lifespan.startup.failed", "message": str(refusal)})
                return
            await stack.enter_async_context(working(remit))
            self._served = asgi_of(remit)
            settle_memory()
            await send({"type": "lifespan.startup.complete"})
            await receive()
        self._served = None
        await send({"type": "lifespan.shutdown.complete"})


def build_app(settings: Settings, *, plugins: Iterable[Found] | None = None) -> Application:
    """The ASGI application of these settings, for any server with the lifespan protocol."""
    return Application(settings, plugins=plugins)


def from_environment() -> Application:
    """The application of a server's process that starts others: `uvicorn --factory app:from_environment`.

    Raises StartRefused for settings that are wrong.
    """
    settings = load_settings()
    configure_logging(settings.log_level)
    return build_app(settings)


def settle_memory() -> None:
    """Take what the start has made out of the garbage collector's rounds: it stays until the process ends.

    The rounds become rarer, too: at Python's 700 objects they fall into the middle of every second answer.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GARBAGE_THRESHOLDS)
