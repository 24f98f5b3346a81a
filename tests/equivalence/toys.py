"""A schema in which everything can go wrong: what shelves of toys hold is made by chance, and trouble is planted in it.

Nothing waits for anything outside, so thousands of answers a minute can be compared. Each execution gets a shelf of its
own from the same seed: mutations change it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from random import Random
from types import SimpleNamespace
from typing import Annotated, Any, Final
from uuid import UUID

import strawberry

import errors
from audit.entries import Area, EventType
from domain.pages import Order, Page, Slice
from execution import declaration as remit
from execution.declaration import mutation, query
from execution.rows import shown
from policies.catalogue import Catalogue
from policies.reach import ALWAYS, NEVER, Clause, Reach
from schema.builder import Part, RemitSchema
from schema.connections import Connection
from schema.errors import InvalidInput, NotFound
from tests.equivalence.values import PLAIN_POOLS, Values
from tests.execution.toys import forbidden
from work import Caller

OPEN: Final = "tests ask it"
WOUND: Final = EventType("toy.wound", Area.SYSTEM)
HIDDEN: Final = "toys:read_owner"
HERE, THERE = UUID(int=1), UUID(int=2)
REACHES: Final = (ALWAYS, ALWAYS, NEVER, Reach((Clause(locations=frozenset({HERE})),)))
BORN: Final = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
BY_ID: Final = Order("toys", "id", int)
VALUES: Final = Values(
    {
        **PLAIN_POOLS,
        "DateTime": (
            "2026-03-02T09:00:00Z",
            "2026-03-02T11:00:00+02:00",
            "2026-03-02T09:00:00",
            "0001-01-01T00:00:00Z",
        ),
        "ID": (str(HERE), str(THERE), "no such"),
        "person.id": (1, 2, 3, 4, 5, 99),
        "first": (1, 2, 3, 100, 0),
        "after": ("no cursor", ""),
        "most": (0, 1, 2, 9, -1),
        "mend.name": ("forbidden", "broken", "unforeseen", "whole"),
        "WindInput.name": ("Bear", "broken", "missing", "wrong", "forbidden", "unforeseen"),
    },
    given={"after": 0.1},
)


class Broken(errors.UserError):
    """It is broken."""

    code = "BROKEN"
    hint = "Mend it."


class Mood(Enum):
    """How somebody feels; the values are what rows hold."""

    GOOD = "good"
    BAD = "bad"


strawberry.enum(Mood)


@dataclass
class Row:
    """What all rows have. Anything may stand anywhere: that is the trouble."""

    id: Any
    name: Any
    location_ids: Any = (HERE,)
    tags: Any = ("soft", "old")
    matrix: Any = ((1, 2), (), (3,))
    fault: Exception | None = None


@dataclass
class ToyRow(Row):
    """A toy, made by a person."""

    maker_id: Any = None
    price: Any = 5


@dataclass
class BookRow(Row):
    """A book, written by a person of another counting."""

    author_id: Any = None
    pages: Any = 300


@dataclass
class PersonRow(Row):
    """Somebody."""

    age: Any = 30
    score: Any = 0.5
    mood: Any = Mood.GOOD
    born: Any = BORN
    best_id: Any = 1


@dataclass
class Shelf:
    """The rows by id, and the batch functions that fail with the errors by which they do."""

    people: dict[Any, Any] = field(default_factory=dict)
    things: dict[Any, list[Any]] = field(default_factory=dict)
    failing: dict[str, Exception] = field(default_factory=dict)
    wound: list[str] = field(default_factory=list)

    def all_things(self) -> list[Any]:
        """The things of all, those that are no list left out."""
        return [thing for things in self.things.values() if isinstance(things, list) for thing in things]

    def rows(self) -> list[Row]:
        """All rows that are some."""
        return [row for row in (*self.people.values(), *self.all_things()) if isinstance(row, Row)]

    def must(self, name: str) -> None:
        """Fail where this batch function does."""
        if name in self.failing:
            raise self.failing[name]


# --- The schema


async def people_by_id(work: Any, keys: list[Any]) -> dict[Any, Any]:
    """People; some are missing, some are errors."""
    work.host.shelf.must("people_by_id")
    return {key: work.host.shelf.people[key] for key in keys if key in work.host.shelf.people}


async def authors_by_id(work: Any, keys: list[Any]) -> dict[Any, Any]:
    """People whom books count from the other end: the same key is somebody else's than in `people_by_id`."""
    work.host.shelf.must("authors_by_id")
    found = dict(zip(work.host.shelf.people, reversed(work.host.shelf.people.values()), strict=True))
    return {key: found[key] for key in keys if key in found}


