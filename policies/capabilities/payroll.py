"""What specialists earn."""

from __future__ import annotations

from typing import Final

from policies.catalogue import AGE, Capability, Level, Seat, age, own

PAYROLL: Final = (
    Capability(
        "payroll:read",
        "Read slips and runs",
        "Shows pay slips and the runs that they come from.",
        level=Level.LOCATION,
        seat=Seat.FREE,
        limits=(own("specialist_id"), *age("ends_on")),
        immune=(),
        sensitive=True,
    ),
    Capability(
        "payroll:calculate",
        "Calculate draft runs, adjust, record settlement",
        "Calculates drafts of pay slips, adjusts them and records that they were paid.",
        level=Level.LOCATION,
        seat=Seat.FREE,
        limits=age("ends_on"),
        immune=(),
        requires=("payroll:read", "payments:read"),
    ),
    Capability(
        "payroll:confirm",
        "Confirm payroll runs",
        "Makes a calculated run final.",
        level=Level.NETWORK,
        seat=Seat.FREE,
        limits=age("ends_on"),
        immune=(),
        requires=("payroll:calculate",),
        critical=True,
        sensitive=True,
    ),
    Capability(
        "payroll_rules:change",
        "Change pay rules and schemes",
        "Changes by which rules specialists are paid.",
        level=Level.NETWORK,
        seat=Seat.FREE,
        limits=(),
        immune=AGE,
        requires=("payroll:read",),
    ),
    Capability(
        "timesheets:update",
        "Change time entries and presence",
        "Changes the hours that specialists were present.",
        level=Level.LOCATION,
        seat=Seat.FREE,
        limits=(own("specialist_id"), *age("starts_at")),
        immune=(),
    ),
)
