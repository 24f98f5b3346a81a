"""The answer by bit masks: PostgreSQL packs what is taken into two values a specialist, Python does the sums on bits.

Rows of a month would be thousands, and reading each into Python would cost more than all the rest. Masks made in SQL
(`bit_or` of a bigint a day) were slower than packing: PostgreSQL takes longer for the number of a cell than Python.
"""

from __future__ import annotations

from typing import Final

from asyncpg import Record

from benchmarks.slots.masks import Grid, Visit, fitting_starts, packed_spans, starts_by_day, taken_starts
from benchmarks.slots.question import Answer, Question, Statements

TAKEN: Final = """
SELECT subject_id, string_agg(range_send(during), '') FILTER (WHERE part = 'core') AS cores,
  string_agg(range_send(during), '') FILTER (WHERE part = 'pad') AS pads
FROM busy
WHERE network_id = $1 AND subject_id = ANY ($2) AND state <> 'released' AND during && tstzrange($3, $4)
GROUP BY subject_id
"""


async def free_starts(statements: Statements, question: Question) -> Answer:
    """The free starts of each specialist and day."""
    rows = await statements.fetch(
        TAKEN, question.network_id, question.specialist_ids, question.earliest, question.latest
    )
    days, visit = question.days, question.visit
    grid = Grid.over([day.span for day in days], question.step)
    parts = [grid.part(day.hours) for day in days]
    fitting = fitting_starts(grid, (window for day in days for window in day.windows), visit.duration)
    taken = {row["subject_id"]: _taken(row, grid, visit) for row in rows}
    return {
        specialist_id: starts_by_day(fitting & ~taken.get(specialist_id, 0), grid, parts)
        for specialist_id in question.specialist_ids
    }


def _taken(row: Record, grid: Grid, visit: Visit) -> int:
    return taken_starts(grid, visit, cores=packed_spans(row["cores"]), pads=packed_spans(row["pads"]))
