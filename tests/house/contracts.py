"""import-linter's contracts for a house whose rooms are packages and single files alike.

import-linter builds its graph of packages and takes `work.py` or `errors.py` for a foreign distribution: it knows who
imports them, and not what they import. Here the files' own imports are added before a contract is checked.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from grimp import ImportGraph
from importlinter import ContractCheck
from importlinter.contracts.forbidden import ForbiddenContract
from importlinter.contracts.layers import LayersContract

HOUSE: Final = Path(__file__).parents[2]


class HouseLayers(LayersContract):
    """`layers`, with the single files."""

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        """Check the completed graph."""
        add_files(graph)
        return super().check(graph, verbose)


class HouseForbidden(ForbiddenContract):
    """`forbidden`, with the single files."""

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        """Check the completed graph."""
        add_files(graph)
        return super().check(graph, verbose)


def add_files(graph: ImportGraph) -> None:
    """Add every top-level file with its imports to the graph."""
    files = sorted(HOUSE.glob("*.py"))
    for file in files:
        graph.add_module(file.stem, is_squashed=True)
    known = graph.modules
    for file in files:
        for line, name in imported_names(file.read_text(encoding="utf-8")):
            imported = _longest_known(name, known)
            if imported is not None and imported != file.stem:
                graph.add_import(importer=file.stem, imported=imported, line_number=line, line_contents=name)


def imported_names(source: str) -> Iterator[tuple[int, str]]:
    """The line and the full dotted name of everything that a file imports; a name may be a module's or inside one."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None and node.level == 0:
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def _longest_known(name: str, known: set[str]) -> str | None:
    while name not in known:
        name, _, rest = name.rpartition(".")
        if not rest or not name:
            return None
    return name
