"""From a validated operation to the Python function that answers it.

The function goes breadth first. A level is a list of rows of one object type; of each level it

1. reads what lies in the rows, and loads each relation once for all of them,
2. makes the level below of all values together, as a flat list, and that level's answers,
3. puts each row's answer together, taking the answers of the level below in the same order.

So its statements are as many as the relation fields that are selected, however many rows there are. An interface or a
union is one level for each object type that has rows.

`source.py` holds the text while it is written, `levels.py` what the text calls, `leaves.py` how a leaf is written.
Only names of fields and keys go into the text, as literals; GraphQL lets nothing but letters, digits and `_` into them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, islice
from typing import Any, Final

from graphql import (
    GraphQLAbstractType,
    GraphQLField,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    get_named_type,
    is_abstract_type,
    is_leaf_type,
    is_list_type,
    is_object_type,
)

from domain.columns import Columns
from execution.cost import ROWS_OF_A_PAGE, is_page
from execution.declaration import PLAIN, Attribute, Computed, Relation, Root, declaration_of
from execution.deopt import Deopt, Reason
from execution.leaves import leaf_expression
from execution.levels import MemberKinds, ObjectRows, RelationCall, flattened, guarded, refused, spread
from execution.reading import empty_value
from execution.roots import answer_of
from execution.rows import is_record, is_refusal
from execution.seams import (
    Operation,
    Selected,
    arguments_of,
    declared_field,
    names_variables,
    nullable_type,
    python_name,
)
from execution.source import Source

MOST_LINES: Final = 20_000
"""Of one generated function; unions within unions multiply what is selected of them."""

FUNCTION: Final = "answer"
TYPENAME: Final = "__typename"


@dataclass(slots=True)
class Compiled:
    """What the compiler wrote: the text, the root fields' declarations, the relations in the order of their loading."""

    source: Source = field(default_factory=Source)
    roots: list[Root] = field(default_factory=list)
    relations: list[str] = field(default_factory=list)


def compile_operation(operation: Operation, root_type: GraphQLObjectType) -> Compiled:
    """Write the function `answer(context, variables)` of an operation. Raises Deopt for what cannot be compiled."""
    compiled = Compiled()
    _Compiler(operation, compiled).write(root_type)
    return compiled


