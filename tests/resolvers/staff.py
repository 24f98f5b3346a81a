"""A salon that has everybody: each built-in role of a network, and an owner who serves beside one who does not."""

from __future__ import annotations

from app import Remit
from tests.factories import Salon, make_salon
from tests.resolvers.visits import change

STAFF = {
    "hal": ("owner", "network"),
    "otto": ("owner", "network"),
    "bo": ("manager", "network"),
    "ana": ("administrator", "north"),
    "cy": ("call_center", "network"),
    "di": ("specialist", "south"),
    "eve": ("accountant", "network"),
    "fay": ("marketer", "network"),
    "gus": ("smm_manager", "network"),
    "ivy": ("viewer", "network"),
}


async def make_full_staff(remit: Remit) -> Salon:
    """The salon; `otto` and `di` serve, and both locations have opted in to the call center."""
    salon = await make_salon(remit.host, STAFF, provides=("otto", "di"))
    await change(remit, salon, "UPDATE locations SET call_center = true WHERE network_id = $1", salon.network_id)
    return salon
