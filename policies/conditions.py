"""The language in which a verdict policy asks about facts: Python's expressions, cut down and typed.

A condition may hold names of facts, literals, `and or not`, comparisons, `in`, `+ - *` on whole numbers and `len()`.
Order of evaluation, once for each text: Python's own `ast` parses it; every node is checked and given a kind; nodes
become closures. Nothing is evaluated from text, so a condition can neither call nor reach anything. Because kinds are
checked, `and` and `or` join flags only, and a condition always answers a real `bool`, the same that Python would.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import date
from difflib import get_close_matches
from enum import StrEnum
from operator import attrgetter
from typing import Annotated, Any, Literal, TypeAlias, get_args, get_origin, get_type_hints

FactValue: TypeAlias = bool | int | str | date | frozenset[str]
"""What a fact can be. No floats: a threshold must compare equally everywhere."""

MAX_CONDITION_LENGTH = 1000
"""Characters of one condition."""

MAX_CONDITION_DEPTH = 20
"""Expressions inside one another. A policy can be published through the API, and parsing and answering recurse."""


class ConditionInvalid(ValueError):
    """A condition is outside the language; the message says where and what to write instead."""


class FactKind(StrEnum):
    """What sort of value a fact or an expression has, worded for error messages."""

    FLAG = "a yes or no"
    NUMBER = "a whole number"
    TEXT = "a text"
    DAY = "a day"
    SET = "a set"


class Changeable(StrEnum):
    """Which way somebody could change a fact; declared with each fact, for counterfactuals.

    UP: a flag becomes true, a number or a day grows, a set gains a member. DOWN: the opposite.
    A text has no direction: EITHER or NEVER.
    """

    NEVER = "never"
    UP = "up"
    DOWN = "down"
    EITHER = "either"

    @property
    def upwards(self) -> bool:
        """Whether it can become true, grow or gain."""
        return self in (Changeable.UP, Changeable.EITHER)

    @property
    def downwards(self) -> bool:
        """Whether it can become false, shrink or lose."""
        return self in (Changeable.DOWN, Changeable.EITHER)


@dataclass(frozen=True, slots=True)
class Fact:
    """A name that conditions may use.

    `field` is the attribute of the facts dataclass that it is read from. `values` are a text's, where it declares them.
    `members` belong to a set that a file names: the fact is then the part of `field` that lies in them.
    """

    name: str
    kind: FactKind
    changeable: Changeable
    field: str
    values: frozenset[str] | None = None
    members: frozenset[str] | None = None

    def reader(self) -> Callable[[object], Any]:
        """A function that reads this fact's value from the facts."""
        whole: Callable[[object], Any] = attrgetter(self.field)
        if self.members is None:
            return whole
        members = self.members
        return lambda facts: members & whole(facts)


@dataclass(frozen=True, slots=True)
class Term:
    """A part of a condition: its kind, how to read it, the facts it names, and the one fact that it is, if it is."""

    kind: FactKind
    read: Callable[[Any], Any]
    facts: tuple[Fact, ...] = ()
    fact: Fact | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two terms of a condition with Python's sign between them; `in` a tuple counts as several `==`."""

    left: Term
    sign: str
    right: Term


@dataclass(frozen=True, slots=True)
class Condition:
    """A parsed condition. `holds` answers it for facts; the rest is what counterfactuals need to know about it."""

    text: str
    holds: Callable[[Any], bool]
    facts: tuple[Fact, ...]
    comparisons: tuple[Comparison, ...]
    counted: tuple[Fact, ...]

    @property
    def always(self) -> bool:
        """Whether it is the literal `True`."""
        return self.text == "True"


def declared_facts(facts: type) -> dict[str, Fact]:
    """The facts that a dataclass declares, each as `Annotated[<type>, Changeable.<way>]`.

    Types: bool, int, str, Literal[...] of texts, date, frozenset[str]. Raises TypeError for any other, for a field that
    does not say whether it is changeable, and for a changeable text that does not list its values.
    """
    hints = get_type_hints(facts, include_extras=True)
    return {field.name: _declared(field.name, hints[field.name]) for field in fields(facts)}


def _declared(name: str, hint: Any) -> Fact:
    if get_origin(hint) is not Annotated:
        raise TypeError(f"fact {name} must say whether it is changeable: Annotated[<type>, Changeable.<way>]")
    of_type, changeable = get_args(hint)[:2]
    if not isinstance(changeable, Changeable):
        raise TypeError(f"fact {name} must be annotated with a Changeable, not with {changeable!r}")
    kind, values = _kind_of(name, of_type)
    if kind is FactKind.TEXT and not _is_text_changeable(changeable, values):
        raise TypeError(
            f"fact {name} is a text: make it NEVER changeable, or EITHER with its values listed in a Literal"
        )
    return Fact(name, kind, changeable, field=name, values=values)


