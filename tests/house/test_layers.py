"""Every room of the house has a layer, a place in the wheel, and a name that nobody else may bring.

`make check` lets import-linter compare the layers of `pyproject.toml` with the imports; here stands what keeps that
list whole, and that the contracts see the single files.
"""

from __future__ import annotations

import re
import tomllib
from typing import Any

from grimp import ImportGraph

from docs.generate.source import HOUSE, rooms
from plugins.loader import OWN_PACKAGES
from tests.house.contracts import add_files, imported_names


def _project() -> Any:
    return tomllib.loads((HOUSE / "pyproject.toml").read_text(encoding="utf-8"))


def _layers() -> list[set[str]]:
    (contract,) = (one for one in _project()["tool"]["importlinter"]["contracts"] if one["id"] == "layers")
    return [set(re.split(r" [|:] ", layer)) for layer in contract["layers"]]


def test_every_room_has_one_layer() -> None:
    placed = [name.partition(".")[0] for layer in _layers() for name in layer]

    assert set(placed) == rooms()


def test_every_package_is_in_the_graph() -> None:
    packages = {name for name in rooms() if (HOUSE / name).is_dir()}

    assert set(_project()["tool"]["importlinter"]["root_packages"]) == packages


def test_every_room_is_in_the_wheel() -> None:
    wheel = _project()["tool"]["hatch"]["build"]["targets"]["wheel"]["only-include"]

    assert {name.removesuffix(".py") for name in wheel} == rooms()


def test_no_distribution_may_bring_a_room_of_the_same_name() -> None:
    assert rooms() == OWN_PACKAGES


def test_the_contracts_know_what_single_files_import() -> None:
    graph = ImportGraph()
    for module in ("audit", "audit.entries", "domain.notices.reads"):
        graph.add_module(module)

    add_files(graph)

    assert graph.find_modules_directly_imported_by("cli") >= {"app", "audit.entries", "errors", "settings"}
    assert graph.find_modules_directly_imported_by("errors") == set()
    assert graph.find_modules_that_directly_import("domain.notices.reads") == {"app"}


def test_an_import_inside_a_function_is_seen() -> None:
    source = "import asyncio\n\ndef late() -> None:\n    from billing import rules, schema as shape\n"

    assert sorted(imported_names(source)) == [(1, "asyncio"), (4, "billing.rules"), (4, "billing.schema")]
