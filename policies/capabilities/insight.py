"""Figures about the business, and the files that take them out."""

from __future__ import annotations

from typing import Final

from policies.catalogue import AGE, Capability, Level, Seat, own

INSIGHT: Final = (
    Capability(
        "insight:read",
        "Read KPIs without money",
        "Shows key figures without any money.",
        level=Level.LOCATION,
        seat=Seat.FREE,
        limits=(own("specialist_id"),),
        immune=AGE,
    ),
    Capability(
        "insight:read_revenue",
        "Read KPIs with money",
        "Shows key figures with money, in the overview too.",
        level=Level.LOCATION,
        seat=Seat.FREE,
        limits=(),
        immune=AGE,
        requires=("insight:read",),
        sensitive=True,
    ),
    Capability(
        "overviews:read",
        "Read the overview with its Summary",
        "Shows the overview of a period with its summary.",
        level=Level.LOCATION,
        seat=Seat.FREE,
        limits=(),
        immune=AGE,
    ),
    Capability(
        "targets:update",
        "Set targets",
        "Sets what the key figures should reach.",
        level=Level.LOCATION,
        seat=Seat.FREE,
        limits=(),
        immune=AGE,
    ),
    Capability(
        "exports:create",
        "Export appointments, sales and reports",
        "Takes appointments, sales and reports out as files.",
        level=Level.LOCATION,
        seat=Seat.FREE,
        limits=(),
        immune=(),
        critical=True,
        sensitive=True,
    ),
)
