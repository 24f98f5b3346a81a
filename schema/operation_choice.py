"""Which operation of a document is meant: the one that is named, or the only one."""

from __future__ import annotations

from collections.abc import Iterator

from graphql import GraphQLError, OperationDefinitionNode
from strawberry.extensions import SchemaExtension


class OperationChoice(SchemaExtension):
    """Refuses several operations without a name (GraphQL, October 2021, 6.1): Strawberry would carry out the first."""

    def on_validate(self) -> Iterator[None]:
        """Count the operations of the parsed document."""
        execution = self.execution_context
        document = execution.graphql_document
        operations = (
            [node for node in document.definitions if isinstance(node, OperationDefinitionNode)] if document else []
        )
        # The public name is the first operation's where the request gives none
        if len(operations) > 1 and execution._provided_operation_name is None:
            words = "The document has several operations: say which one as operationName."
            execution.pre_execution_errors = [GraphQLError(words, extensions={"code": "UNKNOWN_OPERATION"})]
        yield
