"""A schema of toys, executed without a view and without a database: the host only remembers what it was asked."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from types import SimpleNamespace
from typing import Annotated, Any
from uuid import UUID

import strawberry
from strawberry.types import ExecutionResult

from audit.entries import Area, EventType
from domain.texts import InvalidText
from errors import UserError
from execution import declaration as remit
from execution.context import RequestContext
from execution.declaration import mutation, query
from policies.catalogue import Catalogue
from policies.decisions import Decision, Forbidden
from policies.reach import ALWAYS, NEVER, Reach
from policies.reasons import Reason
from schema.builder import Part, RemitSchema
from schema.errors import InvalidInput, NotFound
from work import Caller

OPEN = "tests ask it"
WOUND = EventType("toy.wound", Area.SYSTEM)
HIDDEN = "toys:read_owner"


class Broken(UserError):
    """The toy is broken."""

    code = "BROKEN"
    hint = "Mend it."


@dataclass(frozen=True)
class ToyRow:
    """A toy as it is read."""

    name: str
    owner_id: int | None = None
    colour: str = "red"
    location_ids: tuple[UUID, ...] = ()


@dataclass(frozen=True)
class OwnerRow:
    """Whose toys they are."""

    name: str


@dataclass
class Shelf:
    """What the toys' fields read and write: the rows, and every batch of keys that was asked for."""

    rows: list[ToyRow] = field(default_factory=list)
    batches: list[list[int]] = field(default_factory=list)


async def owners(work: Any, keys: list[int]) -> dict[int, OwnerRow]:
    """Owners by number; a broken one breaks the batch."""
    work.host.shelf.batches.append(keys)
    if 13 in keys:
        raise Broken("This owner is broken.", path=("key",))
    return {key: OwnerRow(f"Owner {key}") for key in keys if key < 100}


async def friends(work: Any, keys: list[int], *, reach: Reach, most: int = 9) -> dict[int, list[OwnerRow]]:
    """Friends of owners."""
    del work, reach
    return {key: [OwnerRow(f"Friend {number}") for number in range(min(key, most))] for key in keys if key}


@remit.type(row=OwnerRow)
class Owner:
    """Whose toys they are."""

    name: str


@remit.type(row=ToyRow)
class Toy:
    """A toy."""

    name: str
    paint: str = remit.attribute(column="colour")
    secret: str | None = remit.attribute(column="colour", requires=HIDDEN)
    loud: str = remit.computed(lambda row: row.name.upper())
    owner: Owner | None = remit.relation(owners, key="owner_id")
    friends: list[Owner] | None = remit.relation(friends, key=lambda row: row.owner_id, requires=HIDDEN, max_items=4)


@query(public=OPEN, max_items=4)
async def toys(work: Any) -> list[Toy]:
    """All toys."""
    found: list[Toy] = work.host.shelf.rows
    return found


@query(public=OPEN)
async def mend(work: Any, *, name: str, since: datetime | None = None) -> str:
    """Fails as its name says."""
    if name == "forbidden":
        raise forbidden()
    raise Broken(f"{name} is broken.", path=("name",))


@remit.type()
class Wound:
    """The toy runs."""

    toy: Toy


WindResult = Annotated[Wound | InvalidInput | NotFound, strawberry.union("WindResult")]


@strawberry.input
class WindInput:
    """How often."""

    name: str
    at: datetime | None = None
    until: list[datetime] = strawberry.field(default_factory=list)


@mutation(event=WOUND, public=OPEN)
async def wind(work: Any, *, input: WindInput) -> WindResult:
    """Wind a toy up."""
    match input.name:
        case "broken":
            raise Broken("It is broken.")
        case "":
            raise InvalidText("A name is missing.", path=("input", "name"))
    made = ToyRow(input.name, owner_id=len(work.host.shelf.rows))
    work.host.shelf.rows.append(made)
    return Wound(toy=made)  # type: ignore[arg-type]  # rows stand for their type


def forbidden() -> Forbidden:
    """A refusal for want of a right."""
    decision = Decision(
        id=UUID(int=7),
        allowed=False,
        capability=HIDDEN,
        scope="network:1",
        reason=Reason.NO_LINE,
        line=None,
        source=None,
        missing=None,
        sentence=None,
        epoch=1,
        release="r",
    )
    return Forbidden(decision, "Read owners", hint="Ask an owner.")


@dataclass
class ToyHost:
    """Stands for the host: `told` is what it was asked to do, in order."""

    shelf: Shelf = field(default_factory=Shelf)
    reach: Reach = ALWAYS
    told: list[str] = field(default_factory=list)

    @asynccontextmanager
    async def read(self, caller: Caller) -> AsyncIterator[Any]:
        """Open a Work to read in."""
        self.told.append("read")
        try:
            yield self._work(caller)
        finally:
            self.told.append("closed")

    async def perform(self, caller: Caller, task: Any, run: Callable[[Any], Awaitable[Any]]) -> Any:
        """Carry a Work out."""
        self.told.append(f"perform {task.event.code}")
        return await run(self._work(caller))

    async def journal_attempt(self, _seen: object, task: Any, error: UserError) -> None:
        """Journal a refusal."""
        self.told.append(f"journal {task.event.code} {error.code}")

    def _work(self, caller: Caller) -> Any:
        viewer = SimpleNamespace(account_id=None, scope=lambda _capability: self.reach)
        return SimpleNamespace(host=self, caller=caller, viewer=viewer, cookies=[])


SCHEMA = RemitSchema([Part("toys", roots=(toys, mend, wind))], Catalogue(()))
WITHHELD = NEVER


async def execute(host: ToyHost, document: str, **variables: object) -> ExecutionResult:
    """The result of a document."""
    context = RequestContext(host, Caller())  # type: ignore[arg-type]  # stands for the host
    result = await SCHEMA.execute(document, variable_values=variables, context_value=context)
    assert isinstance(result, ExecutionResult)
    return result
