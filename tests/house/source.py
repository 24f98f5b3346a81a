"""The shipped source as syntax trees: what the house's lints look at. Tests may break these rules."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from docs.generate.source import HOUSE, rooms


def files() -> list[Path]:
    """Every Python file that is shipped, relative to the repository."""
    found = [HOUSE / f"{name}.py" for name in rooms() if (HOUSE / f"{name}.py").exists()]
    found += [file for name in rooms() for file in (HOUSE / name).rglob("*.py")]
    return sorted(file.relative_to(HOUSE) for file in found)


def tree_of(file: Path) -> ast.Module:
    """The syntax tree of a file."""
    return ast.parse((HOUSE / file).read_text(encoding="utf-8"), str(file))


def functions(tree: ast.AST, above: str = "") -> Iterator[tuple[str, ast.AST]]:
    """Every node with the dotted name of the function or class around it."""
    for node in ast.iter_child_nodes(tree):
        own = (
            getattr(node, "name", "") if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) else ""
        )
        name = f"{above}.{own}".strip(".") if own else above
        yield name, node
        yield from functions(node, name)
