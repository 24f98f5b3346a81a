"""Finds the installed plugins and checks each one alone, before anything of them is merged.

Order of evaluation: REMIT_PLUGINS names it, else it is IDLE; its manifest is imported; name, host API, words, prefixes,
role lines; then, after those it names in `after`, its contribution is built. The first failure is its reason.
An error of a bundled plugin stops the start; another's never does: it is QUARANTINED, and the host runs without it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from importlib.metadata import EntryPoint, entry_points, packages_distributions
from threading import Thread
from types import MappingProxyType
from typing import Any, Final

import structlog
from packaging.specifiers import InvalidSpecifier, Specifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from errors import StartRefused
from plugins.contract import API_VERSION, Contribution, Plugin
from policies.capabilities import CORE as CORE_CAPABILITIES
from policies.lines import Line, LinesInvalid, read_lines

log = structlog.get_logger(__name__)

GROUP: Final = "remit.plugins"
BUNDLED: Final[Mapping[str, str]] = MappingProxyType(
    {"billing": "billing.plugin:PLUGIN", "support": "plugins.support.plugin:PLUGIN"}
)
"""The plugins that come with Remit. Named here too, so that they load from a checkout that nobody installed."""

# fmt: off
OWN_PACKAGES: Final = frozenset({
    "app", "audit", "billing", "cli", "database", "demo", "doctor", "domain", "errors", "execution", "host",
    "jobs", "migrations", "operator_cli", "pages", "plugins", "policies", "policy_cli", "remit", "resolvers", "schema",
    "serving", "settings", "telemetry", "terminal", "work",
})
# fmt: on
"""Remit's top-level names: general words, so another distribution may bring one of them."""

DISTRIBUTION: Final = "remit"
IMPORT_SECONDS: Final = 5.0
NAME: Final = re.compile(r"[a-z][a-z0-9]{2,19}")
# fmt: off
RESERVED: Final = frozenset({
    "remit", "core", "query", "mutation", "subscription", "node", "viewer", "plugin", "operator", "partner",
    "network", "identity", "team", "catalogue", "booking", "clients", "till", "payroll", "insight", "notices",
    *(capability.area for capability in CORE_CAPABILITIES),
})
# fmt: on
UPPER_BOUNDS: Final = frozenset({"<", "<=", "~=", "==", "==="})
LOWER_BOUNDS: Final = frozenset({">", ">=", "~=", "==", "==="})


class State(StrEnum):
    """How a plugin stands in this process."""

    IDLE = "IDLE"
    """Installed, and not named in REMIT_PLUGINS."""
    ACTIVE = "ACTIVE"
    QUARANTINED = "QUARANTINED"
    """Refused, with a code and a sentence; the host runs without it."""
    ABSENT = "ABSENT"
    """Named in REMIT_PLUGINS, and not installed."""


class Fault(StrEnum):
    """Why a plugin is quarantined."""

    API_RANGE = "API_RANGE"
    API_UNBOUNDED = "API_UNBOUNDED"
    NAME_TAKEN = "NAME_TAKEN"
    NAME_RESERVED = "NAME_RESERVED"
    BAD_MANIFEST = "BAD_MANIFEST"
    IMPORT_FAILED = "IMPORT_FAILED"
    IMPORT_SLOW = "IMPORT_SLOW"
    DEPENDENCY_MISSING = "DEPENDENCY_MISSING"
    DEPENDENCY_CYCLE = "DEPENDENCY_CYCLE"
    CAPABILITY_PREFIX = "CAPABILITY_PREFIX"
    LINE_OF_ANOTHER = "LINE_OF_ANOTHER"
    TABLE_UNPROTECTED = "TABLE_UNPROTECTED"
    MERGE_REFUSED = "MERGE_REFUSED"


class PluginRefused(Exception):
    """A plugin cannot run: the code for programs, the sentence for people."""

    def __init__(self, fault: Fault, sentence: str) -> None:
        super().__init__(sentence)
        self.fault = fault
        self.sentence = sentence


@dataclass(frozen=True, slots=True)
class Found:
    """A plugin that is installed: its name, and where its manifest is. Nothing of it is imported yet."""

    name: str
    entry: EntryPoint
    is_bundled: bool = False


