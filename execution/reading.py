"""Attributes and relations in the ordinary executor: one batch call for all parents of a field node.

Order of evaluation for a guarded field: the viewer's reach of the capability first. NEVER: nothing is read, the value
is null and the field is named as withheld. ALWAYS: it is read. A partial reach goes to the batch function (relations)
or is tested on the row's own locations (attributes).
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from graphql import GraphQLOutputType, GraphQLResolveInfo, is_list_type, is_object_type
from strawberry import Info
from strawberry.dataloader import DataLoader

from domain.pages import EMPTY_PAGE, Slice
from execution.context import RequestContext
from execution.rows import read, read_key, row_class_of, source_of
from execution.seams import nullable_type
from policies.reach import Reach

if TYPE_CHECKING:
    from execution.declaration import Attribute, Relation


def read_attribute(declaration: Attribute) -> Callable[..., Any]:
    """Make the resolver of a renamed or guarded attribute."""

    def resolve(self: Any, info: Info) -> Any:
        context: RequestContext = info.context
        name = declaration.column or info.python_name
        if declaration.requires is None or is_reached(context, declaration.requires, self):
            return read(self, name)
        context.withhold(_label(info._raw_info), declaration.requires)
        return None

    resolve.__annotations__ = {"info": Info}
    return resolve


def read_computed(function: Callable[..., Any], arguments: Sequence[inspect.Parameter]) -> Callable[..., Any]:
    """Make the resolver of a computed value; its signature carries the function's arguments."""

    def resolve(self: Any, **values: Any) -> Any:
        return function(source_of(self), **values)

    return _signed(resolve, function, arguments)


def is_reached(context: RequestContext, capability: str, row: Any) -> bool:
    """Whether the row lies in the viewer's reach; an object in several locations does if one of them does."""
    reach = context.reach(capability)
    if reach.is_always or reach.is_never:
        return reach.is_always
    viewer = context.work.viewer
    return any(viewer.can(capability, at=location_id, of=row) for location_id in read(row, "location_ids"))


def read_relation(declaration: Relation, arguments: Sequence[inspect.Parameter]) -> Callable[..., Any]:
    """Make the resolver of a relation; its signature carries the batch function's arguments."""

    async def resolve(self: Any, info: Info, **values: Any) -> Any:
        context: RequestContext = info.context
        reach = None
        if declaration.requires is not None:
            reach = context.reach(declaration.requires)
            if reach.is_never:
                context.withhold(_label(info._raw_info), declaration.requires)
                return None
        key = read_key(self, declaration.key)
        empty = empty_value(info._raw_info.return_type)
        if key is None:
            return empty
        arguments = declaration.bound(values)
        loader = _loader(context, declaration, info, reach=reach, arguments=arguments)
        # Shielded: graphql-core cancels siblings when a null propagates, and one future serves all who ask for a key.
        found = await asyncio.shield(loader.load(key))
        return empty if found is None else found

    return _signed(resolve, declaration.batch, arguments, info=True)


def empty_value(type_: GraphQLOutputType) -> object:
    """What a relation is where nothing was found for a key: no object, no items, or a page without rows."""
    inner = nullable_type(type_)
    if is_list_type(inner):
        return ()
    return EMPTY_PAGE if is_object_type(inner) and row_class_of(inner) is Slice else None


def _signed(
    resolve: Callable[..., Any],
    function: Callable[..., Any],
    arguments: Sequence[inspect.Parameter],
    *,
    info: bool = False,
) -> Callable[..., Any]:
    """The resolver with the signature that Strawberry reads: its own parameters, then the function's arguments."""
    own = [inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)]
    if info:
        own.append(inspect.Parameter("info", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=Info))
    resolve.__signature__ = inspect.Signature([*own, *arguments])  # type: ignore[attr-defined]  # inspect's own seam
    resolve.__annotations__ = {p.name: p.annotation for p in (*own[1:], *arguments)}
    resolve.__module__ = function.__module__
    return resolve


def _label(info: GraphQLResolveInfo[Any]) -> str:
    return f"{info.parent_type.name}.{info.field_name}"


def _loader(
    context: RequestContext, declaration: Relation, info: Info, *, reach: Reach | None, arguments: dict[str, Any]
) -> DataLoader[Any, Any]:
    # One node may stand in a fragment on an interface, whose types have relations of their own by that name
    key = (id(info._raw_info.field_nodes[0]), id(declaration))
    loader = context.loaders.get(key)
    if loader is None:
        loader = DataLoader(load_fn=_batch(context, declaration, reach=reach, arguments=arguments), cache=True)
        context.loaders[key] = loader
    return loader


def _batch(
    context: RequestContext, declaration: Relation, *, reach: Reach | None, arguments: dict[str, Any]
) -> Callable[[list[Any]], Any]:
    extra = {} if reach is None else {"reach": reach}

    async def load(keys: list[Any]) -> list[Any]:
        found = await declaration.batch(context.work, list(keys), **arguments, **extra)
        return [found.get(key) for key in keys]

    return load
