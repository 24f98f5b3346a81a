"""The catalogue: what it refuses, and that the core's capabilities equal the specification's table."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import MISSING, fields, replace
from pathlib import Path
from typing import Any

import pytest

from policies.capabilities import CORE
from policies.catalogue import (
    AHEAD,
    ALL,
    BACK,
    OWN,
    Capability,
    Catalogue,
    CatalogueInvalid,
    Kind,
    Level,
    Seat,
    names,
    own,
)

TABLE = Path(__file__).with_name("capabilities.csv")
OF_PLUGINS = ("billing.md", "support.md")


def plain(code: str = "areas:read", **changed: Any) -> Capability:
    """A valid capability."""
    return replace(
        Capability(code, "Title", "Description.", level=Level.LOCATION, seat=Seat.FREE, limits=(), immune=ALL),
        **changed,
    )


def sign(capability: Capability, limits: Iterable[str]) -> str:
    """The table's letter: o or d honoured, - immune, x neither."""
    signs = {
        "honoured" if capability.rule(limit) else "immune" if limit in capability.immune else "neither"
        for limit in limits
    }
    assert len(signs) == 1, capability.code
    return signs.pop()


def test_core_equals_the_specification() -> None:
    with TABLE.open(encoding="utf-8", newline="") as table:
        rows = [row for row in csv.DictReader(table) if row["spec"] not in OF_PLUGINS]
    own_signs = {"honoured": "o", "immune": "-", "neither": "x"}
    age_signs = {"honoured": "d", "immune": "-", "neither": "x"}

    written = {
        one.code: {
            "title": one.title,
            "level": one.level,
            "own": own_signs[sign(one, [OWN])],
            "age": age_signs[sign(one, [BACK, AHEAD])],
            "seat": one.seat,
            "requires": " ".join(one.requires),
            "escalates": "yes" if one.escalates else "no",
        }
        for one in CORE
    }

    columns = ("title", "level", "own", "age", "seat", "requires", "escalates")
    assert written == {row["code"]: {column: row[column] for column in columns} for row in rows}
    assert len(CORE) == 108


def test_whole_sets_of_flags() -> None:
    catalogue = Catalogue(CORE)

    assert {one.code for one in catalogue if one.sensitive} == {
        "clients:erase",
        "clients:export",
        "clients:read_contacts",
        "clients:search",
        "deposits:adjust",
        "exports:create",
        "insight:read_revenue",
        "journal:read",
        "notes:read",
        "payroll:confirm",
        "payroll:read",
        "refunds:create",
        "webhooks:change",
    }
    assert {one.code for one in catalogue if one.critical and not one.escalates} == {
        "accounts:disable",
        "clients:erase",
        "clients:export",
        "deposits:adjust",
        "exports:create",
        "journal:export",
        "payroll:confirm",
        "refunds:create",
        "security_rules:change",
        "sign_ins:end",
        "webhooks:change",
    }
    assert {one.code for one in catalogue if one.four_eyes} == {"deposits:adjust"}
    assert {one.code for one in catalogue if one.seat == Seat.APPOINTMENTS} == {"appointments:create"}
    assert {one.code for one in catalogue if one.seat == Seat.PAYMENTS} == {
        "payments:create",
        "refunds:create",
        "deposits:create",
        "deposits:use",
    }


def test_value_limits_equal_the_money_page() -> None:
    honoured = {
        one.code: {rule.limit for rule in one.limits} - {OWN, BACK, AHEAD}
        for one in CORE
        if {rule.limit for rule in one.limits} - {OWN, BACK, AHEAD}
    }

    assert honoured == {
        "prices:override": {"pct"},
        "discounts:grant": {"pct", "max"},
        "payments:create": {"acct"},
        "refunds:create": {"max", "acct"},
        "deposits:create": {"max", "acct"},
        "deposits:adjust": {"max"},
        "cash_shifts:change": {"acct"},
        "cash_movements:create": {"max", "acct"},
    }


