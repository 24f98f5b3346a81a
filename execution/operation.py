"""One GraphQL operation from its document to its answer: the Work it reads in, its plan, masking, what was withheld.

Order: find or parse the document; judge it, once; the fields that must be alone; cost; the Work; the plan, and where
there is none or it is left, the ordinary executor; close the Work; mask.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Set
from dataclasses import replace
from typing import Any, Final, Protocol, cast

import structlog
from asyncpg import InterfaceError
from graphql import ExecutionResult, GraphQLError, GraphQLSchema, OperationType
from graphql.execution.values import VariableValues
from strawberry.extensions import SchemaExtension
from strawberry.types import ExecutionResult as StrawberryResult
from strawberry.types import StreamExecutionResult
from tortoise.exceptions import DBConnectionError
from uuid_utils.compat import uuid7

from database.sqlstate import sqlstate_of
from errors import UserError
from execution.context import RequestContext
from execution.deopt import Deopt, Outcome, Reason, count
from execution.documents import Document, DocumentOperation, Documents, Shape
from execution.roots import extensions_of
from execution.seams import coerced_variables
from work import Caller

log = structlog.get_logger(__name__)

INTERNAL: Final = "INTERNAL"
UNAVAILABLE: Final = "UNAVAILABLE"
"""Code of an error that a retry may heal: the database could not serve."""

AWAY: Final = ("08", "53", "57")
IDLE_TOO_LONG: Final = "25P03"


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


class CarryOut(SchemaExtension):
    """Carries an operation out: known documents are not parsed, judged and compiled again; its Work is opened before
    its first field, and closed after the last.

    A query gets one read-only Work: everything in it is one snapshot. A mutation opens its own for each root field, a
    subscription for each event.
    """

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
        execution, document = self.execution_context, self._known_document
        if execution.pre_execution_errors is None and self._is_misplaced():
            words = "Mutations run over HTTP only; this connection carries queries and subscriptions."
            execution.pre_execution_errors = [GraphQLError(words, extensions={"code": "OPERATION_NOT_ALLOWED"})]
        is_judged = execution.pre_execution_errors is not None
        if not is_judged and document.errors is not None:
            execution.pre_execution_errors = [*document.errors]
        yield
        if not is_judged:
            document.errors = tuple(execution.pre_execution_errors or ())

    async def on_execute(self) -> AsyncIterator[None]:
        """Enter the Work, or set the refusal as the result, or the plan's answer; mask unexpected errors afterwards."""
        execution = self.execution_context
        context: RequestContext = execution.context
        context.caller = self._named(context.caller)
        await self._try(self._enter)
        try:
            yield
        finally:
            await self._try(context.close)
        if isinstance(execution.result, ExecutionResult) and execution.result.errors:
            execution.result.errors[:] = [_masked(error, context) for error in execution.result.errors]

    async def on_stream_result(self, result: StreamExecutionResult) -> AsyncIterator[None]:
        """Close the Work of an event before it is sent: a slow client must not keep a connection. Mask its errors."""
        context: RequestContext = self.execution_context.context
        await context.close()
        if context.live is not None and isinstance(result, StrawberryResult) and result.errors:
            result.errors[:] = [_masked(error, context) for error in result.errors]
        yield

    async def _try(self, step: Callable[[], Awaitable[None]]) -> None:
        """Take a step of ours; what it raises is the answer, since Strawberry would show its text to the client."""
        try:
            await step()
        except UserError as refusal:
            self._refuse(GraphQLError(refusal.message, extensions=extensions_of(refusal)))
        except Exception as error:  # noqa: BLE001  (masked and logged like an error of a field)
            self._refuse(GraphQLError(str(error), original_error=error))

    async def _enter(self) -> None:
        execution = self.execution_context
        context: RequestContext = execution.context
        operation = self._operation()
        self._require_alone(operation)
        variables = coerced_variables(operation.schema, operation.node, execution.variables)
        shape = operation.shape(variables) if variables is not None else None
        if shape is not None and variables is not None:
            context.charge(shape.cost_for_nobody(variables) if context.is_nobody else shape.cost(variables))
        if operation.node.operation is OperationType.QUERY:
            await context.reopen()
        if self._schema.compiles and operation.node.operation is not OperationType.SUBSCRIPTION:
            await self._run_plan(shape, variables)

    async def _run_plan(self, shape: Shape | None, variables: VariableValues | None) -> None:
        """Answer by the operation's plan, from the second sighting of its document on."""
        if not self._known_document.is_known:
            count(Outcome.FIRST)
            return
        context: RequestContext = self.execution_context.context
        try:
            if shape is None or variables is None:
                raise Deopt(Reason.VARIABLES)
            outcome = Outcome.COMPILE if shape.plan is None else Outcome.HIT
            data = await shape.planned().run(context, variables)
        except Deopt as left:
            count(Outcome.DEOPT, left.reason, left.field)
            await context.start_over()
            return
        count(outcome)
        self.execution_context.result = ExecutionResult(data=data, errors=None)

    def _require_alone(self, operation: DocumentOperation) -> None:
        lonely = self._schema.alone & set(operation.roots)
        if lonely and len(operation.roots) > 1:
            raise MustBeAlone(f"{min(lonely)} must be the only field of its document.")

    def _named(self, caller: Caller) -> Caller:
        """The caller with what the journal says of the operation: its name, and the hash of its document."""
        return replace(
            caller, operation_name=self.execution_context.operation_name, document_hash=self._known_document.digest
        )

    def _is_misplaced(self) -> bool:
        context: RequestContext = self.execution_context.context
        return context.over_socket and self._operation().node.operation is OperationType.MUTATION

    def _operation(self) -> DocumentOperation:
        return self._known_document.operation(self._schema._schema, self.execution_context.operation_name)

    @property
    def _schema(self) -> PlanningSchema:
        return cast(PlanningSchema, self.execution_context.schema)

    @property
    def _known_document(self) -> Document:
        """The document, which is known from its parsing on."""
        if self._document is None:
            raise RuntimeError("no document was parsed")
        return self._document

    def _refuse(self, error: GraphQLError) -> None:
        self.execution_context.result = ExecutionResult(data=None, errors=[error])

    def get_results(self) -> dict[str, Any]:
        """`extensions`: what the operation may cost, and the nested fields answered null for want of a capability.

        Without data nothing is withheld: how far fields came that were given up is chance.
        """
        context: RequestContext = self.execution_context.context
        result = self.execution_context.result
        if isinstance(result, ExecutionResult) and result.data is None:
            return context.cost_shown()
        return {**context.cost_shown(), **context.withheld()}


