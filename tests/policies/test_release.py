"""The built-in roles with the real catalogue: whole sets, free roles, and what stops the start."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

import policies.release
from policies.capabilities import CORE
from policies.catalogue import Catalogue, Kind, Level, Seat
from policies.compile import build_policy
from policies.limit_syntax import limits_to_words
from policies.limits import NO_LIMITS, OPTED_IN, Place
from policies.lines import Effect, Line, LinesInvalid
from policies.release import Release, assemble_release, core_lines, paid_capabilities
from policies.roles import BUILT_IN, FOLDER
from policies.viewer import ViewerKind, viewer_in
from tests.policies.world import ATHENS, N1, NETWORK_1, NORTH, NOW, SOUTH, assigned, called

CAPABILITIES = Path(__file__).with_name("capabilities.csv")
CATALOGUE = Catalogue(CORE)
RELEASE = assemble_release(CATALOGUE, lines=core_lines())
FREE_ROLES = {"specialist", "accountant", "marketer", "smm_manager", "viewer"}


def allowed_by(release: Release, role_code: str) -> set[tuple[str, str]]:
    """The whole set of a role: capability and limits."""
    role = release.closed[role_code]
    catalogue = release.catalogue
    plain = {(code, "none") for code in catalogue.codes(role.plain)}
    limited = {(code, limits_to_words(limits)) for bit, limits in role.limited for code in catalogue.codes(bit)}
    return {(code, limits) for code, limits in plain | limited if not role.denies & catalogue.bits[code]}


def roles_with(code: str) -> set[str]:
    """The whole set of roles that hold a capability, under limits or not."""
    return {role for role in RELEASE.closed if code in {capability for capability, _ in allowed_by(RELEASE, role)}}


def test_every_role_has_a_file_and_every_file_a_role() -> None:
    assert {file.stem for file in FOLDER.glob("*.csv")} == {role.code for role in BUILT_IN}


@pytest.mark.parametrize(
    ("code", "roles"),
    [
        ("refunds:create", {"owner", "manager"}),
        ("payments:create", {"owner", "manager", "administrator"}),
        ("appointments:create", {"owner", "manager", "administrator", "call_center"}),
        ("payroll:calculate", {"owner", "accountant"}),
        ("roles:change", {"owner"}),
        ("clients:export", {"owner"}),
        ("operator_members:change", {"operator_owner"}),
        ("partner_members:change", {"partner_owner"}),
    ],
)
def test_roles_with(code: str, roles: set[str]) -> None:
    assert roles_with(code) == roles
    assert set(RELEASE.roles_allowing(code)) == roles


def test_call_center_keeps_money_and_data_shut() -> None:
    role = RELEASE.closed["call_center"]

    assert {line.capability for line in role.lines if line.effect is Effect.DENY} == {
        "payments:*",
        "refunds:*",
        "deposits:*",
        "sales:*",
        "cash_shifts:*",
        "cash_movements:*",
        "tills:*",
        "payroll:*",
        "exports:*",
        "webhooks:*",
        "clients:read_contacts",
        "clients:export",
        "clients:erase",
        "insight:read_revenue",
    }


def test_call_center_reaches_the_locations_that_opted_in() -> None:
    policy = build_policy(
        NETWORK_1,
        epoch=1,
        release=RELEASE,
        locations=[Place(NORTH, ATHENS, frozenset({OPTED_IN})), Place(SOUTH, ATHENS)],
        assignments=[assigned("cy", "call_center", "n1", release=RELEASE)],
    )
    cy = viewer_in(policy, kind=ViewerKind.SPECIALIST, account_id=None, specialist_id=called("cy"), now=NOW)

    assert cy.can("appointments:create", at=NORTH)
    assert not cy.can("appointments:create", at=SOUTH)
    assert not cy.can("appointments:create", at=N1)
    assert cy.decision("appointments:create", at=SOUTH).reason == "LIMIT"
    assert cy.can("services:read", at=SOUTH)


def test_viewer_holds_exactly_what_is_read_free_and_not_confidential() -> None:
    expected = {
        one.code
        for one in CATALOGUE
        if one.kind is Kind.READ
        and one.level in (Level.LOCATION, Level.SHARED)
        and one.seat == Seat.FREE
        and not one.sensitive
        and one.verb != "search"
    }

    assert allowed_by(RELEASE, "viewer") == {(code, "none") for code in expected}


def test_free_roles_are_proved_free() -> None:
    paid = {code: paid_capabilities(role, CATALOGUE) for code, role in RELEASE.closed.items()}

    assert {role.code for role in BUILT_IN if role.free and role.domain == "NETWORK"} == FREE_ROLES
    assert {code: codes for code, codes in paid.items() if codes} == {
        "owner": {"appointments:create", "payments:create", "refunds:create", "deposits:create", "deposits:use"},
        "manager": {"appointments:create", "payments:create", "refunds:create", "deposits:create", "deposits:use"},
        "administrator": {"appointments:create", "payments:create", "deposits:create", "deposits:use"},
        "call_center": {"appointments:create"},
    }


def test_a_role_that_claims_to_be_free_and_is_not_stops_the_start() -> None:
    bookable = [
        Line("specialist", code, Effect.ALLOW, NO_LIMITS, "plugin rental: policies/roles.csv:4")
        for code in ("appointments:create",)
    ]

    with pytest.raises(LinesInvalid) as refused:
        assemble_release(CATALOGUE, lines=[*core_lines(), *bookable])

    assert [str(problem) for problem in refused.value.problems] == [
        "plugin rental: policies/roles.csv:4: The role specialist claims to be free; "
        "appointments:create costs a seat (APPOINTMENTS): remove the line, or the claim."
    ]


def test_a_file_holds_the_lines_of_its_role_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for file in FOLDER.glob("*.csv"):
        (tmp_path / file.name).write_text(file.read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "viewer.csv").write_text("p, role:marketer, services:read, allow, none\n", encoding="utf-8")
    monkeypatch.setattr(policies.release, "FOLDER", tmp_path)

    with pytest.raises(LinesInvalid) as refused:
        core_lines()

    assert str(refused.value.problems[0]) == (
        "policies/roles/viewer.csv:1: This file holds lines of the role viewer alone: write role:viewer."
    )


def test_sources_name_file_and_line() -> None:
    sources = {(line.role, line.capability): line.source for line in core_lines()}

    assert sources["owner", "*"] == "policies/roles/owner.csv:2"


def test_the_digest_names_the_release() -> None:
    again = assemble_release(Catalogue(reversed(CORE)), lines=core_lines())
    without = assemble_release(CATALOGUE, lines=[one for one in core_lines() if one.role != "viewer"])

    assert again.digest == RELEASE.digest != without.digest


def test_roles_equal_the_specification() -> None:
    with CAPABILITIES.open(encoding="utf-8", newline="") as table:
        rows = [row for row in csv.DictReader(table) if row["code"] in CATALOGUE]
    owners = {"owner", "operator_owner", "partner_owner"}

    written = {
        row["code"]: {
            f"{role}°" if limits == "own" else role
            for role in RELEASE.closed.keys() - owners
            for code, limits in allowed_by(RELEASE, role)
            if code == row["code"]
        }
        for row in rows
    }

    assert written == {row["code"]: set(row["roles"].split()) for row in rows}
