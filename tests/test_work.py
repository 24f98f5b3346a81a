"""What a Work promises, on a real database: all or nothing, journaled or refused, jobs in the same transaction."""

from __future__ import annotations

import asyncio
from uuid import UUID

import asyncpg
import orjson
import pytest
from structlog.testing import capture_logs
from uuid_utils.compat import uuid7

from app import Remit
from audit.entries import OPERATOR_CHAIN, Area, EventType
from database.sqlstate import sqlstate_of
from domain.clients.models import Client
from domain.journal.operations import verify_journal
from errors import InvalidInput
from host import JOURNAL_UNWRITTEN
from jobs import Job
from policies.decisions import Forbidden
from policies.scopes import OPERATOR, Domain, network, partner
from tests.api import Api
from tests.factories import Salon, make_salon
from work import BusyTryAgain, Caller, Task, Work

TOUCHED = Task(EventType("test.touched", Area.SYSTEM))
PEOPLE = {"hal": ("owner", "network"), "nil": ("", "network")}
FIRM = uuid7()
PUBLISH = """
INSERT INTO verdict_policies (code, version, lines, digest, source) VALUES ($1, 1, '[]', repeat('0', 64), 'test')
"""


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


SCOPE = """
SELECT current_setting('remit.network_id', true) AS network_id, current_setting('remit.partner_id', true) AS partner_id,
  current_setting('remit.operator', true) AS operator, current_setting('remit.identity', true) AS identity
"""


@pytest.mark.parametrize(
    ("case", "domain", "scope", "chain_id"),
    [
        ("operator", OPERATOR, {"operator": "on"}, OPERATOR_CHAIN),
        ("a partner", partner(FIRM), {"partner_id": str(FIRM)}, FIRM),
        ("a network", network(FIRM), {"network_id": str(FIRM)}, FIRM),
        ("a network by its id alone", FIRM, {"network_id": str(FIRM)}, FIRM),
        ("identity", None, {"identity": "on"}, OPERATOR_CHAIN),
    ],
)
async def test_a_system_work_has_the_scope_and_the_chain_of_its_domain_and_no_other(
    remit: Remit, case: str, domain: Domain | UUID | None, scope: dict[str, str], chain_id: UUID
) -> None:
    async def look(work: Work) -> tuple[dict[str, str], UUID]:
        row = await work.statements.fetchrow(SCOPE)
        assert row is not None
        return {name: value for name, value in row.items() if value}, work.chain_id

    assert await remit.host.perform_as_system(domain, TOUCHED, look) == (scope, chain_id), case


async def test_a_system_work_of_the_operator_writes_what_is_the_operators(remit: Remit) -> None:
    """A published verdict policy is readable by all and written by the operator alone."""
    code = f"test_{uuid7().hex}"

    async def publish(work: Work) -> None:
        await work.statements.execute(PUBLISH, code)

    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await remit.host.perform_as_system(FIRM, TOUCHED, publish)
    await remit.host.perform_as_system(OPERATOR, TOUCHED, publish, name="release")

    assert await count(remit, "SELECT count(*) FROM verdict_policies WHERE code = $1", code) == 1
    async with remit.host.database.read() as statements:
        await statements.execute("SELECT set_config('remit.operator', 'on', true)")
        last = await statements.fetchrow("SELECT * FROM journal_entries ORDER BY seq DESC LIMIT 1")
    assert last is not None
    assert (last["chain_id"], last["actor_type"], last["actor_id"]) == (OPERATOR_CHAIN, "system", "release")
    assert last["change_count"] == 1


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


async def test_a_refusal_stays_the_answer_where_its_own_entry_cannot_be_written(
    remit: Remit, salon: Salon, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object, **__: object) -> None:
        raise ConnectionResetError

    async def refuse(_work: Work) -> None:
        raise InvalidInput("no")

    monkeypatch.setattr(Work, "append", fail)
    unwritten, written = JOURNAL_UNWRITTEN._value.get(), len(await entries(remit, salon.network_id))

    with capture_logs() as logs, pytest.raises(InvalidInput, match="no"):
        await remit.host.perform_as_system(salon.network_id, TOUCHED, refuse)

    assert [(line["event"], line["code"]) for line in logs] == [("journal_unwritten", "test.touched")]
    assert JOURNAL_UNWRITTEN._value.get() == unwritten + 1
    assert len(await entries(remit, salon.network_id)) == written


