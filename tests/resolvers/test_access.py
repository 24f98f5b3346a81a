"""Every root field of the schema, asked by nobody and by somebody without the right, is refused."""

from __future__ import annotations

import pytest
from graphql import (
    GraphQLField,
    GraphQLInputType,
    GraphQLNonNull,
    get_named_type,
    is_enum_type,
    is_input_object_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
)

from app import Remit, load_settings, merged_plugins
from execution.declaration import Root, declaration_of
from tests.api import Api
from tests.factories import Salon, make_salon

SCHEMA = merged_plugins(load_settings()).schema._schema
SAMPLES = {
    "ID": '"01890000-0000-7000-8000-000000000000"',
    "String": '"appointments:create"',
    "Int": "1",
    "Boolean": "true",
    "DateTime": '"2031-01-01T10:00:00+00:00"',
    "MinorUnits": "100",
}


def roots() -> list[tuple[str, str, GraphQLField, Root]]:
    """Every root field: the kind of its operation, its name, its definition and its declaration."""
    kinds = (("query", SCHEMA.query_type), ("mutation", SCHEMA.mutation_type))
    return [
        (kind, name, field, found)
        for kind, type_ in kinds
        if type_ is not None
        for name, field in type_.fields.items()
        if isinstance(found := declaration_of(field.extensions["strawberry-definition"]), Root)
    ]


def sample(type_: GraphQLInputType) -> str:
    """A value of the type as GraphQL text, with whatever an input object requires."""
    inner = type_.of_type if is_non_null_type(type_) else type_
    if is_list_type(inner):
        return f"[{sample(inner.of_type)}]"
    if is_enum_type(inner):
        return str(next(iter(inner.values)))
    if is_input_object_type(inner):
        required = [name for name, field in inner.fields.items() if isinstance(field.type, GraphQLNonNull)]
        names = required or list(inner.fields)[:1]
        return "{" + ", ".join(f"{name}: {sample(inner.fields[name].type)}" for name in names) + "}"
    return SAMPLES[get_named_type(inner).name]


def document(kind: str, name: str, field: GraphQLField) -> str:
    """A document that asks for the field with as little as it takes."""
    given = [f"{arg}: {sample(found.type)}" for arg, found in field.args.items() if is_non_null_type(found.type)]
    arguments = f"({', '.join(given)})" if given else ""
    selection = "" if is_leaf_type(get_named_type(field.type)) else "{ __typename ... on UserError { code } }"
    if get_named_type(field.type).name not in UNIONS:
        selection = "" if not selection else "{ __typename }"
    return f"{kind} {{ {name}{arguments} {selection} }}"


UNIONS = {name for name, type_ in SCHEMA.type_map.items() if type(type_).__name__ == "GraphQLUnionType"}
GUARDED = [root for root in roots() if root[3].requires is not None]
SIGNED_IN = [root for root in roots() if root[3].signed_in]


@pytest.fixture(scope="module")
async def salon(remit: Remit) -> Salon:
    """A salon with somebody who has a place and no role."""
    return await make_salon(remit.host, {"hal": ("owner", "network"), "nil": ("", "network")})


@pytest.mark.parametrize(("kind", "name", "field", "root"), [*GUARDED, *SIGNED_IN], ids=lambda value: str(value)[:40])
async def test_nobody_is_asked_to_sign_in(api: Api, kind: str, name: str, field: GraphQLField, root: Root) -> None:
    answer = await api.ask(document(kind, name, field))

    assert answer.codes == ["UNAUTHENTICATED"], root.name
    assert not (answer.body.get("data") or {}).get(name)


@pytest.mark.parametrize(("kind", "name", "field", "root"), GUARDED, ids=lambda value: str(value)[:40])
async def test_who_lacks_the_right_is_refused_with_its_name(
    api: Api, salon: Salon, kind: str, name: str, field: GraphQLField, root: Root
) -> None:
    answer = await api.ask(document(kind, name, field), salon["nil"])

    if get_named_type(field.type).name in UNIONS:
        assert answer.data[name] == {"__typename": "Forbidden", "code": "FORBIDDEN"}, root.name
    else:
        assert answer.codes == ["FORBIDDEN"], root.name
