"""What the generated functions call: the keys of a level, its batch, its guards, the classes of its rows.

Each works on a whole level at once, so its cost is shared by the level's rows. What a level cannot show raises Deopt,
and the ordinary executor gives the answer, or the error, in its place.

May import `context.py`, `declaration.py`, `rows.py` and what `reading.py` shares with the ordinary executor.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final

from asyncpg import Record
from graphql import GraphQLObjectType, Undefined

from domain.columns import Columns
from execution.context import RequestContext
from execution.declaration import Relation
from execution.deopt import Deopt, Reason
from execution.reading import is_reached
from execution.rows import Refusal, is_record, is_refusal

LISTS: Final = frozenset({list, tuple})
LISTS_OR_NONE: Final = frozenset({list, tuple, type(None)})
NOT_READ_BY_ATTRIBUTE: Final = (Record, Refusal, Exception)

Row = Any


@dataclass(frozen=True, slots=True)
class RelationCall:
    """One relation of one level. `empty` is what a key without a value has, `columns` what is read of its rows."""

    relation: Relation
    label: str
    empty: object
    columns: Columns

    async def __call__(
        self, context: RequestContext, keys: Sequence[Hashable], arguments: dict[str, Any]
    ) -> tuple[list[Hashable], list[Any]]:
        """The distinct keys, None among them if it is a parent's, and the value of each.

        The batch function is called once with those that are not None, and not at all without any.
        """
        distinct = list(dict.fromkeys(keys))
        by_host: dict[str, Any] = {"columns": self.columns} if self.relation.wants_columns else {}
        if self.relation.requires is not None:
            by_host["reach"] = context.reach(self.relation.requires)
            if by_host["reach"].is_never:
                context.withhold(self.label, self.relation.requires)
                return distinct, [None] * len(distinct)
        asked = [key for key in distinct if key is not None]
        if not asked:
            return distinct, [self.empty] * len(distinct)
        found = await self.relation.batch(context.work, asked, **self.relation.bound(arguments), **by_host)
        return distinct, [self.empty if (value := found.get(key)) is None else value for key in distinct]


def spread(keys: Sequence[Hashable], distinct: Sequence[Hashable], done: list[Any]) -> list[Any]:
    """What was made for each distinct key, for each of the parents."""
    if len(keys) == len(distinct):
        return done
    by_key = dict(zip(distinct, done, strict=True))
    return [by_key[key] for key in keys]


def guarded(context: RequestContext, rows: Sequence[Row], values: list[Any], capability: str, label: str) -> list[Any]:
    """The values of a guarded attribute, None where its row is out of the viewer's reach."""
    reach = context.reach(capability)
    if reach.is_always:
        return values
    if reach.is_never:
        context.withhold(label, capability)
        return [None] * len(values)
    shown = [is_reached(context, capability, row) for row in rows]
    if not all(shown):
        context.withhold(label, capability)
    return [value if is_shown else None for value, is_shown in zip(values, shown, strict=True)]


def refused(rows: Iterable[Row]) -> list[Exception]:
    """The errors within refusals."""
    found = list(rows)
    if any(type(row) is not Refusal for row in found):
        raise Deopt(Reason.NULL if None in found else Reason.FOREIGN)
    return [row.error for row in found]


def flattened(values: Sequence[Any], *, nullable: bool) -> list[Any]:
    """The items of all lists, one after another."""
    if not (LISTS_OR_NONE if nullable else LISTS).issuperset(map(type, values)):
        raise Deopt(Reason.NULL if None in values and not nullable else Reason.FOREIGN)
    return list(chain.from_iterable(value for value in values if value is not None))


class ObjectRows:
    """The classes of rows that stand for an object type; each is asked about once."""

    __slots__ = ("_type", "known")

    def __init__(self, type_: GraphQLObjectType) -> None:
        self.known: set[type] = set()
        self._type = type_

    def learn(self, rows: Iterable[Row]) -> None:
        """Take in the classes of these rows. Raises Deopt for one that does not stand for the type."""
        for row in rows:
            if type(row) in self.known:
                continue
            if not self._stands_for_it(row):
                raise Deopt(Reason.NULL if row is None else Reason.FOREIGN)
            self.known.add(type(row))

    def _stands_for_it(self, row: Row) -> bool:
        if row is None or row is Undefined or hasattr(row, "__await__"):
            return False
        if is_refusal(self._type):
            return self._is_recognised(Refusal(row))
        if is_record(self._type):
            return isinstance(row, Record) and self._is_recognised(row)
        return not isinstance(row, NOT_READ_BY_ATTRIBUTE) and self._is_recognised(row)

    def _is_recognised(self, row: Row) -> bool:
        is_type_of = self._type.is_type_of
        return is_type_of is None or bool(is_type_of(row, None))  # type: ignore[arg-type]  # ours look at no info


class MemberKinds:
    """Which object type each row of an interface or union is, by the number of the type among its members."""

    __slots__ = ("_known", "_members")

    def __init__(self, members: Sequence[GraphQLObjectType]) -> None:
        self._members = members
        self._known: dict[type, int] = {}

    def __call__(self, rows: Sequence[Row]) -> list[int]:
        """The number of each row's type. Raises Deopt for a row of none."""
        known = self._known
        return [known[key] if (key := _class_of(row)) in known else self._learn(key, row) for row in rows]

    def _learn(self, key: type, row: Row) -> int:
        if row is None:
            raise Deopt(Reason.NULL)
        for number, member in enumerate(self._members):
            if member.is_type_of is not None and member.is_type_of(row, None):  # type: ignore[arg-type]  # ours take no info
                self._known[key] = number
                return number
        raise Deopt(Reason.FOREIGN)


def _class_of(row: Row) -> type:
    return type(row.error) if type(row) is Refusal else type(row)


def slow_leaf(output: Callable[[Any], Any], *, nullable: bool) -> Callable[[Any], Any]:
    """Make what serializes a leaf of any class, as the ordinary executor does. Raises Deopt, or as `output` does."""

    def leaf(value: Any) -> Any:
        if value is None or value is Undefined:
            if nullable:
                return None
            raise Deopt(Reason.NULL)
        if isinstance(value, Exception) or hasattr(value, "__await__"):
            raise Deopt(Reason.ERROR)
        written = output(value)
        if written is None or written is Undefined:
            raise Deopt(Reason.NULL)
        return written

    return leaf
