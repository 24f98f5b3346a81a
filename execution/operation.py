"""Operations in Strawberry's pipeline, and past it where their plan is known.

Strawberry parses, validates and executes; `CarryOut` gives it the document where it is known, the judgement that was
passed on it, and the plan's answer. An operation whose document was judged before needs none of that: `answer_at_once`
takes it to its plan by itself, and leaves to the pipeline whatever has no plan, or leaves it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any, cast

from graphql import ExecutionResult, GraphQLError, OperationType
from strawberry.extensions import SchemaExtension
from strawberry.types import ExecutionResult as StrawberryResult
from strawberry.types import StreamExecutionResult

from execution.context import RequestContext
from execution.documents import Document
from execution.masking import masked
from execution.run import OperationRun, PlanningSchema


async def answer_at_once(run: OperationRun) -> StrawberryResult | None:
    """The answer without Strawberry's pipeline, for a document that was judged valid; None leaves it to the pipeline.

    What a plan could not answer is left in an open Work, with what the root fields of a mutation have told.
    """
    result = await run.enter()
    if result is None:
        run.context.has_left_plan = True
        return None
    told = await run.leave(result) or result
    return StrawberryResult(told.data, told.errors, run.context.extensions(has_data=told.data is not None))


class CarryOut(SchemaExtension):
    """Carries an operation out: known documents are not parsed and judged again, and are answered by their plans."""

    _document: Document | None = None

    def on_parse(self) -> Iterator[None]:
        """Take the document that is known, or keep the one that was parsed."""
        execution, documents = self.execution_context, self._schema.documents
        self._document = documents.find(execution.query or "")
        if self._document is not None:
            execution.graphql_document = self._document.node
        yield
        if self._document is None and execution.graphql_document is not None:
            self._document = Document.of(execution.query or "", execution.graphql_document)
            documents.keep(self._document)

    def on_validate(self) -> Iterator[None]:
        """Refuse what this connection does not carry; else let the document be judged, unless it was before."""
        execution, run = self.execution_context, self._run()
        if execution.pre_execution_errors is None and run.context.over_socket and run.kind is OperationType.MUTATION:
            words = "Mutations run over HTTP only; this connection carries queries and subscriptions."
            execution.pre_execution_errors = [GraphQLError(words, extensions={"code": "OPERATION_NOT_ALLOWED"})]
        is_judged = execution.pre_execution_errors is not None
        if not is_judged and run.document.errors is not None:
            execution.pre_execution_errors = [*run.document.errors]
        yield
        if not is_judged:
            run.document.errors = tuple(execution.pre_execution_errors or ())

    async def on_execute(self) -> AsyncIterator[None]:
        """Set the plan's answer or a refusal as the result, or leave the answer to the executor; close and mask."""
        execution, run = self.execution_context, self._run()
        execution.result = await run.enter()
        try:
            yield
        finally:
            executed = execution.result if isinstance(execution.result, ExecutionResult) else None
            execution.result = await run.leave(executed) or execution.result

    async def on_stream_result(self, result: StreamExecutionResult) -> AsyncIterator[None]:
        """Close the Work of an event before it is sent: a slow client must not keep a connection. Mask its errors."""
        context: RequestContext = self.execution_context.context
        await context.close()
        if context.live is not None and isinstance(result, StrawberryResult) and result.errors:
            result.errors[:] = [masked(error, context) for error in result.errors]
        yield

    def get_results(self) -> dict[str, Any]:
        """The answer's `extensions`."""
        context: RequestContext = self.execution_context.context
        result = self.execution_context.result
        return context.extensions(has_data=not isinstance(result, ExecutionResult) or result.data is not None)

    def _run(self) -> OperationRun:
        execution = self.execution_context
        if self._document is None:
            raise RuntimeError("no document was parsed")
        return OperationRun(
            self._schema, execution.context, self._document, execution.operation_name, execution.variables
        )

    @property
    def _schema(self) -> PlanningSchema:
        return cast(PlanningSchema, self.execution_context.schema)
