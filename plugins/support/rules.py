"""The words of the support procedure. Pure: read from the plugin's own file, once."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

TERMS_FILE = Path(__file__).parent / "policies" / "terms.csv"


@dataclass(frozen=True, slots=True)
class Term:
    """A word of the procedure (TESAE, ISO 9001:2000, Δ13 §Α): in Greek, in English, and its name in the API."""

    greek: str
    english: str
    api_name: str


@cache
def terms() -> tuple[Term, ...]:
    """The glossary, in the order of the procedure."""
    with TERMS_FILE.open(encoding="utf-8", newline="") as file:
        return tuple(Term(row["greek"], row["english"], row["api_name"]) for row in csv.DictReader(file))
