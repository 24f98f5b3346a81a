"""The three ways to free starts agree on the table `busy` itself."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from uuid_utils.compat import uuid7

from app import Remit
from benchmarks.slots import by_anti_join, by_loop, by_masks
from benchmarks.slots.masks import Visit
from benchmarks.slots.question import Day, Question
from domain.localtime import LocalWindow, local_day
from tests.factories import MADE, make_salon
from work import Work

ATHENS = ZoneInfo("Europe/Athens")
SPRING = date(2026, 3, 28)
"""The day before the clocks of Athens go forward."""

HOURS = (LocalWindow.between("00:00", "01:50"), LocalWindow.between("02:20", "24:00"))
MINUTE = timedelta(minutes=1)
OCCUPY = """
INSERT INTO busy (network_id, id, kind, subject_id, part, during, state, event_id)
VALUES ($1, $2, 'specialist', $3, $4, tstzrange($5, $6), $7, $2)
"""


async def test_masks_loop_and_anti_join_find_the_same_starts(remit: Remit) -> None:
    salon = await make_salon(remit.host, {"owner": ("owner", "network")})
    days = [_day(SPRING + timedelta(days=number)) for number in range(3)]
    visits = [Visit(45 * MINUTE), Visit(25 * MINUTE, 10 * MINUTE, 20 * MINUTE)]
    questions = [
        Question(salon.network_id, [uuid7() for _ in range(4)], visit, days, step * MINUTE)
        for visit in visits
        for step in (10, 15)
    ]

    async def compared(work: Work) -> None:
        for seed, question in enumerate(questions):
            await _occupy(work, question, Random(seed))  # noqa: S311  (no secret)
            answer = await by_masks.free_starts(work.statements, question)
            assert await by_loop.free_starts(work.statements, question) == answer
            assert await by_anti_join.free_starts(work.statements, question) == answer
            assert any(starts for found in answer.values() for starts in found)

    await remit.host.perform_as_system(salon.network_id, MADE, compared)


async def test_a_specialist_without_rows_is_free_for_all_of_the_window(remit: Remit) -> None:
    salon = await make_salon(remit.host, {"owner": ("owner", "network")})
    specialist_id = salon["owner"].specialist_id
    on = date(2026, 3, 2)
    morning = LocalWindow.between("09:00", "10:10").on(on, ATHENS)
    day = Day(local_day(on, ATHENS), (morning,))
    question = Question(salon.network_id, [specialist_id], Visit(45 * MINUTE), [day], 15 * MINUTE)

    async def asked(work: Work) -> None:
        answer = await by_masks.free_starts(work.statements, question)
        assert answer == {specialist_id: [[morning.start, morning.start + 15 * MINUTE]]}

    await remit.host.perform_as_system(salon.network_id, MADE, asked)


def _day(on: date) -> Day:
    return Day(local_day(on, ATHENS), tuple(hours.on(on, ATHENS) for hours in HOURS))


async def _occupy(work: Work, question: Question, random: Random) -> None:
    """Random days for all but the last, who has none: work and buffers off the grid, and some that is released."""
    for specialist_id in question.specialist_ids[:-1]:
        for part, starts_at, ends_at in _parts(question, random):
            state = random.choice(("booked", "booked", "booked", "released"))
            await work.statements.execute(
                OCCUPY, question.network_id, uuid7(), specialist_id, part, starts_at, ends_at, state
            )


def _parts(question: Question, random: Random) -> Iterator[tuple[str, datetime, datetime]]:
    begins = question.earliest - 26 * 60 * MINUTE
    while begins < question.latest:
        ends = begins + random.choice((1, 20, 45, 333)) * MINUTE
        yield random.choice(("core", "core", "pad")), begins, ends
        begins = ends + random.choice((0, 5, 50, 190)) * MINUTE
