"""Messages to clients."""

from __future__ import annotations

from typing import Final

from policies.catalogue import AGE, ALL, Capability, Level, Seat, own

NOTICES: Final = (
    Capability(
        "notices:read",
        "Read what was sent to whom",
        "Shows which message was sent to whom, with addresses masked.",
        level=Level.LOCATION,
        seat=Seat.FREE,
        limits=(),
        immune=ALL,
    ),
    Capability(
        "notices:send",
        "Send one template to one client",
        "Sends one prepared message to one client.",
        level=Level.LOCATION,
        seat=Seat.FREE,
        limits=(own("specialist_id"),),
        immune=AGE,
        requires=("notices:read",),
    ),
    Capability(
        "templates:update",
        "Change message rules and texts",
        "Changes the texts of messages and when they are sent.",
        level=Level.LOCATION,
        seat=Seat.FREE,
        limits=(),
        immune=ALL,
    ),
    Capability(
        "campaigns:send",
        "Send campaigns to consenting clients",
        "Sends a message to all clients of a segment who agreed to it.",
        level=Level.LOCATION,
        seat=Seat.FREE,
        limits=(),
        immune=AGE,
        requires=("clients:read", "notices:read"),
    ),
)