def _is_away(error: BaseException) -> bool:
    """Whether the database could not serve now: connections that fail, and PostgreSQL starting, ending or overloaded.

    Classes of SQLSTATE: 08 connection exception, 53 insufficient resources, 57 operator intervention (statement_timeout
    is of these); 25P03 is idle_in_transaction_session_timeout (PostgreSQL, appendix A).
    """
    if isinstance(error, OSError | InterfaceError | DBConnectionError):
        return True
    state = sqlstate_of(error) or ""
    return state == IDLE_TOO_LONG or state.startswith(AWAY)


def _masked(error: GraphQLError, context: RequestContext) -> GraphQLError:
    """The error as the client may see it: its own mistakes in full, ours as an id that is in the log."""
    original = error.original_error
    if original is None or isinstance(original, GraphQLError):
        return error
    if isinstance(original, UserError):
        extensions = extensions_of(original)
        return GraphQLError(original.message, nodes=error.nodes, path=error.path, extensions=extensions)
    error_id = str(uuid7())
    about = {"error_id": error_id, "request": str(context.caller.request_id), "path": error.path}
    if _is_away(original):
        # Without a traceback: an outage has one cause, and thousands of these
        log.warning("database_away", error=repr(original), **about)
        code, hint = UNAVAILABLE, "Try again in a moment."
    else:
        log.error("field_failed", exc_info=original, **about)
        code, hint = INTERNAL, "Give this id to support."
    return GraphQLError(
        "Something went wrong on our side.",
        nodes=error.nodes,
        path=error.path,
        extensions={"code": code, "id": error_id, "hint": hint},
    )