@dataclass(frozen=True, slots=True)
class Listed:
    """A plugin as this process knows it: an ACTIVE one with its contribution, a QUARANTINED one with its fault."""

    name: str
    state: State
    is_bundled: bool = False
    plugin: Plugin | None = None
    contribution: Contribution | None = None
    lines: tuple[Line, ...] = ()
    fault: Fault | None = None
    sentence: str | None = None

    def refused(self, refusal: PluginRefused) -> Listed:
        """The same plugin in quarantine. Raises StartRefused for a bundled one: Remit is not whole without it."""
        if self.is_bundled:
            raise StartRefused(
                f"The plugin {self.name}, which comes with Remit, cannot run: {refusal.sentence}"
            ) from refusal
        log.error("plugin_quarantined", plugin=self.name, code=refusal.fault, exc_info=refusal)
        return replace(self, state=State.QUARANTINED, contribution=None, fault=refusal.fault, sentence=refusal.sentence)


def discover() -> tuple[Found, ...]:
    """Every installed plugin, the bundled ones first. Imports none of them."""
    bundled = [Found(name, EntryPoint(name, value, GROUP), is_bundled=True) for name, value in BUNDLED.items()]
    installed = sorted(entry_points(group=GROUP), key=lambda entry: (entry.name, entry.value))
    others = [Found(entry.name, entry) for entry in installed if BUNDLED.get(entry.name) != entry.value]
    return (*bundled, *others)


def load(found: Iterable[Found], *, wanted: Sequence[str], host_api: str = API_VERSION) -> tuple[Listed, ...]:
    """Check every found plugin that is wanted; the ACTIVE ones come in the order in which they merge.

    Raises StartRefused for a bundled one that fails.
    """
    installed = tuple(found)
    names = {one.name for one in installed}
    absent = [_absent(name) for name in wanted if name not in names]
    idle = [Listed(one.name, State.IDLE, one.is_bundled) for one in installed if one.name not in wanted]
    checked = _checked([one for one in installed if one.name in wanted], host_api)
    return (*_in_order([one for one in checked if one.state is State.ACTIVE]), *_refused(checked), *idle, *absent)


def refuse_foreign_packages() -> None:
    """Raise StartRefused where another distribution brings a package of one of Remit's own names."""
    brought = packages_distributions()
    for name in sorted(OWN_PACKAGES & set(brought)):
        others = sorted(set(brought[name]) - {DISTRIBUTION})
        if others:
            raise StartRefused(
                f"The distribution {others[0]} brings a package named {name}, which is a name of Remit's own: "
                f"either could be imported for the other. Uninstall it: pip uninstall {others[0]}."
            )


def check_api_range(plugin: Plugin, host_api: str) -> None:
    """Raise PluginRefused unless the plugin's range of host APIs has an upper bound and holds this host's (PEP 440)."""
    try:
        wanted = SpecifierSet(plugin.api)
    except InvalidSpecifier as error:
        raise PluginRefused(
            Fault.BAD_MANIFEST, f"{_named(plugin)} has the API range {plugin.api!r}, which is none (PEP 440)."
        ) from error
    if not any(bound.operator in UPPER_BOUNDS for bound in wanted):
        raise PluginRefused(
            Fault.API_UNBOUNDED,
            f"{_named(plugin)} names no upper bound of the host API ({plugin.api or 'its range is empty'}). "
            "Install a version of it that does, such as >=1.0,<2.",
        )
    # Pre-releases count: 2.0.0b1 is a host to be judged, and by PEP 440 it is not < 2
    if not wanted.contains(host_api, prereleases=True):
        raise PluginRefused(Fault.API_RANGE, _out_of_range(plugin, wanted, Version(host_api)))


def _out_of_range(plugin: Plugin, wanted: SpecifierSet, host_api: Version) -> str:
    least = [bound for bound in wanted if bound.operator in LOWER_BOUNDS and _version(bound) > host_api]
    if not least:
        return (
            f"{_named(plugin)} was written for host API {plugin.api}; this is {host_api}. "
            f"Install a newer {plugin.name}, or stay with the older Remit."
        )
    needed = max(least, key=_version).version
    return (
        f"{_named(plugin)} needs host API {needed} or later; this is {host_api}. "
        f"Upgrade Remit or install an older {plugin.name}."
    )


