"""The documents that a schema has seen: each parsed and judged once, and compiled from its second sighting on.

One bounded cache holds all that is known of a document, by its text. It belongs to its schema: another schema, as after
a swap, knows none of these plans. A shape is an operation under certain values of the variables of @skip and @include.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    SelectionSetNode,
)
from graphql.execution.values import VariableValues

from execution.cost import Formula, formula_of
from execution.deopt import Deopt, Reason
from execution.plan import Plan
from execution.seams import Directives, Operation, operations_of

MOST_DOCUMENTS: Final = 512
MOST_CHARACTERS: Final = 1_000_000
"""Of all documents together; parsed they take some hundred times as much."""

MOST_SHAPES: Final = 16
"""Of one operation."""


@dataclass(slots=True)
class Shape:
    """One operation under certain conditions: what it costs, and its plan once there is one.

    `cost_for_nobody` is what it costs without a session. `unplanned` is why there will be no plan.
    """

    operation: Operation
    cost: Formula
    cost_for_nobody: Formula
    plan: Plan | None = None
    unplanned: Deopt | None = None

    def planned(self) -> Plan:
        """The plan, compiled now where it was not before. Raises Deopt."""
        if self.unplanned is not None:
            raise Deopt(self.unplanned.reason, self.unplanned.field)
        if self.plan is None:
            try:
                self.plan = Plan.of(self.operation)
            except Deopt as refused:
                self.unplanned = refused
                raise
        return self.plan


@dataclass(slots=True)
class DocumentOperation:
    """One operation of a document, with its shapes. `roots` names its root fields, each as often as it is asked for."""

    schema: GraphQLSchema
    document: DocumentNode
    node: OperationDefinitionNode
    directives: Directives
    roots: tuple[str, ...]
    shapes: dict[tuple[object, ...], Shape] = field(default_factory=dict)

    @property
    def name(self) -> str | None:
        """The operation's name, if it has one."""
        return self.node.name.value if self.node.name else None

    def shape(self, variables: VariableValues) -> Shape:
        """The shape that the variables decide for; the seventeenth and later are made each time, and not kept."""
        key = tuple(variables.coerced.get(name) for name in self.directives.deciding)
        found = self.shapes.get(key)
        if found is None:
            operation = Operation.of(self.schema, self.document, self.node, variables)
            costs = formula_of(operation), formula_of(operation, for_nobody=True)
            found = Shape(operation, *costs, unplanned=self._unplanned())
            if len(self.shapes) < MOST_SHAPES:
                self.shapes[key] = found
        return found

    def _unplanned(self) -> Deopt | None:
        if self.directives.others:
            return Deopt(Reason.DIRECTIVE, f"@{self.directives.others[0]}")
        return Deopt(Reason.SHAPES) if len(self.shapes) >= MOST_SHAPES else None


@dataclass(slots=True)
class Document:
    """One text and what is known of it. `errors` are None until it was judged."""

    text: str
    node: DocumentNode
    digest: str
    errors: Sequence[GraphQLError] | None = None
    is_known: bool = False
    operations: dict[str | None, DocumentOperation] = field(default_factory=dict)

    @classmethod
    def of(cls, text: str, node: DocumentNode) -> Document:
        """A document that was parsed just now."""
        return cls(text, node, f"sha256:{sha256(text.encode()).hexdigest()}")

    def meant(self, schema: GraphQLSchema, name: str | None) -> DocumentOperation | None:
        """The operation of this name, or the only one; None where it is not clear which is meant."""
        nodes = operations_of(self.node)
        is_clear = len(nodes) == 1 if name is None else any(node.name and node.name.value == name for node in nodes)
        return self.operation(schema, name) if is_clear else None

    def operation(self, schema: GraphQLSchema, name: str | None) -> DocumentOperation:
        """The operation of this name, or the first; there is one, since it was looked for before."""
        found = self.operations.get(name)
        if found is None:
            nodes = operations_of(self.node)
            node = next(node for node in nodes if name is None or (node.name is not None and node.name.value == name))
            roots = tuple(_root_names(self.node, node.selection_set))
            found = DocumentOperation(schema, self.node, node, Directives.of(self.node), roots)
            self.operations[name] = found
        return found


class Documents:
    """The documents used last, as many as the bounds allow."""

    def __init__(self, *, most: int = MOST_DOCUMENTS, characters: int = MOST_CHARACTERS) -> None:
        self._most = most
        self._most_characters = characters
        self._characters = 0
        self._known: OrderedDict[str, Document] = OrderedDict()

    def __len__(self) -> int:
        return len(self._known)

    def find(self, text: str) -> Document | None:
        """The document of this text, if it was seen lately."""
        found = self._known.get(text)
        if found is not None:
            self._known.move_to_end(text)
            found.is_known = True
        return found

    def keep(self, document: Document) -> None:
        """Keep a document, and forget those that were not used for the longest time."""
        if document.text in self._known:
            return
        self._known[document.text] = document
        self._characters += len(document.text)
        while len(self._known) > self._most or self._characters > self._most_characters:
            forgotten, _ = self._known.popitem(last=False)
            self._characters -= len(forgotten)


def _root_names(document: DocumentNode, selections: SelectionSetNode) -> Iterator[str]:
    """Every root field, those inside fragments too: a fragment must not hide a second one."""
    for node in selections.selections:
        match node:
            case FieldNode():
                yield node.name.value
            case FragmentSpreadNode():
                yield from _root_names(document, _fragment(document, node.name.value).selection_set)
            case _:
                yield from _root_names(document, node.selection_set)  # type: ignore[attr-defined]  # an inline fragment


def _fragment(document: DocumentNode, name: str) -> FragmentDefinitionNode:
    fragments = (node for node in document.definitions if isinstance(node, FragmentDefinitionNode))
    return next(fragment for fragment in fragments if fragment.name.value == name)
