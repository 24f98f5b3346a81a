"""Services, prices, resources and public pages."""

from __future__ import annotations

from typing import Final

from policies.catalogue import AGE, ALL, Capability, Level, Seat

CATALOGUE: Final = (
    Capability(
        "services:read",
        "Read catalogue and prices",
        "Shows services, prices and products to every colleague.",
        level=Level.SHARED,
        seat=Seat.FREE,
        limits=(),
        immune=ALL,
    ),
    Capability(
        "services:update",
        "Change services, needs, buffers and products",
        "Changes services, their durations, buffers and needs, and products.",
        level=Level.NETWORK,
        seat=Seat.FREE,
        limits=(),
        immune=AGE,
        requires=("services:read",),
    ),
    Capability(
        "services:assign",
        "Say who provides which service where",
        "Decides who provides which service where; a person who provides services takes a specialist seat.",
        level=Level.LOCATION,
        seat=Seat.FREE,
        limits=(),
        immune=AGE,
        requires=("services:read",),
    ),
    Capability(
        "prices:update",
        "Set dated prices",
        "Sets prices that are valid from a date on.",
        level=Level.LOCATION,
        seat=Seat.FREE,
        limits=(),
        immune=AGE,
        requires=("services:read",),
    ),
    Capability(
        "resources:update",
        "Change resource groups and units",
        "Changes the rooms, chairs and devices that services need.",
        level=Level.LOCATION,
        seat=Seat.FREE,
        limits=(),
        immune=AGE,
        requires=("services:read",),
    ),
    Capability(
        "pages:update",
        "Change texts and images of public pages",
        "Changes texts and images that the public sees.",
        level=Level.LOCATION,
        seat=Seat.FREE,
        limits=(),
        immune=ALL,
    ),
)
