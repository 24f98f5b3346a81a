"""A delta page by page: the access that a change, or a simulation, moves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from domain.pages import Order, Page, Slice
from domain.team.rules import PolicyPreview
from policies.delta import Entry
from work import Work

BY_PLACE: Final = Order("access_by_place", "place", str)


async def entries_of_previews(work: Work, keys: list[PolicyPreview], *, page: Page) -> dict[PolicyPreview, Slice]:
    """A page of what each preview moves. Raises PageTooLarge, BadCursor."""
    return {preview: entries_page(preview.entries, page) for preview in keys}


def entries_page(entries: Sequence[Entry], page: Page) -> Slice:
    """A page of a delta: by place (the whole network first), capability and holder."""
    placed = [(f"{entry.location_id or ''} {entry.capability}", entry.holder_id, entry) for entry in entries]
    return Slice.of_list(sorted(placed, key=lambda one: one[:2]), page, order=BY_PLACE)
