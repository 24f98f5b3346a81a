"""Did and can: what the journal says was used, folded by the nightly job, and who could go without."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from uuid_utils.compat import uuid7

from app import Remit
from domain.network.fan_out import EVERY_NETWORK
from domain.team import uses
from domain.team.jobs import FOLD_USES, fold_uses_of_all, fold_uses_of_network
from policies.scopes import network
from tests.api import Api
from tests.factories import MADE, Salon, make_salon
from tests.members import let_in, make_member
from tests.resolvers.visits import book, booked, change, tomorrow
from work import Caller, Task, Work

PEOPLE = {
    "hal": ("owner", "network"),
    "bo": ("manager", "network"),
    "rae": ("manager", "north"),
    "ana": ("administrator", "north"),
    "fay": ("marketer", "network"),
    "di": ("specialist", "network"),
    "nil": ("", "network"),
}
ATHENS = ZoneInfo("Europe/Athens")
UNUSED = """
query ($of: ID!, $days: Int! = 90, $first: Int! = 50, $after: String) {
  unusedCapabilities(network: $of, days: $days, first: $first, after: $after) {
    knownSince knownUntil totalCount pageInfo { hasNextPage endCursor }
    nodes { holderId holder { name } toFree unused { capability location { name } lastUsedOn seat } }
  }
}
"""
KEPT = "SELECT holder_id, capability, location_id, last_used_on, uses FROM capability_uses ORDER BY 1, 2, 3"
QUEUED = """
SELECT args ->> 'network_id' AS network_id FROM procrastinate_jobs WHERE task_name = $1 AND status = 'todo'
"""
LONG_AGO = "UPDATE capability_uses SET last_used_on = last_used_on - 100"


@pytest.fixture
async def salon(remit: Remit) -> Salon:
    return await make_salon(remit.host, PEOPLE, provides=("di",))


async def fold(remit: Remit, salon: Salon) -> None:
    """Do what the nightly job does in one network."""
    await fold_uses_of_network(remit.host, str(salon.network_id))


async def use(remit: Remit, salon: Salon, name: str, capability: str, *, at: UUID | None = None) -> None:
    """Let somebody use a capability, as a mutation that requires it would."""

    async def run(work: Work) -> None:
        work.location_id = at

    await remit.host.perform(Caller(token=salon[name].token), Task(MADE.event, capability), run)


async def kept(remit: Remit, salon: Salon) -> list[tuple[object, ...]]:
    """The uses that are counted."""
    async with remit.host.database.read() as statements:
        await statements.execute("SELECT set_config('remit.network_id', $1, true)", str(salon.network_id))
        return [tuple(row) for row in await statements.fetch(KEPT)]


async def unused(api: Api, salon: Salon, **further: Any) -> Any:
    return (await api.ask(UNUSED, salon["hal"], of=salon.network_id, **further)).data["unusedCapabilities"]


async def unused_of(api: Api, salon: Salon, name: str, **further: Any) -> dict[tuple[str, str | None], Any]:
    """What somebody does not use, by capability and location."""
    nodes = (await unused(api, salon, **further))["nodes"]
    (found,) = [one["unused"] for one in nodes if one["holderId"] == str(salon[name].specialist_id)]
    return {(one["capability"], one["location"] and one["location"]["name"]): one for one in found}


def today(zone: ZoneInfo = ATHENS) -> date:
    return datetime.now(UTC).astimezone(zone).date()


# --- The fold


async def test_what_was_done_is_counted_where_it_was_done_and_refusals_are_not(
    api: Api, remit: Remit, salon: Salon
) -> None:
    await booked(api, salon, tomorrow(10))
    await booked(api, salon, tomorrow(12))
    refused = await book(api, salon, salon["ana"], tomorrow(12))
    await api.ask("{ appointments { totalCount } }", salon["ana"])

    await fold(remit, salon)

    assert refused.data["bookAppointment"]["code"] == "SLOT_TAKEN"
    assert await kept(remit, salon) == [(salon["ana"].specialist_id, "appointments:create", salon.north, today(), 2)]


async def test_a_capability_that_reads_is_not_counted_even_where_it_leaves_an_entry(remit: Remit, salon: Salon) -> None:
    for capability in ("journal:read", "clients:read_contacts", "clients:search", "services:update"):
        await use(remit, salon, "hal", capability)

    await fold(remit, salon)

    assert [row[1] for row in await kept(remit, salon)] == ["services:update"]


async def test_what_a_visitor_did_is_counted_by_the_account(remit: Remit, salon: Salon) -> None:
    tim = await make_member(remit.host, "tim", "account_manager")
    await let_in(remit.host, tim, salon.network_id, salon.north, role="administrator")

    async def run(work: Work) -> None:
        work.location_id = salon.north

    caller = Caller(token=tim.token, domain=network(salon.network_id))
    await remit.host.perform(caller, Task(MADE.event, "appointments:create"), run)
    await fold(remit, salon)

    assert await kept(remit, salon) == [(tim.account_id, "appointments:create", salon.north, today(), 1)]


async def test_folding_again_counts_nothing_twice_and_leaves_nothing_out(
    api: Api, remit: Remit, salon: Salon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uses, "MOST_ENTRIES", 2)
    for hour in (9, 11, 13):
        await booked(api, salon, tomorrow(hour))
    await fold(remit, salon)
    once = await kept(remit, salon)

    await fold(remit, salon)
    twice = await kept(remit, salon)
    await booked(api, salon, tomorrow(15))
    await fold(remit, salon)

    assert once == twice == [(salon["ana"].specialist_id, "appointments:create", salon.north, today(), 3)]
    assert [row[-1] for row in await kept(remit, salon)] == [4]


async def test_two_workers_at_once_count_each_use_once(api: Api, remit: Remit, salon: Salon) -> None:
    for hour in (9, 11, 13):
        await booked(api, salon, tomorrow(hour))

    await asyncio.gather(*(fold(remit, salon) for _ in range(4)))

    assert [row[-1] for row in await kept(remit, salon)] == [3]


async def test_the_day_of_a_use_is_told_by_the_calendar_of_its_place(remit: Remit, salon: Salon) -> None:
    """The two zones are 25 hours apart: it is never the same day in both."""
    east, west = ZoneInfo("Pacific/Kiritimati"), ZoneInfo("Pacific/Pago_Pago")
    await change(remit, salon, "UPDATE locations SET zone = $2 WHERE id = $1", salon.north, east.key)
    await change(remit, salon, "UPDATE networks SET zone = $2 WHERE id = $1", salon.network_id, west.key)
    await use(remit, salon, "hal", "payments:create", at=salon.north)
    await use(remit, salon, "hal", "services:update")

    await fold(remit, salon)

    days = {row[1]: row[3] for row in await kept(remit, salon)}
    assert days == {"payments:create": today(east), "services:update": today(west)}


async def test_a_network_sees_its_own_uses_alone(api: Api, remit: Remit, salon: Salon) -> None:
    other = await make_salon(remit.host, PEOPLE)
    await booked(api, salon, tomorrow(10))

    await fold(remit, salon)
    await fold(remit, other)

    assert len(await kept(remit, salon)) == 1
    assert await kept(remit, other) == []


async def test_the_nightly_job_defers_one_for_each_network_that_is_not_closed(remit: Remit, salon: Salon) -> None:
    closed = await make_salon(remit.host, {"hal": ("owner", "network")})
    await change(remit, closed, "UPDATE networks SET state = 'CLOSED' WHERE id = $1", closed.network_id)

    await fold_uses_of_all(remit.host)

    async with remit.host.database.transaction() as statements:
        queued = [row["network_id"] for row in await statements.fetch(QUEUED, "policies.fold_uses_of_network")]
        await statements.execute("DELETE FROM procrastinate_jobs WHERE task_name = 'policies.fold_uses_of_network'")
    assert str(salon.network_id) in queued
    assert str(closed.network_id) not in queued
    assert FOLD_USES in remit.merged.jobs


async def test_no_network_learns_of_the_others(remit: Remit, salon: Salon) -> None:
    async def networks(work: Work) -> int:
        return len(await work.statements.fetch(EVERY_NETWORK))

    assert await remit.host.perform_as_system(salon.network_id, Task(), networks) == 0
    assert await remit.host.perform(Caller(token=salon["hal"].token), Task(), networks) == 0
    assert await remit.host.perform_as_system(None, Task(), networks) > 0


# --- The question


async def test_what_is_held_and_not_used_is_listed_with_what_would_free_a_seat(
    api: Api, remit: Remit, salon: Salon
) -> None:
    await booked(api, salon, tomorrow(10))
    await use(remit, salon, "rae", "services:update")
    await fold(remit, salon)

    nodes = {one["holder"]["name"]: one for one in (await unused(api, salon))["nodes"]}

    ana = await unused_of(api, salon, "ana")
    assert ("appointments:create", "North") not in ana
    assert ana["payments:create", "North"] == {
        "capability": "payments:create",
        "location": {"name": "North"},
        "lastUsedOn": None,
        "seat": "PAYMENTS",
    }
    assert ana["clients:create", "North"]["seat"] is None
    assert nodes["Ana"]["toFree"] == []
    assert nodes["Rae"]["toFree"] == [
        "appointments:create",
        "deposits:create",
        "deposits:use",
        "payments:create",
        "refunds:create",
    ]
    assert "Nil" not in nodes
    assert not any(code.partition(":")[2].startswith("read") for code, _ in ana)


async def test_a_use_of_long_ago_is_told_and_counts_again_for_a_longer_time(
    api: Api, remit: Remit, salon: Salon
) -> None:
    await booked(api, salon, tomorrow(10))
    await fold(remit, salon)
    await change(remit, salon, LONG_AGO)

    quarter = await unused_of(api, salon, "ana")
    half_a_year = await unused_of(api, salon, "ana", days=180)

    assert quarter["appointments:create", "North"]["lastUsedOn"] == str(today() - timedelta(days=100))
    assert ("appointments:create", "North") not in half_a_year


async def test_it_says_since_when_and_until_when_it_knows(api: Api, remit: Remit, salon: Salon) -> None:
    before = await unused(api, salon)
    begun = datetime.now(UTC)
    await fold(remit, salon)
    after = await unused(api, salon)

    assert before == {
        "knownSince": None,
        "knownUntil": None,
        "totalCount": 0,
        "nodes": [],
        "pageInfo": {"hasNextPage": False, "endCursor": None},
    }
    assert datetime.fromisoformat(after["knownSince"]) < begun <= datetime.fromisoformat(after["knownUntil"])
    assert after["totalCount"] == len(after["nodes"]) == 6


async def test_the_pages_hold_everybody_once(api: Api, remit: Remit, salon: Salon) -> None:
    await fold(remit, salon)
    seen: list[str] = []
    after: str | None = None
    for rows, has_more in ((4, True), (2, False)):
        page = await unused(api, salon, first=4, after=after)
        assert (len(page["nodes"]), page["pageInfo"]["hasNextPage"], page["totalCount"]) == (rows, has_more, 6)
        seen += [one["holderId"] for one in page["nodes"]]
        after = page["pageInfo"]["endCursor"]

    assert seen == sorted(str(one.specialist_id) for name, one in salon.people.items() if name != "nil")


@pytest.mark.parametrize("days", [0, -1, 3651])
async def test_an_odd_number_of_days_is_refused(api: Api, salon: Salon, days: int) -> None:
    answer = await api.ask(UNUSED, salon["hal"], of=salon.network_id, days=days)

    assert answer.codes == ["INVALID_INPUT"]
    assert answer.body["errors"][0]["extensions"]["path"] == ["days"]


async def test_it_is_for_who_may_explain_the_whole_network(api: Api, salon: Salon) -> None:
    codes = {name: (await api.ask(UNUSED, salon[name], of=salon.network_id)).codes for name in ("bo", "rae", "ana")}
    foreign = await api.ask(UNUSED, salon["hal"], of=uuid7())

    assert codes == {"bo": [], "rae": ["FORBIDDEN"], "ana": ["FORBIDDEN"]}
    assert foreign.codes == ["NOT_FOUND"]