@dataclass(frozen=True, slots=True)
class _Compiler:
    operation: Operation
    compiled: Compiled

    @property
    def source(self) -> Source:
        return self.compiled.source

    def write(self, root_type: GraphQLObjectType) -> None:
        """The whole function: root fields one after another, since a Work has one connection."""
        with self.source.block(f"async def {FUNCTION}(context, variables):"):
            self.source.add("data = {}")
            for selected in self.operation.selected(root_type):
                with self.source.about(f"{root_type.name}.{selected.name}"):
                    self._write_root(root_type, selected)
            self.source.add("return data")

    def _write_root(self, root_type: GraphQLObjectType, selected: Selected) -> None:
        if selected.name == TYPENAME:
            self.source.add(f"data[{selected.key!r}] = {root_type.name!r}")
            return
        if selected.name.startswith("__"):
            raise Deopt(Reason.INTROSPECTION, self.source.field)
        found = root_type.fields[selected.name]
        root = _declaration(found)
        if not isinstance(root, Root):
            raise Deopt(Reason.RESOLVER, self.source.field)
        self.compiled.roots.append(root)
        answer, returned = self.source.bind("root", answer_of(root)), self.source.bind("returned", found.type)
        arguments = self._arguments(found, selected)
        if root.wants_columns:
            columns = self.source.bind("columns", self._columns(found.type, selected), key=id(selected.node))
            arguments = f"{{**{arguments}, 'columns': {columns}}}"
        row = self._made(f"await {answer}(context, {selected.key!r}, {returned}, {arguments})", prefix="row")
        done = self._completed(found.type, f"[{row}]", selected)
        self.source.add(f"data[{selected.key!r}] = {done}[0]")

    def _arguments(self, found: GraphQLField, selected: Selected) -> str:
        """The expression of a field's arguments: converted now, or at each run where variables are among them."""
        schema, node = self.operation.schema, selected.node
        key = (id(node), id(found))
        if not names_variables(node):
            constant = arguments_of(schema, found, node, self.operation.variables)
            return self.source.bind("arguments", constant, key=key)
        convert = partial(arguments_of, schema, found, node)
        return self.source.bind("arguments", convert, key=key) + "(variables)"

    def _completed(self, type_: GraphQLOutputType, values: str, selected: Selected) -> str:
        """Write what completes a list of values of one type; answers the variable of their answers, in their order."""
        nullable, inner = not isinstance(type_, GraphQLNonNull), nullable_type(type_)
        if is_leaf_type(inner):
            return self._made(f"[{leaf_expression(self.source, inner, 'x', nullable=nullable)} for x in {values}]")
        if is_list_type(inner):
            return self._completed_lists(inner.of_type, values, selected, nullable=nullable)
        given = self._made(values, prefix="values")
        rows = self._made(f"[x for x in {given} if x is not None]", prefix="rows") if nullable else given
        done = self._members(inner, rows, selected) if is_abstract_type(inner) else self._objects(inner, rows, selected)
        if not nullable:
            return done
        following = self._made(f"iter({done}).__next__", prefix="following")
        return self._made(f"[None if x is None else {following}() for x in {given}]")

    def _completed_lists(self, item: GraphQLOutputType, values: str, selected: Selected, *, nullable: bool) -> str:
        given = self._made(values, prefix="values")
        flatten = self.source.bind("flattened", flattened)
        items = self._made(f"{flatten}({given}, nullable={nullable})", prefix="items")
        done = self._completed(item, items, selected)
        following = self._made(f"iter({done})", prefix="following")
        taken = f"list({self.source.bind('islice', islice)}({following}, len(x)))"
        return self._made(f"[{f'None if x is None else {taken}' if nullable else taken} for x in {given}]")

    def _members(self, type_: GraphQLAbstractType, rows: str, selected: Selected) -> str:
        """An interface or a union: a level for each member that has rows, put together by the rows' types."""
        members = self.operation.schema.get_possible_types(type_)
        kinds = self._made(f"{self.source.bind('kinds', MemberKinds(members))}({rows})", prefix="kinds")
        following = []
        for number, member in enumerate(members):
            own = self._made(f"[x for x, kind in zip({rows}, {kinds}) if kind == {number}]", prefix="rows")
            following.append(f"iter({self._objects(member, own, selected)}).__next__")
        steps = self._made(f"({', '.join(following)},)", prefix="following")
        return self._made(f"[{steps}[kind]() for kind in {kinds}]")

    def _objects(self, type_: GraphQLObjectType, rows: str, selected: Selected) -> str:
        """One level: rows of one object type. Nothing is asked for where there are none."""
        if len(self.source.lines) > MOST_LINES:
            raise Deopt(Reason.TOO_LARGE)
        done = self._made("[]")
        with self.source.block(f"if {rows}:"):
            if is_refusal(type_):
                rows = self._made(f"{self.source.bind('refused', refused)}({rows})", prefix="rows")
            known, learn = self._object_rows(type_)
            self.source.add(f"{known}.issuperset(map(type, {rows})) or {learn}({rows})")
            fields = [self._field(type_, one, rows) for one in self.operation.below(type_, selected)]
            self._put_together(done, rows, fields)
        return done

    def _object_rows(self, type_: GraphQLObjectType) -> tuple[str, str]:
        classes = ObjectRows(type_)
        known = self.source.bind("known", classes.known, key=type_.name)
        return known, self.source.bind("learn", classes.learn, key=type_.name)

    def _put_together(self, done: str, rows: str, fields: Sequence[_Written]) -> None:
        """The answers of a level's rows; each field has a line of its own, by which errors are told apart."""
        lists = [one.value for one in fields if one.is_list]
        over = f"for {', '.join(['row', *map(_at_row, lists)])} in zip({', '.join([rows, *lists])}):"
        with self.source.block(over if lists else f"for row in {rows}:"):
            self.source.add(f"{done}.append({{")
            for one in fields:
                with self.source.about(one.field):
                    self.source.add(f"    {one.key!r}: {_at_row(one.value) if one.is_list else one.value},")
            self.source.add("})")

    def _field(self, type_: GraphQLObjectType, selected: Selected, rows: str) -> _Written:
        """One field of a level: an expression of the row, or the variable of a list with a value for each row."""
        with self.source.about(f"{type_.name}.{selected.name}"):
            if selected.name == TYPENAME:
                return _Written(selected.key, self.source.field, repr(type_.name))
            found = type_.fields[selected.name]
            match _declaration(found):
                case Relation() as relation:
                    done = self._related(relation, type_, found, selected, rows)
                    return _Written(selected.key, self.source.field, done, is_list=True)
                case Attribute(requires=str()) as attribute:
                    values = self._guarded(attribute, type_, found, rows)
                    done = self._completed(found.type, values, selected)
                    return _Written(selected.key, self.source.field, done, is_list=True)
                case Attribute() as attribute:
                    return self._read(_attribute(attribute, type_, found), found, selected, rows)
                case Computed() as computed:
                    return self._read(self._computed(computed, found, selected), found, selected, rows)
                case _:
                    raise Deopt(Reason.RESOLVER, self.source.field)

    def _read(self, value: str, found: GraphQLField, selected: Selected, rows: str) -> _Written:
        """What lies in the row: a leaf is written where the row's answer is put together, all else as a list."""
        inner = nullable_type(found.type)
        if is_leaf_type(inner):
            expression = leaf_expression(self.source, inner, value, nullable=inner is found.type)
            return _Written(selected.key, self.source.field, expression)
        done = self._completed(found.type, f"[{value} for row in {rows}]", selected)
        return _Written(selected.key, self.source.field, done, is_list=True)

    def _computed(self, computed: Computed, found: GraphQLField, selected: Selected) -> str:
        function = self.source.bind("computed", computed.function)
        return f"{function}(row, **{self._arguments(found, selected)})" if found.args else f"{function}(row)"

    def _guarded(self, attribute: Attribute, type_: GraphQLObjectType, found: GraphQLField, rows: str) -> str:
        guard = self.source.bind("guarded", guarded)
        values = f"[{_attribute(attribute, type_, found)} for row in {rows}]"
        call = f"{guard}(context, {rows}, {values}, {attribute.requires!r}, {self.source.field!r})"
        return self._made(call, prefix="values")

    def _related(
        self, relation: Relation, type_: GraphQLObjectType, found: GraphQLField, selected: Selected, rows: str
    ) -> str:
        """A relation: one call for the distinct keys of the level, whose answers all parents of a key share."""
        self.compiled.relations.append(self.source.field)
        columns = self._columns(found.type, selected)
        call = RelationCall(relation, self.source.field, empty_value(found.type), columns)
        load = self.source.bind("relation", call, key=(id(selected.node), self.source.field))
        keys, distinct, values = (self.source.fresh(prefix) for prefix in ("keys", "distinct", "values"))
        self.source.add(f"{keys} = [{self._key(relation, type_)} for row in {rows}]")
        arguments = self._arguments(found, selected)
        self.source.add(f"{distinct}, {values} = await {load}(context, {keys}, {arguments})")
        done = self._completed(found.type, values, selected)
        return self._made(f"{self.source.bind('spread', spread)}({keys}, {distinct}, {done})")

    def _columns(self, type_: GraphQLOutputType, selected: Selected) -> Columns:
        """The columns that are read of the rows of a relation, a list or a page; None where any may be."""
        named: Any = get_named_type(type_)
        if is_page(named):
            pages = [one for one in self.operation.below(named, selected) if one.name in ROWS_OF_A_PAGE]
            rows = [self._columns_of_rows(named.fields[one.name], one) for one in pages]
            return None if None in rows else frozenset(chain.from_iterable(filter(None, rows)))
        return _columns_read(named, self.operation.below(named, selected)) if is_object_type(named) else None

    def _columns_of_rows(self, found: GraphQLField, rows: Selected) -> Columns:
        """Those of the rows of a page: `nodes` are the rows themselves, `edges` hold them."""
        named: Any = get_named_type(found.type)
        if rows.name == "nodes":
            return self._columns(found.type, rows)
        nodes = [one for one in self.operation.below(named, rows) if one.name == "node"]
        columns = [self._columns(named.fields["node"].type, one) for one in nodes]
        return None if None in columns else frozenset(chain.from_iterable(filter(None, columns)))

    def _key(self, relation: Relation, type_: GraphQLObjectType) -> str:
        if callable(relation.key):
            return f"{self.source.bind('key', relation.key)}(row)"
        return _column(relation.key, type_)

    def _made(self, expression: str, *, prefix: str = "done") -> str:
        """Write the expression into a fresh variable, unless it is one already."""
        if expression.isidentifier():
            return expression
        variable = self.source.fresh(prefix)
        self.source.add(f"{variable} = {expression}")
        return variable


