"""The answer in one statement of SQL: the starts of the grid without those that meet something taken.

What is taken is unfolded to the starts that it blocks, so that the two sides are equal or not. The obvious form,
`NOT EXISTS` over the edges of `busy` for every start, took 27 times as long: row-level security lets no condition on
`lower(during)` use the index, and every start reads all rows of its specialist.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from benchmarks.slots.question import Answer, Question, Statements
from domain.localtime import Interval

FREE: Final = """
WITH near AS (
  SELECT subject_id, lower(during) AS begins, upper(during) AS ends,
    CASE part WHEN 'core' THEN $8::interval ELSE '0' END AS buffer_before,
    CASE part WHEN 'core' THEN $9::interval ELSE '0' END AS buffer_after
  FROM busy
  WHERE network_id = $1 AND subject_id = ANY ($2) AND state <> 'released'
    AND lower(during) >= $3::timestamptz - interval '26 hours' AND lower(during) < $4 AND upper(during) > $3
), taken AS MATERIALIZED (
  SELECT subject_id, generate_series(date_bin($5, begins - $7::interval - buffer_after, $6) + $5,
    ends + buffer_before - interval '1 microsecond', $5) AS start
  FROM near
)
SELECT asked.id, windows.day, array_agg(start ORDER BY start) AS starts
FROM unnest($2::uuid[]) AS asked (id)
CROSS JOIN unnest($10::int[], $11::timestamptz[], $12::timestamptz[]) AS windows (day, opens, closes)
CROSS JOIN generate_series(date_bin($5, opens + $5 - interval '1 microsecond', $6), closes - $7, $5::interval) AS start
WHERE NOT EXISTS (SELECT FROM taken WHERE taken.subject_id = asked.id AND taken.start = start.start)
GROUP BY asked.id, windows.day
"""


async def free_starts(statements: Statements, question: Question) -> Answer:
    """The free starts of each specialist and day."""
    visit, windows = question.visit, list(_numbered_windows(question))
    rows = await statements.fetch(
        FREE,
        question.network_id,
        question.specialist_ids,
        question.earliest,
        question.latest,
        question.step,
        question.days[0].span.start,
        visit.duration,
        visit.buffer_before,
        visit.buffer_after,
        [number for number, _ in windows],
        [window.start for _, window in windows],
        [window.end for _, window in windows],
    )
    answer: Answer = {specialist_id: [[] for _ in question.days] for specialist_id in question.specialist_ids}
    for row in rows:
        answer[row["id"]][row["day"]] = row["starts"]
    return answer


def _numbered_windows(question: Question) -> Iterator[tuple[int, Interval]]:
    for number, day in enumerate(question.days):
        yield from ((number, window) for window in day.windows)
