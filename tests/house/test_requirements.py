"""What a Work requires, it requires by `Work.require`: else its journal entry could not say why it was let pass."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.house.source import files, tree_of

WHERE = ("billing/", "demo/", "domain/", "plugins/", "resolvers/")


def _forgotten(tree: ast.AST) -> list[int]:
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("viewer.require")
    ]


@pytest.mark.parametrize("file", [file for file in files() if str(file).startswith(WHERE)], ids=str)
def test_no_operation_requires_behind_the_back_of_its_work(file: Path) -> None:
    assert _forgotten(tree_of(file)) == []


@pytest.mark.parametrize("source", ['work.viewer.require("roles:read")', 'viewer.require("roles:read", at=place)'])
def test_a_forgotten_requirement_is_seen(source: str) -> None:
    assert _forgotten(ast.parse(source)) == [1]
