"""One operation on its way: its cost, its Work, its plan; where the plan cannot answer, the ordinary executor does.

Order: the fields that must be alone; cost; the Work; the plan. Then, by whoever answered: close the Work, mask.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Set
from dataclasses import dataclass, replace
from typing import Any, Protocol

from graphql import ExecutionResult, GraphQLError, GraphQLSchema, OperationType
from graphql.execution.values import VariableValues

from errors import UserError
from execution.context import RequestContext
from execution.deopt import Deopt, Outcome, Reason, count
from execution.documents import Document, DocumentOperation, Documents, Shape
from execution.masking import masked
from execution.roots import extensions_of
from execution.seams import coerced_variables


class MustBeAlone(UserError):
    """A root field came with others that it must not come with: tries are counted by it."""

    code = "MUST_BE_ALONE"
    hint = "Send it in a document of its own."


class PlanningSchema(Protocol):
    """What the schema keeps for its operations. `alone` are the root fields that must be the only one of a document."""

    documents: Documents
    alone: Set[str]
    compiles: bool
    _schema: GraphQLSchema


@dataclass(slots=True)
class OperationRun:
    """One operation of a document, with the variables as they came.

    A query gets one read-only Work: everything in it is one snapshot. A mutation opens its own for each root field, a
    subscription for each event.
    """

    schema: PlanningSchema
    context: RequestContext
    document: Document
    name: str | None
    variables: dict[str, Any] | None

    @property
    def operation(self) -> DocumentOperation:
        """What is known of the operation."""
        return self.document.operation(self.schema._schema, self.name)

    @property
    def kind(self) -> OperationType:
        """Query, mutation or subscription."""
        return self.operation.node.operation

    async def enter(self) -> ExecutionResult | None:
        """The plan's answer, or a refusal; None leaves it to the ordinary executor, in the Work that is open."""
        caller = self.context.caller
        # The journal says of the operation its name, and the hash of its document
        self.context.caller = replace(caller, operation_name=self.name, document_hash=self.document.digest)
        try:
            return await _tried(self._enter)
        except BaseException:  # the request is given up: nobody else would close what it has open
            await self.context.close()
            raise

    async def leave(self, result: ExecutionResult | None) -> ExecutionResult | None:
        """Close the Work. Answers the result with its errors masked, or why the Work could not be closed."""
        found = await _tried(self._close) or result
        if found is not None and found.errors:
            found.errors[:] = [masked(error, self.context) for error in found.errors]
        return found

    async def _enter(self) -> ExecutionResult | None:
        operation, context = self.operation, self.context
        self._require_alone(operation)
        variables = coerced_variables(operation.schema, operation.node, self.variables)
        shape = operation.shape(variables) if variables is not None else None
        if shape is not None and variables is not None:
            context.charge(shape.cost_for_nobody(variables) if context.is_nobody else shape.cost(variables))
        if (
            self.kind is OperationType.QUERY and not context.has_work
        ):  # who left its plan has one, and nothing read in it
            await context.reopen()
        if not self.schema.compiles or context.has_left_plan or self.kind is OperationType.SUBSCRIPTION:
            return None
        return await self._by_plan(shape, variables)

    async def _by_plan(self, shape: Shape | None, variables: VariableValues | None) -> ExecutionResult | None:
        """The answer of the operation's plan, from the second sighting of its document on."""
        if not self.document.is_known:
            count(Outcome.FIRST)
            return None
        outcome = Outcome.COMPILE if shape is None or shape.plan is None else Outcome.HIT
        try:
            if shape is None or variables is None:
                raise Deopt(Reason.VARIABLES)
            plan = shape.planned()
        except Deopt as unplanned:
            count(Outcome.DEOPT, unplanned.reason, unplanned.field)
            return None
        try:
            data = await plan.run(self.context, variables)
        except Deopt as left:
            count(Outcome.DEOPT, left.reason, left.field)
            await self.context.start_over()
            return None
        count(outcome)
        return ExecutionResult(data=data, errors=None)

    def _require_alone(self, operation: DocumentOperation) -> None:
        lonely = self.schema.alone & set(operation.roots)
        if lonely and len(operation.roots) > 1:
            raise MustBeAlone(f"{min(lonely)} must be the only field of its document.")

    async def _close(self) -> None:
        await self.context.close()


async def _tried(step: Callable[[], Awaitable[ExecutionResult | None]]) -> ExecutionResult | None:
    """What a step of ours answers; what it raises is an answer, too, since Strawberry would show its text."""
    try:
        return await step()
    except UserError as refusal:
        error = GraphQLError(refusal.message, extensions=extensions_of(refusal))
    except Exception as accident:  # noqa: BLE001  (masked and logged like an error of a field)
        error = GraphQLError(str(accident), original_error=accident)
    return ExecutionResult(data=None, errors=[error])
