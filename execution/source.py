"""The text of a generated function while it is written: its lines, the objects it names, the field each line is for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Hashable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any, Final

FILE: Final = "<plan>"
"""The name of the text in tracebacks."""


class Source:
    """Lines of Python with their indentation, and the names that they lean on."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.fields: list[str] = []
        self.field = ""
        self._depth = 0
        self._numbers: dict[str, Iterator[int]] = defaultdict(count)
        self._names: dict[str, object] = {}
        self._bound: dict[Hashable, str] = {}

    def add(self, line: str) -> None:
        """Write one line, for the field at hand."""
        self.lines.append("    " * self._depth + line)
        self.fields.append(self.field)

    @contextmanager
    def block(self, line: str) -> Iterator[None]:
        """Write a line, and what follows one step further in."""
        self.add(line)
        self._depth += 1
        yield
        self._depth -= 1

    @contextmanager
    def about(self, field: str) -> Iterator[None]:
        """Write lines for this field."""
        before, self.field = self.field, field
        yield
        self.field = before

    def fresh(self, prefix: str) -> str:
        """A variable that is nowhere else in the text."""
        return f"{prefix}{next(self._numbers[prefix])}"

    def bind(self, prefix: str, value: object, *, key: Hashable = None) -> str:
        """The name of an object that the text leans on; the same `key`, or the same object, has one name."""
        known = (prefix, id(value) if key is None else key)
        if known not in self._bound:
            self._bound[known] = self.fresh(f"{prefix}_")
            self._names[self._bound[known]] = value
        return self._bound[known]

    def text(self) -> str:
        """The whole text."""
        return "\n".join(self.lines) + "\n"

    def function(self, name: str) -> Callable[..., Awaitable[Any]]:
        """The function of this name that the text defines."""
        namespace = dict(self._names)
        exec(compile(self.text(), FILE, "exec", dont_inherit=True), namespace)  # noqa: S102  (of code that this package wrote, never of input)
        made: Callable[..., Awaitable[Any]] = namespace[name]  # type: ignore[assignment]  # defined by the text
        return made


def line_of(error: BaseException, function: Callable[..., Any]) -> int | None:
    """The number, from 0, of the generated function's line at which the error arose; None where it arose elsewhere.

    Told by the function's own globals: an error object that is raised again carries the frames of other plans, too.
    """
    found, traceback = None, error.__traceback__
    while traceback is not None:
        if traceback.tb_frame.f_globals is function.__globals__:
            found = traceback.tb_lineno - 1
        traceback = traceback.tb_next
    return found
