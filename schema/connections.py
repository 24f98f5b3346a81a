"""Connections: the pages of a list, after the GraphQL Cursor Connections specification."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

import strawberry

from domain.pages import Count, Slice
from execution import declaration as remit
from execution.cost import COUNTING
from work import Work

T = TypeVar("T")


async def totals(work: Work, keys: list[Count | int]) -> dict[Count | int, int]:
    """Count whole lists: one statement each, run only when `totalCount` is selected; some are counted already."""
    return {
        key: key if isinstance(key, int) else await work.statements.fetchval(key.sql, *key.arguments) for key in keys
    }


@remit.type()
class PageInfo:
    """Where a page stands in its list."""

    has_next_page: bool = strawberry.field(description="Whether rows follow after `endCursor`.")
    end_cursor: str | None = strawberry.field(description="The cursor of the page's last row: send it as `after`.")


@remit.type()
class Edge(Generic[T]):
    """A row with its place in the list."""

    cursor: str
    node: T


def _edges(page: Slice) -> list[Edge[Any]]:
    return [Edge(cursor=cursor, node=row) for cursor, row in zip(page.cursors, page.rows, strict=True)]


def _page_info(page: Slice) -> PageInfo:
    return PageInfo(has_next_page=page.has_more, end_cursor=page.cursors[-1] if page.cursors else None)


@remit.type(row=Slice)
class Connection(Generic[T]):
    """One page of a list; `first` is at most 100."""

    nodes: list[T] = remit.computed(lambda page: page.rows, description="The rows of the page.")
    edges: list[Edge[T]] = remit.computed(_edges, description="The rows of the page, each with its cursor.")
    page_info: PageInfo = remit.computed(_page_info, description="Where the page stands.")
    total_count: int = remit.relation(
        totals, key="count", cost=COUNTING, description="How many rows the whole list has."
    )