@dataclass(frozen=True, slots=True)
class _Written:
    """How a field's value is had where its row's answer is put together: an expression, or a list to take it from."""

    key: str
    field: str
    value: str
    is_list: bool = False


def _at_row(values: str) -> str:
    return f"at_{values}"


def _attribute(attribute: Attribute, type_: GraphQLObjectType, found: GraphQLField) -> str:
    return _column(attribute.column or python_name(found), type_)


def _column(name: str, type_: GraphQLObjectType) -> str:
    return f"row[{name!r}]" if is_record(type_) else f"row.{name}"


def _columns_read(type_: GraphQLObjectType, fields: Iterable[Selected]) -> Columns:
    found: set[str] = set()
    for selected in fields:
        if selected.name == TYPENAME:
            continue
        field_ = type_.fields[selected.name]
        match _declaration(field_):
            case Attribute(requires=None, column=column):
                found.add(column or python_name(field_))
            case Computed(reads=frozenset() as reads):
                found |= reads
            case Relation(key=str() as key):
                found.add(key)
            case _:  # what is guarded may ask for any fact of the row, and a function may read any column
                return None
    return frozenset(found)


def _declaration(found: GraphQLField) -> Attribute | Computed | Relation | Root | None:
    """How the field was declared; None for one with a resolver of its own, which only the ordinary executor calls."""
    declared = declared_field(found)
    if declared is None or declared.extensions:
        return None
    return declaration_of(declared) or (PLAIN if declared.is_basic_field else None)