async def friends_of_people(
    work: Any, keys: list[Any], *, reach: Reach, most: int = 9, moods: list[Mood] | None = None
) -> dict[Any, Any]:
    """The people with smaller numbers; fewer within a partial reach."""
    work.host.shelf.must("friends_of_people")
    taken = [one for one in work.host.shelf.people.values() if moods is None or getattr(one, "mood", None) in moods]
    return {key: taken[: min(key, most if reach.is_always else 1)] for key in keys if isinstance(key, int) and key > 1}


async def things_of_people(work: Any, keys: list[Any]) -> dict[Any, Any]:
    """Things of several types."""
    work.host.shelf.must("things_of_people")
    return {key: work.host.shelf.things[key] for key in keys if key in work.host.shelf.things}


async def pages_of_people(work: Any, keys: list[Any], *, page: Page) -> dict[Any, Slice]:
    """Pages of things."""
    work.host.shelf.must("pages_of_people")
    start, _ = page.start(BY_ID)
    found = {}
    for key in keys:
        rows = [row for row in work.host.shelf.things.get(key, ()) if start is None or row.id > start]
        kept = rows[: page.first]
        cursors = [BY_ID.cursor_at(number, HERE) for number, _ in enumerate(kept)]
        found[key] = Slice(kept, cursors.__getitem__, len(rows) > page.first, len(rows))
    return found


async def counts_of_things(work: Any, keys: list[Any]) -> dict[Any, Any]:
    """A scalar as a relation."""
    work.host.shelf.must("counts_of_things")
    return {key: len(work.host.shelf.things.get(key, ())) for key in keys}


def loud(row: Any, *, twice: bool = False) -> str:
    """The name in capitals; fails where the row has a fault."""
    if row.fault is not None:
        raise row.fault
    return str(row.name).upper() * (2 if twice else 1)


@strawberry.interface
class Thing:
    """What lies on a shelf."""

    id: int
    name: str
    tags: list[str]
    matrix: list[list[int] | None]
    loud: str
    maker: Person | None


@remit.type(row=PersonRow)
class Person:
    """Somebody."""

    id: int
    name: str
    age: int
    points: float = remit.attribute(column="score")
    mood: Mood
    born: datetime | None
    tags: list[str | None] | None
    matrix: list[list[int] | None]
    secret: str | None = remit.attribute(column="name", requires=HIDDEN)
    loud: str | None = remit.computed(loud)
    best: Person = remit.relation(people_by_id, key="best_id")
    idol: Person | None = remit.relation(authors_by_id, key=lambda row: row.best_id)
    friends: list[Person] | None = remit.relation(friends_of_people, key="id", requires=HIDDEN, max_items=9)
    things: list[Thing] = remit.relation(things_of_people, key="id", max_items=9)
    found: list[Found | None] | None = remit.relation(things_of_people, key="id", max_items=9)
    toys: Connection[Thing] = remit.relation(pages_of_people, key="id")
    number_of_things: int = remit.relation(counts_of_things, key="id")

    @strawberry.field
    async def alone(self) -> str:
        """Reads for itself, as fields of plugins may: no plan has it."""
        return f"{self.name}!"


@remit.type(row=ToyRow)
class Toy(Thing):
    """A toy."""

    price: int
    loud: str = remit.computed(loud)
    maker: Person | None = remit.relation(people_by_id, key="maker_id")


@remit.type(row=BookRow)
class Book(Thing):
    """A book."""

    pages: str | None
    secret: str | None = remit.attribute(column="name", requires=HIDDEN)
    loud: str = remit.computed(loud)
    maker: Person | None = remit.relation(authors_by_id, key="author_id")


Found = Annotated[Toy | Book | Person, strawberry.union("Found")]


@query(public=OPEN, max_items=9)
async def people(work: Any) -> list[Person]:
    """Everybody."""
    return shown(list(work.host.shelf.people.values()))


@query(public=OPEN)
async def person(work: Any, *, id: int) -> Person | None:
    """Somebody."""
    return shown(work.host.shelf.people.get(id))


@query(public=OPEN, max_items=30)
async def things(work: Any) -> list[Thing | None]:
    """Everything."""
    return shown(work.host.shelf.all_things())


@query(public=OPEN, max_items=30)
async def found(work: Any) -> list[Found] | None:
    """Everything and everybody."""
    return shown([*work.host.shelf.all_things(), *work.host.shelf.people.values()])


