"""Scalars: ids, minor units of money, and what Strawberry brings (DateTime, Date)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any, NewType
from uuid import UUID

import strawberry
from graphql import GraphQLError, GraphQLID, GraphQLScalarType, StringValueNode, ValueNode
from strawberry.schema.types import base_scalars
from strawberry.types.scalar import ScalarDefinition

from execution.leaves import written_instant

NOBODY = UUID(int=(1 << 128) - 1)
"""The Max UUID of RFC 9562, which no row has: a malformed id is answered like one that does not exist."""

LARGEST = 2**53 - 1
"""The largest integer that every JSON reader keeps exact (RFC 8259, section 6)."""

MinorUnits = NewType("MinorUnits", int)


def _parse_id(value: Any) -> UUID:
    try:
        return UUID(str(value))
    except ValueError:
        return NOBODY


def _parse_id_literal(node: ValueNode, _variables: object = None) -> UUID:
    if not isinstance(node, StringValueNode):
        raise GraphQLError("An id is a string.", node)
    return _parse_id(node.value)


def _parse_minor_units(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > LARGEST:
        raise GraphQLError("MinorUnits is a whole number of minor units (cents), within +-2^53.")
    return value


def _id_scalar() -> GraphQLScalarType:
    """GraphQL's ID, read as a UUID. graphql-core refuses to define a second `ID`, so it gets its name afterwards."""
    scalar = GraphQLScalarType(
        name="UUID",
        description=GraphQLID.description,
        serialize=str,
        parse_value=_parse_id,
        parse_literal=_parse_id_literal,
    )
    scalar.name = GraphQLID.name
    return scalar


SCALARS: dict[object, ScalarDefinition] = {
    UUID: ScalarDefinition(
        name="ID",
        description=GraphQLID.description,
        specified_by_url=None,
        serialize=str,
        parse_value=_parse_id,
        parse_literal=_parse_id_literal,
        implementation=_id_scalar(),
        origin=UUID,
    ),
    datetime: replace(base_scalars.DateTimeDefinition, serialize=written_instant),
    MinorUnits: strawberry.scalar(
        name="MinorUnits",
        description="Money in minor units of its currency (ISO 4217): a JSON integer within +-2^53, "
        "since GraphQL's Int ends at 21 474 836.47.",
        serialize=int,
        parse_value=_parse_minor_units,
    ),
}
