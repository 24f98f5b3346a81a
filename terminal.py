"""What every command shares: its settings, its two outputs, how it runs and stops, and how it refuses."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, Final, NoReturn, TypeVar

import typer
import uvloop
from rich.console import Console

from app import load_settings
from errors import StartRefused, UserError
from settings import Settings
from telemetry import configure_logging

T = TypeVar("T")

NO: Final = 1
"""The answer is no: a broken journal, a failing doctor, no proof."""
REFUSED: Final = 2
INTERRUPTED: Final = 130

console = Console()
complaints = Console(stderr=True)


def environment_settings() -> Settings:
    """The settings of the environment, with logging as they want it. Raises StartRefused."""
    settings = load_settings()
    configure_logging(settings.log_level)
    return settings


def run_to_end(work: Coroutine[Any, Any, T]) -> T:
    """Run to the end; SIGTERM and SIGINT cancel it, so that everything that is open is closed in order."""

    async def stoppable() -> T:
        task = asyncio.current_task()
        if task is not None:
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        return await work

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(stoppable())


@contextmanager
def refusals() -> Iterator[None]:
    """Print a refusal as its sentence, and end with its exit code."""
    try:
        yield
    except StartRefused as refusal:
        _refuse(str(refusal))
    except UserError as refusal:
        _refuse(refusal.message)
    except (KeyboardInterrupt, asyncio.CancelledError):
        raise typer.Exit(INTERRUPTED) from None


def show(line: str) -> None:
    """Print a line as it is: no markup, no wrapping."""
    console.print(line, markup=False, highlight=False, soft_wrap=True)


def _refuse(sentence: str) -> NoReturn:
    complaints.print(sentence, style="red", markup=False, highlight=False, soft_wrap=True)
    raise typer.Exit(REFUSED)
