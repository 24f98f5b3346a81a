"""Twenty changes of one policy at once: none is lost, epochs have no gap, each delta is what its change did."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import asyncpg
import orjson
import pytest

from app import Remit
from domain.team.history import policy_at
from policies.compile import DomainPolicy
from policies.delta import delta_between
from tests.api import Api
from tests.factories import Salon, make_salon
from tests.resolvers.escalation import CHANGE, SCOPE, Change, change
from tests.resolvers.test_own_roles import assign, change_lines, create, line
from work import Task, Work

MANY = 20
STAFF = {f"p{number}": ("specialist", "south") for number in range(MANY)}
PEOPLE = {"hal": ("owner", "network"), "ola": ("owner", "network"), "bo": ("manager", "network"), **STAFF}
RECORDS = "SELECT epoch, delta, changes FROM policy_changes WHERE network_id = $1 ORDER BY epoch"
OWNERS = "SELECT id FROM assignments WHERE network_id = $1 AND role_code = 'owner' AND ended_epoch IS NULL"
EPOCH = "SELECT epoch FROM policy_epochs WHERE network_id = $1"


@pytest.fixture
async def salon(api: Api, remit: Remit) -> Salon:
    """A salon whose first change is on record: the policy before the others is the policy of that one."""
    made = await make_salon(remit.host, PEOPLE)
    await change(api, made, made["hal"], [create("desk", [line("services:read")]), assign(made, "p0", "desk")])
    return made


def of_each_kind(salon: Salon) -> list[tuple[str, Change]]:
    """Twenty changes that can be made in any order, by three people; none has a price."""
    person = [salon[f"p{number}"] for number in range(MANY)]
    roles = [create(f"role_{number}", [line("services:read")]) for number in range(2)]
    asked: list[Change] = [
        *(assign(salon, f"p{number}", "viewer") for number in range(5)),
        *(assign(salon, f"p{number}", "viewer", location=salon.north) for number in range(5, 8)),
        *({"endAssignment": {"assignment": one.assignment_id}} for one in person[8:11]),
        *({"setLimits": {"assignment": one.assignment_id, "limits": "back=7"}} for one in person[11:14]),
        *({"suspendHolder": {"holder": one.specialist_id}} for one in person[14:17]),
        *roles,
        change_lines([line("services:read"), line("locations:read")], role="desk"),
    ]
    owners = ["hal" if number % 2 else "ola" for number in range(MANY)]
    return [("bo" if number < 17 and number % 3 == 0 else owners[number], one) for number, one in enumerate(asked)]


async def fetch(remit: Remit, salon: Salon, sql: str) -> list[asyncpg.Record]:
    async with remit.host.database.read() as statements:
        await statements.execute(SCOPE, str(salon.network_id))
        return await statements.fetch(sql, salon.network_id)


async def as_of(remit: Remit, salon: Salon, epoch: int) -> tuple[DomainPolicy, datetime]:
    async def load(work: Work) -> tuple[DomainPolicy, datetime]:
        return await policy_at(work, epoch)

    return await remit.host.perform_as_system(salon.network_id, Task(), load)


async def at_once(api: Api, salon: Salon, asked: Sequence[tuple[str, Change]]) -> list[Any]:
    return await asyncio.gather(*(change(api, salon, salon[by], [one]) for by, one in asked))


async def test_each_of_twenty_changes_at_once_is_made_and_told_as_it_was(api: Api, remit: Remit, salon: Salon) -> None:
    (first,) = await fetch(remit, salon, RECORDS)

    answers = await at_once(api, salon, of_each_kind(salon))

    assert [one["__typename"] for one in answers] == ["PolicyChanged"] * MANY
    _, *records = await fetch(remit, salon, RECORDS)
    epochs = [record["epoch"] for record in records]
    assert epochs == list(range(first["epoch"] + 1, first["epoch"] + 1 + MANY))
    assert sorted(one["epoch"] for one in answers) == epochs
    assert [row["epoch"] for row in await fetch(remit, salon, EPOCH)] == [epochs[-1]]
    for record in records:
        before, _ = await as_of(remit, salon, record["epoch"] - 1)
        after, made_at = await as_of(remit, salon, record["epoch"])
        assert orjson.loads(record["delta"]) == delta_between(before, after, now=made_at).to_json()


@pytest.mark.parametrize(
    ("case", "asked"),
    [
        ("the same role to one person", lambda salon: assign(salon, "p0", "viewer")),
        ("the same suspension", lambda salon: {"suspendHolder": {"holder": salon["p0"].specialist_id}}),
        ("the same end", lambda salon: {"endAssignment": {"assignment": salon["p0"].assignment_id}}),
        ("the same role made", lambda salon: create("night", [line("services:read")])),
        ("the same limits", lambda salon: {"setLimits": {"assignment": salon["p1"].assignment_id, "limits": "back=7"}}),
    ],
)
async def test_of_twenty_times_the_same_one_is_made_and_the_others_know(
    api: Api, remit: Remit, salon: Salon, case: str, asked: Callable[[Salon], Change]
) -> None:
    (first,) = await fetch(remit, salon, RECORDS)

    answers = await at_once(api, salon, [("hal" if number % 2 else "ola", asked(salon)) for number in range(MANY)])

    assert [one["__typename"] for one in answers] == ["PolicyChanged"] * MANY, case
    assert sorted(one["unchanged"] for one in answers) == [False] + [True] * (MANY - 1)
    assert {one["epoch"] for one in answers} == {first["epoch"] + 1}
    assert [record["epoch"] for record in await fetch(remit, salon, RECORDS)] == [first["epoch"], first["epoch"] + 1]


async def test_of_changes_that_cannot_all_be_made_one_is(api: Api, remit: Remit, salon: Salon) -> None:
    limits = [f"back={days}" for days in range(1, MANY + 1)]
    asked = [("hal", assign(salon, "p0", "viewer", limits=one)) for one in limits]

    answers = await at_once(api, salon, asked)

    assert sorted(one["__typename"] for one in answers) == ["InvalidInput"] * (MANY - 1) + ["PolicyChanged"]
    assert {one["message"] for one in answers if one["__typename"] == "InvalidInput"} == {
        "This role is held there already, under other limits."
    }
    assert len(await fetch(remit, salon, RECORDS)) == 2


async def test_of_owners_who_end_each_other_one_stays(api: Api, remit: Remit) -> None:
    names = [f"o{number}" for number in range(6)]
    salon = await make_salon(remit.host, dict.fromkeys(names, ("owner", "network")))
    ends = {name: {"endAssignment": {"assignment": salon[name].assignment_id}} for name in names}

    answers = await at_once(api, salon, [(by, ends[whom]) for by in names for whom in names])

    assert {one["__typename"] for one in answers} <= {"PolicyChanged", "LastOwner", "OwnersOnly", "Forbidden"}
    assert len(await fetch(remit, salon, OWNERS)) == 1


async def test_changes_that_cost_do_not_make_each_others_consents_stale(api: Api, remit: Remit, salon: Salon) -> None:
    asked = [
        {"network": salon.network_id, "changes": [assign(salon, f"p{number}", "administrator")]} for number in range(5)
    ]
    shown = [(await api.ask(CHANGE, salon["hal"], input=one)).data["changePolicy"] for one in asked]
    consents = [one["preview"]["consent"] for one in shown]

    answers = await asyncio.gather(
        *(
            api.ask(CHANGE, salon["hal"], input=one, consent=consent)
            for one, consent in zip(asked, consents, strict=True)
        )
    )

    assert [one["__typename"] for one in shown] == ["ConsentRequired"] * 5
    assert [one.data["changePolicy"]["__typename"] for one in answers] == ["PolicyChanged"] * 5
    assert len(await fetch(remit, salon, RECORDS)) == 1 + 5
