"""The plugin of `docs/execution.md`, run as it stands there: its fields compile, and cost what the page says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

import orjson
import pytest
import strawberry

from app import Remit
from execution.context import RequestContext
from execution.deopt import PLANS, Outcome, Reason
from schema.builder import Part, RemitSchema
from tests.equivalence.comparison import chance
from tests.equivalence.schemas import two_schemas
from tests.equivalence.test_statements import counted
from tests.equivalence.worlds import World, make_world

PAGE: Final = Path(__file__).parents[2] / "docs" / "execution.md"
LOYAL: Final = """
query ($first: Int!) {
  clients(first: $first) {
    nodes {
      name loyaltyAccount { points earnedSince isGold }
      loyaltyVisits(first: 2) { nodes { startsAt } pageInfo { hasNextPage } totalCount }
    }
  }
}
"""
STATEMENTS: Final = 1 + 4
"""The session's, and those of the picture."""


class OwnResolver:
    """What a plugin may write, too: a field that reads for each parent by itself."""

    @strawberry.field(description="Reads for itself.")  # type: ignore[untyped-decorator]  # Strawberry's
    async def loyalty_slogan(self) -> str:
        """Told by the row alone."""
        row: Any = self
        return f"{row['name']} is always welcome"


def sample_types() -> dict[str, Any]:
    """The names that the page's example defines."""
    (text,) = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    found: dict[str, Any] = {"__name__": __name__}
    exec(compile(text, str(PAGE), "exec", dont_inherit=True), found)  # noqa: S102  (our own page)
    return found


@pytest.fixture(scope="module")
def schemas(remit: Remit) -> tuple[RemitSchema, RemitSchema]:
    """The schema with the sample plugin, compiling and not."""
    loyalty = Part("loyalty", extends={"Client": sample_types()["ClientLoyalty"]})
    return two_schemas(remit.merged, loyalty, Part("slogans", extends={"Client": OwnResolver}))


@pytest.fixture(scope="module")
async def world(remit: Remit) -> World:
    """Clients with visits, and people who see some of them."""
    return await make_world(remit.host, remit.merged.schema, chance("a sample plugin"))


async def ask(schema: RemitSchema, world: World, document: str, *, by: str = "hal", **variables: Any) -> Any:
    """The whole answer."""
    context = RequestContext(world.host, world.viewers[by])
    found = await schema.execute(document, variable_values=variables, context_value=context)
    return orjson.loads(orjson.dumps([found.data, [error.message for error in found.errors or ()], found.extensions]))


@pytest.mark.parametrize("viewer", ["hal", "jo", "fay"])
async def test_its_fields_compile_and_answer_as_the_ordinary_executor(
    schemas: tuple[RemitSchema, RemitSchema], world: World, viewer: str
) -> None:
    compiling, ordinary = schemas
    expected = await ask(ordinary, world, LOYAL, by=viewer, first=20)

    found = [await ask(compiling, world, LOYAL, by=viewer, first=20) for _ in range(3)]

    assert found == [expected] * 3
    assert expected[0] is None or any(node["loyaltyAccount"] for node in expected[0]["clients"]["nodes"])


async def test_its_statements_are_those_of_the_picture(schemas: tuple[RemitSchema, RemitSchema], world: World) -> None:
    compiling, _ = schemas
    for _ in range(2):
        await ask(compiling, world, LOYAL, first=1)
    hits = PLANS.labels(Outcome.HIT, "", "")._value.get()

    with counted() as for_one:
        await ask(compiling, world, LOYAL, first=1)
    with counted() as for_many:
        data, _, _ = await ask(compiling, world, LOYAL, first=100)

    assert PLANS.labels(Outcome.HIT, "", "")._value.get() == hits + 2
    assert (len(for_one), len(for_many)) == (STATEMENTS, STATEMENTS)
    assert len(data["clients"]["nodes"]) > 5


async def test_a_resolver_of_its_own_works_and_is_named_by_the_metric(
    schemas: tuple[RemitSchema, RemitSchema], world: World
) -> None:
    compiling, _ = schemas
    document = "{ clients(first: 3) { nodes { name loyaltySlogan } } }"
    await ask(compiling, world, document)
    left = PLANS.labels(Outcome.DEOPT, Reason.RESOLVER, "Client.loyaltySlogan")
    before = left._value.get()

    data, errors, _ = await ask(compiling, world, document)

    assert left._value.get() == before + 1
    assert errors == []
    assert [node["loyaltySlogan"] for node in data["clients"]["nodes"]] == [
        f"{node['name']} is always welcome" for node in data["clients"]["nodes"]
    ]
