"""The demo in a database: written through Works, proven by the journal, each network out of the other's sight."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import pytest

from audit.entries import OPERATOR_CHAIN
from audit.verification import verify_chain
from database.statements import Statements
from demo.accounts import DemoOnly, demo_accounts
from demo.generate import MOST_ROWS, NotADemo, Summary, generate, is_demo
from demo.ids import demo_id, location_id
from demo.places import PASSWORD
from demo.plan import demo_plan
from domain.identity.passwords import PasswordHashing
from host import Host
from tests.demo.conftest import BEGUN_AT, Demo
from work import Caller, Unauthenticated

pytestmark = pytest.mark.slow

AURORA, HARBOUR = demo_id("aurora"), demo_id("harbour")

SET_SCOPE = "SELECT set_config('remit.network_id', $1, true), set_config('remit.identity', $2, true)"
COUNTS = """
SELECT (SELECT count(*) FROM networks), (SELECT count(*) FROM locations), (SELECT count(*) FROM specialists),
  (SELECT count(*) FROM assignments), (SELECT count(*) FROM services), (SELECT count(*) FROM service_prices),
  (SELECT count(*) FROM service_links), (SELECT count(*) FROM clients), (SELECT count(*) FROM client_locations),
  (SELECT count(*) FROM appointments), (SELECT count(*) FROM appointment_lines),
  (SELECT count(*) FROM appointment_history), (SELECT count(*) FROM busy), (SELECT count(*) FROM sales),
  (SELECT count(*) FROM sale_lines), (SELECT count(*) FROM payments)
"""
NOTHING = (0,) * 16
ENTRIES = "SELECT count(*) FROM journal_entries"


@asynccontextmanager
async def scoped(host: Host, network_id: UUID | None = None, *, identity: bool = False) -> AsyncIterator[Statements]:
    """A read as `remit_app` that sees one network, or accounts and the operator's chain, or nothing."""
    async with host.database.read() as statements:
        await statements.execute(SET_SCOPE, str(network_id or ""), "on" if identity else "")
        yield statements


async def counts(host: Host, network_id: UUID | None) -> tuple[int, ...]:
    async with scoped(host, network_id) as statements:
        return tuple((await statements.fetch(COUNTS))[0])


async def test_everything_planned_is_written_once(demo: Demo) -> None:
    planned = demo_plan(BEGUN_AT).networks[0]
    bills = [visit.bill for visit in planned.visits if visit.bill]

    assert await counts(demo.host, AURORA) == (
        *(1, 3, 30, 30, 12, 42, len(planned.offering.links), 2000, 2000, 5000),
        sum(len(visit.lines) for visit in planned.visits),
        sum(len(visit.history) for visit in planned.visits),
        sum(len(visit.busy) for visit in planned.visits),
        len(bills),
        sum(len(bill.lines) for bill in bills),
        sum(len(bill.payments) for bill in bills),
    )
    assert demo.summary == Summary(
        networks=2,
        locations=4,
        specialists=32,
        services=12,
        clients=2000,
        appointments=5000,
        payments=sum(len(bill.payments) for bill in bills),
        was_there=False,
    )


async def test_the_second_run_goes_on_where_the_first_was_cut(demo: Demo) -> None:
    label, done, total = demo.first_run[-1]

    assert label == "Aurora Studios: appointments"
    assert 0 < done < total
    resumed_label, resumed, _ = demo.second_run[0]
    assert resumed_label == label
    assert done <= resumed < total
    assert demo.second_run[-1] == ("Harbour Barbers: team", total, total)
    async with scoped(demo.host, AURORA) as statements:
        assert await statements.fetchval("SELECT created_at FROM networks") == BEGUN_AT


async def test_networks_see_nothing_of_each_other(demo: Demo) -> None:
    assert await counts(demo.host, HARBOUR) == (1, 1, 2, 2, *NOTHING[4:])
    assert await counts(demo.host, None) == NOTHING


@pytest.mark.parametrize("chain_id", [AURORA, HARBOUR, OPERATOR_CHAIN])
async def test_the_journal_of_every_chain_is_sound(demo: Demo, chain_id: UUID) -> None:
    network_id = None if chain_id == OPERATOR_CHAIN else chain_id

    async with scoped(demo.host, network_id, identity=network_id is None) as statements:
        verification = await verify_chain(statements, chain_id)
        entries = await statements.fetchval(ENTRIES)

    assert verification.is_sound
    assert verification.last_seq == entries > 0


