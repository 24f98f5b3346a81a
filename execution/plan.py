"""What a (document, operation, shape) compiles to, and how it is carried out.

Order of a run: the rights of all root fields are asked before any statement of theirs runs; then the generated
function. Whatever it cannot answer leaves it, and is counted with the field at which it was left.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from graphql import GraphQLError, OperationType
from graphql.execution.values import VariableValues

from errors import UserError
from execution.compiler import FUNCTION, compile_operation
from execution.context import RequestContext
from execution.deopt import Deopt, Reason
from execution.roots import task_of
from execution.seams import Operation
from execution.source import line_of
from work import Task


@dataclass(frozen=True, slots=True)
class Plan:
    """`relations` are the relation fields that it loads, once each: its statements beside those of its root fields.

    `gates` are asked first; a mutation has none, since its refusals are journaled by the Work that refuses. `fields`
    are those that the function's lines are about.
    """

    answer: Callable[[RequestContext, VariableValues], Awaitable[dict[str, Any]]]
    gates: tuple[Task, ...]
    relations: tuple[str, ...]
    fields: tuple[str, ...]

    @classmethod
    def of(cls, operation: Operation) -> Plan:
        """Compile an operation. Raises Deopt for what has no plan."""
        root_type = operation.schema.get_root_type(operation.node.operation)
        if root_type is None or operation.node.operation is OperationType.SUBSCRIPTION:
            raise Deopt(Reason.RESOLVER, operation.node.operation.value)
        written = compile_operation(operation, root_type)
        is_query = operation.node.operation is OperationType.QUERY
        return cls(
            answer=written.source.function(FUNCTION),
            gates=tuple(task_of(root) for root in written.roots) if is_query else (),
            relations=tuple(written.relations),
            fields=tuple(written.source.fields),
        )

    async def run(self, context: RequestContext, variables: VariableValues) -> dict[str, Any]:
        """The data of the answer. Raises Deopt."""
        try:
            for task in self.gates:
                task.gate(context.work.viewer)
            return await self.answer(context, variables)
        except Deopt as left:
            left.field = left.field or self._field_of(left)
            raise
        except UserError as refusal:
            raise Deopt(Reason.FORBIDDEN, self._field_of(refusal)) from refusal
        except GraphQLError as refusal:
            raise Deopt(Reason.FORBIDDEN, self._field_of(refusal)) from refusal
        except Exception as error:
            raise Deopt(Reason.ERROR, self._field_of(error)) from error

    def _field_of(self, error: Exception) -> str:
        line = line_of(error, self.answer)
        return self.fields[line] if line is not None else ""
