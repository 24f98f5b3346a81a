"""What each response name of an answer means: whether another selection may use it, too.

GraphQL's rule is "Field Selection Merging". This is stricter: below a name, parents of any types may be the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeAlias

from graphql import GraphQLOutputType, get_named_type, is_leaf_type, is_object_type

Composite: TypeAlias = Any
"""An object, interface or union type: graphql-core's `get_named_type` gives no narrower word for them."""


@dataclass(slots=True)
class Meaning:
    """What a response name stands for: by parent type the field as it is called; and what is selected of it."""

    type: GraphQLOutputType
    called: dict[Composite, str]
    within: Scope = field(default_factory=lambda: Scope())


class Scope(dict[str, Meaning]):
    """The response names of one place in the answer, whichever fragments they come from."""

    def fits(self, name: str, meaning: Meaning) -> bool:
        """Whether the name can mean this, too."""
        known = self.get(name)
        if known is None:
            return True
        if _shape(known.type) != _shape(meaning.type):
            return False
        are_alike = all(
            one == other or _never_meet(parent, other_parent)
            for parent, one in known.called.items()
            for other_parent, other in meaning.called.items()
        )
        return are_alike and known.within.fits_all(meaning.within)

    def fits_all(self, other: Scope) -> bool:
        """Whether all names can mean what they mean there, too."""
        return all(self.fits(name, meaning) for name, meaning in other.items())

    def add(self, name: str, meaning: Meaning) -> Scope:
        """Let the name mean this, too; answers the scope below it."""
        known = self.setdefault(name, Meaning(meaning.type, {}))
        known.called |= meaning.called
        known.within.add_all(meaning.within)
        return known.within

    def add_all(self, other: Scope) -> None:
        """Let all names mean what they mean there, too; what is added to either later does not touch the other."""
        for name, meaning in other.items():
            self.add(name, meaning)

    def height(self) -> int:
        """How many levels of fields there are."""
        return max((1 + meaning.within.height() for meaning in self.values()), default=0)


def _never_meet(one: Composite, other: Composite) -> bool:
    return is_object_type(one) and is_object_type(other) and one is not other


def _shape(type_: GraphQLOutputType) -> str:
    """What must be the same for all fields of one response name ("SameResponseShape")."""
    named = get_named_type(type_)
    return str(type_) if is_leaf_type(named) else str(type_).replace(named.name, "{}")
