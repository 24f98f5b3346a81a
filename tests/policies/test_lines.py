"""Lines: how files are read, and every problem that is named with its source."""

from __future__ import annotations

from pathlib import Path

import pytest

from policies.capabilities import CORE
from policies.catalogue import Catalogue
from policies.limits import Days, Limits
from policies.lines import Effect, InvalidPolicy, Line, LinesInvalid, line_problems, lost_denies, read_lines
from policies.release import close_role
from policies.roles import BUILT_IN

CATALOGUE = Catalogue(CORE)
ROLES = {role.code: role for role in BUILT_IN}


def read(tmp_path: Path, text: str) -> tuple[Line, ...]:
    """The lines of a file with this text."""
    file = tmp_path / "roles.csv"
    file.write_text(text, encoding="utf-8")
    return read_lines(file, label="plugin rental: policies/roles.csv")


def test_a_file_is_read_with_comments_quotes_and_sources(tmp_path: Path) -> None:
    lines = read(
        tmp_path,
        "# why\n\np, role:manager, clients:read, allow, none\n"
        'p,role:manager,"appointments:read",allow,own back=7\np, role:manager, payments:*, deny, none\n',
    )

    assert lines == (
        Line("manager", "clients:read", Effect.ALLOW, Limits(), "plugin rental: policies/roles.csv:3"),
        Line(
            "manager",
            "appointments:read",
            Effect.ALLOW,
            Limits(own=True, back=Days(7, 7)),
            "plugin rental: policies/roles.csv:4",
        ),
        Line("manager", "payments:*", Effect.DENY, Limits(), "plugin rental: policies/roles.csv:5"),
    )
    assert [str(line) for line in lines] == [
        "manager: allow clients:read",
        "manager: allow appointments:read own back=7",
        "manager: deny payments:*",
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("g, ana, manager", "A line reads: p, role:<role>, <capability>, allow or deny, <limits>."),
        ("p, manager, a:read, allow, none", "A line reads: p, role:<role>, <capability>, allow or deny, <limits>."),
        (
            "p, role:manager, a:read, permit, none",
            "A line reads: p, role:<role>, <capability>, allow or deny, <limits>.",
        ),
        ("p, role:manager, a:read, allow, back=-1", "'-1' is no whole number."),
        ("p, role:manager, a:read, allow,", "Write the limits, or none."),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_line_that_cannot_be_read_is_named(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(LinesInvalid) as refused:
        read(tmp_path, f"# first\n{text}\n")

    assert [str(one) for one in refused.value.problems] == [f"plugin rental: policies/roles.csv:2: {problem}"]


REQUIRED = "p, role:viewer, clients:read, allow, none\n"


@pytest.mark.parametrize(
    ("case", "text", "problems"),
    [
        (
            "misspelt capability",
            "p, role:viewer, apointments:read, allow, none",
            [("UNKNOWN_CAPABILITY", 1, "There is no capability 'apointments:read'. Did you mean appointments:read?")],
        ),
        (
            "capability of nothing known",
            "p, role:viewer, roles:zzzzzzzzzzzz, allow, none",
            [
                (
                    "UNKNOWN_CAPABILITY",
                    1,
                    "There is no capability 'roles:zzzzzzzzzzzz'. Write one of roles:change, roles:read.",
                )
            ],
        ),
        (
            "role of nothing known",
            "p, role:xyz, clients:read, allow, none",
            [
                (
                    "UNKNOWN_ROLE",
                    1,
                    "There is no role 'xyz'. Write one of account_manager, accountant, administrator, call_center, "
                    "certification_officer, commercial, manager, marketer, operator_owner, owner, partner_accountant, "
                    "partner_manager, partner_owner, smm_manager, specialist, technician, viewer.",
                )
            ],
        ),
        (
            "misspelt area of a deny",
            "p, role:viewer, payment:*, deny, none",
            [("UNKNOWN_CAPABILITY", 1, "payment:* names no capability. Did you mean payments:*?")],
        ),
        (
            "unknown role",
            "p, role:veiwer, clients:read, allow, none",
            [("UNKNOWN_ROLE", 1, "There is no role 'veiwer'. Did you mean viewer?")],
        ),
        (
            "duplicate",
            REQUIRED + "p, role:viewer, clients:read, allow, own",
            [("DUPLICATE_LINE", 2, "clients:read stands at f.csv:1 already: remove one of the two.")],
        ),
        (
            "shadowed",
            "p, role:viewer, payments:*, deny, none\np, role:viewer, payments:read, deny, none",
            [("SHADOWED_LINE", 2, "payments:read has no effect beside payments:* at f.csv:1: remove it.")],
        ),
        (
            "wildcard allow",
            "p, role:viewer, clients:*, allow, none",
            [("WILDCARD", 1, "Only the owner roles allow *; a deny may say area:* or *:verb. Name each capability.")],
        ),
        (
            "everything to somebody who is no owner",
            "p, role:manager, *, allow, none",
            [("WILDCARD", 1, "Only the owner roles allow *; a deny may say area:* or *:verb. Name each capability.")],
        ),
        (
            "deny of everything",
            "p, role:viewer, *, deny, none",
            [("WILDCARD", 1, "Only the owner roles allow *; a deny may say area:* or *:verb. Name each capability.")],
        ),
        (
            "limited wildcard",
            "p, role:owner, *, allow, own",
            [("WILDCARD", 1, "* takes no limits: write none.")],
        ),
        (
            "limit not honoured",
            "p, role:viewer, locations:read, allow, own",
            [("LIMIT_NOT_HONOURED", 1, "locations:read does not honour the limit own: leave it out.")],
        ),
        (
            "limited deny",
            "p, role:viewer, clients:read, deny, own",
            [("LIMIT_NOT_HONOURED", 1, "A deny has no limits, for what is taken away stays away: write none.")],
        ),
        (
            "unknown limit",
            "p, role:viewer, clients:read, allow, opted_inn",
            [("UNKNOWN_LIMIT", 1, "There is no limit 'opted_inn'. Did you mean opted_in?")],
        ),
        (
            "excluded",
            "p, role:viewer, clients:*, deny, none\n" + REQUIRED,
            [
                (
                    "ROLE_EXCLUDES",
                    2,
                    "clients:read is excluded from this role by clients:* at f.csv:1: remove one of the two.",
                )
            ],
        ),
        (
            "requirement missing",
            "p, role:viewer, payments:read, allow, none",
            [("REQUIREMENT_MISSING", 1, "payments:read requires appointments:read: add a line that allows it.")],
        ),
        (
            "capability of another domain",
            "p, role:viewer, customers:read, allow, none",
            [
                (
                    "WRONG_DOMAIN",
                    1,
                    "customers:read is asked at the level OPERATOR; the role viewer acts in a NETWORK: "
                    "remove the line.",
                )
            ],
        ),
    ],
    ids=lambda value: value if isinstance(value, str) and "," not in value else "",
)
def test_a_wrong_line_is_named(tmp_path: Path, case: str, text: str, problems: list[tuple[str, int, str]]) -> None:
    file = tmp_path / "f.csv"
    file.write_text(text, encoding="utf-8")

    found = list(line_problems(read_lines(file, label="f.csv"), CATALOGUE, ROLES))

    assert [(one.code, one.source, one.message) for one in found] == [
        (code, f"f.csv:{line}", message) for code, line, message in problems
    ], case


def test_a_role_based_on_a_built_in_one_keeps_its_denies() -> None:
    basis = [Line("call_center", "payments:*", Effect.DENY, Limits(), "policies/roles/call_center.csv:20")]
    own = [Line("night_desk", "clients:read", Effect.ALLOW, Limits(), "role night_desk v3")]
    kept = [*own, Line("night_desk", "payments:*", Effect.DENY, Limits(), "role night_desk v3")]

    assert [str(one) for one in lost_denies(own, basis)] == [
        "role night_desk v3: A role based on call_center keeps its denies: add deny payments:*."
    ]
    assert list(lost_denies(kept, basis)) == []


def test_input_that_would_not_hold_together_is_worded_for_people() -> None:
    lines = [Line("viewer", "client:read", Effect.ALLOW, Limits(), "role night_desk v3")]

    error = InvalidPolicy(line_problems(lines, CATALOGUE, ROLES), path=("input", "lines"))

    assert error.code == "INVALID_POLICY"
    assert error.message == "There is no capability 'client:read'. Did you mean clients:read?"
    assert [problem.suggestion for problem in error.problems] == ["clients:read"]
    assert error.path == ("input", "lines")


def test_lines_of_a_plugin_that_is_gone_are_dormant() -> None:
    gone = Line("night_desk", "rental.contracts:sign", Effect.ALLOW, Limits(), "role night_desk v3")
    kept = Line("night_desk", "clients:read", Effect.ALLOW, Limits(), "role night_desk v3")

    role = close_role("night_desk", "Night desk", [gone, kept], CATALOGUE)

    assert role.dormant == (gone,)
    assert role.lines == (gone, kept)
    assert CATALOGUE.codes(role.plain) == {"clients:read"}
