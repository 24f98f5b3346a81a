"""Ending assignments whose period is over. Their access ended by itself at that instant; here the rows follow."""

from __future__ import annotations

from collections.abc import Sequence

from asyncpg import Record

from audit.entries import Area, EventType
from domain.team.application import NEXT_EPOCH
from domain.team.changes import EndAssignment
from domain.team.recording import Origin, record_change
from work import Task, Work

PERIODS_ENDED = EventType("policy.periods_ended", Area.SETTINGS)

MOST_ENDED = 500
"""Assignments that one Work ends."""

END_OVER = """
UPDATE assignments SET ended_epoch = $3 WHERE network_id = $1 AND id IN (
  SELECT id FROM assignments WHERE network_id = $1 AND ended_epoch IS NULL AND valid_until <= $2
  ORDER BY valid_until, id LIMIT $4)
RETURNING id
"""


async def end_periods(work: Work) -> bool:
    """End the network's assignments that are over, and journal it if there are any; True where more may be left.

    Nobody's access changes by it, so it has no delta and no consequences.
    """
    epoch = await work.statements.fetchval(NEXT_EPOCH)
    ended = await work.statements.fetch(END_OVER, work.network_id, work.at, epoch, MOST_ENDED)
    if ended:
        await _record(work, ended, epoch=epoch)
        await work.append(Task(PERIODS_ENDED))
    return len(ended) == MOST_ENDED


async def _record(work: Work, ended: Sequence[Record], *, epoch: int) -> None:
    changes = [EndAssignment(row["id"]).to_json(work.domain) for row in ended]
    await record_change(work, epoch=epoch, origin=Origin.JOB, changes=changes)
    for row in ended:
        work.touches("assignment", row["id"])
