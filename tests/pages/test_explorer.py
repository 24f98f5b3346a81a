"""The explorer's page, and who gets it."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from pages.example import demo_examples, ready_examples
from pages.explorer import explorer_routes
from tests.pages.asking import ask

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


async def api(request: Request) -> PlainTextResponse:
    return PlainTextResponse("api")


def application(*, mailbox_path: str | None = None) -> Starlette:
    return Starlette(
        routes=[*explorer_routes(mailbox_path=mailbox_path), Route("/graphql", api, methods=["GET", "POST"])]
    )


@pytest.mark.parametrize(
    ("case", "method", "path", "accept", "is_page"),
    [
        ("a browser", "GET", "/graphql", BROWSER, True),
        ("capitals are the same media type", "GET", "/graphql", "Text/HTML;q=0.9", True),
        ("a query by GET, opened in a browser", "GET", "/graphql?query={__typename}", BROWSER, False),
        ("any media type", "GET", "/graphql", "*/*", False),
        ("a GraphQL client", "GET", "/graphql", "application/graphql-response+json", False),
        ("a lookalike", "GET", "/graphql", "text/html5", False),
        ("a form of a browser", "POST", "/graphql", BROWSER, False),
    ],
)
async def test_the_page_is_for_address_bars(case: str, method: str, path: str, accept: str, is_page: bool) -> None:
    response = await ask(application(), path, method=method, headers={"Accept": accept})

    assert response.status_code == 200, case
    assert (response.text != "api") is is_page, case


async def test_the_page_allows_own_files_and_nothing_inline() -> None:
    response = await ask(application(), "/graphql", headers={"Accept": BROWSER})

    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert response.headers["vary"] == "Accept"
    assert response.headers["content-security-policy"].split("; ") == [
        "default-src 'none'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    ]


@pytest.mark.parametrize(
    ("case", "mailbox_path", "links"),
    [
        ("demo mode", "/dev/mail", ['<a href="/dev/mail" target="remit-mailbox">']),
        ("otherwise", None, []),
    ],
)
async def test_the_mailbox_is_linked_in_demo_mode(case: str, mailbox_path: str | None, links: list[str]) -> None:
    response = await ask(application(mailbox_path=mailbox_path), "/graphql", headers={"Accept": BROWSER})

    assert re.findall(r"<a [^>]*>", response.text) == links, case


async def test_the_examples_are_listed_in_their_order() -> None:
    response = await ask(application(), "/pages/examples.json")

    assert response.headers["content-type"] == "application/json"
    assert response.json() == [
        {
            "slug": example.slug,
            "group": example.group,
            "title": example.title,
            "document": example.document,
            "variables": example.variables,
        }
        for example in ready_examples()
    ]


async def test_a_demo_s_examples_are_filled_in() -> None:
    response = await ask(application(mailbox_path="/dev/mail"), "/pages/examples.json")

    assert [example["variables"] for example in response.json()] == [example.variables for example in demo_examples()]


def texts(folder: str, *endings: str) -> list[tuple[str, str]]:
    """Name and text of each file of a folder of `pages`, subfolders included."""
    places = [files("pages") / folder]
    found: list[tuple[str, str]] = []
    while places:
        place = places.pop()
        if place.is_dir():
            places.extend(place.iterdir())
        elif place.name.endswith(endings):
            found.append((place.name, place.read_text(encoding="utf-8")))
    return found


def test_templates_hold_nothing_inline() -> None:
    inline = re.compile(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=|javascript:|\|\s*safe|https?://")

    found = {name: inline.findall(text) for name, text in texts("templates", ".html")}

    assert found == {"page.html": [], "explorer.html": [], "mailbox.html": []}


def test_scripts_and_styles_load_nothing_from_elsewhere_and_never_make_markup_of_text() -> None:
    forbidden = re.compile(r"https?://|@import|url\(|innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(")

    shown = texts("static", ".js", ".css")

    assert {name for name, _ in shown} >= {"remit.css", "mailbox.js", "main.js", "documentation.js"}
    assert [(name, forbidden.findall(text)) for name, text in shown if forbidden.search(text)] == []
