"""The builder fails closed: what is not fully declared, or already taken, does not build."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated

import pytest
import strawberry
from asyncpg import Record
from graphql import GraphQLObjectType
from strawberry.types.field import StrawberryField

from audit.entries import Area, EventType
from execution import declaration as remit
from execution.declaration import Root, mutation, query, subscription
from execution.live import Live
from policies.capabilities import CORE
from policies.catalogue import Catalogue, Level
from policies.reach import Reach
from schema.builder import Part, RemitSchema, SchemaRefused
from schema.errors import Forbidden, NotFound
from work import Work

CATALOGUE = Catalogue(CORE)
DONE = EventType("toy.done", Area.SYSTEM)


class ToyRow(Record):
    """A row of toys."""


async def names(_work: Work, keys: list[str], *, reach: Reach) -> dict[str, str]:
    """Name toys."""
    del reach
    return {key: key for key in keys}


@remit.type(row=ToyRow)
class Toy:
    """A toy."""

    name: str


@remit.type()
class ToyDone:
    """It is done."""

    name: str


DoneResult = Annotated[ToyDone | NotFound | Forbidden, strawberry.union("DoneResult")]
BareResult = Annotated[ToyDone | NotFound, strawberry.union("BareResult")]


@query(requires="services:read", at=Level.SHARED, max_items=9)
async def toys(_work: Work) -> list[Toy]:
    """All toys."""
    return []


@mutation(event=DONE, requires="services:update", at=Level.NETWORK)
async def do_toy(_work: Work) -> DoneResult:
    """Do it."""
    return ToyDone(name="x")


def built(*roots: Root, plugin: str = "toy", **parts: object) -> RemitSchema:
    """A schema of the toy core and one part more."""
    return RemitSchema([Part("core", (toys, do_toy)), Part(plugin, roots, **parts)], CATALOGUE)  # type: ignore[arg-type]


@query(requires="services:raed", at=Level.SHARED)
async def misspelt(_work: Work) -> str:
    """Misspelt."""
    return ""


@query(requires="services:read")
async def nowhere(_work: Work) -> str:
    """Asked nowhere."""
    return ""


@query(requires="services:update", at=Level.SHARED)
async def wrong_level(_work: Work) -> str:
    """Asked at the wrong level."""
    return ""


@query()
async def open_by_accident(_work: Work) -> str:
    """Nobody decided."""
    return ""


@query(requires="services:read", at=Level.SHARED, public="both")
async def both(_work: Work) -> str:
    """Guarded and open."""
    return ""


@query(signed_in=True)
async def wordless(_work: Work) -> str:
    return ""


@mutation(event=DONE, requires="deposits:adjust", at=Level.NETWORK)
async def with_two_eyes(_work: Work) -> DoneResult:
    """Takes a second person."""
    return ToyDone(name="x")


@mutation(event=DONE, requires="services:update", at=Level.NETWORK)
async def no_union(_work: Work) -> str:
    """Answers a string."""
    return ""


@mutation(event=DONE, requires="services:update", at=Level.NETWORK)
async def no_forbidden(_work: Work) -> BareResult:
    """Cannot say that it is forbidden."""
    return ToyDone(name="x")


@subscription(signed_in=True)  # type: ignore[arg-type]  # the mistake
async def told_once(_live: Live) -> AsyncIterator[str]:
    """Answers a generator instead of being one."""
    raise NotImplementedError


@subscription()
async def told_to_all(live: Live) -> AsyncIterator[str]:
    """Nobody decided."""
    async for _ in live:
        yield ""


@pytest.mark.parametrize(
    ("case", "root", "words"),
    [
        ("a misspelt capability", misspelt, "did you mean services:read?"),
        ("no level", nowhere, "say at= which level services:read is asked"),
        ("a capability for two people", with_two_eyes, "deposits:adjust takes four eyes"),
        ("a level that cannot ask it", wrong_level, "is of level NETWORK and cannot be asked at SHARED"),
        ("nothing decided", open_by_accident, "say exactly one of requires=, signed_in=True and public="),
        ("decided twice", both, "say exactly one of requires=, signed_in=True and public="),
        ("no description", wordless, "write a docstring"),
        ("a mutation without a union", no_union, "its result must be a union"),
        ("a union that cannot refuse", no_forbidden, "its union BareResult lacks Forbidden"),
        ("a subscription that is no generator", told_once, "a subscription is an async generator"),
        ("a subscription that nobody decided on", told_to_all, "say exactly one of requires=, signed_in=True"),
        ("a taken name", toys, "plugin toy adds the root field toys, which core has"),
    ],
)
def test_a_root_field_that_is_not_fully_declared_does_not_build(case: str, root: Root, words: str) -> None:
    with pytest.raises(SchemaRefused) as refused:
        built(root)

    assert words in str(refused.value), case


class MoreToy:
    """What a plugin adds to a toy."""

    nick: str | None = remit.relation(names, key="name", requires="services:read")


class SameToy:
    """A field that is there already."""

    name: str = remit.attribute(column="other")


class StrictToy:
    """A field that can be withheld and says that it cannot be null."""

    nick: str = remit.relation(names, key="name", requires="services:read")


def test_a_plugin_extends_a_type_with_a_field_that_says_what_it_requires() -> None:
    sdl = built(extends={"Toy": MoreToy}).sdl()

    assert '"""Withheld without `services:read`."""\n  nick: String\n' in sdl


@pytest.mark.parametrize(
    ("case", "extends", "words"),
    [
        ("a type that is not there", {"Ghost": MoreToy}, "extends the type Ghost, which the schema does not have"),
        ("a field that is taken", {"Toy": SameToy}, "plugin toy adds Toy.name, which is already taken"),
        ("a guarded field that is not nullable", {"Toy": StrictToy}, "Toy.nick can be withheld and must be nullable"),
    ],
)
def test_an_extension_that_does_not_fit_does_not_build(case: str, extends: dict[str, type], words: str) -> None:
    with pytest.raises((SchemaRefused, TypeError)) as refused:
        built(extends=extends)

    assert words in f"{refused.value} {refused.value.__cause__}", case


def test_two_schemas_of_the_same_types_live_side_by_side() -> None:
    first = built(extends={"Toy": MoreToy})
    second = built(extends={"Toy": MoreToy})
    without = built()

    assert first.sdl() == second.sdl()
    assert "nick" not in without.sdl()
    # A class whose fields were read twice would have lost their resolvers
    assert [schema.get_field_for_type("name", "Toy") is not None for schema in (first, second)] == [True, True]
    assert [nick_of(schema).base_resolver is not None for schema in (first, second)] == [True, True]


def nick_of(schema: RemitSchema) -> StrawberryField:
    """The merged field, as graphql-core holds it: Strawberry's own look-up does not see merged ones."""
    toy = schema._schema.type_map["Toy"]
    assert isinstance(toy, GraphQLObjectType)
    found: StrawberryField = toy.fields["nick"].extensions["strawberry-definition"]
    return found


def test_a_guarded_relation_whose_batch_function_takes_no_reach_is_refused() -> None:
    async def unaware(_work: Work, _keys: list[str]) -> dict[str, str]:
        return {}

    with pytest.raises(TypeError, match="is guarded by services:read and must take `reach`"):
        remit.relation(unaware, key="name", requires="services:read")
