"""Did and can: folding the journal into who used what, and asking who could go without.

Only what changes something is counted: reading leaves no entry in the journal. The fold goes through a network's chain
in its order and keeps how far it came: running it again, on whatever day, counts nothing twice and leaves nothing out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from asyncpg import Record

from domain.network import reads as network
from domain.pages import Order, Page, Slice
from domain.team.questions import seat_terms
from errors import InvalidInput
from policies.catalogue import Kind, kind_of
from policies.uses import UnusedOfHolder, Use
from policies.uses import unused_capabilities as unused_by_holder
from work import Work

MOST_ENTRIES = 10_000
"""Entries of the journal that one Work folds."""
LONGEST_DAYS = 3650

BEGIN_FOLD = """
INSERT INTO uses_folded (network_id, through_seq, through) VALUES ($1, 0, $2)
ON CONFLICT (network_id) DO UPDATE SET through_seq = uses_folded.through_seq RETURNING through_seq
"""
LAST_ENTRY = "SELECT seq FROM journal_heads WHERE chain_id = $1"
USES_BETWEEN = """
SELECT e.actor_id::uuid AS holder_id, e.payload::jsonb ->> 'capability' AS capability, l.id AS location_id,
  max((e.recorded_at AT TIME ZONE COALESCE(l.zone, n.zone))::date) AS last_used_on, count(*) AS uses
FROM journal_entries e
  JOIN networks n ON n.id = e.chain_id
  LEFT JOIN locations l ON l.network_id = e.chain_id AND l.id = e.location_id
WHERE e.chain_id = $1 AND e.seq > $2 AND e.seq <= $3
  AND e.outcome = 'ok' AND e.actor_type IN ('specialist', 'operator', 'partner') AND e.payload::jsonb ? 'capability'
GROUP BY 1, 2, 3
"""
ADD_USES = """
INSERT INTO capability_uses AS kept (network_id, holder_id, capability, location_id, last_used_on, uses)
SELECT $1, * FROM unnest($2::uuid[], $3::text[], $4::uuid[], $5::date[], $6::bigint[])
ON CONFLICT (network_id, holder_id, capability, location_id) DO UPDATE
  SET last_used_on = GREATEST(kept.last_used_on, excluded.last_used_on), uses = kept.uses + excluded.uses
"""
END_FOLD = """
UPDATE uses_folded SET through_seq = $2,
  through = COALESCE($3, (SELECT recorded_at FROM journal_entries WHERE chain_id = $1 AND seq = $2))
WHERE network_id = $1
"""
USES = "SELECT holder_id, capability, location_id, last_used_on FROM capability_uses WHERE network_id = $1"
KNOWN = """
SELECT through AS until, (SELECT recorded_at FROM journal_entries WHERE chain_id = $1 ORDER BY seq LIMIT 1) AS since
FROM uses_folded WHERE network_id = $1
"""

BY_HOLDER = Order("unused_capabilities", "id", str)


@dataclass(frozen=True, slots=True)
class UnusedPage(Slice):
    """A page of holders with what they do not use, and between which instants their uses are known.

    Both are None where nothing has been folded yet: then nothing is known, and nobody is listed.
    """

    known_since: datetime | None
    known_until: datetime | None


async def fold_uses(work: Work) -> bool:
    """Fold the next entries of the network's journal into its uses; True where more of them are left."""
    done: int = await work.statements.fetchval(BEGIN_FOLD, work.network_id, work.at)
    last: int = await work.statements.fetchval(LAST_ENTRY, work.network_id) or 0
    until = min(last, done + MOST_ENTRIES)
    found = await work.statements.fetch(USES_BETWEEN, work.network_id, done, until)
    await _add(work, [row for row in found if kind_of(row["capability"]) is Kind.CHANGE])
    await work.statements.execute(END_FOLD, work.network_id, until, work.at if until == last else None)
    return until < last


async def unused_capabilities(work: Work, page: Page, *, network_id: UUID, days: int) -> UnusedPage:
    """What people of the network may change and have not changed for so many days, by the holder's id.

    Raises NotFound, Forbidden, InvalidInput, BadCursor.
    """
    network.require_network(work, network_id, path=("network",))
    work.require("policies:explain")
    _require_days(days)
    known = await work.statements.fetchrow(KNOWN, work.network_id)
    found = await _unused(work, days) if known else ()
    listed = Slice.of_list([(str(one.holder_id), one.holder_id, one) for one in found], page, order=BY_HOLDER)
    return UnusedPage(
        listed.rows,
        listed.cursor,
        listed.has_more,
        listed.count,
        known_since=known["since"] if known else None,
        known_until=known["until"] if known else None,
    )


async def _add(work: Work, rows: Sequence[Record]) -> None:
    columns = ("holder_id", "capability", "location_id", "last_used_on", "uses")
    await work.statements.execute(ADD_USES, work.network_id, *([row[name] for row in rows] for name in columns))


async def _unused(work: Work, days: int) -> Sequence[UnusedOfHolder]:
    policy = work.access.policy
    rows = await work.statements.fetch(USES, work.network_id)
    return unused_by_holder(
        policy,
        [Use(row["holder_id"], row["capability"], row["location_id"], row["last_used_on"]) for row in rows],
        terms=seat_terms(work),
        now=work.at,
        since=_day_before(work.at, days, policy.top.zone),
    )


def _day_before(at: datetime, days: int, zone: ZoneInfo) -> date:
    return at.astimezone(zone).date() - timedelta(days=days)


def _require_days(days: int) -> None:
    if not 1 <= days <= LONGEST_DAYS:
        raise InvalidInput(
            f"`days` is {days}; it must be between 1 and {LONGEST_DAYS}.",
            hint="Ask for 90 to see what was not used for a quarter.",
            path=("days",),
        )
