"""The matrix: what the checked table says is all that the roles allow, wherever they are held and wherever one asks."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

import pytest

from policies.capabilities import CORE
from policies.catalogue import DomainKind
from policies.compile import Assignment, build_policy
from policies.limit_syntax import limits_to_words
from policies.limits import NO_LIMITS, OPTED_IN, Place
from policies.matrix import matrix_problems, matrix_text
from policies.roles import BUILT_IN
from policies.scopes import OPERATOR, Domain, partner
from policies.viewer import Viewer, ViewerKind, viewer_in
from tests.policies.test_release import RELEASE
from tests.policies.world import ATHENS, EAST, NETWORK_1, NORTH, NOW, SOUTH, called

MATRIX = Path(__file__).with_name("matrix.csv").read_text(encoding="utf-8")
CODES = {one.code for one in CORE}
OPTED = frozenset({OPTED_IN})
PARTNER, FOREIGN_PARTNER = called("p1"), called("p2")
DOMAINS = {DomainKind.NETWORK: NETWORK_1, DomainKind.OPERATOR: OPERATOR, DomainKind.PARTNER: partner(PARTNER)}
PLACES: dict[str, UUID | None] = {
    "own location": NORTH,
    "other location": SOUTH,
    "other network": EAST,
    "operator": None,
    "a network": NETWORK_1.id,
    "own firm": PARTNER,
    "other firm": FOREIGN_PARTNER,
}


class Cell(NamedTuple):
    """What the table says of a role and a capability at a place: the words, and where the role must be held."""

    role: str
    capability: str
    place: str
    words: str
    held: str


def cells() -> Iterator[Cell]:
    """Every role x capability x place of the checked table, read without the code that wrote it."""
    rows = [row for row in csv.reader(MATRIX.splitlines()) if row and not row[0].startswith("#")]
    for row in rows:
        if row[0] == "capability":
            columns = row
            continue
        said = dict(zip(columns, row, strict=True))
        for place in PLACES.keys() & said.keys():
            for role in said.keys() - PLACES.keys() - {"capability", "title"}:
                yield Cell(role, said["capability"], place, said[role], said[place])


def holder_of(role: str, held_at: UUID | None) -> Viewer:
    """Somebody with one role at one place of its domain; both locations opted in."""
    domain: Domain = DOMAINS[RELEASE.roles[role].domain]
    locations = [Place(at, ATHENS, OPTED) for at in (NORTH, SOUTH)] if domain is NETWORK_1 else []
    assignment = Assignment(called("held"), called("ana"), RELEASE.closed[role], held_at, NO_LIMITS, NOW, None)
    policy = build_policy(domain, epoch=1, release=RELEASE, locations=locations, assignments=[assignment])
    return viewer_in(policy, kind=ViewerKind.ACCOUNT, account_id=called("ana"), now=NOW)


def problems(text: str) -> list[tuple[str, str, str]]:
    """Code, source and message of each problem."""
    found = matrix_problems(text, RELEASE, CODES, label="matrix.csv")
    return [(one.code, one.source, one.message) for one in found]


def line_of(code: str) -> int:
    """The number of a capability's row."""
    return next(number for number, row in enumerate(MATRIX.splitlines(), 1) if row.startswith(f"{code},"))


def with_row(code: str, row: str) -> str:
    """The table with another row in place of a capability's."""
    rows = MATRIX.splitlines()
    rows[line_of(code) - 1] = row
    return "\n".join(rows)


def row_of(code: str) -> str:
    """A capability's row."""
    return MATRIX.splitlines()[line_of(code) - 1]


def test_the_table_lists_every_role_and_every_capability_of_the_core() -> None:
    listed = list(cells())

    assert {one.role for one in listed} == {role.code for role in BUILT_IN}
    assert {one.capability for one in listed} == CODES
    roles = {kind: sum(role.domain is kind for role in BUILT_IN) for kind in DomainKind}
    assert len(listed) == sum(
        roles[kind] * places * sum(RELEASE.catalogue[code].level in levels for code in CODES)
        for kind, places, levels in (
            (DomainKind.NETWORK, 3, {"LOCATION", "NETWORK", "SHARED"}),
            (DomainKind.OPERATOR, 2, {"OPERATOR"}),
            (DomainKind.PARTNER, 2, {"PARTNER"}),
        )
    )


