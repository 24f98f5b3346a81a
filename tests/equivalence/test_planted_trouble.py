"""Plans of a schema in which everything can go wrong: what they cannot answer, the ordinary executor does."""

from __future__ import annotations

from functools import partial
from typing import Final

import pytest
import structlog
from uuid_utils.compat import uuid7

from execution.context import RequestContext
from schema.builder import RemitSchema
from tests.equivalence.answers import answer
from tests.equivalence.comparison import SIGHTINGS, Comparison, chance, chosen_documents, chosen_seed
from tests.equivalence.documents import Operation, RootKind, random_operation
from tests.equivalence.toys import TROUBLES, VALUES, Shelf, make_shelf, random_host, toy_schema
from work import Caller

CALLER: Final = Caller(token="a toy's")  # whoever has none may ask for very little
# graphql-core abandons the coroutines of fields beside one that fails at once.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::RuntimeWarning")

ROOTS: Final[tuple[RootKind, ...]] = ("query", "query", "query", "query", "mutation")


async def compare_documents(comparison: Comparison, documents: range) -> None:
    """Compare the documents of these numbers, each asked of shelves of its own."""
    since = str(uuid7())
    for number in documents:
        if comparison.difference:
            return
        rng = chance(comparison.seed, number)
        operation = random_operation(comparison.ordinary._schema, rng, VALUES, root=rng.choice(ROOTS))
        for sighting in range(SIGHTINGS):
            shelf = f"{comparison.seed}/{number}/{sighting}"
            ask = partial(_ask, shelf, since)
            await comparison.compare(number, operation, sighting=sighting, asker=f"nobody, of shelf {shelf}", ask=ask)
            operation = operation.redrawn()


async def _ask(shelf: str, since: str, schema: RemitSchema, operation: Operation) -> bytes:
    host = random_host(chance(shelf))
    context = RequestContext(host, CALLER)  # type: ignore[arg-type]  # stands for the host
    return await answer(schema, context, operation, left=host.left, since=since)


async def _compare(test: str, queries: int) -> None:
    comparison = Comparison(test, chosen_seed(), toy_schema(compiles=True), toy_schema(compiles=False))

    # The thousands of tracebacks of what is planted would be all that one sees.
    with structlog.testing.capture_logs():
        await compare_documents(comparison, chosen_documents(queries))

    comparison.conclude(least=0.3)


async def test_plans_answer_trouble_as_the_ordinary_executor_does() -> None:
    await _compare(__file__, queries=1500)


@pytest.mark.slow
@pytest.mark.timeout(1800)
async def test_plans_answer_very_much_trouble_as_the_ordinary_executor_does() -> None:
    await _compare(f"-m slow {__file__}", queries=20_000)


@pytest.mark.parametrize("trouble", list(TROUBLES))
def test_each_trouble_changes_a_shelf(trouble: str) -> None:
    changed = [repr(_planted(trouble, seed)) != repr(make_shelf(chance(seed))) for seed in range(20)]

    assert any(changed)


def _planted(trouble: str, seed: int) -> Shelf:
    shelf = make_shelf(chance(seed))
    TROUBLES[trouble](chance(seed, trouble), shelf)
    return shelf
