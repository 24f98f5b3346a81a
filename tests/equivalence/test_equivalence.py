"""Random documents over the whole schema, in random networks, asked by everybody who might."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from functools import partial
from itertools import groupby
from typing import Final

import pytest
from uuid_utils.compat import uuid7

from app import Remit
from execution.context import RequestContext
from schema.builder import RemitSchema
from tests.equivalence.answers import WatchedHost, answer
from tests.equivalence.comparison import SIGHTINGS, Comparison, chance, chosen_documents, chosen_seed
from tests.equivalence.documents import Operation, random_operation
from tests.equivalence.schemas import two_schemas
from tests.equivalence.worlds import LIKELY, World, make_world

# graphql-core abandons the coroutines of fields beside one that fails at once.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::RuntimeWarning")

DOCUMENTS_OF_A_WORLD: Final = 700
AT_ONCE: Final = 4
"""Documents asked at a time: PostgreSQL then works beside us."""


async def compare_documents(comparison: Comparison, remit: Remit, documents: range) -> None:
    """Compare the documents of these numbers, each some hundreds in a world of their own."""
    for number, of_world in groupby(documents, lambda document: document // DOCUMENTS_OF_A_WORLD):
        world = await make_world(remit.host, comparison.ordinary, chance(comparison.seed, "world", number))
        waiting = iter(list(of_world))
        await asyncio.gather(*(_compare_all(comparison, world, waiting) for _ in range(AT_ONCE)))


async def _compare_all(comparison: Comparison, world: World, waiting: Iterator[int]) -> None:
    """Compare one after the other; those that run beside this take from the same iterator."""
    since = str(uuid7())
    for number in waiting:
        if comparison.difference:
            return
        rng = chance(comparison.seed, number)
        schema = comparison.ordinary._schema
        operation = random_operation(schema, rng, world.values, root="query", likely=LIKELY)
        for sighting in range(SIGHTINGS):
            viewer = world.random_viewer(rng)
            ask = partial(_ask, world, viewer, since)
            await comparison.compare(number, operation, sighting=sighting, asker=viewer, ask=ask)
            operation = operation.redrawn()


async def _ask(world: World, viewer: str, since: str, schema: RemitSchema, operation: Operation) -> bytes:
    host = WatchedHost.of(world.host)
    context = RequestContext(host, world.viewers[viewer])
    # Of the refusals the first: the other root fields may be given up for it, and time decides how far they had come
    return await answer(schema, context, operation, left=host.refused[:1], since=since)


async def test_plans_answer_as_the_ordinary_executor_does(remit: Remit) -> None:
    comparison = Comparison(__file__, chosen_seed(), *two_schemas(remit.merged))

    await compare_documents(comparison, remit, chosen_documents(queries=400))

    comparison.conclude(least=0.6)


@pytest.mark.slow
@pytest.mark.timeout(1800)
async def test_plans_answer_very_many_queries_as_the_ordinary_executor_does(remit: Remit) -> None:
    comparison = Comparison(f"-m slow {__file__}", chosen_seed(), *two_schemas(remit.merged))

    await compare_documents(comparison, remit, chosen_documents(queries=20_000))

    comparison.conclude(least=0.6)
