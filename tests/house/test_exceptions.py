"""`except Exception` stands only at the edges, where whatever comes has to become an answer, a log line or a condition.

Anywhere else it hides the fault that somebody will search for at night. A new edge is added here with its reason.
"""

from __future__ import annotations

import ast

import pytest

from tests.house.source import files, functions, tree_of

EDGES = {
    ("app.py", "Remit._database_condition"): "readiness tells of a database that is away, whatever it died of",
    ("app.py", "_keep_working"): "the worker outlives what happens to the database",
    ("database/epochs.py", "Epochs._keep_reading"): "whatever a connection dies of, the next one is made",
    ("domain/team/consequences.py", "_answer"): "a plugin's failure is an answer of its own",
    ("execution/run.py", "_tried"): "masked and logged like the error of a field",
    ("execution/plan.py", "Plan.run"): "whatever stops a plan, the ordinary executor meets it again and answers",
    ("pages/health.py", "_conditions"): "a check that fails is an unmet condition",
    ("plugins/loader.py", "_answer_of.run"): "not even SystemExit of a foreign module ends the host",
    ("schema/session_watch.py", "ending_of"): "a socket whose session cannot be read is closed, whatever hinders that",
    ("host.py", "Host._touch_session"): "an answer that is read already is not lost for a time stamp",
    ("host.py", "Host._perform"): "every failed attempt is journaled, and raised again",
    ("host.py", "Host.journal_attempt"): "a refusal stays the answer even if it cannot be journaled",
}
BROAD = {"BaseException", "Exception"}


def _broad(tree: ast.AST) -> list[str]:
    handlers = [(name, node) for name, node in functions(tree) if isinstance(node, ast.ExceptHandler)]
    return [name for name, handler in handlers if _catches_all(handler) and not _passes_on(handler)]


def _passes_on(handler: ast.ExceptHandler) -> bool:
    """Whether it only tidies up: whatever came goes on as it was."""
    last = handler.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None


def _catches_all(handler: ast.ExceptHandler) -> bool:
    if handler.type is None:
        return True
    return any(isinstance(node, ast.Name) and node.id in BROAD for node in ast.walk(handler.type))


def test_only_the_edges_catch_everything() -> None:
    found = {(str(file), name) for file in files() for name in _broad(tree_of(file))}

    assert found == set(EDGES)


@pytest.mark.parametrize(
    ("case", "handler", "found"),
    [
        ("bare", "except: pass", ["f"]),
        ("among others", "except (ValueError, Exception): pass", ["f"]),
        ("raised as something else", "except BaseException as error: raise ValueError from error", ["f"]),
        ("tidying up", "except BaseException: raise", []),
        ("narrow", "except ValueError: pass", []),
    ],
)
def test_catching_everything_is_seen(case: str, handler: str, found: list[str]) -> None:
    assert _broad(ast.parse(f"def f():\n    try:\n        g()\n    {handler}")) == found