@query(public=OPEN)
async def mend(work: Any, *, name: str, since: datetime | None = None) -> str | None:
    """Fails as its name says."""
    del work, since
    _fail(name)
    return name


@strawberry.input
class EchoInput:
    """All kinds of input."""

    words: list[str | None] | None = None
    moods: list[Mood] = strawberry.field(default_factory=lambda: [Mood.BAD])
    inner: list[EchoInput] | None = None
    at: datetime | None = strawberry.UNSET
    place: UUID | None = None
    number: float = 1.5


@query(public=OPEN)
async def echo(work: Any, *, input: EchoInput | None = None, grid: list[list[int]] | None = None) -> str:
    """What came in, in Python's words."""
    del work
    return repr((input, grid))


@strawberry.input
class WindInput:
    """How to wind up."""

    name: str
    at: datetime | None = None


@remit.type()
class Wound:
    """It runs."""

    name: str
    person: Person
    things: list[Thing] = remit.attribute(max_items=9)


WindResult = Annotated[Wound | InvalidInput | NotFound, strawberry.union("WindResult")]


@mutation(event=WOUND, public=OPEN)
async def wind(work: Any, *, input: WindInput) -> WindResult:
    """Wind something up, once: the shelf remembers each time."""
    _fail(input.name)
    shelf = work.host.shelf
    shelf.wound.append(input.name)
    made = PersonRow(id=100 + len(shelf.wound), name=input.name, best_id=len(shelf.wound))
    shelf.people[made.id] = made
    return Wound(name=input.name, person=shown(made), things=shown(shelf.things.get(1, [])))


def _fail(name: str) -> None:
    match name:
        case "forbidden":
            raise forbidden()
        case "broken":
            raise Broken("It is broken.", path=("name",))
        case "missing":
            raise errors.NotFound(path=("input", "name"))
        case "wrong":
            raise errors.InvalidInput("This is no name.", path=("input", "name"))
        case "unforeseen":
            raise ZeroDivisionError("nobody thought of it")


# --- The host


@dataclass
class ToyHost:
    """Stands for the host; `left` is what would be in the journal."""

    shelf: Shelf
    reach: Reach
    left: list[str] = field(default_factory=list)

    @asynccontextmanager
    async def read(self, caller: Caller) -> AsyncIterator[Any]:
        """Open a Work to read in."""
        yield self._work(caller)

    async def perform(self, caller: Caller, task: Any, run: Callable[[Any], Awaitable[Any]]) -> Any:
        """Carry a Work out."""
        self.left.append(f"performed {task.event.code}")
        return await run(self._work(caller))

    async def journal_attempt(self, _seen: object, task: Any, error: errors.UserError) -> None:
        """Journal a refusal."""
        self.left.append(f"refused {task.event.code} {error.code}")

    def _work(self, caller: Caller) -> Any:
        viewer = SimpleNamespace(
            account_id=None, scope=lambda _capability: self.reach, can=lambda _capability, *, at, of: at == HERE
        )
        return SimpleNamespace(host=self, caller=caller, viewer=viewer, cookies=[])


def toy_schema(**how: Any) -> RemitSchema:
    """The schema; `how` it is carried out is the builder's."""
    return RemitSchema(
        [Part("toys", roots=(people, person, things, found, mend, echo, wind), types=(Toy, Book))], Catalogue(()), **how
    )


# --- Rows by chance, and the trouble in them


def random_host(rng: Random) -> ToyHost:
    """A host with a shelf, which is sound in two of five cases."""
    shelf = make_shelf(rng)
    for trouble in rng.sample(list(TROUBLES), rng.choice((0, 0, 1, 1, 2))):
        TROUBLES[trouble](rng, shelf)
    return ToyHost(shelf, rng.choice(REACHES))


def make_shelf(rng: Random) -> Shelf:
    """A sound shelf."""
    return Shelf(
        people={number: _person(rng, number) for number in range(1, rng.randrange(2, 7))},
        things={number: [_thing(rng, 10 * number + n) for n in range(rng.randrange(4))] for number in range(1, 5)},
    )


def _person(rng: Random, number: int) -> PersonRow:
    return PersonRow(
        id=number,
        name=f"Person {number}",
        location_ids=rng.choice(((HERE,), (THERE,), (), (HERE, THERE))),
        mood=rng.choice(list(Mood)),
        born=rng.choice((None, BORN)),
        tags=rng.choice((None, [], ["a", None])),
        best_id=1,
    )


def _thing(rng: Random, number: int) -> Row:
    maker = rng.choice((None, 1, 1, 2, 99))
    if rng.random() < 0.5:
        return ToyRow(id=number, name=f"Toy {number}", maker_id=maker)
    return BookRow(id=number, name=f"Book {number}", author_id=maker, pages=rng.choice((None, "300")))


