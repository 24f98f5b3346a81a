"""Billing's and support's capabilities and role lines are what `capabilities.csv` says."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

import billing.capabilities
import plugins.support.capabilities
from remit.plugin import Capability

CATALOGUE = Path(__file__).parents[1] / "policies" / "capabilities.csv"
with CATALOGUE.open(encoding="utf-8", newline="") as _lines:
    ROWS = {row["code"]: row for row in csv.DictReader(_lines)}

PLUGINS = [
    ("billing", billing.capabilities.CAPABILITIES, Path(billing.capabilities.__file__).parent, "billing.md"),
    (
        "support",
        plugins.support.capabilities.CAPABILITIES,
        Path(plugins.support.capabilities.__file__).parent,
        "support.md",
    ),
]
CORE_OWNERS = {"owner", "operator_owner", "partner_owner"}


def letter(capability: Capability, *limits: str) -> str:
    if all(capability.rule(limit) for limit in limits):
        return "o" if limits == ("own",) else "d"
    return "-" if all(limit in capability.immune for limit in limits) else "x"


def described(capability: Capability) -> dict[str, str]:
    return {
        "code": capability.code,
        "title": capability.title,
        "level": capability.level,
        "own": letter(capability, "own"),
        "age": letter(capability, "back", "ahead"),
        "seat": capability.seat,
        "requires": " ".join(capability.requires),
        "escalates": "yes" if capability.escalates else "no",
    }


@pytest.mark.parametrize(("case", "capabilities", "folder", "spec"), PLUGINS)
def test_capabilities_equal_the_catalogue(
    case: str, capabilities: tuple[Capability, ...], folder: Path, spec: str
) -> None:
    written = {capability.code: described(capability) for capability in capabilities}

    assert len(written) == len(capabilities)
    assert written == {
        code: {name: cell for name, cell in row.items() if name not in ("roles", "spec")}
        for code, row in ROWS.items()
        if row["spec"] == spec
    }


@pytest.mark.parametrize(("case", "capabilities", "folder", "spec"), PLUGINS)
def test_role_lines_equal_the_catalogue(
    case: str, capabilities: tuple[Capability, ...], folder: Path, spec: str
) -> None:
    text = (folder / "policies" / "roles.csv").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]

    assert len(set(lines)) == len(lines)
    assert set(lines) == {
        f"p, role:{role}, {code}, allow, none"
        for code, row in ROWS.items()
        if row["spec"] == spec
        for role in row["roles"].split()
    }


def test_the_critical_ones_of_support_are_those_that_bind_somebody() -> None:
    critical = {c.code.removeprefix("support.") for c in plugins.support.capabilities.CAPABILITIES if c.critical}

    assert critical == {
        "requests:create",
        "a1_forms:sign",
        "production_orders:submit",
        "customer_requests:create",
        "customer_requests:update",
        "contracts:update",
        "production_orders:process",
        "certifications:decide",
        "catalogues:publish",
        "a1_forms:archive",
        "partner_invoices:record",
    }
