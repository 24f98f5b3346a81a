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
    """Count whole lists, run only when `totalCount` is selected: one statement a connection field, in lists too.

    Some are counted already.
    """
    found: dict[Count | int, int] = {key: key for key in keys if isinstance(key, int)}
    together: dict[tuple[str, tuple[Any, ...]], list[Count]] = {}
    for key in keys:
        if isinstance(key, Count) and key.key is not None:
            together.setdefault((key.sql, key.arguments), []).append(key)
        elif isinstance(key, Count):
            found[key] = await work.statements.fetchval(key.sql, *key.arguments)
    for (sql, arguments), counts in together.items():
        rows = await work.statements.fetch(sql, *arguments, [count.key for count in counts])
        by_key = {row["key"]: row["count"] for row in rows}
        found |= {count: by_key.get(count.key, 0) for count in counts}
    return found


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
    return [Edge(cursor=page.cursor(number), node=row) for number, row in enumerate(page.rows)]


def _page_info(page: Slice) -> PageInfo:
    return PageInfo(has_next_page=page.has_more, end_cursor=page.cursor(len(page.rows) - 1) if page.rows else None)


@remit.type(row=Slice)
class Connection(Generic[T]):
    """One page of a list; `first` is at most 100."""

    nodes: list[T] = remit.computed(lambda page: page.rows, description="The rows of the page.")
    edges: list[Edge[T]] = remit.computed(_edges, description="The rows of the page, each with its cursor.")
    page_info: PageInfo = remit.computed(_page_info, description="Where the page stands.")
    total_count: int = remit.relation(
        totals, key="count", cost=COUNTING, description="How many rows the whole list has."
    )
