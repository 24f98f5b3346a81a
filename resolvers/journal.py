"""Root fields of the Security journal."""

from __future__ import annotations

from uuid import UUID

from domain.journal import reads
from domain.pages import Page
from execution.declaration import query
from execution.rows import shown
from policies.catalogue import Level
from schema.connections import Connection
from schema.journal import JournalEntry, JournalFilterInput
from work import Work


@query(requires="journal:read", at=Level.LOCATION)
async def journal(work: Work, *, filter: JournalFilterInput | None = None, page: Page) -> Connection[JournalEntry]:
    """Who did what, when, from which device: the network's entries, newest first."""
    asked = filter or JournalFilterInput()
    return shown(
        await reads.entries(
            work,
            page,
            reads.EntryFilter(
                areas=_words(asked.areas),
                codes=_words(asked.codes),
                outcomes=_words(asked.outcomes),
                actor_id=asked.actor_id,
                location_id=asked.location_id,
                since=asked.since,
                before=asked.before,
            ),
        )
    )


@query(requires="journal:read", at=Level.LOCATION)
async def journal_entry(work: Work, *, id: UUID) -> JournalEntry:
    """One entry, such as the one whose id a mutation gave you as its receipt."""
    return shown(await reads.entry(work, id))


def _words(words: list[str] | None) -> tuple[str, ...] | None:
    return tuple(words) if words is not None else None