def _version(bound: Specifier) -> Version:
    return Version(bound.version.removesuffix(".*"))


def _checked(installed: Iterable[Found], host_api: str) -> list[Listed]:
    listed: dict[str, Listed] = {}
    doubles: list[Listed] = []
    for one in installed:
        if one.name in listed:
            doubles.append(_double(one))
        else:
            listed[one.name] = _check(one, host_api)
    return [*listed.values(), *doubles]


def _check(found: Found, host_api: str) -> Listed:
    listed = Listed(found.name, State.ACTIVE, found.is_bundled)
    try:
        plugin = _imported(found)
        listed = replace(listed, plugin=plugin)
        _check_words(plugin)
        check_api_range(plugin, host_api)
        if not found.is_bundled:
            _check_prefixes(plugin)
        return replace(listed, lines=_own_lines(plugin))
    except PluginRefused as refusal:
        return listed.refused(refusal)


def _double(found: Found) -> Listed:
    return Listed(found.name, State.ACTIVE).refused(
        PluginRefused(
            Fault.NAME_TAKEN,
            f"Two installed plugins are named {found.name}; the one of {found.entry.module} does not run. "
            "Uninstall one of them.",
        )
    )


def _absent(name: str) -> Listed:
    sentence = f"REMIT_PLUGINS names {name}, which is not installed. Install it, or take the name out."
    log.warning("plugin_absent", plugin=name)
    return Listed(name, State.ABSENT, sentence=sentence)


def _imported(found: Found) -> Plugin:
    plugin = _answer_of(found.entry.load, found.name, "import")
    if not isinstance(plugin, Plugin):
        raise PluginRefused(
            Fault.BAD_MANIFEST, f"The entry point of {found.name} ({found.entry.value}) does not name a Plugin."
        )
    if plugin.name != found.name:
        raise PluginRefused(
            Fault.BAD_MANIFEST,
            f"The plugin {plugin.name} is installed under the name {found.name}: its entry point must say its own.",
        )
    return plugin


def _answer_of(call: Callable[[], Any], name: str, what: str) -> Any:
    """What foreign code answers, whatever else it does: raise, end the process, or hang.

    It runs in a thread of its own, since nothing else can be left alone when it hangs.
    """
    answers: list[Any] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            answers.append(call())
        except BaseException as error:  # noqa: BLE001  (SystemExit of a foreign module must not end the host)
            errors.append(error)

    thread = Thread(target=run, name=f"{what} of {name}", daemon=True)
    thread.start()
    thread.join(IMPORT_SECONDS)
    if thread.is_alive():
        raise PluginRefused(Fault.IMPORT_SLOW, f"The {what} of {name} took more than {IMPORT_SECONDS:g} seconds.")
    if errors:
        raise PluginRefused(
            Fault.IMPORT_FAILED, f"The {what} of {name} failed: {type(errors[0]).__name__}: {errors[0]}."
        ) from errors[0]
    return answers[0]


def _check_words(plugin: Plugin) -> None:
    if not NAME.fullmatch(plugin.name):
        raise PluginRefused(
            Fault.BAD_MANIFEST,
            f"{plugin.name!r} is no plugin's name: 3 to 20 small letters and digits, a letter first, no underscore.",
        )
    if plugin.name in RESERVED:
        raise PluginRefused(Fault.NAME_RESERVED, f"The name {plugin.name} is the core's own; choose another.")
    try:
        Version(plugin.version)
    except InvalidVersion as error:
        raise PluginRefused(
            Fault.BAD_MANIFEST, f"{plugin.name} has the version {plugin.version!r}, which is none (PEP 440)."
        ) from error
    if not all((plugin.title, plugin.description, plugin.publisher.name, plugin.publisher.support)):
        raise PluginRefused(
            Fault.BAD_MANIFEST, f"{_named(plugin)} must have a title, a description and a publisher with support."
        )


