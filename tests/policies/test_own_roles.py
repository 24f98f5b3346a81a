"""A network's own roles: every problem of a draft, and the difference between two versions."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from policies.limit_syntax import limits_from_words
from policies.line_changes import LineChanges, line_changes
from policies.lines import Effect, InvalidPolicy, Line
from policies.own_roles import MAX_OWN_ROLES, RoleDraft, require_valid, role_problems
from tests.policies.test_release import RELEASE

FULL = [f"role_{number}" for number in range(MAX_OWN_ROLES)]


def line(written: str, role: str = "night_desk") -> Line:
    """A line like `allow clients:read own`."""
    effect, capability, *limits = written.split()
    return Line(role, capability, Effect(effect), limits_from_words(" ".join(limits) or "none"), "role night_desk v1")


def draft(*lines: str, **other: Any) -> RoleDraft:
    """A draft of a night desk."""
    return replace(RoleDraft("night_desk", "Night desk", tuple(map(line, lines))), **other)


READS_CLIENTS = draft("allow clients:read")


@pytest.mark.parametrize(
    ("case", "role", "others", "problems"),
    [
        ("a good one", READS_CLIENTS, [], []),
        ("an empty one", draft(), [], []),
        ("a code in capitals", draft(code="Desk"), [], [("CODE_INVALID", None)]),
        ("a code of one letter", draft(code="d"), [], [("CODE_INVALID", None)]),
        ("a code too long", draft(code="d" * 41), [], [("CODE_INVALID", None)]),
        ("a code like a line", draft(code="desk\np"), [], [("CODE_INVALID", None)]),
        ("the code of a built-in role", draft(code="manager"), [], [("CODE_TAKEN", None)]),
        ("the code of a role of another domain", draft(code="operator_owner"), [], [("CODE_TAKEN", None)]),
        ("the code of another role", READS_CLIENTS, ["night_desk"], [("CODE_TAKEN", None)]),
        ("one too many", READS_CLIENTS, FULL, [("TOO_MANY", None)]),
        ("the hundredth", READS_CLIENTS, FULL[1:], []),
        ("no title", draft(title="  "), [], [("TITLE_INVALID", None)]),
        ("a long title", draft(title="x" * 101), [], [("TITLE_INVALID", None)]),
        ("an unknown capability", draft("allow client:read"), [], [("UNKNOWN_CAPABILITY", "clients:read")]),
        (
            "a missing requirement",
            draft("allow clients:update"),
            [],
            [("REQUIREMENT_MISSING", "clients:read")],
        ),
        ("a wildcard", draft("allow clients:*"), [], [("WILDCARD", None)]),
        ("everything", draft("allow *"), [], [("WILDCARD", None)]),
        ("an area denied", draft("deny payments:*"), [], []),
        ("allowed and denied", draft("allow clients:read", "deny clients:*"), [], [("ROLE_EXCLUDES", None)]),
        ("a limit not honoured", draft("allow locations:read own"), [], [("LIMIT_NOT_HONOURED", None)]),
        ("an unknown limit", draft("allow clients:read opted_inn"), [], [("UNKNOWN_LIMIT", "opted_in")]),
        ("a limited deny", draft("deny clients:read own"), [], [("LIMIT_NOT_HONOURED", None)]),
        ("a line twice", draft("allow clients:read", "allow clients:read own"), [], [("DUPLICATE_LINE", None)]),
        ("a capability of the operator", draft("allow customers:read"), [], [("WRONG_DOMAIN", None)]),
        ("an unknown basis", draft(based_on="call_centre"), [], [("UNKNOWN_ROLE", "call_center")]),
        ("a basis of another domain", draft(based_on="technician"), [], [("UNKNOWN_ROLE", None)]),
        ("a basis without denies", draft("allow clients:read", based_on="marketer"), [], []),
    ],
)
def test_a_draft(case: str, role: RoleDraft, others: list[str], problems: list[tuple[str, str | None]]) -> None:
    found = list(role_problems(role, RELEASE, others=others))

    assert [(one.code, one.suggestion) for one in found] == problems, case


def test_a_role_based_on_the_call_center_keeps_its_denies() -> None:
    basis = [one for one in RELEASE.closed["call_center"].lines if one.effect is Effect.DENY]
    kept = tuple(replace(one, role="night_desk") for one in basis)

    lost = list(role_problems(draft("allow clients:read", based_on="call_center"), RELEASE, others=()))
    complete = draft(based_on="call_center")

    assert [one.code for one in lost] == ["ROLE_EXCLUDES"] * len(basis)
    assert lost[0].message == f"A role based on call_center keeps its denies: add deny {basis[0].capability}."
    assert list(role_problems(replace(complete, lines=kept), RELEASE, others=())) == []


def test_all_problems_are_refused_at_once() -> None:
    with pytest.raises(InvalidPolicy) as refused:
        require_valid(draft("allow client:read", "allow clients:*", code="x"), RELEASE, others=FULL)

    assert {one.code for one in refused.value.problems} >= {"CODE_INVALID", "TOO_MANY"}


def test_a_valid_draft_passes() -> None:
    require_valid(READS_CLIENTS, RELEASE, others=())


def test_dormant_lines_are_kept_and_new_ones_are_misspelt() -> None:
    role = draft("allow rental.contracts:sign", "allow clients:read")

    assert list(role_problems(role, RELEASE, others=(), dormant=["rental.contracts:sign"])) == []
    assert [one.code for one in role_problems(role, RELEASE, others=())] == ["UNKNOWN_CAPABILITY"]


def test_the_difference_of_two_versions() -> None:
    before = [line("allow clients:read"), line("allow payments:read"), line("deny payroll:*"), line("allow roles:read")]
    after = [line("allow clients:read own"), line("deny payments:read"), line("allow roles:read"), line("deny till:*")]

    assert line_changes(before, after) == LineChanges(
        added=(after[3],), removed=(before[2],), changed=((before[0], after[0]), (before[1], after[1]))
    )


def test_a_line_that_moved_has_not_changed() -> None:
    moved = replace(line("allow clients:read"), source="role night_desk v2")

    assert not line_changes([line("allow clients:read")], [moved])


def test_the_same_capability_of_two_roles_are_two_lines() -> None:
    other = line("allow clients:read", role="day_desk")

    assert line_changes([line("allow clients:read")], [other]) == LineChanges(
        (other,), (line("allow clients:read"),), ()
    )