def _kind_of(name: str, of_type: Any) -> tuple[FactKind, frozenset[str] | None]:
    kinds: dict[Any, FactKind] = {
        bool: FactKind.FLAG,
        int: FactKind.NUMBER,
        str: FactKind.TEXT,
        date: FactKind.DAY,
        frozenset[str]: FactKind.SET,
    }
    if get_origin(of_type) is Literal and all(isinstance(value, str) for value in get_args(of_type)):
        return FactKind.TEXT, frozenset(get_args(of_type))
    if of_type not in kinds:
        raise TypeError(
            f"fact {name} must be a bool, int, str, Literal of texts, date or frozenset[str], not {of_type}"
        )
    return kinds[of_type], None


def _is_text_changeable(changeable: Changeable, values: frozenset[str] | None) -> bool:
    return changeable is Changeable.NEVER or (changeable is Changeable.EITHER and values is not None)


def parse_condition(text: str, facts: Mapping[str, Fact], *, alternatives: bool = True) -> Condition:
    """Parse one condition over the given facts.

    Without `alternatives` it may not say `or`: an alternative is then another line, so that the deciding line is always
    one single reason. Raises ConditionInvalid.
    """
    if len(text) > MAX_CONDITION_LENGTH:
        raise ConditionInvalid(f"the condition is longer than {MAX_CONDITION_LENGTH} characters; split it into lines")
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError) as error:
        raise ConditionInvalid(f"{text!r} is not an expression of Python; write one such as `not active`") from error
    reading = _Reading(facts, alternatives)
    term = reading.flag(tree.body)
    return Condition(text.strip(), term.read, term.facts, tuple(reading.comparisons), tuple(reading.counted))


class _Reading:
    """One walk over one condition: turns nodes into terms and notes what is compared and what is counted."""

    def __init__(self, facts: Mapping[str, Fact], alternatives: bool) -> None:
        self.facts = facts
        self.alternatives = alternatives
        self.comparisons: list[Comparison] = []
        self.counted: list[Fact] = []
        self.depth = 0

    def term(self, node: ast.expr) -> Term:
        if self.depth == MAX_CONDITION_DEPTH:
            raise ConditionInvalid(f"the condition nests deeper than {MAX_CONDITION_DEPTH}; split it into lines")
        self.depth += 1
        term = self.parsed(node)
        self.depth -= 1
        return term

    def parsed(self, node: ast.expr) -> Term:
        match node:
            case ast.Constant(value=value):
                return _literal(value)
            case ast.Name(id=name):
                return self.named(name)
            case ast.BoolOp(op=op, values=values):
                return self.joined(op, values)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return _negated(self.flag(operand))
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return _computed(operator.neg, [self.number(operand)])
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _ARITHMETIC:
                return _computed(_ARITHMETIC[type(op)], [self.number(left), self.number(right)])
            case ast.Compare(left=left, ops=ops, comparators=rights):
                return self.compared(left, ops, rights)
            case ast.Call(func=ast.Name(id="len"), args=[counted], keywords=[]):
                return self.count(counted)
            case _:
                raise ConditionInvalid(
                    f"`{ast.unparse(node)}` is not in the language of conditions: it has facts, literals, and, or, "
                    "not, comparisons, in, + - * on whole numbers, and len()"
                )

    def of_kind(self, node: ast.expr, kind: FactKind) -> Term:
        term = self.term(node)
        if term.kind is not kind:
            raise ConditionInvalid(f"`{ast.unparse(node)}` is {term.kind}, and {kind} must stand there{_instead(term)}")
        return term

    def flag(self, node: ast.expr) -> Term:
        return self.of_kind(node, FactKind.FLAG)

    def number(self, node: ast.expr) -> Term:
        return self.of_kind(node, FactKind.NUMBER)

    def named(self, name: str) -> Term:
        fact = self.facts.get(name)
        if fact is None:
            raise ConditionInvalid(f"there is no fact `{name}`{nearest(name, self.facts)}")
        return Term(fact.kind, fact.reader(), (fact,), fact)

    def joined(self, op: ast.boolop, nodes: list[ast.expr]) -> Term:
        if isinstance(op, ast.Or) and not self.alternatives:
            raise ConditionInvalid("`or` may not stand here; write the alternative as a line of its own")
        terms = [self.flag(node) for node in nodes]
        return Term(FactKind.FLAG, _either(terms) if isinstance(op, ast.Or) else _every(terms), _facts_of(terms))

    def count(self, node: ast.expr) -> Term:
        term = self.of_kind(node, FactKind.SET)
        self.counted.extend(term.facts)
        read = term.read
        return Term(FactKind.NUMBER, lambda facts: len(read(facts)), term.facts)

    def compared(self, first: ast.expr, ops: list[ast.cmpop], rights: list[ast.expr]) -> Term:
        lefts = [first, *rights[:-1]]
        return _all_of([self.pair(left, op, right) for left, op, right in zip(lefts, ops, rights, strict=True)])

    def pair(self, left_node: ast.expr, op: ast.cmpop, right_node: ast.expr) -> Term:
        sign = _SIGNS.get(type(op))
        if sign is None:
            raise ConditionInvalid("`is` compares objects; write == or !=")
        if sign in ("in", "not in") and isinstance(right_node, ast.Tuple):
            return self.listed(self.term(left_node), sign, right_node)
        left, right = self.term(left_node), self.term(right_node)
        _refuse_unlike(left, sign, right)
        _refuse_impossible(left_node, right)
        _refuse_impossible(right_node, left)
        self.comparisons.append(Comparison(left, sign, right))
        return _computed(_COMPARE[sign], [left, right], FactKind.FLAG)

    def listed(self, left: Term, sign: str, choices: ast.Tuple) -> Term:
        terms = [self.term(choice) for choice in choices.elts]
        for node, term in zip(choices.elts, terms, strict=True):
            if not isinstance(node, ast.Constant):
                raise ConditionInvalid(f"`{ast.unparse(choices)}` may list literals only")
            _refuse_unlike(left, "==", term)
            _refuse_impossible(node, left)
        self.comparisons.extend(Comparison(left, "==", term) for term in terms)
        values = tuple(node.value for node in choices.elts if isinstance(node, ast.Constant))
        compare, read = _COMPARE[sign], left.read
        return Term(FactKind.FLAG, lambda facts: compare(read(facts), values), left.facts)


