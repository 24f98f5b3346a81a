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

from graphql import GraphQLList, GraphQLNonNull, GraphQLOutputType
from strawberry import Info
from strawberry.dataloader import DataLoader

from execution.context import RequestContext
from execution.rows import Refusal, read, read_key
from policies.reach import Reach
from policies.viewer import Viewer

if TYPE_CHECKING:
    from execution.declaration import Attribute, Relation


def read_attribute(declaration: Attribute) -> Callable[..., Any]:
    """Make the resolver of a renamed or guarded attribute."""

    def resolve(self: Any, info: Info) -> Any:
        context: RequestContext = info.context
        name = declaration.column or info._raw_info.field_name
        if declaration.requires is None:
            return read(self, name)
        if not _is_reached(context.work.viewer, declaration.requires, self):
            context.withhold(info._raw_info, declaration.requires)
            return None
        return read(self, name)

    resolve.__annotations__ = {"info": Info}
    return resolve


def read_computed(function: Callable[[Any], Any]) -> Callable[..., Any]:
    """Make the resolver of a computed value."""

    def resolve(self: Any) -> Any:
        return function(self.error if isinstance(self, Refusal) else self)

    return resolve


def _is_reached(viewer: Viewer, capability: str, row: Any) -> bool:
    """Whether the row lies in the viewer's reach; an object in several locations does if one of them does."""
    reach = viewer.scope(capability)
    if reach.is_always or reach.is_never:
        return reach.is_always
    return any(viewer.can(capability, at=location_id, of=row) for location_id in read(row, "location_ids"))


def read_relation(declaration: Relation, arguments: Sequence[inspect.Parameter]) -> Callable[..., Any]:
    """Make the resolver of a relation; its signature carries the batch function's arguments."""

    async def resolve(self: Any, info: Info, **values: Any) -> Any:
        context: RequestContext = info.context
        reach = None
        if declaration.requires is not None:
            reach = context.work.viewer.scope(declaration.requires)
            if reach.is_never:
                context.withhold(info._raw_info, declaration.requires)
                return None
        key = read_key(self, declaration.key)
        empty = _empty_value(info._raw_info.return_type)
        if key is None:
            return empty
        loader = _loader(context, declaration, info, reach=reach, arguments=values)
        # Shielded: graphql-core cancels siblings when a null propagates, and one future serves all who ask for a key.
        found = await asyncio.shield(loader.load(key))
        return empty if found is None else found

    own = [
        inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD),
        inspect.Parameter("info", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=Info),
    ]
    resolve.__signature__ = inspect.Signature([*own, *arguments])  # type: ignore[attr-defined]  # inspect's own seam
    resolve.__annotations__ = {"info": Info, **{p.name: p.annotation for p in arguments}}
    resolve.__module__ = declaration.batch.__module__
    return resolve


def _loader(
    context: RequestContext, declaration: Relation, info: Info, *, reach: Reach | None, arguments: dict[str, Any]
) -> DataLoader[Any, Any]:
    node = id(info._raw_info.field_nodes[0])
    loader = context.loaders.get(node)
    if loader is None:
        loader = DataLoader(load_fn=_batch(context, declaration, reach=reach, arguments=arguments), cache=True)
        context.loaders[node] = loader
    return loader


def _batch(
    context: RequestContext, declaration: Relation, *, reach: Reach | None, arguments: dict[str, Any]
) -> Callable[[list[Any]], Any]:
    extra = {"reach": reach} if declaration.wants_reach else {}

    async def load(keys: list[Any]) -> list[Any]:
        found = await declaration.batch(context.work, list(keys), **arguments, **extra)
        return [found.get(key) for key in keys]

    return load


def _empty_value(type_: GraphQLOutputType) -> list[Any] | None:
    inner = type_.of_type if isinstance(type_, GraphQLNonNull) else type_
    return [] if isinstance(inner, GraphQLList) else None
