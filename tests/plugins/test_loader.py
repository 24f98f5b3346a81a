"""Discovering plugins, their manifests, and what each mistake in one is called. No plugin is ever installed here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib.metadata import EntryPoint
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from database.apps import OrmApp
from errors import StartRefused
from plugins import loader
from plugins.contract import Contribution, Plugin, Publisher
from plugins.loader import Fault, Found, Listed, PluginRefused, State, check_api_range, load
from policies.catalogue import ALL, Capability, DomainKind, Level, Seat
from policies.roles import Role

HOST_API = "1.7.2"
SIGN = Capability(
    code="rental.contracts:sign",
    title="Sign contracts",
    description="Sign a contract of rent.",
    level=Level.LOCATION,
    seat=Seat.FREE,
    limits=(),
    immune=ALL,
)
RENTAL = Plugin(
    name="rental",
    version="1.4.0",
    api=">=1.2,<2",
    title="Chair rental",
    description="Lets locations rent chairs.",
    publisher=Publisher("Example Kft.", "support@example.com", "https://example.com/rental"),
    contribute=Contribution,
    capabilities=(SIGN,),
)


class StubEntry:
    """An entry point whose loading answers what the test says."""

    def __init__(self, name: str, answer: Callable[[], Any]) -> None:
        self.name = name
        self.value = f"{name}.plugin:PLUGIN"
        self.module = f"{name}.plugin"
        self.load = answer


def found(plugin: object, *, name: str | None = None, is_bundled: bool = False) -> Found:
    entry: Any = StubEntry(name or str(getattr(plugin, "name", "rental")), lambda: plugin)
    return Found(entry.name, entry, is_bundled=is_bundled)


def loaded(*plugins: Found, wanted: Sequence[str] | None = None) -> dict[str, Listed]:
    names = [one.name for one in plugins] if wanted is None else wanted
    return {one.name: one for one in load(plugins, wanted=names, host_api=HOST_API)}


def refusal_of(plugin: object, **given: Any) -> tuple[Fault | None, str | None]:
    (listed,) = load([found(plugin, **given)], wanted=[given.get("name") or "rental"], host_api=HOST_API)
    assert listed.state is State.QUARANTINED
    assert listed.contribution is None
    return listed.fault, listed.sentence


def test_a_good_plugin_is_active_with_its_contribution() -> None:
    listed = loaded(found(RENTAL))["rental"]

    assert listed.state is State.ACTIVE
    assert listed.plugin is RENTAL
    assert listed.contribution == Contribution()
    assert (listed.fault, listed.sentence) == (None, None)


def test_a_plugin_that_is_not_named_is_idle_and_not_imported() -> None:
    def never() -> object:
        raise AssertionError("an idle plugin was imported")

    entry: Any = StubEntry("rental", never)

    assert loaded(Found("rental", entry), wanted=[])["rental"] == Listed("rental", State.IDLE)


def test_a_named_plugin_that_is_not_installed_is_absent() -> None:
    listed = loaded(wanted=["rental"])["rental"]

    assert listed.state is State.ABSENT
    assert listed.sentence == "REMIT_PLUGINS names rental, which is not installed. Install it, or take the name out."


# plugins.md 4.1
@pytest.mark.parametrize(
    ("case", "api", "host_api", "fault"),
    [
        ("bounds", ">=1.2,<2", "1.7.2", None),
        ("compatible release", "~=1.5", "1.7.2", None),
        ("a whole major version", "==1.*", "1.7.2", None),
        ("a later minor version", ">=1.8,<2", "1.7.2", Fault.API_RANGE),
        ("a later major version", ">=2,<3", "1.7.2", Fault.API_RANGE),
        ("no upper bound", ">=1.2", "1.7.2", Fault.API_UNBOUNDED),
        ("empty", "", "1.7.2", Fault.API_UNBOUNDED),
        ("an exclusion is no bound", ">=1.2,!=1.9", "1.7.2", Fault.API_UNBOUNDED),
        ("no range", "one or two", "1.7.2", Fault.BAD_MANIFEST),
        ("bounds", ">=1.2,<2", "2.0.0", Fault.API_RANGE),
        ("compatible release", "~=1.5", "2.0.0", Fault.API_RANGE),
        ("a whole major version", "==1.*", "2.0.0", Fault.API_RANGE),
        ("a later minor version", ">=1.8,<2", "2.0.0", Fault.API_RANGE),
        ("a later major version", ">=2,<3", "2.0.0", None),
        ("no upper bound", ">=1.2", "2.0.0", Fault.API_UNBOUNDED),
        ("a pre-release of 2 is not < 2", ">=1.2,<2", "2.0.0b1", Fault.API_RANGE),
        ("a pre-release of a minor version", ">=1.2,<2", "1.8.0b1", None),
    ],
)
def test_range_of_the_host_api(case: str, api: str, host_api: str, fault: Fault | None) -> None:
    plugin = replace(RENTAL, api=api)

    if fault is None:
        check_api_range(plugin, host_api)
        return
    with pytest.raises(PluginRefused) as refused:
        check_api_range(plugin, host_api)
    assert refused.value.fault is fault


def test_a_plugin_for_a_later_host_says_what_to_upgrade() -> None:
    assert refusal_of(replace(RENTAL, api=">=1.8,<2")) == (
        Fault.API_RANGE,
        "rental 1.4.0 needs host API 1.8 or later; this is 1.7.2. Upgrade Remit or install an older rental.",
    )


def test_a_plugin_for_an_earlier_host_says_what_to_install() -> None:
    assert refusal_of(replace(RENTAL, api=">=1.2,<1.5")) == (
        Fault.API_RANGE,
        "rental 1.4.0 was written for host API >=1.2,<1.5; this is 1.7.2. "
        "Install a newer rental, or stay with the older Remit.",
    )


@pytest.mark.parametrize(
    ("case", "name", "fault"),
    [
        ("digits", "fleet2", None),
        ("capitals", "Rental", Fault.BAD_MANIFEST),
        ("two characters", "r2", Fault.BAD_MANIFEST),
        ("an underscore", "my_rental", Fault.BAD_MANIFEST),
        ("21 characters", "r" * 21, Fault.BAD_MANIFEST),
        ("an area of the core", "appointments", Fault.NAME_RESERVED),
        ("a topic", "till", Fault.NAME_RESERVED),
        ("a reserved word", "query", Fault.NAME_RESERVED),
    ],
)
def test_names(case: str, name: str, fault: Fault | None) -> None:
    listed = loaded(found(replace(RENTAL, name=name, capabilities=())))[name]

    assert listed.fault is fault


@pytest.mark.parametrize(
    ("case", "plugin", "fault"),
    [
        ("no title", replace(RENTAL, title=""), Fault.BAD_MANIFEST),
        ("no support", replace(RENTAL, publisher=Publisher("Example Kft.", "", "")), Fault.BAD_MANIFEST),
        ("no version", replace(RENTAL, version="newest"), Fault.BAD_MANIFEST),
        (
            "a capability of another prefix",
            replace(RENTAL, capabilities=(replace(SIGN, code="rentals:sign"),)),
            Fault.CAPABILITY_PREFIX,
        ),
        (
            "a role of another prefix",
            replace(RENTAL, roles=(Role("lessor", "Lessor", "Rents.", DomainKind.NETWORK),)),
            Fault.CAPABILITY_PREFIX,
        ),
        ("tables", replace(RENTAL, orm=OrmApp("rental", ("rental.models",), "m")), Fault.TABLE_UNPROTECTED),
        ("no file of lines", replace(RENTAL, lines=Path("nowhere.csv")), Fault.BAD_MANIFEST),
    ],
)
def test_faults_of_a_manifest(case: str, plugin: Plugin, fault: Fault) -> None:
    assert refusal_of(plugin)[0] is fault


def test_an_entry_point_that_names_no_plugin() -> None:
    assert refusal_of(object(), name="rental") == (
        Fault.BAD_MANIFEST,
        "The entry point of rental (rental.plugin:PLUGIN) does not name a Plugin.",
    )


def test_an_entry_point_under_another_name() -> None:
    assert refusal_of(RENTAL, name="chairs")[0] is Fault.BAD_MANIFEST


def test_a_line_for_a_capability_of_the_core_is_refused_with_its_place(tmp_path: Path) -> None:
    lines = tmp_path / "roles.csv"
    lines.write_text(
        "p, role:manager, rental.contracts:sign, allow, none\np, role:manager, team:read, allow, none\n", "utf-8"
    )

    assert refusal_of(replace(RENTAL, lines=lines)) == (
        Fault.LINE_OF_ANOTHER,
        "plugin rental: policies/roles.csv:2: team:read is no capability of rental; a plugin permits its own alone.",
    )


def test_lines_for_own_capabilities_are_kept_with_their_source(tmp_path: Path) -> None:
    lines = tmp_path / "roles.csv"
    lines.write_text("p, role:manager, rental.contracts:sign, allow, none\n", "utf-8")

    (line,) = loaded(found(replace(RENTAL, lines=lines)))["rental"].lines

    assert (line.role, line.capability, line.source) == (
        "manager",
        "rental.contracts:sign",
        "plugin rental: policies/roles.csv:1",
    )


@pytest.mark.parametrize("error", [ImportError("no module"), SystemExit(3), KeyboardInterrupt()])
def test_an_import_that_raises_anything_is_a_quarantine(error: BaseException) -> None:
    def fail() -> object:
        raise error

    entry: Any = StubEntry("rental", fail)

    listed = loaded(Found("rental", entry))["rental"]

    assert (listed.state, listed.fault) == (State.QUARANTINED, Fault.IMPORT_FAILED)


def test_an_import_that_hangs_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loader, "IMPORT_SECONDS", 0.02)
    over = Event()
    entry: Any = StubEntry("rental", over.wait)

    listed = loaded(Found("rental", entry))["rental"]
    over.set()

    assert listed.fault is Fault.IMPORT_SLOW
    assert listed.sentence == "The import of rental took more than 0.02 seconds."


def test_a_contribution_that_raises_is_a_quarantine() -> None:
    def fail() -> Contribution:
        raise RuntimeError("no tables")

    assert refusal_of(replace(RENTAL, contribute=fail)) == (
        Fault.IMPORT_FAILED,
        "The contribution of rental failed: RuntimeError: no tables.",
    )


def test_a_contribution_that_is_none_is_refused() -> None:
    nothing: Any = None

    assert refusal_of(replace(RENTAL, contribute=lambda: nothing)) == (
        Fault.BAD_MANIFEST,
        "rental 1.4.0 does not contribute a Contribution.",
    )


def test_a_bundled_plugin_that_fails_stops_the_start() -> None:
    with pytest.raises(
        StartRefused, match=r"^The plugin rental, which comes with Remit, cannot run: rental 1\.4\.0 needs"
    ):
        loaded(found(replace(RENTAL, api=">=3,<4"), is_bundled=True))


def test_a_bundled_plugin_needs_no_prefixes() -> None:
    plugin = replace(RENTAL, capabilities=(replace(SIGN, code="chairs:sign"),), orm=OrmApp("rental", (), "m"))

    assert loaded(found(plugin, is_bundled=True))["rental"].state is State.ACTIVE


def named(name: str, *after: str) -> Plugin:
    return replace(RENTAL, name=name, after=after, capabilities=())


def test_plugins_come_after_those_that_they_need() -> None:
    plugins = (named("aaa", "zzz"), named("bbb", "aaa", "core2"), named("zzz"), named("core2"))

    listed = load([found(one) for one in plugins], wanted=[one.name for one in plugins], host_api=HOST_API)

    assert [one.name for one in listed] == ["core2", "zzz", "aaa", "bbb"]


def test_who_needs_a_missing_plugin_and_who_needs_that_one_is_refused() -> None:
    listed = loaded(found(named("aaa", "bbb")), found(named("bbb", "other")), found(named("ccc")))

    assert {name: one.fault for name, one in listed.items()} == {
        "aaa": Fault.DEPENDENCY_MISSING,
        "bbb": Fault.DEPENDENCY_MISSING,
        "ccc": None,
    }


def test_a_plugin_does_not_run_without_one_that_failed() -> None:
    def fail() -> Contribution:
        raise RuntimeError

    listed = loaded(found(replace(named("aaa"), contribute=fail)), found(named("bbb", "aaa")))

    assert (listed["aaa"].fault, listed["bbb"].fault) == (Fault.IMPORT_FAILED, Fault.DEPENDENCY_MISSING)


def test_plugins_in_a_circle_are_refused_and_the_others_run() -> None:
    listed = loaded(found(named("aaa", "bbb", "ccc")), found(named("bbb", "aaa")), found(named("ccc")))

    assert listed["ccc"].state is State.ACTIVE
    assert listed["aaa"].fault is listed["bbb"].fault is Fault.DEPENDENCY_CYCLE
    assert listed["aaa"].sentence == (
        "These load after one another in a circle: aaa, bbb. Install versions that do not."
    )


def test_of_two_plugins_with_one_name_the_later_does_not_run() -> None:
    listed = load([found(RENTAL), found(RENTAL)], wanted=["rental"], host_api=HOST_API)

    assert [one.fault for one in listed] == [None, Fault.NAME_TAKEN]


def test_bundled_plugins_are_found_without_an_installation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loader, "entry_points", lambda **_: ())

    assert [(one.name, one.entry.value, one.is_bundled) for one in loader.discover()] == [
        ("billing", "billing.plugin:PLUGIN", True),
        ("support", "plugins.support.plugin:PLUGIN", True),
    ]


def test_an_installed_bundled_plugin_is_found_once_and_an_impostor_beside_it(monkeypatch: pytest.MonkeyPatch) -> None:
    installed = [
        EntryPoint("billing", "billing.plugin:PLUGIN", loader.GROUP),
        EntryPoint("billing", "cheaper.plugin:PLUGIN", loader.GROUP),
    ]
    monkeypatch.setattr(loader, "entry_points", lambda **_: installed)

    assert [(one.name, one.entry.module, one.is_bundled) for one in loader.discover()] == [
        ("billing", "billing.plugin", True),
        ("support", "plugins.support.plugin", True),
        ("billing", "cheaper.plugin", False),
    ]


def test_a_distribution_with_a_package_of_our_name_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loader, "packages_distributions", lambda: {"schema": ["remit", "schema"], "httpx": ["httpx"]})

    with pytest.raises(StartRefused, match="The distribution schema brings a package named schema"):
        loader.refuse_foreign_packages()


def test_our_own_distribution_may_bring_our_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loader, "packages_distributions", lambda: {"schema": ["remit"], "httpx": ["httpx"]})

    loader.refuse_foreign_packages()
