"""Random valid operations over any schema: the same seed gives the same documents.

A document grows as text, selection by selection, and is valid by construction: `scopes.py` knows what a response name
means at its place, `values.py` what a variable may stand for. What a text uses, fragments and variables, is read from
it.

Order for a field: its arguments, a response name that fits, the directives, and what is selected of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from random import Random
from typing import Final, Literal

from graphql import (
    GraphQLField,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLString,
    get_named_type,
    is_abstract_type,
    is_composite_type,
    is_object_type,
    is_union_type,
    specified_directives,
)

from tests.equivalence.scopes import Composite, Meaning, Scope
from tests.equivalence.values import Arguments, Json, Values

RootKind = Literal["query", "mutation"]

KINDS: Final = {
    "object": {"field": 75, "again": 10, "typename": 4, "inline": 4, "member": 4, "spread": 8},
    "interface": {"field": 35, "again": 5, "typename": 8, "inline": 4, "member": 30, "spread": 18},
    "union": {"again": 3, "typename": 12, "inline": 4, "member": 50, "spread": 25},
}
"""How often each kind of selection is made of a type: a field, one selected already, `__typename`, fragments."""

ROOT_SELECTIONS: Final = (1, 1, 1, 2, 2, 4)
SELECTIONS: Final = (1, 2, 2, 3, 3, 4, 5, 7)
DEPTHS: Final = (2, 3, 4, 5, 5, 6, 7, 9, 13)
DEEPEST: Final = 18
FIELDS: Final = (6, 12, 20, 45)
FIELDS_OF_OTHERS: Final = 8
FIELDS_OF_FRAGMENTS: Final = (3, 6, 12)
MOST_TOKENS: Final = 900
"""The API refuses more than 20 levels, 1000 fields, 50 aliases, 20 directives and 1000 tokens."""

ALIAS: Final = 0.12
DIRECTIVE: Final = 0.12
MEMBER_OBJECT: Final = 0.8
KNOWN_FRAGMENT: Final = 0.5
OTHER_OPERATIONS: Final = 0.12
NAME: Final = 0.5
BRACES_ALONE: Final = 0.5
INTROSPECTION: Final = 0.01
INTROSPECTED: Final = ("__schema { queryType { name } }", '__type(name: "Query") { kind name }')
CONDITIONS: Final = (("skip",), ("include",), ("skip",), ("include",), ("skip", "include"))

TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*"|\w+|\.\.\.|[^\s\w",]')
SPREAD: Final = re.compile(r"\.\.\.(F\d+)\b")
VARIABLE: Final = re.compile(r"\$(v\d+)\b")
TYPENAME: Final = GraphQLField(GraphQLNonNull(GraphQLString))
DIRECTIVES: Final = {directive.name: directive for directive in specified_directives}


@dataclass(frozen=True, slots=True)
class Operation:
    """A document with what is sent beside it. `draw` gives other values to its variables."""

    document: str
    variables: dict[str, Json]
    operation_name: str | None
    draw: Callable[[], dict[str, Json]] = field(repr=False, compare=False)

    def redrawn(self) -> Operation:
        """The same document with other variables: other arguments, and perhaps another shape."""
        return replace(self, variables=self.draw())


def random_operation(
    schema: GraphQLSchema,
    rng: Random,
    values: Values,
    *,
    root: RootKind,
    likely: Mapping[str, int] | None = None,
) -> Operation:
    """A valid operation of at most `MOST_TOKENS`, with values of its variables.

    `likely` says by name how many times as likely as others a field is selected.
    """
    while True:
        made = _Growth(schema, rng, values, likely or {}).operation(root)
        if sum(1 for _ in TOKEN.finditer(made.document)) <= MOST_TOKENS:
            return made


@dataclass(slots=True)
class _Room:
    """How much may still be selected: an operation's or a fragment's share, fragments counted wherever spread."""

    fields: int
    aliases: int
    directives: int

    def less(self, other: _Room) -> _Room:
        """What is left when `other` is taken; it may be less than nothing."""
        return _Room(self.fields - other.fields, self.aliases - other.aliases, self.directives - other.directives)

    def holds(self, other: _Room) -> bool:
        """Whether there is enough to take `other`."""
        left = self.less(other)
        return min(left.fields, left.aliases, left.directives) >= 0


@dataclass(frozen=True, slots=True)
class _Fragment:
    """A named fragment; `taken` is the room that each spread of it takes."""

    name: str
    type: Composite
    text: str
    scope: Scope
    taken: _Room


class _Growth:
    """One document while it grows. `_room` is that of the operation or fragment at hand."""

    def __init__(self, schema: GraphQLSchema, rng: Random, values: Values, likely: Mapping[str, int]) -> None:
        self._schema = schema
        self._rng = rng
        self._likely = likely
        self._arguments = Arguments(rng, values)
        self._fragments: dict[str, _Fragment] = {}
        self._named = 0
        self._depth = rng.choice(DEPTHS)
        self._room = _Room(0, 0, 0)

    # --- Definitions

    def operation(self, root: RootKind) -> Operation:
        """The document of one operation, sometimes with others beside it."""
        others = self._rng.choice((1, 2)) if self._occurs(OTHER_OPERATIONS) else 0
        sizes = [self._rng.choice(FIELDS), *[FIELDS_OF_OTHERS] * others]
        names = [f"Op{number}" for number, _ in enumerate(sizes)] if others or self._occurs(NAME) else [""]
        operations = [
            self._operation_text(root, name, self._root_selections(root, fields=fields))
            for name, fields in zip(names, sizes, strict=True)
        ]
        self._rng.shuffle(operations)
        spread = self._spread_in("".join(operations))
        document = "\n".join([*operations, *(one.text for one in self._fragments.values() if one.name in spread)])
        draw = partial(self._arguments.drawn, _variables_in(document))
        is_sent = others or (names[0] and self._occurs(NAME))
        return Operation(document, draw(), names[0] if is_sent else None, draw)

    def _root_selections(self, root: RootKind, *, fields: int) -> str:
        self._room = _Room(fields, aliases=18, directives=8)
        type_ = self._schema.query_type if root == "query" else self._schema.mutation_type
        text = self._selections(type_, Scope(), level=1)
        is_introspecting = root == "query" and self._occurs(INTROSPECTION)
        return f"{self._rng.choice(INTROSPECTED)} {text}" if is_introspecting else text

    def _operation_text(self, root: RootKind, name: str, body: str) -> str:
        fragments = "".join(self._fragments[one].text for one in self._spread_in(body))
        declared = self._arguments.declarations(_variables_in(body + fragments))
        if root == "query" and not name and not declared and self._occurs(BRACES_ALONE):
            return f"{{ {body} }}"
        return f"{root} {name}{declared} {{ {body} }}"

    def _spread_in(self, text: str) -> set[str]:
        """The fragments that a text spreads, and those that they spread."""
        found: set[str] = set()
        waiting = SPREAD.findall(text)
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting += SPREAD.findall(self._fragments[name].text)
        return found

    # --- Selections

    def _selections(self, type_: Composite, scope: Scope, *, level: int) -> str:
        wanted = self._rng.choice(ROOT_SELECTIONS if level == 1 else SELECTIONS)
        made = [self._selection(type_, scope, level=level) for _ in range(wanted) if self._room.fields > 0]
        return " ".join(filter(None, made)) or self._typename(type_, scope)

    def _selection(self, type_: Composite, scope: Scope, *, level: int) -> str:
        """A selection that fits the scope; nothing where none of its kind does."""
        kinds = KINDS[_kind(type_)]
        match self._rng.choices(list(kinds), weights=list(kinds.values()))[0]:
            case "field":
                return self._any_field(type_, scope, level=level)
            case "again":
                return self._field_again(type_, scope, level=level)
            case "typename":
                return self._typename(type_, scope)
            case "inline":
                return f"...{self._directives()} {{ {self._selections(type_, scope, level=level)} }}"
            case "member":
                member = self._member(type_)
                body = self._selections(member, scope, level=level)
                return f"... on {member.name}{self._directives()} {{ {body} }}"
            case _:
                return self._spread(type_, scope, level=level)

    def _any_field(self, type_: Composite, scope: Scope, *, level: int) -> str:
        may_nest = level < self._depth
        names = [name for name, found in type_.fields.items() if may_nest or not _is_composite(found)]
        if not names:
            return self._typename(type_, scope)
        name = self._rng.choices(names, weights=[self._likely.get(one, 1) for one in names])[0]
        called = name + self._arguments.text(name, type_.fields[name].args)
        response = self._response_name(type_, name, scope, Meaning(type_.fields[name].type, {type_: called}))
        return self._field(type_, called, response=response, scope=scope, level=level) if response else ""

    def _field_again(self, type_: Composite, scope: Scope, *, level: int) -> str:
        """A field that is selected already: the answer merges both selections."""
        known = [(response, meaning) for response, meaning in scope.items() if type_ in meaning.called]
        known = [(response, meaning) for response, meaning in known if level < self._depth or not meaning.within]
        if not known:
            return ""
        response, meaning = self._rng.choice(known)
        return self._field(type_, meaning.called[type_], response=response, scope=scope, level=level)

    def _typename(self, type_: Composite, scope: Scope) -> str:
        meaning = Meaning(TYPENAME.type, {type_: "__typename"})
        response = self._response_name(type_, "__typename", scope, meaning)
        return self._field(type_, "__typename", response=response or "__typename", scope=scope, level=0)

    def _field(self, parent: Composite, called: str, *, response: str, scope: Scope, level: int) -> str:
        """The field, called with its arguments, under a response name that fits."""
        name = _name(called)
        found = TYPENAME if name == "__typename" else parent.fields[name]
        self._room.fields -= 1
        self._room.aliases -= response != name
        within = scope.add(response, Meaning(found.type, {parent: called}))
        text = (called if response == name else f"{response}: {called}") + self._directives()
        if not _is_composite(found):
            return text
        return f"{text} {{ {self._selections(get_named_type(found.type), within, level=level + 1)} }}"

    def _response_name(self, parent: Composite, name: str, scope: Scope, meaning: Meaning) -> str:
        """The field's own name, another field's, or a new one: whichever fits first; none where aliases run out."""
        taken = self._rng.choice([*getattr(parent, "fields", ()), "alias"])
        new = next(f"a{number}" for number in range(len(scope) + 1) if f"a{number}" not in scope)
        tried = [taken, name, new] if self._occurs(ALIAS) else [name, new]
        if self._room.aliases <= 0:
            tried = [name]
        return next((one for one in tried if scope.fits(one, meaning)), "")

    def _member(self, type_: Composite) -> Composite:
        """A type that a fragment here may be of: mostly an object type, those with more below them more often."""
        objects = self._objects_of(type_)
        if is_abstract_type(type_) and self._occurs(MEMBER_OBJECT):
            weights = [1 + sum(map(_is_composite, one.fields.values())) for one in objects]
            return self._rng.choices(objects, weights=weights)[0]
        composite = [one for one in self._schema.type_map.values() if is_composite_type(one)]
        return self._rng.choice([one for one in composite if not set(objects).isdisjoint(self._objects_of(one))])

    def _objects_of(self, type_: Composite) -> list[GraphQLObjectType]:
        return list(self._schema.get_possible_types(type_)) if is_abstract_type(type_) else [type_]

    # --- Fragments and conditions

    def _spread(self, type_: Composite, scope: Scope, *, level: int) -> str:
        known = [one for one in self._fragments.values() if self._can_spread(one, type_, scope, level=level)]
        if known and self._occurs(KNOWN_FRAGMENT):
            fragment = self._rng.choice(known)
        else:
            fragment = self._new_fragment(self._member(type_), level=level)
        if not self._can_spread(fragment, type_, scope, level=level):
            return ""
        scope.add_all(fragment.scope)
        self._room = self._room.less(fragment.taken)
        return f"...{fragment.name}{self._directives()}"

    def _can_spread(self, fragment: _Fragment, type_: Composite, scope: Scope, *, level: int) -> bool:
        return (
            self._room.holds(fragment.taken)
            and level + fragment.scope.height() <= DEEPEST
            and not set(self._objects_of(type_)).isdisjoint(self._objects_of(fragment.type))
            and scope.fits_all(fragment.scope)
        )

    def _new_fragment(self, type_: Composite, *, level: int) -> _Fragment:
        self._named += 1
        name, scope = f"F{self._named}", Scope()
        outer = self._room
        share = min(outer.fields, self._rng.choice(FIELDS_OF_FRAGMENTS)), outer.aliases // 2, outer.directives // 2
        self._room = _Room(*share)
        body = self._selections(type_, scope, level=level)
        taken, self._room = _Room(*share).less(self._room), outer
        fragment = _Fragment(name, type_, f"fragment {name} on {type_.name} {{ {body} }}", scope, taken)
        self._fragments[name] = fragment
        return fragment

    def _directives(self) -> str:
        """None mostly; at times `@skip`, `@include` or both."""
        if self._room.directives < 2 or not self._occurs(DIRECTIVE):
            return ""
        names = self._rng.choice(CONDITIONS)
        self._room.directives -= len(names)
        return "".join(f" @{name}{self._arguments.text(name, DIRECTIVES[name].args)}" for name in names)

    def _occurs(self, chance: float) -> bool:
        return self._rng.random() < chance


def _kind(type_: Composite) -> str:
    if is_union_type(type_):
        return "union"
    return "object" if is_object_type(type_) else "interface"


def _is_composite(found: GraphQLField) -> bool:
    return is_composite_type(get_named_type(found.type))


def _name(called: str) -> str:
    return called.partition("(")[0]


def _variables_in(text: str) -> list[str]:
    return sorted(set(VARIABLE.findall(text)), key=lambda variable: int(variable[1:]))
