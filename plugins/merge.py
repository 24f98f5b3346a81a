"""The core and the active plugins as one: one catalogue, one release of the policy, one schema, one table of jobs.

All are merged at once. Where that fails and a third-party plugin is among them, they are merged one by one in the order
of loading: the one that does not fit is quarantined, so a conflict costs the later plugin, never the core.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from types import MappingProxyType
from typing import Any

from audit.entries import EventType
from database.apps import OrmApp
from errors import StartRefused
from jobs import Job
from plugins.contract import Consequences, Contribution, Plugin, VerdictFamily
from plugins.loader import Fault, Listed, PluginRefused, State
from policies.access_tests import AccessTest
from policies.catalogue import Catalogue
from policies.lines import Line
from policies.release import Release, assemble_release, core_lines
from schema.builder import Part, RemitSchema


class NameTaken(StartRefused):
    """Two of the core and the plugins bring a job, an event type or a family of verdicts of one name."""


@dataclass(frozen=True, slots=True)
class Merged:
    """What runs: everything that the core and the active plugins contribute. `listed` are all known plugins."""

    listed: tuple[Listed, ...]
    catalogue: Catalogue
    release: Release
    schema: RemitSchema
    apps: tuple[OrmApp, ...]
    jobs: tuple[Job, ...]
    events: tuple[EventType, ...]
    consequences: Mapping[str, Consequences]
    verdicts: Mapping[str, VerdictFamily[Any]]
    access_tests: Mapping[str, tuple[AccessTest, ...]]


def merge(core: Plugin, listed: Iterable[Listed]) -> Merged:
    """Merge the core with the active ones of `listed`. Raises StartRefused where the core or a bundled one is wrong."""
    everyone = tuple(listed)
    own = core.contribute()
    try:
        return _merged(core, own, everyone)
    except StartRefused:
        if all(one.is_bundled for one in everyone if one.state is State.ACTIVE):
            raise
    return _merged_one_by_one(core, own, everyone)


def _merged_one_by_one(core: Plugin, own: Contribution, everyone: Sequence[Listed]) -> Merged:
    kept: tuple[Listed, ...] = tuple(one for one in everyone if one.state is not State.ACTIVE)
    merged = _merged(core, own, kept)
    for one in everyone:
        if one.state is not State.ACTIVE:
            continue
        try:
            merged = _merged(core, own, (*kept, one))
            kept = (*kept, one)
        except StartRefused as conflict:
            kept = (*kept, one.refused(PluginRefused(Fault.MERGE_REFUSED, str(conflict))))
    return replace(merged, listed=kept)


def _merged(core: Plugin, own: Contribution, listed: tuple[Listed, ...]) -> Merged:
    active = [(one.plugin, one.contribution, one.lines) for one in listed if one.state is State.ACTIVE]
    members = [(core, own, core_lines())]
    members += [(plugin, contribution, lines) for plugin, contribution, lines in active if plugin and contribution]
    catalogue = Catalogue(chain.from_iterable(plugin.capabilities for plugin, _, _ in members))
    jobs = tuple(chain.from_iterable(contribution.jobs for _, contribution, _ in members))
    events = tuple(chain.from_iterable(contribution.events for _, contribution, _ in members))
    _refuse_doubles("job", (job.name for job in jobs))
    verdicts = tuple(chain.from_iterable(contribution.verdicts for _, contribution, _ in members))
    _refuse_doubles("event type", (event.code for event in events))
    _refuse_doubles("family of verdicts", (family.name for family in verdicts))
    return Merged(
        listed=listed,
        catalogue=catalogue,
        release=_release(catalogue, members),
        schema=RemitSchema([_part(plugin, contribution) for plugin, contribution, _ in members], catalogue),
        apps=tuple(plugin.orm for plugin, _, _ in members if plugin.orm is not None),
        jobs=jobs,
        events=events,
        consequences=MappingProxyType(
            {plugin.name: found.consequences for plugin, found, _ in members if found.consequences is not None}
        ),
        verdicts=MappingProxyType({family.name: family for family in verdicts}),
        access_tests=MappingProxyType(
            {plugin.name: plugin.access_tests for plugin, _, _ in members if plugin.access_tests}
        ),
    )


def _release(catalogue: Catalogue, members: Sequence[tuple[Plugin, Contribution, tuple[Line, ...]]]) -> Release:
    roles = chain.from_iterable(plugin.roles for plugin, _, _ in members)
    lines = chain.from_iterable(lines for _, _, lines in members)
    return assemble_release(catalogue, roles=roles, lines=lines)


def _part(plugin: Plugin, contribution: Contribution) -> Part:
    return Part(plugin.name, roots=contribution.roots, types=contribution.types, extends=contribution.extends)


def _refuse_doubles(kind: str, names: Iterable[str]) -> None:
    doubles = sorted(name for name, times in Counter(names).items() if times > 1)
    if doubles:
        raise NameTaken(f"The {kind} {doubles[0]} is brought twice. Rename one of them.")