def _check_prefixes(plugin: Plugin) -> None:
    """What everybody else's plugin must do so that no later core name can collide with one of its own."""
    for capability in plugin.capabilities:
        if not capability.code.startswith((f"{plugin.name}.", f"{plugin.name}:")):
            raise PluginRefused(
                Fault.CAPABILITY_PREFIX,
                f"{_named(plugin)} brings the capability {capability.code}; its codes begin with {plugin.name}. "
                f"or {plugin.name}:.",
            )
    for role in plugin.roles:
        if not role.code.startswith(f"{plugin.name}_"):
            raise PluginRefused(
                Fault.CAPABILITY_PREFIX,
                f"{_named(plugin)} brings the role {role.code}; its roles begin with {plugin.name}_.",
            )
    if plugin.orm is not None:
        # Migrations run as the owner of every table; a role of the plugin's own would have to stand between
        raise PluginRefused(
            Fault.TABLE_UNPROTECTED,
            f"{_named(plugin)} brings tables, and this Remit keeps those of its own plugins alone.",
        )


def _own_lines(plugin: Plugin) -> tuple[Line, ...]:
    if plugin.lines is None:
        return ()
    try:
        lines = read_lines(plugin.lines, label=f"plugin {plugin.name}: policies/{plugin.lines.name}")
    except (OSError, LinesInvalid) as error:
        raise PluginRefused(Fault.BAD_MANIFEST, f"The role lines of {_named(plugin)} are wrong: {error}") from error
    codes = {capability.code for capability in plugin.capabilities}
    for line in lines:
        if line.capability not in codes:
            raise PluginRefused(
                Fault.LINE_OF_ANOTHER,
                f"{line.source}: {line.capability} is no capability of {plugin.name}; a plugin permits its own alone.",
            )
    return lines


def _in_order(accepted: Iterable[Listed]) -> list[Listed]:
    """Build the contributions, each after those that its plugin names in `after`."""
    waiting = {one.name: one for one in accepted}
    done: list[Listed] = []
    active: set[str] = set()
    while ready := _ready(waiting, active):
        for one in ready:
            del waiting[one.name]
            done.append(_contributed(one))
        active = {one.name for one in done if one.state is State.ACTIVE}
    return [*done, *_stuck(waiting, active)]


def _stuck(waiting: dict[str, Listed], active: set[str]) -> list[Listed]:
    """Refuse what waits for a plugin that does not run; what is left then waits in a circle."""
    stuck: list[Listed] = []
    while lacking := {name: missing for name in waiting if (missing := _missing(waiting[name], active | {*waiting}))}:
        stuck += [waiting.pop(name).refused(_without(name, missing)) for name, missing in lacking.items()]
    return [*stuck, *(one.refused(_circle(sorted(waiting))) for one in waiting.values())]


def _ready(waiting: Mapping[str, Listed], active: set[str]) -> list[Listed]:
    ready = [one for one in waiting.values() if one.plugin and set(one.plugin.after) <= active]
    return sorted(ready, key=lambda one: (not one.is_bundled, one.name))


def _contributed(listed: Listed) -> Listed:
    if listed.plugin is None:
        return listed
    try:
        contribution = _answer_of(listed.plugin.contribute, listed.name, "contribution")
        if not isinstance(contribution, Contribution):
            raise PluginRefused(Fault.BAD_MANIFEST, f"{_named(listed.plugin)} does not contribute a Contribution.")
    except PluginRefused as refusal:
        return listed.refused(refusal)
    return replace(listed, contribution=contribution)


def _missing(listed: Listed, present: set[str]) -> str | None:
    after = listed.plugin.after if listed.plugin else ()
    return next((name for name in after if name not in present), None)


def _without(name: str, missing: str) -> PluginRefused:
    return PluginRefused(
        Fault.DEPENDENCY_MISSING,
        f"{name} loads after {missing}, which does not run. Install {missing} and name it in REMIT_PLUGINS, or look "
        "why it is refused.",
    )


def _circle(names: Sequence[str]) -> PluginRefused:
    return PluginRefused(
        Fault.DEPENDENCY_CYCLE,
        f"These load after one another in a circle: {', '.join(names)}. Install versions that do not.",
    )


def _refused(listed: Iterable[Listed]) -> list[Listed]:
    return [one for one in listed if one.state is not State.ACTIVE]


def _named(plugin: Plugin) -> str:
    return f"{plugin.name} {plugin.version}"
