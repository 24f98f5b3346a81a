"""What a Work promises, on a real database: all or nothing, journaled or refused, jobs in the same transaction."""

from __future__ import annotations

from uuid import UUID

import asyncpg
import pytest

from app import Remit
from audit.entries import Area, EventType
from database.sqlstate import sqlstate_of
from domain.clients.models import Client
from domain.journal.operations import verify_journal
from errors import InvalidInput
from jobs import Job
from tests.factories import Salon, make_salon
from work import Task, Work

TOUCHED = Task(EventType("test.touched", Area.SYSTEM))
PEOPLE = {"hal": ("owner", "network")}


async def nothing(_host: object, **_arguments: str) -> None:
    """Do nothing."""


IDLE = Job("test.idle", nothing)


@pytest.fixture
async def salon(remit: Remit) -> Salon:
    return await make_salon(remit.host, PEOPLE)


async def entries(remit: Remit, network_id: UUID) -> list[asyncpg.Record]:
    async with remit.host.database.read() as statements:
        await statements.execute("SELECT set_config('remit.network_id', $1, true)", str(network_id))
        return await statements.fetch("SELECT * FROM journal_entries ORDER BY seq")


async def count(remit: Remit, sql: str, *arguments: object, network_id: UUID | None = None) -> int:
    async with remit.host.database.read() as statements:
        await statements.execute("SELECT set_config('remit.network_id', $1, true)", str(network_id or ""))
        found: int = await statements.fetchval(sql, *arguments)
        return found


async def add_client(work: Work) -> UUID:
    made = await Client.create(network_id=work.network_id, name="New", name_key="new", created_at=work.at)
    await work.defer(IDLE, client_id=made.id)
    found: UUID = made.id
    return found


TAMPER = """
UPDATE journal_entries SET payload = replace(payload, '"ok"', '"oK"') WHERE chain_id = $1 AND seq = $2
"""
JOBS = "SELECT count(*) FROM jobs.procrastinate_jobs WHERE args ->> 'client_id' = $1"


async def test_a_work_leaves_its_rows_its_entry_and_its_job_together(remit: Remit, salon: Salon) -> None:
    before = len(await entries(remit, salon.network_id))

    client_id = await remit.host.perform_as_system(salon.network_id, TOUCHED, add_client)

    written = await entries(remit, salon.network_id)
    assert len(written) == before + 1
    assert (written[-1]["code"], written[-1]["outcome"], written[-1]["change_count"]) == ("test.touched", "ok", 1)
    assert await count(remit, JOBS, str(client_id)) == 1
    assert await count(remit, "SELECT count(*) FROM clients WHERE id = $1", client_id, network_id=salon.network_id) == 1


async def test_a_refused_work_leaves_its_entry_alone(remit: Remit, salon: Salon) -> None:
    made: list[UUID] = []

    async def refuse(work: Work) -> None:
        made.append(await add_client(work))
        raise InvalidInput("no")

    with pytest.raises(InvalidInput):
        await remit.host.perform_as_system(salon.network_id, TOUCHED, refuse)

    last = (await entries(remit, salon.network_id))[-1]
    assert (last["code"], last["outcome"]) == ("test.touched", "denied")
    assert '"error":"INVALID_INPUT"' in last["payload"]
    assert await count(remit, JOBS, str(made[0])) == 0
    assert await count(remit, "SELECT count(*) FROM clients WHERE id = $1", made[0], network_id=salon.network_id) == 0


async def test_a_failed_work_is_journaled_as_failed(remit: Remit, salon: Salon) -> None:
    async def fail(work: Work) -> None:
        await add_client(work)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await remit.host.perform_as_system(salon.network_id, TOUCHED, fail)

    last = (await entries(remit, salon.network_id))[-1]
    assert (last["code"], last["outcome"], last["change_count"]) == ("test.touched", "failed", 0)


async def test_a_deadlocked_work_is_run_again(remit: Remit, salon: Salon) -> None:
    runs = 0

    async def stumble(work: Work) -> UUID:
        nonlocal runs
        runs += 1
        if runs < 3:
            await work.statements.execute("DO $$ BEGIN RAISE deadlock_detected; END $$")
        return await add_client(work)

    await remit.host.perform_as_system(salon.network_id, TOUCHED, stumble)

    assert runs == 3
    assert (await entries(remit, salon.network_id))[-1]["outcome"] == "ok"


async def test_remit_app_cannot_write_a_critical_table_outside_a_work(remit: Remit, salon: Salon) -> None:
    async with remit.host.database.app.connection() as connection:
        await connection.execute("SELECT set_config('remit.network_id', $1, false)", str(salon.network_id))
        with pytest.raises(asyncpg.PostgresError) as refused:
            await connection.execute("UPDATE clients SET name = 'changed'")

    assert sqlstate_of(refused.value) == "RM001"


@pytest.mark.parametrize(
    ("case", "sql"),
    [
        ("deleting entries", "DELETE FROM journal_entries"),
        ("changing entries", "UPDATE journal_entries SET payload = '{}'"),
        ("deleting changes", "DELETE FROM journal_changes"),
        ("moving a head", "UPDATE journal_heads SET seq = 0"),
        ("writing entries", "INSERT INTO journal_heads (chain_id) VALUES (gen_random_uuid())"),
        ("emptying a table", "TRUNCATE clients"),
        ("raising an epoch", "UPDATE policy_epochs SET epoch = 0"),
        ("making it a demo", "UPDATE installation SET is_demo = true"),
    ],
)
async def test_remit_app_has_no_right_to(remit: Remit, salon: Salon, case: str, sql: str) -> None:
    async with remit.host.database.app.connection() as connection:
        await connection.execute("SELECT set_config('remit.network_id', $1, false)", str(salon.network_id))
        with pytest.raises(asyncpg.PostgresError) as refused:
            await connection.execute(sql)

    assert sqlstate_of(refused.value) == "42501", case


async def test_one_changed_byte_is_found_with_its_number(remit: Remit, salon: Salon) -> None:
    for _ in range(3):
        await remit.host.perform_as_system(salon.network_id, TOUCHED, add_client)
    sound = await verify_journal(remit.host, salon.network_id)
    bad_seq = sound.last_seq - 1

    async with remit.host.database.owner_connection() as owner:
        await owner.execute(TAMPER, salon.network_id, bad_seq)
    broken = await verify_journal(remit.host, salon.network_id)

    assert sound.is_sound
    assert (broken.is_sound, broken.bad_seq, broken.fault) == (False, bad_seq, "BAD_HASH")
