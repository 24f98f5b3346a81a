"""The matrix as a check: what the table says and the roles do not, and the other way round."""

from __future__ import annotations

from pathlib import Path

import pytest

from policies.capabilities import CORE
from policies.matrix import matrix_problems, matrix_rows
from tests.policies.test_release import RELEASE

MATRIX = Path(__file__).with_name("matrix.csv").read_text(encoding="utf-8")
CODES = {one.code for one in CORE}


def problems(text: str) -> list[tuple[str, str]]:
    """Code and source of each problem."""
    return [(one.code, one.source) for one in matrix_problems(text, RELEASE, CODES, label="matrix.csv")]


def test_the_table_of_the_tests_is_total() -> None:
    assert problems(MATRIX) == []
    assert len(matrix_rows(RELEASE, CODES)) == len(MATRIX.splitlines()) - 1


def test_a_row_that_no_role_gives_is_named_by_its_line() -> None:
    text = MATRIX + "viewer,refunds:create,none\n"
    (found,) = matrix_problems(text, RELEASE, CODES, label="matrix.csv")

    assert str(found) == f"matrix.csv:{len(text.splitlines())}: viewer does not hold refunds:create (none)."


def test_a_row_that_is_not_listed_is_named_by_the_line_of_the_role() -> None:
    text = MATRIX.replace("viewer,roles:read,none\n", "")
    (found,) = matrix_problems(text, RELEASE, CODES, label="matrix.csv")

    assert found.code == "NOT_LISTED"
    assert found.source.startswith("policies/roles/viewer.csv:")
    assert found.message == "viewer holds roles:read (none); matrix.csv does not list it."


@pytest.mark.parametrize(
    ("case", "text", "found"),
    [
        ("another header", MATRIX.replace("role,", "rôle,", 1), [("SYNTAX", "matrix.csv:1")]),
        ("nothing", "", [("SYNTAX", "matrix.csv:1")]),
        ("a short row", MATRIX.replace("\n", "\nviewer\n", 1), [("SYNTAX", "matrix.csv:2")]),
    ],
)
def test_a_table_that_cannot_be_read(case: str, text: str, found: list[tuple[str, str]]) -> None:
    assert problems(text) == found, case


def test_capabilities_that_nobody_asked_for_are_left_out() -> None:
    assert {row.capability for row in matrix_rows(RELEASE, {"roles:change"})} == {"roles:change"}
