"""The ready examples: one list for the explorer, the documentation and the tests.

An example is a file `pages/examples/<place>_<slug>.graphql`. Its first line is a comment, `# Group: what it does`;
its variables, if any, are in a file of the same name that ends in `.json`. There a value may be a word that the
explorer replaces when it opens the example:

- `@midnight`, `@next-midnight`: that instant, by the reader's clock;
- `@free-start`: the start that an earlier answer offered, else noon in six weeks, which is beyond the demo's calendar;
- `@new-key`: a fresh idempotency key;
- an empty text: the value of that name in an earlier answer of the same browser tab, else for the reader to fill in.

Where the database is a demo, `pages/examples/demo.json` has the values of some: whom a demo lets in is no secret.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

import orjson

Variables = dict[str, object]


@dataclass(frozen=True, slots=True)
class Example:
    """One operation that a newcomer can run, with the sentence that says what it shows."""

    slug: str
    group: str
    title: str
    document: str
    variables: Variables


@cache
def ready_examples() -> tuple[Example, ...]:
    """Every example, in the order of their places.

    Raises `ValueError` for a file without the title line: examples are part of the release, so this is a defect of it.
    """
    folder = files("pages") / "examples"
    return tuple(_read(folder, name) for name in _document_names(folder))


@cache
def demo_examples() -> tuple[Example, ...]:
    """Every example as a demo shows it: who signs in is filled in."""
    known = _variables(files("pages") / "examples" / "demo.json")
    return tuple(_with_known(example, known) for example in ready_examples())


def _with_known(example: Example, known: Variables) -> Example:
    return replace(example, variables={name: known.get(name, value) for name, value in example.variables.items()})


def _document_names(folder: Traversable) -> Iterator[str]:
    names = sorted(entry.name for entry in folder.iterdir())
    return (name.removesuffix(".graphql") for name in names if name.endswith(".graphql"))


def _read(folder: Traversable, name: str) -> Example:
    document = (folder / f"{name}.graphql").read_text(encoding="utf-8")
    heading = document.partition("\n")[0]
    group, colon, title = heading.removeprefix("# ").partition(": ")
    if not heading.startswith("# ") or not colon:
        raise ValueError(f"pages/examples/{name}.graphql must begin with a line such as '# Sign in: the password'.")
    return Example(name.partition("_")[2], group, title, document, _variables(folder / f"{name}.json"))


def _variables(file: Traversable) -> Variables:
    if not file.is_file():
        return {}
    variables: Variables = orjson.loads(file.read_bytes())
    return variables