_SIGNS: dict[type[ast.cmpop], str] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.In: "in",
    ast.NotIn: "not in",
}

_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "in": lambda member, group: member in group,
    "not in": lambda member, group: member not in group,
}

_ARITHMETIC: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
}


def nearest(word: str, known: Iterable[str]) -> str:
    """The end of a sentence about an unknown word: `; did you mean ...?`, or nothing when no word is near."""
    near = get_close_matches(word, list(known), n=1)
    return f"; did you mean {near[0]!r}?" if near else ""


def _literal(value: object) -> Term:
    kinds: dict[type, FactKind] = {bool: FactKind.FLAG, int: FactKind.NUMBER, str: FactKind.TEXT}
    kind = kinds.get(type(value))
    if kind is None:
        raise ConditionInvalid(f"`{value!r}` is no literal of conditions; write True, False, a whole number or a text")
    return Term(kind, lambda _facts: value)


def _facts_of(terms: Iterable[Term]) -> tuple[Fact, ...]:
    return tuple(dict.fromkeys(fact for term in terms for fact in term.facts))


def _negated(term: Term) -> Term:
    read = term.read
    return Term(FactKind.FLAG, lambda facts: not read(facts), term.facts)


def _all_of(terms: list[Term]) -> Term:
    return terms[0] if len(terms) == 1 else Term(FactKind.FLAG, _every(terms), _facts_of(terms))


def _every(terms: list[Term]) -> Callable[[Any], bool]:
    reads = tuple(term.read for term in terms)
    return lambda facts: all(read(facts) for read in reads)


def _either(terms: list[Term]) -> Callable[[Any], bool]:
    reads = tuple(term.read for term in terms)
    return lambda facts: any(read(facts) for read in reads)


def _computed(apply: Callable[..., Any], terms: list[Term], kind: FactKind = FactKind.NUMBER) -> Term:
    reads = tuple(term.read for term in terms)
    if len(reads) == 2:
        left, right = reads
        return Term(kind, lambda facts: apply(left(facts), right(facts)), _facts_of(terms))
    return Term(kind, lambda facts: apply(*(read(facts) for read in reads)), _facts_of(terms))


def _instead(term: Term) -> str:
    if term.kind is FactKind.SET:
        return "; write len(...) > 0"
    if term.kind is FactKind.NUMBER:
        return "; compare it, such as ... > 0"
    return ""


def _refuse_unlike(left: Term, sign: str, right: Term) -> None:
    kinds = (left.kind, right.kind)
    if sign in ("in", "not in"):
        allowed = kinds == (FactKind.TEXT, FactKind.SET)
    elif sign in ("==", "!="):
        allowed = left.kind is right.kind and left.kind is not FactKind.SET
    else:
        allowed = kinds in ((FactKind.NUMBER, FactKind.NUMBER), (FactKind.DAY, FactKind.DAY))
    if not allowed:
        raise ConditionInvalid(f"{left.kind} cannot stand before `{sign}` and {right.kind} after it")


def _refuse_impossible(node: ast.expr, other: Term) -> None:
    """Refuse a literal text that the other side can never be or have: its line would be silently dead."""
    if not isinstance(node, ast.Constant) or not isinstance(node.value, str) or other.fact is None:
        return
    possible = other.fact.values if other.fact.kind is FactKind.TEXT else other.fact.members
    if possible is not None and node.value not in possible:
        raise ConditionInvalid(f"`{other.fact.name}` never has {node.value!r}{nearest(node.value, possible)}")
