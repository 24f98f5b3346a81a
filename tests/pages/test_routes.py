"""Which pages there are in which mode."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from prometheus_client import CollectorRegistry
from starlette.applications import Starlette

from pages.health import Condition
from pages.mailbox import LoadMails, Mail
from pages.routes import routes
from tests.pages.asking import ask

PATHS = ("/healthz", "/readyz", "/metrics", "/graphql", "/pages/examples.json", "/dev/mail", "/pages/static/remit.css")


async def check_readiness() -> Sequence[Condition]:
    return ()


async def load_mails() -> Sequence[Mail]:
    return ()


def application(*, has_explorer: bool, load_mails: LoadMails | None) -> Starlette:
    shown = routes(
        check_readiness=check_readiness, registry=CollectorRegistry(), has_explorer=has_explorer, load_mails=load_mails
    )
    return Starlette(routes=shown)


@pytest.mark.parametrize(
    ("case", "has_explorer", "loader", "missing"),
    [
        ("a demo", True, load_mails, set()),
        ("development", True, None, {"/dev/mail"}),
        ("a mailbox alone", False, load_mails, {"/graphql", "/pages/examples.json"}),
        (
            "production",
            False,
            None,
            {"/graphql", "/pages/examples.json", "/dev/mail", "/pages/static/remit.css"},
        ),
    ],
)
async def test_pages_exist_in_their_mode_alone(
    case: str, has_explorer: bool, loader: LoadMails | None, missing: set[str]
) -> None:
    app = application(has_explorer=has_explorer, load_mails=loader)

    answers = {path: (await ask(app, path, headers={"Accept": "text/html"})).status_code for path in PATHS}

    assert answers == {path: 404 if path in missing else 200 for path in PATHS}, case


@pytest.mark.parametrize("path", ["/graphql", "/dev/mail"])
async def test_every_file_that_a_page_names_is_there(path: str) -> None:
    app = application(has_explorer=True, load_mails=load_mails)

    page = await ask(app, path, headers={"Accept": "text/html"})

    named = sorted({piece.partition('"')[0] for piece in page.text.split('"') if piece.startswith("/pages/static/")})
    assert len(named) == 4
    assert [(await ask(app, name)).status_code for name in named] == [200] * 4


async def test_scripts_are_served_as_javascript() -> None:
    app = application(has_explorer=True, load_mails=None)

    response = await ask(app, "/pages/static/explorer/main.js")

    assert response.headers["content-type"].startswith("text/javascript")


async def test_static_files_stay_inside_their_folder() -> None:
    app = application(has_explorer=True, load_mails=None)

    response = await ask(app, "/pages/static/%2e%2e/routes.py")

    assert response.status_code == 404
