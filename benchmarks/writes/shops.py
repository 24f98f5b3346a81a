"""Shops: networks with all that a request needs, and with starts of which no two are taken twice."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Final
from uuid import UUID

import asyncpg
from uuid_utils.compat import uuid7

from benchmarks.installation import Network

FIRST_DAY: Final = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=100)
"""Behind everything that `network.sql` has booked."""

HOURS_A_DAY: Final = 24
VISITS: Final = Path(__file__).with_name("visits.sql")
WITHOUT_TRIGGERS: Final = "SET LOCAL session_replication_role = replica"
SERVICE: Final = "SELECT id FROM services WHERE network_id = $1 AND duration = 30 ORDER BY id LIMIT 1"
PROVIDERS: Final = """
SELECT specialist_id FROM service_links WHERE network_id = $1 AND service_id = $2 AND location_id = $3
ORDER BY specialist_id
"""
CLIENTS: Final = """
WITH made AS (
  INSERT INTO clients (network_id, id, name, name_key, email)
  SELECT $1, id, 'Nikos Client', 'nikos client', 'nikos@example.com' FROM unnest($3::uuid[]) AS id
  RETURNING network_id, id
)
INSERT INTO client_locations (network_id, client_id, location_id) SELECT network_id, id, $2 FROM made
"""


@dataclass(frozen=True, slots=True)
class Slot:
    """A specialist and a start, an hour before their next."""

    specialist_id: UUID
    starts_at: datetime


@dataclass(frozen=True, slots=True)
class Shop:
    """A network, one of its services, who provides it, and the clients who come in turn."""

    network: Network
    service_id: UUID
    specialist_ids: Sequence[UUID]
    _clients: deque[UUID] = field(default_factory=deque)
    _numbers: Iterator[int] = field(default_factory=count)

    @classmethod
    async def of(cls, network: Network, superuser: asyncpg.Connection) -> Shop:
        """The shop that the network has at its first location."""
        location_id = network.salon.north
        service_id = await superuser.fetchval(SERVICE, network.id)
        providers = await superuser.fetch(PROVIDERS, network.id, service_id, location_id)
        return cls(network, service_id, [row["specialist_id"] for row in providers])

    @property
    def location_id(self) -> UUID:
        """Where everything is booked."""
        return self.network.salon.north

    def next_slot(self) -> Slot:
        """A slot that was not given out before; the next one is another specialist's."""
        hours, place = divmod(next(self._numbers), len(self.specialist_ids))
        days, hour = divmod(hours, HOURS_A_DAY)
        return Slot(self.specialist_ids[place], FIRST_DAY + timedelta(days=days, hours=hour))

    def next_client(self) -> UUID:
        """The client who did not come for longest."""
        self._clients.rotate(-1)
        return self._clients[-1]

    async def welcome(self, superuser: asyncpg.Connection, number: int) -> None:
        """So many new clients, who come instead of those before: nobody has thousands of appointments."""
        self._clients.clear()
        self._clients.extend(uuid7() for _ in range(number))
        async with superuser.transaction():
            await superuser.execute(WITHOUT_TRIGGERS)
            await superuser.execute(CLIENTS, self.network.id, self.location_id, list(self._clients))

    async def visits(self, superuser: asyncpg.Connection, number: int) -> list[UUID]:
        """So many new appointments, which are confirmed and unpaid."""
        ids = [uuid7() for _ in range(number)]
        slots = [self.next_slot() for _ in ids]
        async with superuser.transaction():
            await superuser.execute(WITHOUT_TRIGGERS)
            await superuser.execute(
                VISITS.read_text(),
                self.network.id,
                self.location_id,
                self.service_id,
                ids,
                [self.next_client() for _ in ids],
                [slot.specialist_id for slot in slots],
                [slot.starts_at for slot in slots],
            )
        return ids
