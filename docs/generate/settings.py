"""docs/settings.md: every REMIT_ variable, of the core and of the bundled plugins."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from annotated_types import Ge, Le
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

from docs.generate.markdown import code, page, table
from docs.generate.source import merged
from settings import Settings

INTRODUCTION = """\
Settings come from the environment, or from a file `.env` in the folder that Remit starts in. They are read once, at the
start; a wrong one refuses the start with its name. On another port, with more to read:

```sh
REMIT_PORT=8080 REMIT_LOG_LEVEL=DEBUG make run
```"""


def settings_page() -> str:
    """The page."""
    plugins = [one.plugin for one in merged().listed if one.plugin is not None and one.plugin.settings is not None]
    sections = [f"## Plugin {plugin.name}\n\n{_table(plugin.settings)}" for plugin in plugins if plugin.settings]
    return page("Settings", INTRODUCTION, f"## Remit\n\n{_table(Settings)}", *sections)


def variables(settings: type[BaseSettings]) -> Iterator[tuple[str, FieldInfo]]:
    """Each field with the name of its variable."""
    prefix = settings.model_config.get("env_prefix", "")
    for name, field in settings.model_fields.items():
        yield f"{prefix}{name}".upper(), field


def _table(settings: type[BaseSettings]) -> str:
    rows = [
        (code(variable), _value(field), _default(field), field.description or "")
        for variable, field in variables(settings)
    ]
    return table(("Variable", "Value", "Default", "Meaning"), rows)


def _value(field: FieldInfo) -> str:
    pattern = next((one.pattern for one in field.metadata if getattr(one, "pattern", None)), None)
    if pattern is not None:
        return code(str(pattern).strip("^$()").replace("|", " "))
    words = {"bool": "true or false", "int": "whole number", "tuple": "list", "Path": "path"}
    for name, word in words.items():
        if name in str(field.annotation):
            return word + _bounds(field)
    return "text, secret" if "Secret" in str(field.annotation) else "text"


def _bounds(field: FieldInfo) -> str:
    lowest = [one.ge for one in field.metadata if isinstance(one, Ge)]
    highest = [one.le for one in field.metadata if isinstance(one, Le)]
    return f", {lowest[0]} to {highest[0]}" if lowest and highest else ""


def _default(field: FieldInfo) -> str:
    default: Any = field.default
    if default is None:
        return ""
    if isinstance(default, bool):
        return code(str(default).lower())
    return code(",".join(default) if isinstance(default, tuple) else str(default))
