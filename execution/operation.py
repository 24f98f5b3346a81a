"""One GraphQL operation from its document to its answer: the Work it reads in, masking, and what was withheld."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import replace
from hashlib import sha256
from typing import Any, Final

import structlog
from asyncpg import InterfaceError
from graphql import (
    DefinitionNode,
    ExecutionResult,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
)
from strawberry.extensions import SchemaExtension
from strawberry.types import ExecutionResult as StrawberryResult
from strawberry.types import StreamExecutionResult
from tortoise.exceptions import DBConnectionError
from uuid_utils.compat import uuid7

from database.sqlstate import sqlstate_of
from errors import UserError
from execution.context import RequestContext
from execution.roots import extensions_of
from work import Caller

log = structlog.get_logger(__name__)

INTERNAL: Final = "INTERNAL"
UNAVAILABLE: Final = "UNAVAILABLE"
"""Code of an error that a retry may heal: the database could not serve."""

AWAY: Final = ("08", "53", "57")
IDLE_TOO_LONG: Final = "25P03"


class CarryOut(SchemaExtension):
    """Opens the operation's Work before its first field, and closes it after the last.

    A query gets one read-only Work: everything in it is one snapshot. A mutation opens its own for each root field, a
    subscription for each event.
    """

    async def on_validate(self) -> AsyncIterator[None]:
        """Refuse, before anything is validated, what this connection does not carry."""
        execution = self.execution_context
        context: RequestContext = execution.context
        if context.over_socket and self._operation().operation is OperationType.MUTATION:
            words = "Mutations run over HTTP only; this connection carries queries and subscriptions."
            execution.pre_execution_errors = [GraphQLError(words, extensions={"code": "OPERATION_NOT_ALLOWED"})]
        yield

    async def on_execute(self) -> AsyncIterator[None]:
        """Enter the Work, or set the refusal as the result; mask unexpected errors afterwards."""
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
        operation = self._operation()
        names = self._root_names(operation.selection_set)
        lonely = self.execution_context.schema.alone & set(names)  # type: ignore[attr-defined]  # RemitSchema
        if lonely and len(names) > 1:
            words = f"{min(lonely)} must be the only field of its document."
            self._refuse(GraphQLError(words, extensions={"code": "MUST_BE_ALONE"}))
            return
        if operation.operation is OperationType.QUERY:
            await self.execution_context.context.reopen()

    def _named(self, caller: Caller) -> Caller:
        """The caller with what the journal says of the operation: its name, and the hash of its document."""
        execution = self.execution_context
        digest = sha256((execution.query or "").encode()).hexdigest()
        return replace(caller, operation_name=execution.operation_name, document_hash=f"sha256:{digest}")

    def _operation(self) -> OperationDefinitionNode:
        name = self.execution_context.operation_name
        operations = [d for d in self._definitions() if isinstance(d, OperationDefinitionNode)]
        return next(o for o in operations if name is None or (o.name is not None and o.name.value == name))

    def _root_names(self, selections: SelectionSetNode) -> list[str]:
        """Every root field, those inside fragments too: a fragment must not hide a second one."""
        found: list[str] = []
        for node in selections.selections:
            match node:
                case FieldNode():
                    found.append(node.name.value)
                case InlineFragmentNode():
                    found += self._root_names(node.selection_set)
                case FragmentSpreadNode():
                    found += self._root_names(self._fragment(node.name.value).selection_set)
        return found

    def _fragment(self, name: str) -> FragmentDefinitionNode:
        fragments = (d for d in self._definitions() if isinstance(d, FragmentDefinitionNode))
        return next(fragment for fragment in fragments if fragment.name.value == name)

    def _definitions(self) -> Sequence[DefinitionNode]:
        document = self.execution_context.graphql_document
        return document.definitions if document else ()

    def _refuse(self, error: GraphQLError) -> None:
        self.execution_context.result = ExecutionResult(data=None, errors=[error])

    def get_results(self) -> dict[str, Any]:
        """`extensions.withheld`: the nested fields that were answered null for want of a capability."""
        context: RequestContext = self.execution_context.context
        withheld = context.withheld()
        return {"withheld": withheld} if withheld else {}


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
