"""A schema of a few fields behind the real view, on a host without a database: what the door does by itself."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Annotated, Any, Union
from uuid import UUID, uuid4

import strawberry
from starlette.types import ASGIApp

from audit.entries import Area, EventType
from errors import NotFound as Missing
from execution import declaration as remit
from execution.declaration import mutation, query, subscription
from execution.live import Live
from pages.request_id import REQUEST_ID, RequestIds
from policies.catalogue import Catalogue
from schema.builder import Part, RemitSchema
from schema.credentials import Credentials
from schema.errors import NotFound
from schema.view import GraphQLView
from tests.told_epochs import ToldEpochs
from work import Caller, ResponseCookie, Session, Unauthenticated

OPEN = "tests ask it"
GREETED = EventType("toy.greeted", Area.SYSTEM)
ACCOUNT_ID = UUID(int=1)


@remit.type()
class Greeted:
    """Somebody was greeted."""

    text: str


GreetResult = Annotated[Union[Greeted, NotFound], strawberry.union("GreetResult")]  # noqa: UP007  (Strawberry's form)


@query(public=OPEN)
async def hello(work: Any, *, name: str = "you") -> str:
    """A greeting."""
    return f"Hello {name}"


@query(signed_in=True)
async def secret(work: Any) -> str | None:
    """For those who are signed in."""
    return "42"


@query(public=OPEN)
async def broken(work: Any) -> str | None:
    """A mistake of ours."""
    raise ValueError("a detail of ours")


@mutation(event=GREETED, public=OPEN)
async def greet(work: Any, *, name: str) -> GreetResult:
    """Greets, and sets a cookie."""
    if name == "nobody":
        raise Missing
    work.cookies.append(ResponseCookie("remit_session", name, 60))
    return Greeted(text=f"Hello {name}")


@mutation(event=GREETED, public=OPEN, alone=True)
async def guess(work: Any) -> GreetResult:
    """Counts a try."""
    work.host.tries += 1
    return Greeted(text="wrong")


@subscription(signed_in=True)
async def counted(live: Live) -> AsyncIterator[int]:
    """The epoch of the account, as often as it changes."""
    async for work in live:
        if work.session is None:
            return
        yield work.session.account_epoch


@subscription(signed_in=True)
async def ticking(live: Live) -> AsyncIterator[int]:
    """Two events of its own, then a mistake of ours."""
    for number in range(2):
        yield number
    raise ValueError("a detail of ours")


@dataclass
class StubHost:
    """Stands for the host: remembers the callers, and fails when told so."""

    callers: list[Caller] = field(default_factory=list)
    failure: Exception | None = None
    tries: int = 0
    account_epoch: int = 0
    is_signed_out: bool = False
    database: Any = field(default_factory=lambda: SimpleNamespace(epochs=ToldEpochs()))

    def clock(self) -> datetime:
        return datetime.now(UTC)

    def tell_epoch(self) -> None:
        """The epoch of the account was raised, and that was read."""
        self.account_epoch += 1
        self.database.epochs.tell({ACCOUNT_ID: self.account_epoch})

    @asynccontextmanager
    async def read(self, caller: Caller) -> AsyncIterator[Any]:
        if self.failure is not None:
            raise self.failure
        self.callers.append(caller)
        yield self._work(caller)

    @asynccontextmanager
    async def look_again(self, caller: Caller) -> AsyncIterator[Any]:
        if self.is_signed_out:
            raise Unauthenticated("Your session was ended.")
        yield self._work(caller)

    async def perform(self, caller: Caller, task: object, run: Callable[[Any], Awaitable[Any]]) -> Any:
        self.callers.append(caller)
        return await run(self._work(caller))

    def _work(self, caller: Caller) -> Any:
        account_id = ACCOUNT_ID if caller.token == "good" else None
        viewer = SimpleNamespace(account_id=account_id, policy=None, holder_id=account_id, network_id=None)
        session = self._session() if account_id else None
        return SimpleNamespace(host=self, caller=caller, viewer=viewer, session=session, cookies=[])

    def _session(self) -> Session:
        now = self.clock()
        end = now + timedelta(hours=1)
        return Session(uuid4(), "BEARER", (), uuid4(), now, end, end, self.account_epoch)


def toy_app(host: Any, *, secure_cookies: bool = True, app_origin: str | None = None) -> ASGIApp:
    """The view over the toy schema, with request ids."""
    roots = (hello, secret, broken, greet, guess, counted, ticking)
    schema = RemitSchema([Part("toy", roots=roots)], Catalogue(()))
    credentials = Credentials(secure_cookies, app_origin)
    return RequestIds(GraphQLView(host, schema, credentials=credentials, request_id_key=REQUEST_ID))
