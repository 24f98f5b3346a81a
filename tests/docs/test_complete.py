"""What a reader may meet in the product stands in the documentation."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable

import pytest
from graphql import GraphQLInterfaceType, build_schema

from docs.generate.changelog import MisnamedChange, changes, kind_of
from docs.generate.commands import commands
from docs.generate.errors import errors
from docs.generate.events import declared_events
from docs.generate.settings import variables
from docs.generate.source import HOUSE, merged, modules
from settings import Settings

DEMO = "demo."
"""Of events that are the demo's own: they are documented, and no running Remit writes them."""


def _page(name: str) -> str:
    return (HOUSE / "docs" / name).read_text(encoding="utf-8")


def _missing(codes: Iterable[str], page: str) -> list[str]:
    return [code for code in sorted(codes) if not re.search(rf"(^## |`){re.escape(code)}(`|$)", page, re.MULTILINE)]


def test_every_capability_is_documented() -> None:
    assert _missing(merged().catalogue.by_code, _page("capabilities.md")) == []


def test_every_setting_is_documented() -> None:
    assert _missing((name for name, _ in variables(Settings)), _page("settings.md")) == []


def test_every_variable_that_the_code_names_is_a_setting() -> None:
    plugins = [one.plugin.settings for one in merged().listed if one.plugin is not None]
    known = {name for settings in (Settings, *plugins) if settings is not None for name, _ in variables(settings)}
    sources = [HOUSE / f"{module.__name__.replace('.', '/')}.py" for module in modules()]
    named = {
        name
        for source in sources
        if source.exists()
        for name in re.findall(r"REMIT_[A-Z]+(?:_[A-Z]+)*\b(?!_)", source.read_text(encoding="utf-8"))
    }

    assert sorted(named - known) == []


def test_every_error_code_is_documented() -> None:
    assert _missing({error.code for error in errors()}, _page("errors.md")) == []


def test_every_answer_that_says_what_is_wrong_is_documented() -> None:
    schema = build_schema(merged().schema.sdl())
    (interface,) = [one for one in schema.type_map.values() if one.name == "UserError"]
    assert isinstance(interface, GraphQLInterfaceType)
    types = [one.name for one in schema.get_implementations(interface).objects]

    assert [name for name in types if f"as the type `{name}`" not in _page("errors.md")] == []


def test_every_error_has_a_code_of_its_own_and_says_what_happened() -> None:
    speechless = [error.__name__ for error in errors() if "code" not in vars(error) and error.__doc__ is None]

    assert speechless == []


def test_every_event_type_is_documented() -> None:
    assert _missing({event.code for event in declared_events()}, _page("journal-events.md")) == []


def test_every_event_type_is_contributed() -> None:
    contributed = {event.code for event in merged().events}
    declared = {event.code for event in declared_events() if not event.code.startswith(DEMO)}

    assert sorted(declared - contributed) == []


def test_every_command_is_documented() -> None:
    assert _missing((name for name, _ in commands()), _page("cli.md")) == []


def test_every_decision_is_listed() -> None:
    files = sorted((HOUSE / "docs" / "decisions").glob("0*.md"))
    index = _page("index.md")

    assert [file.name for file in files if f"decisions/{file.name}" not in index] == []
    assert [int(file.name[:4]) for file in files] == list(range(1, len(files) + 1))


def test_every_change_has_a_kind() -> None:
    assert changes(HOUSE / "changes") != []


def test_a_change_without_a_kind_is_refused() -> None:
    with pytest.raises(MisnamedChange, match=r"changes/booking.md must begin with one of prices, rights"):
        kind_of(HOUSE / "changes" / "booking.md")


def test_the_layers_of_the_architecture_are_those_that_are_checked() -> None:
    pyproject = tomllib.loads((HOUSE / "pyproject.toml").read_text(encoding="utf-8"))
    (checked,) = [one["layers"] for one in pyproject["tool"]["importlinter"]["contracts"] if one["id"] == "layers"]
    (drawn,) = re.findall(r"^## Layers\n.*?^```\n(.*?)^```", _page("architecture.md"), re.DOTALL | re.MULTILINE)

    shown = [re.split(r"\s{2,}", line.strip())[0] for line in drawn.splitlines()]

    assert [layer.split(", ") for layer in shown] == [re.split(r" [|:] ", layer) for layer in checked]