async def test_a_work_whose_entry_cannot_be_written_is_undone(
    remit: Remit, salon: Salon, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[UUID] = []

    async def fail(*_: object, **__: object) -> None:
        raise ConnectionResetError

    async def add(work: Work) -> None:
        made.append(await add_client(work))

    monkeypatch.setattr(Work, "append", fail)

    with capture_logs(), pytest.raises(ConnectionResetError):
        await remit.host.perform_as_system(salon.network_id, TOUCHED, add)

    assert await count(remit, "SELECT count(*) FROM clients WHERE id = $1", made[0], network_id=salon.network_id) == 0


@pytest.mark.parametrize(
    ("case", "condition", "runs"),
    [("others thrice in the way", "deadlock_detected", 3), ("a lock waited for too long", "lock_not_available", 1)],
)
async def test_a_work_in_the_way_of_others_is_asked_for_again(
    remit: Remit, salon: Salon, case: str, condition: str, runs: int
) -> None:
    tried = 0

    async def stumble(work: Work) -> None:
        nonlocal tried
        tried += 1
        await work.statements.execute(f"DO $$ BEGIN RAISE {condition}; END $$")

    with pytest.raises(BusyTryAgain):
        await remit.host.perform_as_system(salon.network_id, TOUCHED, stumble)

    last = (await entries(remit, salon.network_id))[-1]
    assert (tried, last["outcome"]) == (runs, "denied"), case
    assert '"error":"BUSY_TRY_AGAIN"' in last["payload"]


async def test_more_refused_queries_than_connections_are_all_answered(remit: Remit, api: Api, salon: Salon) -> None:
    count_at_once = remit.settings.database_connections * 2

    async with asyncio.timeout(60):
        asked = (api.ask("{ clients { totalCount } }", salon["nil"]) for _ in range(count_at_once))
        answers = await asyncio.gather(*asked)

    assert [answer.codes for answer in answers] == [["FORBIDDEN"]] * count_at_once
    refused = [entry for entry in await entries(remit, salon.network_id) if entry["code"] == "query.refused"]
    assert len(refused) == count_at_once


async def test_a_refused_rehearsal_is_journaled(remit: Remit, api: Api, salon: Salon) -> None:
    document = """
    query ($id: ID!) {
      previewPolicyChange(input: {network: $id, changes: [{endAssignment: {assignment: $id}}]}) { __typename }
    }
    """

    answer = await api.ask(document, salon["nil"], id=salon.network_id)

    assert answer.data["previewPolicyChange"] == {"__typename": "Forbidden"}
    assert [entry["code"] for entry in await entries(remit, salon.network_id)][-1] == "query.refused"


async def test_the_first_yes_to_the_capability_of_the_entry_is_kept(remit: Remit, salon: Salon) -> None:
    opened = Task(EventType("test.opened", Area.SYSTEM), capability="clients:create")

    async def require_several(work: Work) -> None:
        work.require("clients:read", at=salon.south)
        work.require("clients:create", at=salon.north)
        work.require("clients:create", at=salon.south)

    await remit.host.perform(Caller(token=salon["hal"].token), opened, require_several)

    payload = orjson.loads((await entries(remit, salon.network_id))[-1]["payload"])
    assert payload["capability"] == "clients:create"
    assert payload["ruling"]["scope"] == f"network:{salon.network_id}/location:{salon.north}"


async def test_what_is_required_in_vain_ends_the_work_with_its_own_decision(remit: Remit, salon: Salon) -> None:
    opened = Task(EventType("test.opened", Area.SYSTEM))

    async def require(work: Work) -> None:
        work.require("clients:create", at=salon.north)

    with pytest.raises(Forbidden) as refused:
        await remit.host.perform(Caller(token=salon["nil"].token), opened, require)

    entry = (await entries(remit, salon.network_id))[-1]
    assert (entry["outcome"], entry["decision_id"]) == ("denied", refused.value.decision.id)