async def test_works_are_short_and_told_as_one_request(demo: Demo) -> None:
    async with scoped(demo.host, AURORA) as statements:
        works = await statements.fetch(
            "SELECT change_count, payload::jsonb ->> 'request' AS request FROM journal_entries"
            " WHERE code = 'demo.imported' AND outcome = 'ok'"
        )

    assert sum(work["change_count"] for work in works) == sum(await counts(demo.host, AURORA))
    assert max(work["change_count"] for work in works) <= MOST_ROWS
    assert len({work["request"] for work in works}) == 1


async def test_a_demo_that_is_there_is_left_as_it_is(demo: Demo) -> None:
    told: list[object] = []
    async with demo.host.database.owner_connection() as owner:
        before = await owner.fetchval(ENTRIES)

        summary = await generate(demo.host, owner, progress=lambda *args: told.append(args))

        assert summary.was_there
        assert told == []
        assert await owner.fetchval(ENTRIES) == before
        assert await is_demo(owner)


async def test_a_database_that_is_no_demo_is_left_alone(demo: Demo) -> None:
    async with demo.host.database.owner_connection() as owner:
        before = await owner.fetchval(ENTRIES)
        await owner.execute("UPDATE installation SET is_demo = false, demo_filled_at = NULL")
        try:
            with pytest.raises(NotADemo, match="not empty and is no demo"):
                await generate(demo.host, owner, progress=lambda *args: None)
            with pytest.raises(DemoOnly, match="no demo"):
                await demo_accounts(demo.host)

            assert not await is_demo(owner)
            assert await owner.fetchval(ENTRIES) == before
        finally:
            await owner.execute("UPDATE installation SET is_demo = true")


async def test_passwords_are_hashed_each_by_itself(demo: Demo) -> None:
    async with scoped(demo.host, identity=True) as statements:
        hashes = [row["password_hash"] for row in await statements.fetch("SELECT password_hash FROM accounts")]

    check = await PasswordHashing().verify(hashes[0], PASSWORD, now=BEGUN_AT)

    assert len(set(hashes)) == 32
    assert check.is_right
    assert not check.needs_rehash


async def test_a_token_of_each_role_opens_its_network(demo: Demo) -> None:
    accounts = await demo_accounts(demo.host)

    assert [(one.network, one.role) for one in accounts] == [
        *(("Aurora Studios", role) for role in ("owner", "manager", "administrator", "specialist")),
        *(("Aurora Studios", role) for role in ("call_center", "accountant", "marketer", "smm_manager", "viewer")),
        ("Harbour Barbers", "owner"),
        ("Harbour Barbers", "administrator"),
    ]
    for one in accounts:
        assert one.password == PASSWORD
        async with demo.host.read(Caller(token=one.token)) as work:
            assert work.name == one.name
            assert work.viewer.network_id == (AURORA if one.network == "Aurora Studios" else HARBOUR)


async def test_roles_do_what_their_name_says(demo: Demo) -> None:
    tokens = {(one.network, one.role): one.token for one in await demo_accounts(demo.host)}
    places = [location_id("aurora", code) for code in ("budapest", "athens", "new-york")]

    async def books_at(role: str) -> list[bool]:
        async with demo.host.read(Caller(token=tokens["Aurora Studios", role])) as work:
            return [work.viewer.can("appointments:create", at=place) for place in places]

    assert await books_at("owner") == [True, True, True]
    assert await books_at("administrator") == [True, False, False]
    assert await books_at("call_center") == [True, True, False]
    assert await books_at("viewer") == [False, False, False]


async def test_asking_again_ends_the_sessions_of_before(demo: Demo) -> None:
    before = await demo_accounts(demo.host)

    after = await demo_accounts(demo.host)

    assert not {one.token for one in before} & {one.token for one in after}
    with pytest.raises(Unauthenticated):
        async with demo.host.read(Caller(token=before[0].token)):
            pass
    async with scoped(demo.host, identity=True) as statements:
        alive = await statements.fetchval("SELECT count(*) FROM sessions WHERE state = 'ACTIVE'")
    assert alive == len(after) == 11


async def test_an_opened_session_is_told_in_the_network_too(demo: Demo) -> None:
    async with scoped(demo.host, HARBOUR) as statements:
        before = await statements.fetchval("SELECT count(*) FROM journal_entries WHERE code = 'demo.session_opened'")

    await demo_accounts(demo.host)

    async with scoped(demo.host, HARBOUR) as statements:
        after = await statements.fetchval("SELECT count(*) FROM journal_entries WHERE code = 'demo.session_opened'")
        assert after == before + 2
        assert (await verify_chain(statements, HARBOUR)).is_sound
