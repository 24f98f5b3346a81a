"""An answer as bytes that can be compared: all that a client is told, and what asking leaves behind."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Final, Self

import orjson
from strawberry.types import ExecutionResult

from errors import UserError
from execution.context import RequestContext
from host import Host
from policies.decisions import Forbidden
from schema.builder import RemitSchema
from tests.equivalence.documents import Operation
from tests.equivalence.values import Json
from work import Task, Work

MINTED: Final = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class WatchedHost(Host):
    """A host that keeps the refusals which it should journal: asking must not change what is asked about."""

    refused: list[dict[str, Json]] = field(default_factory=list)

    @classmethod
    def of(cls, host: Host) -> Self:
        """The same host, watched for one request."""
        return cls(**{one.name: getattr(host, one.name) for one in fields(Host) if one.init})

    async def journal_attempt(self, seen: Work | None, task: Task, error: Exception) -> None:
        """Keep what the entry would say."""
        self.refused.append(
            {
                "event": task.event.code if task.event else None,
                "code": error.code if isinstance(error, UserError) else repr(error),
                "capability": error.decision.capability if isinstance(error, Forbidden) else None,
            }
        )


async def answer(
    schema: RemitSchema, context: RequestContext, operation: Operation, *, left: Sequence[Json], since: str
) -> bytes:
    """The answer of a schema and what was left behind by asking, without what chance gave it since that id."""
    result = await schema.execute(
        operation.document,
        variable_values=operation.variables,
        context_value=context,
        operation_name=operation.operation_name,
    )
    assert isinstance(result, ExecutionResult)
    told: dict[str, Any] = {
        "data": result.data,
        "errors": [error.formatted for error in result.errors or ()],
        "extensions": result.extensions or {},
        "left": left,
    }
    return numbered(orjson.dumps(told), since=since)


def numbered(told: bytes, *, since: str) -> bytes:
    """The text with a number in place of each id that was minted after `since`, by its first appearance.

    Each execution mints others: the ids of errors behind INTERNAL and UNAVAILABLE, of decisions (in errors, in data and
    in refusals) and of journal entries. All are UUIDs of version 7, which begin with their time and so tell their age.
    """
    numbers: dict[bytes, bytes] = {}

    def number(found: re.Match[bytes]) -> bytes:
        minted = found[0]
        return minted if minted <= since.encode() else numbers.setdefault(minted, b"minted %d" % len(numbers))

    return MINTED.sub(number, told)