def test_nothing_can_be_left_undecided() -> None:
    undefaulted = {field.name for field in fields(Capability) if field.default is MISSING}

    assert undefaulted == {"code", "title", "description", "level", "seat", "limits", "immune"}


@pytest.mark.parametrize(
    ("capabilities", "problem"),
    [
        ([plain(), plain()], "areas:read is listed twice."),
        ([plain("Areas:read")], "'Areas:read' is no code: write area:verb in small letters."),
        ([plain("a.b.c:read")], "'a.b.c:read' is no code: write area:verb in small letters."),
        ([plain(description="")], "areas:read needs a title and a description for people."),
        ([plain(seat="")], "areas:read must decide its seat: FREE, or the reason why its holder pays."),
        ([plain(limits=(own("a"),))], "areas:read both honours own and is immune to it."),
        ([plain(limits=(own("a"), own("b")), immune=())], "areas:read gives two rules for one limit."),
        (
            [plain(immune=("max",))],
            "areas:read calls itself immune to 'max'; only own, back and ahead can leave it alone.",
        ),
        ([plain(escalates=True)], "areas:read escalates, hence it must be critical."),
        ([plain(requires=("areas:see",))], "areas:read requires areas:see, which is not in the catalogue."),
        (
            [plain(requires=("old:read",)), plain("old:read", retired_in="2.0")],
            "areas:read requires old:read, which is not in the catalogue.",
        ),
        (
            [plain(requires=("b:read",)), plain("b:read", level=Level.NETWORK)],
            "areas:read (LOCATION) cannot require b:read (NETWORK).",
        ),
        (
            [plain("a:read", requires=("b:read",)), plain("b:read", requires=("a:read",))],
            "These require each other in a circle: a:read, b:read.",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_contradiction_stops_the_start(capabilities: list[Capability], problem: str) -> None:
    with pytest.raises(CatalogueInvalid) as refused:
        Catalogue(capabilities)

    assert refused.value.problems == (problem,)
    assert str(refused.value) == f"The capability catalogue is invalid. {problem}"


def test_requirements_are_transitive() -> None:
    assert Catalogue(CORE).requires("payroll:confirm") == {
        "payroll:calculate",
        "payroll:read",
        "payments:read",
        "appointments:read",
    }


def test_masks_and_codes_are_inverse_in_the_order_of_the_codes() -> None:
    catalogue = Catalogue([plain("b:read"), plain("a:read"), plain("c:read", retired_in="2.0")])

    assert dict(catalogue.bits) == {"a:read": 1, "b:read": 2}
    assert catalogue.codes(catalogue.mask(["b:read"])) == {"b:read"}
    assert "c:read" not in catalogue


@pytest.mark.parametrize(
    ("written", "meant"),
    [("apointments:create", "appointments:create"), ("payment:read", "payments:read"), ("qqq", None)],
)
def test_the_nearest_code_is_suggested(written: str, meant: str | None) -> None:
    assert Catalogue(CORE).nearest(written) == meant


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("clients:read", Kind.READ),
        ("clients:read_contacts", Kind.READ),
        ("clients:search", Kind.READ),
        ("clients:update", Kind.CHANGE),
        ("support.requests:read", Kind.READ),
    ],
)
def test_the_kind_follows_from_the_verb(code: str, kind: Kind) -> None:
    assert plain(code).kind is kind


@pytest.mark.parametrize(
    ("code", "pattern", "answer"),
    [
        ("clients:read", "clients:read", True),
        ("clients:read", "*", True),
        ("clients:read", "clients:*", True),
        ("clients:read", "*:read", True),
        ("clients:read_contacts", "*:read", False),
        ("clients:read", "client*", False),
        ("clients:read", "", False),
        ("", "clients:*", False),
    ],
)
def test_names(code: str, pattern: str, answer: bool) -> None:
    assert names(code, pattern) is answer
