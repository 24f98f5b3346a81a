"""A partner firm's own business."""

from __future__ import annotations

from typing import Final

from policies.catalogue import AGE, ALL, Capability, Level, Seat

PARTNER: Final = (
    Capability(
        "partner_profile:read",
        "Read the firm's profile and members",
        "Shows the firm's profile and its members.",
        level=Level.PARTNER,
        seat=Seat.FREE,
        limits=(),
        immune=ALL,
    ),
    Capability(
        "partner_profile:update",
        "Change the firm's profile",
        "Changes the firm's name, contacts and description.",
        level=Level.PARTNER,
        seat=Seat.FREE,
        limits=(),
        immune=AGE,
        requires=("partner_profile:read",),
    ),
    Capability(
        "partner_members:change",
        "Change the firm's members",
        "Adds and removes the firm's members and changes their roles.",
        level=Level.PARTNER,
        seat=Seat.FREE,
        limits=(),
        immune=AGE,
        requires=("partner_profile:read",),
        escalates=True,
        critical=True,
    ),
    Capability(
        "visits:request",
        "Ask to enter a customer's network for the firm",
        "Asks a customer to let a member of the firm into the network for some hours.",
        level=Level.PARTNER,
        seat=Seat.FREE,
        limits=(),
        immune=AGE,
        requires=("partner_profile:read",),
    ),
)
