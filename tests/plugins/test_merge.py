"""Merging the core with plugins: what fits runs, what does not costs the later plugin and never the core."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from database.statements import Statements
from errors import StartRefused
from execution.declaration import query
from jobs import Job
from plugins.contract import AccessView, Consequence, Contribution, Plugin, Publisher
from plugins.loader import Fault, Listed, State
from plugins.merge import merge
from policies.catalogue import ALL, Capability, Level, Seat
from policies.limits import NO_LIMITS
from policies.lines import Effect, Line
from policies.roles import BUILT_IN
from tests.schema.toy import greet


def capability(code: str, *, level: Level = Level.LOCATION) -> Capability:
    return Capability(code, "Read", "Read it.", level=level, seat=Seat.FREE, limits=(), immune=ALL)


@query(public="tests ask it")
async def hello(work: Any) -> str:
    """A greeting."""
    return "Hello"


@query(requires="rental.contracts:read", at=Level.LOCATION)
async def rental_contracts(work: Any) -> str:
    """The contracts of rent."""
    return ""


@query(public="tests ask it", name="hello")
async def hello_too(work: Any) -> str:
    """A greeting of another."""
    return "Good bye"


async def nothing(host: object) -> None:
    """A job that does nothing."""


def plugin(name: str, contribution: Contribution, *capabilities: Capability, **given: Any) -> Plugin:
    return Plugin(
        name=name,
        version="1.0",
        api=">=1,<2",
        title=name,
        description=name,
        publisher=Publisher(name, "support@example.com", "https://example.com"),
        contribute=lambda: contribution,
        capabilities=capabilities,
        **given,
    )


# The built-in roles' lines name the core's capabilities, so a core without them has no roles
CORE = plugin("core", Contribution(roots=(hello, greet), jobs=(Job("core.nothing", nothing),)))
RENTAL = plugin("rental", Contribution(roots=(rental_contracts,)), capability("rental.contracts:read"))


@pytest.fixture(autouse=True)
def _no_core_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("plugins.merge.core_lines", lambda: ())


def active(one: Plugin, *, is_bundled: bool = False, lines: Sequence[Line] = ()) -> Listed:
    return Listed(one.name, State.ACTIVE, is_bundled, plugin=one, contribution=one.contribute(), lines=tuple(lines))


def test_the_core_alone() -> None:
    merged = merge(CORE, ())

    assert merged.listed == ()
    assert [job.name for job in merged.jobs] == ["core.nothing"]
    assert "hello" in merged.schema.sdl()


def test_a_plugins_fields_and_capabilities_join_the_cores() -> None:
    merged = merge(CORE, [active(RENTAL)])

    assert "rental.contracts:read" in merged.catalogue
    assert "rentalContracts" in merged.schema.sdl()
    assert [one.state for one in merged.listed] == [State.ACTIVE]


def test_a_plugins_lines_open_its_own_capabilities_to_roles() -> None:
    core = replace(CORE, roles=BUILT_IN)
    line = Line("manager", "rental.contracts:read", Effect.ALLOW, NO_LIMITS, "plugin rental: policies/roles.csv:1")

    release = merge(core, [active(RENTAL, lines=[line])]).release

    assert "manager" in release.roles_allowing("rental.contracts:read")


@pytest.mark.parametrize(
    ("case", "contribution", "sentence"),
    [
        ("a field", Contribution(roots=(hello_too,)), "plugin chairs adds the root field hello, which core has"),
        (
            "a job",
            Contribution(jobs=(Job("core.nothing", nothing),)),
            "The job core.nothing is brought twice. Rename one of them.",
        ),
        (
            "an unknown type",
            Contribution(extends={"Chair": Plugin}),
            "plugin chairs extends the type Chair, which the schema does not have",
        ),
    ],
)
def test_what_is_taken_costs_the_plugin_that_comes_later(case: str, contribution: Contribution, sentence: str) -> None:
    chairs = plugin("chairs", contribution)

    merged = merge(CORE, [active(chairs), active(RENTAL)])

    refused = next(one for one in merged.listed if one.name == "chairs")
    assert (refused.state, refused.fault, refused.sentence) == (State.QUARANTINED, Fault.MERGE_REFUSED, sentence)
    assert refused.contribution is None
    assert next(one for one in merged.listed if one.name == "rental").state is State.ACTIVE
    assert merged.schema.sdl() == merge(CORE, [active(RENTAL)]).schema.sdl()


def test_of_two_plugins_with_one_field_the_earlier_runs() -> None:
    first = plugin("chairs", Contribution(roots=(rental_contracts,)), capability("rental.contracts:read"))
    second = plugin("desks", Contribution(roots=(replace(rental_contracts, requires=None, public="x"),)))

    merged = merge(CORE, [active(first), active(second)])

    assert {one.name: one.state for one in merged.listed} == {
        "chairs": State.ACTIVE,
        "desks": State.QUARANTINED,
    }


def test_a_bundled_plugin_that_does_not_fit_stops_the_start() -> None:
    chairs = plugin("chairs", Contribution(roots=(hello_too,)))

    with pytest.raises(StartRefused, match="plugin chairs adds the root field hello, which core has"):
        merge(CORE, [active(chairs, is_bundled=True)])


def test_a_bundled_plugin_that_does_not_fit_stops_the_start_beside_others_too() -> None:
    chairs = plugin("chairs", Contribution(roots=(hello_too,)))

    with pytest.raises(StartRefused, match="The plugin chairs, which comes with Remit, cannot run"):
        merge(CORE, [active(chairs, is_bundled=True), active(RENTAL)])


def test_consequences_are_known_by_their_plugin() -> None:
    async def chairs(before: AccessView, after: AccessView, statements: Statements) -> Consequence | None:
        return None

    merged = merge(CORE, [active(plugin("chairs", Contribution(consequences=chairs)))])

    assert dict(merged.consequences) == {"chairs": chairs}
