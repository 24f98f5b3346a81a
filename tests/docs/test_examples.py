"""What the pages show is true: GraphQL documents are valid, links lead somewhere, targets of make exist."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from graphql import OperationType, build_schema, parse, validate

from docs.generate.source import HOUSE, merged
from execution.plan import Plan
from execution.seams import NO_VARIABLES, Operation, operations_of

PAGES = sorted(
    file.relative_to(HOUSE) for file in (*HOUSE.glob("*.md"), *HOUSE.glob("docs/**/*.md"), *HOUSE.glob("changes/*.md"))
)


def _documents() -> list[Any]:
    found = []
    for page in PAGES:
        for number, text in enumerate(re.findall(r"^```graphql\n(.*?)^```", _text(page), re.DOTALL | re.MULTILINE)):
            found.append(pytest.param(text, id=f"{page} {number + 1}"))
    return found


def _text(page: Path) -> str:
    return (HOUSE / page).read_text(encoding="utf-8")


@pytest.mark.parametrize("document", _documents())
def test_a_document_of_the_pages_is_valid(document: str) -> None:
    schema = build_schema(merged().schema.sdl())

    assert [error.message for error in validate(schema, parse(document))] == []


@pytest.mark.parametrize("document", _documents())
def test_a_document_of_the_pages_runs_in_a_plan(document: str) -> None:
    schema, node = merged().schema._schema, parse(document)

    for operation in operations_of(node):
        if operation.operation is not OperationType.SUBSCRIPTION:
            Plan.of(Operation.of(schema, node, operation, NO_VARIABLES))


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_a_link_of_the_pages_leads_to_a_file(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:|mailto:)([^)#]*)#?([^)]*)\)", _text(page))

    assert [link for link in links if not _leads_somewhere(page, *link)] == []


def _leads_somewhere(page: Path, target: str, anchor: str) -> bool:
    file = HOUSE / page.parent / target if target else HOUSE / page
    return file.exists() and (not anchor or anchor in _anchors(file))


def _anchors(file: Path) -> set[str]:
    """The headings of a page, as forges make them into anchors."""
    headings = re.findall(r"^#+ (.+)$", file.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_a_target_that_the_pages_name_exists(page: Path) -> None:
    makefile = (HOUSE / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))

    assert set(re.findall(r"`make ([a-z-]+)", _text(page))) <= targets
