"""SQL is never put together from text: values go as parameters, names of tables as psycopg's identifiers.

An f-string with a value in it is an injection waiting for its first careless caller, and a statement that no plan cache
recognises.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import TypeGuard

import pytest

from tests.house.source import files, tree_of

CALLS = {
    "_run_sql", "cursor", "execute", "execute_many", "execute_query", "execute_query_dict", "execute_script",
    "executemany", "fetch", "fetchrow", "fetchval", "prepare",
}  # fmt: skip
VERB = re.compile(
    r"\s*(SELECT|INSERT INTO|UPDATE|DELETE FROM|WITH|CREATE|ALTER|DROP|GRANT|REVOKE|TRUNCATE|COPY|SET|NOTIFY)\b[ \n]"
)


def glued_sql(tree: ast.AST) -> list[int]:
    """The lines on which SQL is made of pieces."""
    return sorted({line for node in ast.walk(tree) if (line := _glued(node)) is not None})


def _glued(node: ast.AST) -> int | None:
    if _is_text_with_values(node) and VERB.match(_beginning(node)):
        return node.lineno
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CALLS and node.args:
        first = node.args[0]
        return first.lineno if _is_text_with_values(first) else None
    return None


def _is_text_with_values(node: ast.AST) -> TypeGuard[ast.expr]:
    match node:
        case ast.JoinedStr(values=values):
            return any(isinstance(value, ast.FormattedValue) for value in values)
        case ast.BinOp(left=ast.Constant(value=str()), op=ast.Mod()):
            return True
        case ast.BinOp(op=ast.Add()):
            return not all(_is_constant(part) for part in _parts(node))
        case ast.Call(func=ast.Attribute(value=ast.Constant(value=str()), attr="format" | "join")):
            return True
    return False


def _parts(node: ast.expr) -> Iterator[ast.expr]:
    if isinstance(node, ast.BinOp):
        yield from _parts(node.left)
        yield from _parts(node.right)
    else:
        yield node


def _is_constant(part: ast.expr) -> bool:
    """Whether it is text of ours: a literal, a constant, or the fragment of a reach, which has parameters alone."""
    match part:
        case ast.Constant():
            return True
        case ast.Name(id=name):
            return name.isupper()
        case ast.Attribute(attr=name):
            return name == "sql"
    return False


def _beginning(node: ast.AST) -> str:
    return next(
        (one.value for one in ast.walk(node) if isinstance(one, ast.Constant) and isinstance(one.value, str)), ""
    )


def test_no_sql_is_made_of_pieces() -> None:
    found = [f"{file}:{line}" for file in files() for line in glued_sql(tree_of(file))]

    assert found == []


@pytest.mark.parametrize(
    ("case", "source", "lines"),
    [
        ("a constant", 'fetch("SELECT 1 FROM a WHERE b = $1", b)', []),
        ("a named constant", "work.statements.fetch(CLIENTS, ids)", []),
        ("words that only begin alike", 'print(f"Updates of {name}")', []),
        ("an f-string", 'connection.fetch(f"SELECT 1 FROM {table}")', [1]),
        ("an f-string far from the call", 'SQL = f"DELETE FROM {table}"', [1]),
        ("an f-string without a verb", 'connection.execute(f"{verb} x")', [1]),
        ("the percent sign", 'SQL = "SELECT %s" % name', [1]),
        ("format", '\nSQL = "UPDATE {} SET a = 1".format(table)', [2]),
        ("a sum", 'connection.execute("SELECT " + columns)', [1]),
        ("a sum of constants and a reach", 'connection.execute("SELECT 1 FROM a" + FILTER + reach.sql)', []),
    ],
)
def test_glue_is_seen(case: str, source: str, lines: list[int]) -> None:
    assert glued_sql(ast.parse(source)) == lines
