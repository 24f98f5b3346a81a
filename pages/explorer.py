"""The explorer: the page at /graphql on which people try the API.

Its own page, not GraphiQL: the bundles found on PyPI are from 2022 to 2024 and belong to Django and Datasette plugins.
They also write `innerHTML`, which the policy of Remit's pages forbids. `pages/static/explorer` is small enough to read.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Final

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Route
from starlette.types import Scope

from pages.example import demo_examples, ready_examples
from pages.rendering import render_page

EXPLORER_PATH: Final = "/graphql"
EXAMPLES_PATH: Final = "/pages/examples.json"


class BrowserRoute(Route):
    """A route that takes only what a person's browser asks for by its address bar, and leaves programs alone.

    It matches GET and HEAD without a query string whose Accept header names `text/html`. Anything else goes on to
    the next route of the same path: a GraphQL request by GET always has a query string.
    """

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match as a route does, if a browser is asking."""
        match, child_scope = super().matches(scope)
        if match is not Match.FULL or not _comes_from_an_address_bar(scope):
            return Match.NONE, {}
        return match, child_scope


def explorer_routes(*, mailbox_path: str | None) -> list[BaseRoute]:
    """The explorer and its examples; with `mailbox_path`, which only a demo has, it links to the mailbox.

    Place them before the route of the API: the page shares its path.
    """

    async def explorer(request: Request) -> Response:
        page = render_page("explorer.html", root=request.scope.get("root_path", ""), mailbox_path=mailbox_path)
        page.headers["Vary"] = "Accept"
        return page

    async def examples(_: Request) -> Response:
        shown = ready_examples() if mailbox_path is None else demo_examples()
        return Response(orjson.dumps([asdict(example) for example in shown]), media_type="application/json")

    return [BrowserRoute(EXPLORER_PATH, explorer), Route(EXAMPLES_PATH, examples)]


def _comes_from_an_address_bar(scope: Scope) -> bool:
    accepted = b",".join(value for name, value in scope["headers"] if name == b"accept")
    media_types = {item.partition(b";")[0].strip().lower() for item in accepted.split(b",")}
    return b"text/html" in media_types and not scope["query_string"]