@pytest.mark.parametrize("role", [role.code for role in BUILT_IN])
def test_a_role_may_what_the_table_says_and_nothing_else(role: str) -> None:
    in_network = RELEASE.roles[role].domain is DomainKind.NETWORK
    locally, wholly = holder_of(role, NORTH if in_network else None), holder_of(role, None)

    for one in cells():
        if one.role == role:
            asked = one.capability, PLACES[one.place]
            is_held = one.words not in ("", "shut")
            where = (locally.could(one.capability, at=asked[1]), wholly.could(one.capability, at=asked[1]))
            assert where == (is_held and one.held == "yes", is_held and one.held in ("yes", "network")), one


@pytest.mark.parametrize("role", [role.code for role in BUILT_IN])
def test_a_role_asks_for_another_domain_in_vain(role: str) -> None:
    viewer = holder_of(role, None)
    own = {one.capability for one in cells() if one.role == role}

    assert not [code for code in CODES - own for at in PLACES.values() if viewer.could(code, at=at)]


def test_the_limits_in_the_table_are_those_of_the_lines_and_shut_is_a_deny() -> None:
    for one in cells():
        role, bit = RELEASE.closed[one.role], RELEASE.catalogue.bits[one.capability]
        limits = {limits_to_words(limits) for mask, limits in role.limited if mask == bit}
        expected = {"shut"} if role.denies & bit else {"yes"} if role.plain & bit else limits or {""}
        assert {one.words} == expected, one


def test_the_table_is_what_the_policy_says() -> None:
    assert problems(MATRIX) == []
    assert matrix_text(RELEASE, CODES) == MATRIX


@pytest.mark.parametrize(
    ("case", "row", "code", "message"),
    [
        (
            "more than is held",
            f"{row_of('refunds:create')}yes",
            "DIFFERS",
            "refunds:create, viewer: the table says yes, the policy no.",
        ),
        (
            "less than is held",
            row_of("refunds:create").replace("network,,yes,yes", "network,,yes,"),
            "DIFFERS",
            "refunds:create, manager: the table says no, the policy yes.",
        ),
        (
            "too far",
            row_of("refunds:create").replace("yes,network,,", "yes,yes,,"),
            "DIFFERS",
            "refunds:create, other location: the table says yes, the policy network.",
        ),
        ("too few cells", "refunds:create,Refund", "SYNTAX", "The row has 2 cells, its header 14."),
    ],
)
def test_a_cell_that_differs_is_named_by_line_and_column(case: str, row: str, code: str, message: str) -> None:
    assert problems(with_row("refunds:create", row)) == [(code, f"matrix.csv:{line_of('refunds:create')}", message)], (
        case
    )


def test_rows_that_are_missing_unknown_or_doubled_are_named() -> None:
    row, line = row_of("roles:read"), line_of("roles:read")

    assert problems(with_row("roles:read", "# nothing")) == [
        ("NOT_LISTED", "matrix.csv", f"roles:read is not listed: add {row}")
    ]
    assert problems(with_row("roles:read", f"{row}\n{row}")) == [
        ("DUPLICATE_LINE", f"matrix.csv:{line + 1}", f"roles:read stands at matrix.csv:{line} already: remove one.")
    ]
    assert problems(with_row("roles:read", f"{row}\nrole:read,,")) == [
        ("UNKNOWN_CAPABILITY", f"matrix.csv:{line + 1}", "There is no capability 'role:read': remove the row.")
    ]


@pytest.mark.parametrize("text", ["", MATRIX.replace("capability,", "code,"), MATRIX.replace(",viewer", "", 1)])
def test_tables_with_other_headers_are_not_read(text: str) -> None:
    ((code, source, message),) = problems(text)

    assert (code, source) == ("SYNTAX", "matrix.csv")
    assert message.startswith("The headers of the tables read: capability,title,own location,other location,")
