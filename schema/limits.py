"""How large a document may be, judged in one pass before anything reads it as it would run.

A fragment is measured once, however often it is spread. Twenty-six of them, each of which spreads the next twice, are
a line of text and sixty-seven million fields: whoever follows the spreads, as Strawberry's own limiters do, holds the
event loop for minutes, and with a hundred of them for ever.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Final

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
)
from strawberry.extensions import SchemaExtension


@dataclass(frozen=True, slots=True)
class Size:
    """What a selection comes to with its fragments in place.

    `depth` counts levels of fields; introspection, whose depth graphql-core limits, counts as one.
    """

    depth: int = 0
    fields: int = 0
    aliases: int = 0
    directives: int = 0

    def beside(self, other: Size) -> Size:
        """The size of both, one after the other."""
        return Size(
            max(self.depth, other.depth),
            self.fields + other.fields,
            self.aliases + other.aliases,
            self.directives + other.directives,
        )


MOST_TOKENS: Final = 1000
"""Words and signs of a document; validation compares fields in pairs: five times as many take twenty times as long."""

LARGEST: Final = Size(depth=20, fields=1000, aliases=50, directives=20)
"""What one operation may come to."""

CODES: Final = {
    "depth": "TOO_DEEP",
    "fields": "TOO_MANY_FIELDS",
    "aliases": "TOO_MANY_ALIASES",
    "directives": "TOO_MANY_DIRECTIVES",
}
WORDS: Final = {
    "depth": "levels of fields",
    "fields": "fields, each counted wherever its fragment is spread,",
    "aliases": "aliases",
    "directives": "directives",
}


class SizeLimits(SchemaExtension):
    """Refuses a document one of whose operations is larger than LARGEST, before it is validated and unless it was."""

    def on_validate(self) -> Iterator[None]:
        """Judge the parsed document."""
        execution = self.execution_context
        if execution.pre_execution_errors is None and execution.graphql_document is not None:
            execution.pre_execution_errors = size_refusals(execution.graphql_document) or None
        yield


def size_refusals(document: DocumentNode) -> list[GraphQLError]:
    """Why the document is too large, once for each limit; empty for one that is not."""
    measure = _Measure(document)
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    sizes = [measure.size(node.selection_set) for node in operations]
    return [
        GraphQLError(
            f"An operation may have {allowed} {WORDS[limit]} at the most. Ask for less, or in several requests.",
            extensions={"code": CODES[limit]},
        )
        for limit in (field.name for field in fields(Size))
        if any(getattr(size, limit) > (allowed := getattr(LARGEST, limit)) for size in sizes)
    ]


class _Measure:
    """Sizes of selections, each fragment's remembered."""

    def __init__(self, document: DocumentNode) -> None:
        self._fragments = {
            node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
        }
        self._known: dict[str, Size] = {}

    def size(self, selection_set: SelectionSetNode | None) -> Size:
        """The size of all selections of a set; nothing for a leaf's, which is None."""
        total = Size()
        for node in selection_set.selections if selection_set else ():
            total = total.beside(self._size_of(node))
        return total

    def _size_of(self, node: SelectionNode) -> Size:
        own = Size(directives=len(node.directives or ()))
        if isinstance(node, FragmentSpreadNode):
            return own.beside(self._size_of_fragment(node.name.value))
        within = self.size(getattr(node, "selection_set", None))
        if not isinstance(node, FieldNode):
            return own.beside(within)
        depth = 1 if node.name.value.startswith("__") else within.depth + 1
        return own.beside(Size(depth, within.fields + 1, within.aliases + bool(node.alias), within.directives))

    def _size_of_fragment(self, name: str) -> Size:
        if name not in self._known:
            self._known[name] = Size()  # stands while it is measured: a circle ends here, and validation refuses it
            if name in self._fragments:
                self._known[name] = self.size(self._fragments[name].selection_set)
        return self._known[name]
