"""The golden team of spec `billing.md` 4.5 as data: what each person holds, worked out from `capabilities.csv` alone.

Not from the access engine: a mistake there must not be able to hide here.
"""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Literal

from billing.rules import Person, ProvidedService, SeatFacts

CATALOGUE = Path(__file__).parents[1] / "policies" / "capabilities.csv"
NETWORK = "n1"
NETWORK_LEVELS = ("LOCATION", "NETWORK", "SHARED")

CALL_CENTER_DENIES = (
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
)
"""Spec `booking.md` 4.10."""


@dataclass(frozen=True, slots=True)
class Row:
    """One capability of the catalogue's file."""

    code: str
    level: str
    is_change: bool
    seat: str
    requires: frozenset[str]
    roles: frozenset[str]
    own: str


def _row(cells: dict[str, str]) -> Row:
    verb = cells["code"].partition(":")[2]
    return Row(
        code=cells["code"],
        level=cells["level"],
        is_change=verb not in ("read", "search") and not verb.startswith("read_"),
        seat=cells["seat"],
        requires=frozenset(cells["requires"].split()),
        roles=frozenset(role.rstrip("°") for role in cells["roles"].split()),
        own=cells["own"],
    )


with CATALOGUE.open(encoding="utf-8", newline="") as lines:
    ROWS = {row.code: row for row in map(_row, csv.DictReader(lines))}

EVERYTHING = frozenset(code for code, row in ROWS.items() if row.level in NETWORK_LEVELS)


def role(name: str) -> frozenset[str]:
    """What a built-in role's lines allow."""
    return frozenset(code for code, row in ROWS.items() if name in row.roles)


def held(allowed: Iterable[str], denied: Collection[str] = ()) -> frozenset[str]:
    """What is left of the allowed codes without the denied ones and without those whose requirements are missing."""
    codes = {code for code in allowed if not any(fnmatchcase(code, pattern) for pattern in denied)}
    while lacking := {code for code in codes if not ROWS[code].requires <= codes}:
        codes -= lacking
    return frozenset(codes)


def with_requirements(*codes: str) -> frozenset[str]:
    """An own role of these codes: own roles hold what their rights require."""
    return frozenset(codes).union(*(with_requirements(*ROWS[code].requires) for code in codes))


def person(
    name: str,
    capabilities: frozenset[str] = frozenset(),
    *,
    services: Collection[str] = (),
    owner_since: datetime | None = None,
    active: bool = True,
    kind: Literal["human", "service"] = "human",
) -> Person:
    """A person of the golden team; `services` are the locations where the person provides the service `service`."""
    facts = SeatFacts(
        active=active,
        account_kind=kind,
        provides_services=bool(services),
        capabilities=capabilities,
        is_owner=owner_since is not None,
        full_access=capabilities == EVERYTHING,
    )
    provided = tuple(ProvidedService("service", location) for location in services)
    return Person(name, NETWORK, facts, provided, owner_since)


ADMINISTRATOR = held(role("administrator"))
MANAGER = held(role("manager"))
CASHIER = with_requirements("payments:create")
SYSTEM_MANAGER = with_requirements("specialists:invite", "assignments:change", "billing:manage")

TEAM = (
    person("hal", EVERYTHING, owner_since=datetime(2024, 1, 1, tzinfo=UTC)),
    person("otto", EVERYTHING, services=["north"], owner_since=datetime(2024, 1, 2, tzinfo=UTC)),
    person("una", held(EVERYTHING, ["refunds:create"]), owner_since=datetime(2024, 1, 3, tzinfo=UTC)),
    person("bo", MANAGER),
    person("rae", MANAGER),
    person("ana", ADMINISTRATOR),
    # The limit own takes away what has no owner.
    person("oz", held(code for code in ADMINISTRATOR if ROWS[code].own != "x")),
    person("cy", held(role("call_center") | role("administrator"), CALL_CENTER_DENIES)),
    person("nora", held(role("call_center") | role("viewer"), CALL_CENTER_DENIES)),
    person("vic", held(role("administrator"), ["clients:read"])),
    person("pia", held(role("accountant") | CASHIER)),
    person("eve", held(role("accountant"))),
    person("fay", held(role("marketer"))),
    person("gus", held(role("smm_manager"))),
    person("ivy", held(role("viewer"))),
    person("rita", SYSTEM_MANAGER),
    person("di", held(role("specialist")), services=["south"]),
    person("jo", held(role("specialist") | role("administrator")), services=["north"]),
    person("ida", services=["north", "south"]),
    person("kat", services=["north"]),
    person("nil"),
    person("max"),
    person("sue", MANAGER, active=False),
    person("bot", ADMINISTRATOR, kind="service"),
)
