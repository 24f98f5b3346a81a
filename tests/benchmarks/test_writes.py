"""The suite `writes`: what it asks for can be done, and its rivals do what they are said to do."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from typing import Any, cast
from uuid import UUID

import asyncpg
import orjson
from uuid_utils.compat import uuid7

from app import Remit
from benchmarks.installation import Network
from benchmarks.writes import raw_inserts
from benchmarks.writes.errands import MOVED, UNPAID, Book, Pay, Reschedule
from benchmarks.writes.shops import Shop
from benchmarks.writes.unjournaled import without_journal
from domain.notices.jobs import TELL_CLIENT
from tests.api import Api
from tests.factories import MADE, Salon, make_salon
from work import Work

STARTS_AT = datetime(2031, 3, 3, 9, 0, tzinfo=UTC)
NOBODY = cast(asyncpg.Connection, None)
"""Stands where a shop that is played asks nothing of the database."""

BOOKED = """
SELECT (SELECT count(*) FROM appointments), (SELECT count(*) FROM appointment_lines), (SELECT count(*) FROM busy),
  (SELECT count(*) FROM appointment_history)
"""
PAID = "SELECT (SELECT count(*) FROM sales), (SELECT count(*) FROM sale_lines), (SELECT sum(amount) FROM payments)"
MOVED_TO = """
SELECT a.version, a.starts_at, l.specialist_id, lower(b.during) FROM appointments a
JOIN appointment_lines l ON l.appointment_id = a.id JOIN busy b ON b.appointment_id = a.id AND b.state = 'booked'
"""
LEFT_BEHIND = "SELECT (SELECT count(*) FROM journal_entries), (SELECT count(*) FROM procrastinate_jobs)"


class PlayedShop(Shop):
    """A shop whose visits are made without a database."""

    async def welcome(self, superuser: asyncpg.Connection, number: int) -> None:
        """Nobody is needed."""

    async def visits(self, superuser: asyncpg.Connection, number: int) -> list[UUID]:
        return [uuid7() for _ in range(number)]


def test_a_shop_gives_no_slot_twice_and_neighbours_to_different_specialists() -> None:
    shop = _played_shop(specialists=3)

    slots = [shop.next_slot() for _ in range(3 * 24 * 4)]

    assert len(set(slots)) == len(slots)
    assert all(one.specialist_id != next_one.specialist_id for one, next_one in pairwise(slots))


async def test_payments_end_with_the_visits_that_were_prepared_and_go_to_the_shops_in_turn() -> None:
    shops = [_played_shop(), _played_shop()]
    errand = Pay(shops)
    await errand.prepare(NOBODY)

    asked = list(errand.inputs())

    assert len({one["appointmentId"] for _, one in asked}) == len(asked) == UNPAID
    assert [shop for shop, _ in asked[:4]] == [shops[0], shops[1], shops[0], shops[1]]


async def test_a_visit_is_moved_again_when_all_others_were_moved_as_its_next_version() -> None:
    errand = Reschedule([_played_shop()])
    await errand.prepare(NOBODY)

    asked = [one for _, one in islice(errand.inputs(), MOVED + 1)]

    assert asked[0]["appointmentId"] == asked[MOVED]["appointmentId"]
    assert [one["expectedVersion"] for one in asked] == [1] * MOVED + [2]


async def test_the_bookings_that_are_asked_for_are_made(remit: Remit, api: Api) -> None:
    shop = _shop_of(await make_salon(remit.host, {"owner": ("owner", "network")}, provides=("owner",)))

    answers = [
        (await api.http.post(request.path, content=request.body, headers=dict(request.all_headers))).json()
        for request in islice(Book([shop]).for_remit(), 2)
    ]

    assert [answer["data"]["bookAppointment"]["__typename"] for answer in answers] == ["AppointmentBooked"] * 2


async def test_raw_sql_writes_the_rows_of_a_booking_its_move_and_its_payment(remit: Remit) -> None:
    salon = await make_salon(remit.host, {"owner": ("owner", "network"), "ana": ("specialist", "north")})
    shop = _shop_of(salon)
    _, asked = next(Book([shop]).inputs())
    later = STARTS_AT + timedelta(days=1)

    async def written(work: Work) -> None:
        appointment_id = await _raw(work, raw_inserts.book, asked)
        assert tuple(await _one(work, BOOKED)) == (1, 1, 1, 1)
        move = {"appointmentId": appointment_id, "specialistId": salon["ana"].specialist_id, "startsAt": later}
        await _raw(work, raw_inserts.reschedule, move)
        assert tuple(await _one(work, MOVED_TO)) == (2, later, salon["ana"].specialist_id, later)
        await _raw(work, raw_inserts.pay, {"appointmentId": appointment_id})
        assert tuple(await _one(work, PAID)) == (1, 1, 2000)

    await remit.host.perform_as_system(salon.network_id, MADE, written)


async def test_without_journal_a_work_leaves_neither_entry_nor_job(remit: Remit) -> None:
    salon = await make_salon(remit.host, {"owner": ("owner", "network")})

    async def defer(work: Work) -> None:
        await work.defer(TELL_CLIENT, network_id=salon.network_id, appointment_id=uuid7())

    before = await _left_behind(remit, salon)
    with without_journal():
        await remit.host.perform_as_system(salon.network_id, MADE, defer)
    assert await _left_behind(remit, salon) == before

    await remit.host.perform_as_system(salon.network_id, MADE, defer)
    entries, jobs = before
    assert await _left_behind(remit, salon) == (entries + 1, jobs + 1)


async def _left_behind(remit: Remit, salon: Salon) -> tuple[int, int]:
    found: list[tuple[int, int]] = []

    async def look(work: Work) -> None:
        entries, jobs = await _one(work, LEFT_BEHIND)
        found.append((entries, jobs))

    with without_journal():
        await remit.host.perform_as_system(salon.network_id, MADE, look)
    return found[0]


async def _one(work: Work, sql: str) -> asyncpg.Record:
    (row,) = await work.statements.fetch(sql)
    return row


async def _raw(work: Work, write: Callable[..., Awaitable[UUID]], asked: Any) -> UUID:
    """Let raw SQL write in the scope of the Work; what it is asked for goes through JSON, as over HTTP."""
    plain = orjson.loads(orjson.dumps(asked, default=str))
    return await write(work.statements, work.network_id, plain)


def _shop_of(salon: Salon) -> Shop:
    owner = salon["owner"]
    network = Network(salon.network_id, salon, {"authorization": f"Bearer {owner.token}"})
    return Shop(network, salon.service_id, [owner.specialist_id], deque([salon.client_id]))


def _played_shop(*, specialists: int = 1) -> PlayedShop:
    salon = Salon(uuid7(), north=uuid7(), south=uuid7())
    return PlayedShop(Network(salon.network_id, salon, {}), uuid7(), [uuid7() for _ in range(specialists)])
