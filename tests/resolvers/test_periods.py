"""Assignments that are over: access ended by itself, the hourly job ends the rows, and the journal says so once."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

import jobs
from app import Remit
from domain.team import periods
from domain.team.jobs import END_PERIODS, end_periods_of_all, end_periods_of_network
from domain.team.models import Assignment
from tests.api import Api
from tests.factories import MADE, Salon, make_salon
from tests.resolvers.visits import count
from work import Work

PEOPLE = {"hal": ("owner", "network"), "bo": ("manager", "network"), "nil": ("", "network")}
ASSIGNED = "query ($of: ID!) { assignments(network: $of) { nodes { role holder { name } account { name } } } }"
CHANGES = """
query ($of: ID!) {
  policyChanges(network: $of) {
    nodes { epoch origin journalEntryId consent actor { type id } madeBy { name } changes { kind sentence }
            consequences { plugin } delta { gained lost } }
  }
}
"""
ENTRIES = "SELECT count(*) FROM journal_entries"
EPOCH = "SELECT epoch FROM policy_epochs"
QUEUED = """
DELETE FROM procrastinate_jobs WHERE task_name = 'policies.end_periods_of_network' RETURNING args ->> 'network_id' AS id
"""


@pytest.fixture
async def salon(remit: Remit) -> Salon:
    return await make_salon(remit.host, PEOPLE)


async def give(
    remit: Remit, salon: Salon, role: str, *, until: datetime, visitor: UUID | None = None, at: UUID | None = None
) -> None:
    """Give nil a role, or a visitor, for the two days before an instant."""

    async def run(work: Work) -> None:
        await Assignment.create(
            network_id=salon.network_id,
            location_id=at,
            role_code=role,
            specialist_id=None if visitor else salon["nil"].specialist_id,
            account_id=visitor,
            valid_from=until - timedelta(days=2),
            valid_until=until,
            created_epoch=await work.statements.fetchval("SELECT next_policy_epoch()"),
        )

    await remit.host.perform_as_system(salon.network_id, MADE, run)


def hours(number: float) -> datetime:
    """So many hours from now."""
    return datetime.now(UTC) + timedelta(hours=number)


async def end_over(remit: Remit, salon: Salon) -> None:
    """Do what the hourly job does in one network."""
    await end_periods_of_network(remit.host, str(salon.network_id))


async def roles_of_nil(api: Api, salon: Salon) -> list[str]:
    nodes = (await api.ask(ASSIGNED, salon["hal"], of=salon.network_id)).data["assignments"]["nodes"]
    return sorted(one["role"] for one in nodes if one["holder"] in (None, {"name": "Nil"}))


async def changes(api: Api, salon: Salon) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await api.ask(CHANGES, salon["hal"], of=salon.network_id)).data["policyChanges"][
        "nodes"
    ]
    return found


async def test_what_is_over_is_ended_and_what_is_not_stays(api: Api, remit: Remit, salon: Salon) -> None:
    await give(remit, salon, "manager", until=hours(-1))
    await give(remit, salon, "viewer", until=hours(-30), visitor=salon["bo"].account_id, at=salon.north)
    await give(remit, salon, "accountant", until=hours(1))
    before = await roles_of_nil(api, salon)

    await end_over(remit, salon)

    assert before == ["accountant", "manager", "viewer"]
    assert await roles_of_nil(api, salon) == ["accountant"]


async def test_the_access_had_ended_by_itself(api: Api, remit: Remit, salon: Salon) -> None:
    await give(remit, salon, "manager", until=hours(-0.001))

    answer = await api.ask("{ myAccess { codes conditional { capability under } } }", salon["nil"])

    assert answer.data["myAccess"] == {"codes": [], "conditional": []}


async def test_the_history_and_the_journal_name_the_job(api: Api, remit: Remit, salon: Salon) -> None:
    await give(remit, salon, "manager", until=hours(-1))

    await end_over(remit, salon)

    (made,) = await changes(api, salon)
    entry = made.pop("journalEntryId")
    assert made == {
        "epoch": await count(remit, salon, EPOCH),
        "origin": "JOB",
        "consent": None,
        "actor": {"type": "system", "id": "policies.end_periods"},
        "madeBy": None,
        "changes": [{"kind": "end", "sentence": "Nil no longer has the role manager in the whole network."}],
        "consequences": [],
        "delta": {"gained": 0, "lost": 0},
    }
    document = "query ($id: ID!) { journalEntry(id: $id) { code outcome sentence changes { table operation } } }"
    assert (await api.ask(document, salon["hal"], id=entry)).data["journalEntry"] == {
        "code": "policy.periods_ended",
        "outcome": "ok",
        "sentence": "Assignments whose period was over were ended.",
        "changes": [
            {"table": "assignments", "operation": "u"},
            {"table": "policy_changes", "operation": "i"},
        ],
    }


async def test_where_nothing_is_over_nothing_is_written(remit: Remit, salon: Salon) -> None:
    await give(remit, salon, "manager", until=hours(-1))
    await end_over(remit, salon)
    before = [await count(remit, salon, sql) for sql in (ENTRIES, EPOCH)]

    await end_over(remit, salon)

    assert [await count(remit, salon, sql) for sql in (ENTRIES, EPOCH)] == before


async def test_two_workers_at_once_end_each_once(api: Api, remit: Remit, salon: Salon) -> None:
    await give(remit, salon, "manager", until=hours(-1))
    before = await count(remit, salon, ENTRIES)

    await asyncio.gather(*(end_over(remit, salon) for _ in range(4)))

    assert len(await changes(api, salon)) == 1
    assert await count(remit, salon, ENTRIES) == before + 1


async def test_a_worker_carries_the_hourly_job_to_the_network(
    api: Api, remit: Remit, salon: Salon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "QUEUE", f"toy-{salon.network_id.hex[-8:]}")
    await give(remit, salon, "manager", until=hours(-1))
    async with remit.host.database.transaction() as statements:
        await jobs.defer(statements, END_PERIODS, arguments={})

    await jobs.Worker(remit.host.database.app, remit.merged.jobs, remit.host).run(until_empty=True)

    assert await roles_of_nil(api, salon) == []


async def test_many_are_ended_in_several_works(
    api: Api, remit: Remit, salon: Salon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(periods, "MOST_ENDED", 2)
    for role in ("manager", "accountant", "marketer"):
        await give(remit, salon, role, until=hours(-1))

    await end_over(remit, salon)

    assert await roles_of_nil(api, salon) == []
    assert [len(one["changes"]) for one in await changes(api, salon)] == [1, 2]


async def test_the_hourly_job_goes_to_the_networks_that_need_it(remit: Remit, salon: Salon) -> None:
    idle = await make_salon(remit.host, PEOPLE)
    await give(remit, salon, "manager", until=hours(-1))
    await give(remit, idle, "manager", until=hours(1))

    await end_periods_of_all(remit.host)

    async with remit.host.database.transaction() as statements:
        queued = [row["id"] for row in await statements.fetch(QUEUED)]
    assert queued.count(str(salon.network_id)) == 1
    assert str(idle.network_id) not in queued
    assert END_PERIODS in remit.merged.jobs
