"""A network's own rules about who may what: kept, given up, and judged before and after every change of policy.

Those that a plugin brings hold in every network beside them; nobody gives them up.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from asyncpg import Record

from domain.network import reads as network
from domain.team import reads
from domain.team.changes import EndAccessTest, SaveAccessTest, place_of, predicate_to_json, who_to_json
from domain.team.consequences import ask_outcomes
from domain.team.models import AccessTest as AccessTestRow
from domain.team.naming import named_capabilities, named_family
from domain.team.roles import role_key
from domain.texts import typed_text
from errors import InvalidInput, NotFound
from plugins.contract import AccessView
from policies.access_tests import (
    AccessTest,
    AccessTestOutcome,
    Evaluation,
    Group,
    HasVerdict,
    HoldersOf,
    Holds,
    Mode,
    OneHolder,
    Predicate,
    Quantifier,
    Staff,
    Who,
    access_test_outcomes,
    evaluate,
)
from policies.catalogue import Level
from work import Work

MOST_TESTS = 100
LARGEST_NUMBER = 1_000_000
MOST_OFFENDERS = 50

CURRENT = "SELECT * FROM access_tests WHERE network_id = $1 AND ended_epoch IS NULL ORDER BY title, id"
ONE = "SELECT * FROM access_tests WHERE network_id = $1 AND id = $2"
END = "UPDATE access_tests SET ended_epoch = $3 WHERE network_id = $1 AND id = $2 AND ended_epoch IS NULL"
STAFF = "SELECT id, kind FROM specialists WHERE network_id = $1 AND state <> 'LEFT'"

_SUBJECTS = {
    Quantifier.NOBODY: "Nobody {of}",
    Quantifier.EVERYBODY: "Everybody {of}",
    Quantifier.AT_MOST: "At most {number} {of}",
    Quantifier.AT_LEAST: "At least {number} {of}",
}


@dataclass(frozen=True, slots=True)
class Evaluated:
    """A rule with whether it is true now, and the plugin that brought it (None for the network's own)."""

    test: AccessTest
    evaluation: Evaluation
    plugin: str | None


async def access_tests(work: Work) -> tuple[AccessTest, ...]:
    """Every rule that holds in the network: the plugins', then its own by title."""
    rows = await work.statements.fetch(CURRENT, work.network_id)
    brought = [test for plugin in sorted(work.host.access_tests) for test in work.host.access_tests[plugin]]
    return (*brought, *map(_test, rows))


async def outcomes(work: Work, before: AccessView, after: AccessView) -> tuple[AccessTestOutcome, ...]:
    """The rules that a change makes true or untrue, and those that are untrue and stay so."""
    tests = await access_tests(work)
    if not tests:
        return ()
    people = await work.statements.fetch(STAFF, work.network_id)
    staffs = [await _staff(work, view, tests, people) for view in (before, after)]
    return tuple(one for one in access_test_outcomes(tests, *staffs) if not (one.before.holds and one.after.holds))


async def evaluated(work: Work, *, network_id: UUID) -> list[Evaluated]:
    """Every rule of the network, with whether it is true now. Raises NotFound, Forbidden."""
    network.require_network(work, network_id, path=("network",))
    work.require("policies:explain")
    brought_by = {test.id: plugin for plugin, brought in work.host.access_tests.items() for test in brought}
    tests = await access_tests(work)
    staff = await _staff(work, work.access, tests, await work.statements.fetch(STAFF, work.network_id))
    return [Evaluated(test, evaluate(test, staff), brought_by.get(test.id)) for test in tests]


async def offenders_of(work: Work, keys: list[tuple[UUID, ...]]) -> dict[tuple[UUID, ...], list[reads.SpecialistRow]]:
    """Who speaks against each of some rules: the first hundred, visitors left out."""
    shown = {key: key[:MOST_OFFENDERS] for key in keys}
    found = await reads.specialists_by_id(work, sorted({one for ids in shown.values() for one in ids}))
    return {key: [found[one] for one in ids if one in found] for key, ids in shown.items()}


def sentence_of(test: AccessTest) -> str:
    """What a rule asks, in words: `Nobody among holders of call_center may do cash_shifts:read.`"""
    subject, asked = _SUBJECTS[test.quantifier].format(number=test.number, of=_among(test.who)), test.predicate
    if isinstance(asked, HasVerdict):
        return f"{subject} is {asked.outcome} by {asked.policy}."
    return f"{subject} may do {asked.capability}{' at one location' if asked.location_id else ''}."


async def save(work: Work, change: SaveAccessTest, *, epoch: int, path: tuple[str | int, ...]) -> bool:
    """Keep a rule; False where it is kept so. Raises NotFound, Forbidden, InvalidInput."""
    work.require(change.requires)
    title = typed_text(change.title, least=1, path=(*path, "title"))
    await _require_meaning(work, change, path)
    current = {row["id"]: row for row in await work.statements.fetch(CURRENT, work.network_id)}
    replaced = None if change.test_id is None else current.get(change.test_id)
    if change.test_id is not None and replaced is None:
        raise NotFound(path=(*path, "test"))
    others = [row for row in current.values() if row is not replaced]
    said = _columns(change, title)
    if any(_says(row, said) for row in current.values()):
        return False
    if any(row["title"] == title for row in others):
        raise InvalidInput(
            "Another rule has this title.", hint="Choose another title, or send that rule's id.", path=(*path, "title")
        )
    if len(others) >= MOST_TESTS:
        raise InvalidInput(f"A network keeps at most {MOST_TESTS} rules.", hint="End one that nobody needs.", path=path)
    if replaced is not None:
        await work.statements.execute(END, work.network_id, replaced["id"], epoch)
    made = await AccessTestRow.create(network_id=work.network_id, created_epoch=epoch, **said)
    work.touches("access_test", made.id, name=title)
    return True


async def end(work: Work, change: EndAccessTest, *, epoch: int, path: tuple[str | int, ...]) -> bool:
    """Give a rule up; False where it is given up. Raises NotFound, Forbidden, InvalidInput."""
    work.require(change.requires)
    for plugin, brought in work.host.access_tests.items():
        if any(test.id == change.test_id for test in brought):
            raise InvalidInput(
                f"This rule comes with the plugin {plugin}.", hint="Ask its publisher.", path=(*path, "test")
            )
    row = await work.statements.fetchrow(ONE, work.network_id, change.test_id)
    if row is None:
        raise NotFound(path=(*path, "test"))
    if row["ended_epoch"] is not None:
        return False
    await work.statements.execute(END, work.network_id, change.test_id, epoch)
    work.touches("access_test", change.test_id, name=row["title"])
    return True


async def _require_meaning(work: Work, change: SaveAccessTest, path: tuple[str | int, ...]) -> None:
    """Let a rule through whose every word means something. Raises NotFound, InvalidInput."""
    match change.who:
        case HoldersOf(role):
            await role_key(work, role, path=(*path, "who", "role"))
        case OneHolder(holder_id):
            await reads.specialist(work, holder_id, path=(*path, "who", "holder"))
    match change.predicate:
        case Holds(capability, location_id):
            _require_capability(work, capability, location_id, (*path, "predicate", "capability"))
            if location_id is not None:
                await network.location(work, location_id, path=(*path, "predicate", "location"))
        case HasVerdict(family, outcome):
            _require_outcome(work, family, outcome, (*path, "predicate", "verdict"))
    is_counted = change.quantifier in (Quantifier.AT_MOST, Quantifier.AT_LEAST)
    if not 0 <= change.number <= (LARGEST_NUMBER if is_counted else 0):
        allowed = f"from 0 to {LARGEST_NUMBER}" if is_counted else "for AT_MOST and AT_LEAST alone"
        raise InvalidInput(f"The number is {allowed}.", hint="Send another number.", path=(*path, "number"))


def _require_capability(work: Work, pattern: str, location_id: UUID | None, path: tuple[str | int, ...]) -> None:
    levels = {capability.level for capability in named_capabilities(work, pattern, path=path)}
    if not levels & {Level.LOCATION, Level.NETWORK, Level.SHARED}:
        raise InvalidInput(f"{pattern} is nothing that is done in a network.", hint="Name another one.", path=path)
    if location_id is not None and Level.LOCATION not in levels:
        raise InvalidInput(
            f"{pattern} is asked at the whole network.", hint="Leave the location out.", path=(*path[:-1], "location")
        )


def _require_outcome(work: Work, family: str, outcome: str, path: tuple[str | int, ...]) -> None:
    possible = named_family(work, family, path=(*path, "name")).vocabulary.outcomes
    if outcome not in possible:
        outcomes = ", ".join(sorted(possible))
        raise InvalidInput(
            f"{family} is never {outcome!r}.", hint=f"It is one of: {outcomes}.", path=(*path, "outcome")
        )


def _among(who: Who) -> str:
    match who:
        case HoldersOf(role):
            return f"among holders of {role}"
        case OneHolder(holder_id):
            return f"of one person ({holder_id})"
        case Group.SERVICE_ACCOUNTS:
            return "among the service accounts"
        case _:
            return "of the network"


def _columns(change: SaveAccessTest, title: str) -> dict[str, Any]:
    return {
        "title": title,
        "who": who_to_json(change.who),
        "quantifier": str(change.quantifier),
        "number": change.number,
        "predicate": predicate_to_json(change.predicate),
        "scope": place_of(change.predicate),
        "mode": str(change.mode),
    }


def _says(row: Record, said: Mapping[str, Any]) -> bool:
    written = {**dict(row), "who": orjson.loads(row["who"]), "predicate": orjson.loads(row["predicate"])}
    return all(written[column] == value for column, value in said.items())


def _test(row: Record) -> AccessTest:
    return AccessTest(
        id=row["id"],
        title=row["title"],
        who=_who(orjson.loads(row["who"])),
        quantifier=Quantifier(row["quantifier"]),
        predicate=_predicate(orjson.loads(row["predicate"]), row["scope"]),
        mode=Mode(row["mode"]),
        number=row["number"],
    )


def _who(written: Mapping[str, str]) -> Who:
    if "role" in written:
        return HoldersOf(written["role"])
    return OneHolder(UUID(written["holder"])) if "holder" in written else Group(written["group"])


def _predicate(written: Mapping[str, str], location_id: UUID | None) -> Predicate:
    if "holds" in written:
        return Holds(written["holds"], location_id)
    return HasVerdict(written["verdict"], written["outcome"])


async def _staff(work: Work, view: AccessView, tests: Iterable[AccessTest], people: Sequence[Record]) -> Staff:
    """Everybody of the network at the view's instant, with the verdicts that the tests ask for."""
    asked = {test.predicate.policy for test in tests if isinstance(test.predicate, HasVerdict)}
    verdicts = {family: await ask_outcomes(work, view, family) for family in sorted(asked)}
    return Staff(
        policy=view.policy,
        now=view.at,
        holders=frozenset(row["id"] for row in people) | view.policy.assignments.keys(),
        service_accounts=frozenset(row["id"] for row in people if row["kind"] == "SERVICE"),
        verdicts=verdicts,
    )
