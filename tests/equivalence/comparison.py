"""The law of the compiler, tested: its plans answer as the ordinary executor does, byte for byte.

The compiling schema answers the first asking of a document twice, since it compiles on the second sighting; then the
same document is asked otherwise, with other variables and by others: the plan must be right for them, too.

EQUIVALENCE_QUERIES  how many queries are compared
EQUIVALENCE_SEED     of all chance; printed at the start and with each difference
EQUIVALENCE_NUMBER   one document alone, as a difference names it
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from random import Random
from typing import Final

from prometheus_client import REGISTRY

from schema.builder import RemitSchema
from tests.equivalence.documents import Operation

SIGHTINGS: Final = 4
"""How often a document is asked: each time is a query that is compared."""

RAN_IN_PLAN: Final = ("compile", "hit")
"""Outcomes of a document that its plan answered: the first time, and later."""

Ask = Callable[[RemitSchema, Operation], Awaitable[bytes]]
"""Asks an operation as somebody, of one schema or the other."""


def chosen_seed() -> str:
    """The seed that the environment names: the tester's own, or the one that stands at the head of the run."""
    return os.environ["EQUIVALENCE_SEED"]


def chosen_documents(queries: int) -> range:
    """The numbers of the documents for this many queries, or for as many or the one that the environment names."""
    if only := os.environ.get("EQUIVALENCE_NUMBER"):
        return range(int(only), int(only) + 1)
    queries = int(os.environ.get("EQUIVALENCE_QUERIES", queries))
    return range(-(-queries // SIGHTINGS))


def chance(*path: object) -> Random:
    """A source of chance for one purpose: what others take from theirs does not change what comes from this."""
    return Random("/".join(map(str, path)))  # noqa: S311  (no secret)


def plan_counts() -> Counter[str]:
    """How often plans were tried in this process, by outcome."""
    counts: Counter[str] = Counter()
    for metric in REGISTRY.collect():
        for sample in metric.samples:
            if sample.name == "remit_plan_total":
                counts[sample.labels["outcome"]] += int(sample.value)
    return counts


@dataclass(slots=True)
class Comparison:
    """Many documents asked of two schemas. `test` is what to run to see a difference again."""

    test: str
    seed: str
    compiling: RemitSchema
    ordinary: RemitSchema
    compared: int = 0
    difference: str = ""
    _before: Counter[str] = field(default_factory=plan_counts)

    async def compare(self, number: int, operation: Operation, *, sighting: int, asker: str, ask: Ask) -> None:
        """Compare the answers to one query; keeps the first difference."""
        expected = await ask(self.ordinary, operation)
        for _ in range(2 if sighting == 0 else 1):
            found = await ask(self.compiling, operation)
            if found != expected and not self.difference:
                self.difference = self._told(number, operation, asker=asker, answers=(found, expected))
        self.compared += 1

    def conclude(self, *, least: float) -> None:
        """Fail with the first difference, or where plans answered too few queries for it to prove anything."""
        counts = plan_counts() - self._before
        in_plan = sum(counts[outcome] for outcome in RAN_IN_PLAN)
        print(f"{self.compared} queries compared, {in_plan} of them in a plan: {dict(counts)}")
        assert not self.difference, self.difference
        is_enough = (
            in_plan >= least * self.compared or self.compared == SIGHTINGS
        )  # of one document nothing is expected
        assert is_enough, f"only {in_plan} of {self.compared} ran in a plan: {counts}"

    def _told(self, number: int, operation: Operation, *, asker: str, answers: tuple[bytes, bytes]) -> str:
        found, expected = answers
        return "\n".join(
            (
                "The plan answers otherwise. To see it again:",
                f"EQUIVALENCE_SEED={self.seed} EQUIVALENCE_NUMBER={number} pytest {self.test}",
                f"asked by {asker}, operation {operation.operation_name}, variables {operation.variables}",
                operation.document,
                f"plan:     {found.decode()}",
                f"ordinary: {expected.decode()}",
            )
        )
