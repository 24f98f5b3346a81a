"""What a declaration says of itself, and what it refuses."""

from __future__ import annotations

from typing import Any

import pytest

from execution import declaration as remit
from execution.declaration import Attribute, Computed, Relation, declaration_of, mutations, requirement_of, roots_of
from tests.execution import toys
from tests.execution.toys import HIDDEN, Owner, Toy


def field_of(cls: Any, name: str) -> Any:
    """A field of a declared type."""
    return cls.__strawberry_definition__.get_field(name)


@pytest.mark.parametrize(
    ("name", "kind", "requires"),
    [
        ("paint", Attribute, None),
        ("secret", Attribute, HIDDEN),
        ("loud", Computed, None),
        ("owner", Relation, None),
        ("friends", Relation, HIDDEN),
    ],
)
def test_a_field_tells_its_declaration_and_what_it_requires(name: str, kind: type, requires: str | None) -> None:
    found = field_of(Toy, name)

    assert type(declaration_of(found)) is kind
    assert requirement_of(found) == requires


def test_a_plain_attribute_has_no_declaration() -> None:
    assert declaration_of(field_of(Owner, "name")) is None


def test_roots_are_found_in_the_order_of_their_text() -> None:
    found = roots_of(toys)

    assert [root.name for root in found] == ["toys", "mend", "wind"]
    assert [root.name for root in mutations(found)] == ["wind"]


def test_a_guarded_relation_must_take_the_reach() -> None:
    async def names(_work: Any, keys: list[str]) -> dict[str, str]:
        return {key: key for key in keys}

    with pytest.raises(TypeError, match="guarded by toys:read_owner and must take `reach`"):
        remit.relation(names, key="id", requires=HIDDEN)


def test_arguments_are_the_keyword_only_parameters_that_are_not_the_hosts() -> None:
    assert [parameter.name for parameter in remit.argument_parameters(toys.friends)] == ["most"]