Trouble = Callable[[Random, Shelf], None]


def _somewhere(**values: Any) -> Trouble:
    """Put a value into a random row that has the attribute."""

    def plant(rng: Random, shelf: Shelf) -> None:
        ((name, value),) = values.items()
        rows = [row for row in shelf.rows() if hasattr(row, name)]
        if rows:
            setattr(rng.choice(rows), name, value)

    return plant


def _failing(error: Exception) -> Trouble:
    """Let a random batch function fail."""

    def plant(rng: Random, shelf: Shelf) -> None:
        shelf.failing[rng.choice(BATCHES)] = error

    return plant


def _instead_of_a_person(value: Any) -> Trouble:
    """Put a value in the place of a random person."""

    def plant(rng: Random, shelf: Shelf) -> None:
        shelf.people[rng.choice(list(shelf.people))] = value

    return plant


def _instead_of_things(value: Any) -> Trouble:
    """Put a value in the place of somebody's things."""

    def plant(rng: Random, shelf: Shelf) -> None:
        shelf.things[rng.choice(list(shelf.things))] = value

    return plant


def _among_things(value: Any) -> Trouble:
    """Put a value behind somebody's things."""

    def plant(rng: Random, shelf: Shelf) -> None:
        rng.choice([things for things in shelf.things.values() if isinstance(things, list)]).append(value)

    return plant


BATCHES: Final = tuple(
    batch.__name__
    for batch in (
        people_by_id,
        authors_by_id,
        friends_of_people,
        things_of_people,
        pages_of_people,
        counts_of_things,
    )
)

TROUBLES: Final[Mapping[str, Trouble]] = {
    "null in a leaf": _somewhere(name=None),
    "a number in a String": _somewhere(name=7),
    "a list in a String": _somewhere(name=["a"]),
    "an error in a leaf": _somewhere(name=ValueError("an error as a value")),
    "a domain error in a leaf": _somewhere(name=Broken("An error as a value.")),
    "text in an Int": _somewhere(age="many"),
    "digits in an Int": _somewhere(age="12"),
    "a truth in an Int": _somewhere(age=True),
    "an Int of 33 bits": _somewhere(age=2**31),
    "a whole float in an Int": _somewhere(age=3.0),
    "no number in a Float": _somewhere(score=float("nan")),
    "an Int in a Float": _somewhere(score=2),
    "an enum by its value": _somewhere(mood="good"),
    "an enum by nothing known": _somewhere(mood="angry"),
    "an enum by its name": _somewhere(mood="GOOD"),
    "no time in a DateTime": _somewhere(born="yesterday"),
    "null in a list": _somewhere(tags=["a", None]),
    "text for a list": _somewhere(tags="abc"),
    "a set for a list": _somewhere(tags={"one"}),
    "a generator for a list": _somewhere(matrix=({1}, None)),
    "null in a list of lists": _somewhere(matrix=[[1, None], None]),
    "a list of lists of text": _somewhere(matrix=[["x"]]),
    "a foreign list of lists": _somewhere(matrix=[7]),
    "a computed value that fails": _somewhere(fault=KeyError("fault")),
    "a computed value that refuses": _somewhere(fault=Broken("It refuses.")),
    "a missing key": _somewhere(best_id=99),
    "no key": _somewhere(best_id=None),
    "a key that cannot be hashed": _somewhere(best_id=[1]),
    "a key of another class": _somewhere(best_id=1.0),
    "no places": _somewhere(location_ids=None),
    "a batch that fails": _failing(LookupError("the batch")),
    "a batch that refuses": _failing(Broken("The batch is broken.", path=("key",))),
    "null for a row": _instead_of_a_person(None),
    "an error for a row": _instead_of_a_person(ValueError("a row")),
    "a domain error for a row": _instead_of_a_person(Broken("A row.")),
    "a foreign row": _instead_of_a_person(BookRow(7, "A book")),
    "text for a row": _instead_of_a_person("a person"),
    "null among things": _among_things(None),
    "somebody among things": _among_things(PersonRow(8, "Somebody")),
    "text among things": _among_things("a thing"),
    "an error among things": _among_things(RuntimeError("a thing")),
    "null for things": _instead_of_things(None),
    "a tuple for things": _instead_of_things((ToyRow(50, "Of a tuple"),)),
    "an error for things": _instead_of_things(ValueError("things")),
}
"""What can be wrong with a shelf, in words."""
