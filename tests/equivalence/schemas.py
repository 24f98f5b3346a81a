"""The schema of a running Remit, made again: compiling and not, and with parts beside those that it has."""

from __future__ import annotations

from plugins.contract import Contribution
from plugins.merge import Merged
from resolvers.core import CORE
from schema.builder import Part, RemitSchema


def two_schemas(merged: Merged, *more: Part) -> tuple[RemitSchema, RemitSchema]:
    """The schema with these parts more, once compiling and once not."""
    parts = [_part(CORE.name, CORE.contribute())]
    parts += [_part(one.name, one.contribution) for one in merged.listed if one.contribution is not None]
    parts += more
    return RemitSchema(parts, merged.catalogue), RemitSchema(parts, merged.catalogue, compiles=False)


def _part(plugin: str, contribution: Contribution) -> Part:
    return Part(plugin, roots=contribution.roots, types=contribution.types, extends=contribution.extends)
