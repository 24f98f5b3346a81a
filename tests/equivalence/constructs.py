"""What a document uses of GraphQL, in words: so that no construct is forgotten by the generator."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from graphql import (
    ArgumentNode,
    DirectiveNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLSchema,
    InlineFragmentNode,
    ListValueNode,
    Node,
    ObjectFieldNode,
    OperationDefinitionNode,
    SelectionSetNode,
    TypeInfo,
    TypeInfoVisitor,
    ValueNode,
    VariableDefinitionNode,
    VariableNode,
    Visitor,
    get_named_type,
    is_abstract_type,
    is_introspection_type,
    is_object_type,
    parse,
    visit,
)

from tests.equivalence.documents import SPREAD, VARIABLE, Operation
from tests.equivalence.scopes import Composite

CONSTRUCTS: Final = {
    *("alias", "one field under two names", "one field merged", "arguments in one field merged"),
    *("named fragment", "fragment spread twice", "fragment in a fragment", "fragment on an abstract type"),
    *("inline fragment on a type", "inline fragment on an abstract type", "inline fragment without a type"),
    *("__typename of the root", "__typename of an object", "__typename of an abstract type"),
    *("variable in an argument", "variable in an input object", "variable in a list", "variable in a directive"),
    *("variable with a default", "variable without a default", "one variable twice"),
    *("variable sent", "variable sent as null", "variable not sent"),
    *(f"{kind} literal" for kind in ("enum", "string", "int", "boolean", "null", "list", "object")),
    *("ID argument", "DateTime argument", "no argument where one might be"),
    *(
        f"@{directive} by {value} on {place}"
        for directive in ("skip", "include")
        for value in ("boolean", "variable")
        for place in ("field", "fragment_spread", "inline_fragment")
    ),
    *("@skip and @include", "several operations", "an operation name", "a name that is not sent", "braces alone"),
    *("nodes", "edges", "pageInfo", "totalCount", "connection without rows"),
    *("members of a union", "one field of several members"),
}
"""What must occur, in words."""


class Seen(Visitor):
    """What a document uses: constructs by the words of `CONSTRUCTS`, and the fields selected, by type."""

    def __init__(self, types: TypeInfo) -> None:
        super().__init__()
        self.constructs: set[str] = set()
        self.places: set[tuple[str, str]] = set()
        self._types = types

    @classmethod
    def of(cls, schema: GraphQLSchema, operation: Operation) -> Seen:
        """What an operation uses."""
        document, types = parse(operation.document), TypeInfo(schema)
        seen = cls(types)
        visit(document, TypeInfoVisitor(types, seen))
        seen._see_document(operation, document.definitions)
        return seen

    def _see_document(self, operation: Operation, definitions: Sequence[Node]) -> None:
        spread, used = (sign.findall(operation.document) for sign in (SPREAD, VARIABLE))
        own = [node for node in definitions if isinstance(node, OperationDefinitionNode)]
        self._note("fragment spread twice", any(spread.count(one) > 1 for one in spread))
        self._note("one variable twice", any(used.count(one) > 1 + len(own) for one in used))
        self._note("several operations", len(own) > 1)
        self._note("an operation name", operation.operation_name is not None)
        self._note("a name that is not sent", operation.operation_name is None and own[0].name is not None)
        self._note("braces alone", operation.document.startswith("{"))
        for name in used:
            self._note("variable not sent", name not in operation.variables)
            self._note("variable sent as null", operation.variables.get(name, "") is None)
            self._note("variable sent", operation.variables.get(name) is not None)

    def _note(self, construct: str, is_there: bool = True) -> None:
        if is_there:
            self.constructs.add(construct)

    def enter_field(self, node: FieldNode, *_: Any) -> None:
        """See a field, under which name, and what of its arguments is left out."""
        parent, found, name = self._types.get_parent_type(), self._types.get_field_def(), node.name.value
        assert parent is not None
        self._note("alias", node.alias is not None)
        if name == "__typename":
            kind = "the root" if parent.name == "Query" else _kind(parent)
            self._note(f"__typename of {kind}")
        elif name.startswith("__"):
            self._note("introspection")
        elif not is_introspection_type(parent):
            self.places.add((parent.name, name))
            self._note(
                "no argument where one might be", found is not None and len(found.args) > len(node.arguments or ())
            )

    def enter_selection_set(self, node: SelectionSetNode, *_: Any) -> None:
        """See which fields stand side by side."""
        parent = self._types.get_parent_type()
        fields = [one for one in node.selections if isinstance(one, FieldNode)]
        names = [_response(one) for one in fields]
        merged = [one for one in fields if names.count(_response(one)) > 1 and one.selection_set]
        self._note("one field merged", bool(merged))
        self._note("arguments in one field merged", any(one.arguments for one in merged))
        self._note("one field under two names", len({one.name.value for one in fields}) < len(set(names)))
        members = [one for one in node.selections if isinstance(one, InlineFragmentNode) and one.type_condition]
        self._note("members of a union", is_abstract_type(parent) and len(members) > 1)
        of_members = [_response(one) for member in members for one in member.selection_set.selections]
        self._note("one field of several members", len(of_members) > len(set(of_members)))
        if parent is not None and parent.name.endswith("Connection"):
            selected = {one.name.value for one in fields}
            for name in selected & {"nodes", "edges", "pageInfo", "totalCount"}:
                self._note(name)
            self._note("connection without rows", not selected & {"nodes", "edges"})

    def enter_inline_fragment(self, node: InlineFragmentNode, *_: Any) -> None:
        """See on what it is."""
        condition = node.type_condition
        self._note(f"inline fragment {'on a type' if condition else 'without a type'}")
        self._note("inline fragment on an abstract type", bool(condition) and is_abstract_type(self._types.get_type()))

    def enter_fragment_definition(self, _node: FragmentDefinitionNode, *_: Any) -> None:
        """See on what it is."""
        self._note("named fragment")
        self._note("fragment on an abstract type", is_abstract_type(self._types.get_type()))

    def enter_fragment_spread(self, _node: FragmentSpreadNode, *around: Any) -> None:
        """See where it is."""
        self._note("fragment in a fragment", any(isinstance(one, FragmentDefinitionNode) for one in around[-1]))

    def enter_argument(self, node: ArgumentNode, *_: Any) -> None:
        """See its type."""
        type_ = get_named_type(self._types.get_input_type())
        self._note(f"{type_} argument", str(type_) in ("ID", "DateTime"))
        self._see_value(node.value, "an argument")

    def enter_object_field(self, node: ObjectFieldNode, *_: Any) -> None:
        """See its value."""
        self._see_value(node.value, "an input object")

    def enter_list_value(self, node: ListValueNode, *_: Any) -> None:
        """See its items."""
        for value in node.values:
            self._see_value(value, "a list")

    def enter_variable_definition(self, node: VariableDefinitionNode, *_: Any) -> None:
        """See whether it has a default."""
        self._note(f"variable {'with' if node.default_value else 'without'} a default")

    def enter_directive(self, node: DirectiveNode, _key: Any, _parent: Any, _path: Any, around: Sequence[Any]) -> None:
        """See which, how and where."""
        on: Any = next(one for one in reversed(around) if isinstance(one, Node))
        (argument,) = node.arguments or ()
        value = argument.value
        self._note(f"@{node.name.value} by {value.kind.removesuffix('_value')} on {on.kind}")
        self._note("@skip and @include", len(on.directives) > 1)
        self._note("variable in a directive", isinstance(value, VariableNode))

    def _see_value(self, value: ValueNode, place: str) -> None:
        if isinstance(value, VariableNode):
            self._note(f"variable in {place}")
        else:
            self._note(f"{value.kind.removesuffix('_value')} literal")


def _response(node: Any) -> str:
    """The response name of a field; something of its own for other selections."""
    if not isinstance(node, FieldNode):
        return f"{id(node)}"
    return (node.alias or node.name).value


def _kind(parent: Composite) -> str:
    return "an object" if is_object_type(parent) else "an abstract type"
