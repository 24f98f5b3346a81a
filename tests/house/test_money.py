"""Money is integers of minor units: no float comes near it, not even for a moment between two roundings."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.house.source import files, tree_of

NEAR_MONEY = ("billing/", "domain/catalogue/", "domain/money.py", "domain/till/", "schema/money.py", "schema/till.py")


def _floats(tree: ast.AST) -> list[int]:
    return [
        node.lineno
        for node in ast.walk(tree)
        if (isinstance(node, ast.Name) and node.id == "float")
        or (isinstance(node, ast.Constant) and isinstance(node.value, float))
        or (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div) and not _is_exact(node))
    ]


def _is_exact(node: ast.BinOp) -> bool:
    """Whether a division is one of fractions or of paths, as far as its text shows."""
    return any(
        isinstance(one, ast.Name) and one.id in {"Fraction", "FOLDER", "Path"}
        for side in (node.left, node.right)
        for one in ast.walk(side)
    )


@pytest.mark.parametrize("file", [file for file in files() if str(file).startswith(NEAR_MONEY)], ids=str)
def test_no_float_comes_near_money(file: Path) -> None:
    assert _floats(tree_of(file)) == []


@pytest.mark.parametrize("source", ["amount: float = 0", "amount = 0.5", "float(amount)", "half = amount / 2"])
def test_a_float_is_seen(source: str) -> None:
    assert _floats(ast.parse(source)) == [1]
