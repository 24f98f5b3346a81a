"""docs/cli.md: every command of `remit` with its options."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

from typer.main import get_command

import cli
from docs.generate.markdown import code, page, table

INTRODUCTION = """\
`make run` puts the command at `.venv/bin/remit`. To see whether everything that a start needs is there:

```sh
.venv/bin/remit doctor
```"""


def commands_page() -> str:
    """The page. Its second part is the docstring of `cli`, which tells the exit codes."""
    conventions = (inspect.getdoc(cli) or "").partition("\n\n")[2]
    sections = [_section(name, command) for name, command in commands()]
    return page("The command line", INTRODUCTION, conventions, *sections)


def commands() -> Iterator[tuple[str, Any]]:
    """Every command with its full name, such as `remit journal verify`."""
    yield from _commands("remit", get_command(cli.cli))


def _commands(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    members = getattr(command, "commands", None)  # Typer carries a copy of click; its groups are known by their members
    if members is None:
        yield name, command
        return
    for member, below in members.items():
        yield from _commands(f"{name} {member}", below)


def _section(name: str, command: Any) -> str:
    rows = [_row(option) for option in command.params]
    parts = [f"## {name}", " ".join((command.help or "").split())]
    return "\n\n".join([*parts, table(("Option", "Default", "Meaning"), rows)] if rows else parts)


def _row(option: Any) -> tuple[str, str, str]:
    names = " / ".join((*option.opts, *option.secondary_opts))
    default = "required" if option.required else _default(option.default)
    return code(names), default, option.help or ""


def _default(value: object) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return code(str(value)) if value is not None else ""
