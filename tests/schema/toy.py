"""A schema of a few fields behind the real view, on a host without a database: what the door does by itself."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Annotated, Any, Union

import strawberry
from starlette.types import ASGIApp

from audit.entries import Area, EventType
from errors import NotFound as Missing
from execution import declaration as remit
from execution.declaration import mutation, query
from pages.request_id import REQUEST_ID, RequestIds
from policies.catalogue import Catalogue
from schema.builder import Part, RemitSchema
from schema.credentials import Credentials
from schema.errors import NotFound
from schema.view import GraphQLView
from work import Caller, ResponseCookie

OPEN = "tests ask it"
GREETED = EventType("toy.greeted", Area.SYSTEM)


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


@dataclass
class StubHost:
    """Stands for the host: remembers the callers, and fails when told so."""

    callers: list[Caller] = field(default_factory=list)
    failure: Exception | None = None
    tries: int = 0

    @asynccontextmanager
    async def read(self, caller: Caller) -> AsyncIterator[Any]:
        if self.failure is not None:
            raise self.failure
        yield self._work(caller)

    async def perform(self, caller: Caller, task: object, run: Callable[[Any], Awaitable[Any]]) -> Any:
        return await run(self._work(caller))

    def _work(self, caller: Caller) -> Any:
        self.callers.append(caller)
        account_id = caller.request_id if caller.token == "good" else None
        return SimpleNamespace(host=self, caller=caller, viewer=SimpleNamespace(account_id=account_id), cookies=[])


def toy_app(host: Any, *, secure_cookies: bool = True, app_origin: str | None = None) -> ASGIApp:
    """The view over the toy schema, with request ids."""
    schema = RemitSchema([Part("toy", roots=(hello, secret, broken, greet, guess))], Catalogue(()))
    credentials = Credentials(secure_cookies, app_origin)
    return RequestIds(GraphQLView(host, schema, credentials=credentials, request_id_key=REQUEST_ID))
