"""What the servers are sent to do: book, pay, reschedule. Every request is another one, and all of them can be done."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from itertools import cycle
from typing import ClassVar, Final, TypeAlias
from uuid import UUID, uuid4

import asyncpg
import orjson

from benchmarks.load import Request
from benchmarks.writes.shops import Shop

Input: TypeAlias = Mapping[str, object]

CLIENTS: Final = 1_000
"""New clients before each turn: one comes a few times."""

UNPAID: Final = 8_000
"""Visits that wait to be paid before a turn begins: more than the fastest server comes to."""

MOVED: Final = 1_000
"""Visits that are moved in turn, so that no two requests at a time are about the same one."""


class Errand(ABC):
    """A mutation, done again and again in each of the shops in turn.

    `written` counts the rows that exist once for each time that it was done.
    """

    name: ClassVar[str]
    document: ClassVar[str]
    written: ClassVar[str]

    def __init__(self, shops: Sequence[Shop]) -> None:
        self._shops = cycle(shops)
        self._number_of_shops = len(shops)

    async def prepare(self, superuser: asyncpg.Connection) -> None:
        """Make what the next turn needs: clients, for all."""
        for _ in range(self._number_of_shops):
            await next(self._shops).welcome(superuser, CLIENTS // self._number_of_shops)

    @abstractmethod
    def inputs(self) -> Iterator[tuple[Shop, Input]]:
        """What is to be done next, and where, for as long as there is something."""

    def for_remit(self) -> Iterator[Request]:
        """The errand's requests to the GraphQL API."""
        for shop, asked in self.inputs():
            yield Request("/graphql", self._body(asked), shop.network.owner_headers)

    def for_raw_sql(self) -> Iterator[Request]:
        """The same to a server without GraphQL, which is told mutation and network by the path."""
        for shop, asked in self.inputs():
            yield Request(f"/{self.name}/{shop.network.id}", self._body(asked))

    def _body(self, asked: Input) -> bytes:
        return orjson.dumps({"query": self.document, "variables": {"input": asked}}, default=str)

    async def _visits(self, superuser: asyncpg.Connection, number: int) -> list[tuple[Shop, UUID]]:
        """So many new visits, as evenly spread over the shops as their number allows."""
        made: list[list[tuple[Shop, UUID]]] = []
        for _ in range(self._number_of_shops):
            shop = next(self._shops)
            made.append([(shop, one) for one in await shop.visits(superuser, number // self._number_of_shops)])
        return [one for each in zip(*made, strict=True) for one in each]


class Book(Errand):
    """A visit of one line, for a client."""

    name = "book"
    document = """mutation ($input: BookAppointmentInput!) { bookAppointment(input: $input) { __typename
      ... on AppointmentBooked { appointment { id state startsAt version } journalEntryId replayed } } }"""
    written = "SELECT count(*) FROM appointment_history"

    def inputs(self) -> Iterator[tuple[Shop, Input]]:
        """A visit to each shop in turn, at a start that is free."""
        for shop in self._shops:
            slot = shop.next_slot()
            line = {"serviceId": shop.service_id, "specialistId": slot.specialist_id}
            yield (
                shop,
                {
                    "idempotencyKey": str(uuid4()),
                    "locationId": shop.location_id,
                    "clientId": shop.next_client(),
                    "startsAt": slot.starts_at,
                    "lines": [line],
                },
            )


class Pay(Errand):
    """The whole of a visit, in cash: it opens its sale."""

    name = "pay"
    document = """mutation ($input: CreatePaymentInput!) { createPayment(input: $input) { __typename
      ... on PaymentCreated { payment { id } sale { id } journalEntryId replayed } } }"""
    written = "SELECT count(*) FROM payments"

    def __init__(self, shops: Sequence[Shop]) -> None:
        super().__init__(shops)
        self._unpaid: deque[tuple[Shop, UUID]] = deque()

    async def prepare(self, superuser: asyncpg.Connection) -> None:
        """Make up for the visits that are paid by now."""
        await super().prepare(superuser)
        self._unpaid.extend(await self._visits(superuser, UNPAID - len(self._unpaid)))

    def inputs(self) -> Iterator[tuple[Shop, Input]]:
        """The payments of the visits that are unpaid."""
        while self._unpaid:
            shop, appointment_id = self._unpaid.popleft()
            yield (
                shop,
                {
                    "idempotencyKey": str(uuid4()),
                    "appointmentId": appointment_id,
                    "amount": {"amount": 2000, "currency": "EUR"},
                    "method": "CASH",
                },
            )


class Reschedule(Errand):
    """A visit moves to another start of another specialist."""

    name = "reschedule"
    document = """mutation ($input: RescheduleAppointmentInput!) { rescheduleAppointment(input: $input) { __typename
      ... on AppointmentRescheduled { appointment { id state startsAt version } journalEntryId } } }"""
    written = "SELECT count(*) FROM appointment_history"

    def __init__(self, shops: Sequence[Shop]) -> None:
        super().__init__(shops)
        self._movable: deque[tuple[Shop, UUID, int]] = deque()

    async def prepare(self, superuser: asyncpg.Connection) -> None:
        """Make the visits, once."""
        await super().prepare(superuser)
        if not self._movable:
            self._movable.extend((shop, one, 1) for shop, one in await self._visits(superuser, MOVED))

    def inputs(self) -> Iterator[tuple[Shop, Input]]:
        """The moves of the visits in turn, each to another start of another specialist."""
        while True:
            shop, appointment_id, version = self._movable.popleft()
            self._movable.append((shop, appointment_id, version + 1))
            slot = shop.next_slot()
            yield (
                shop,
                {
                    "appointmentId": appointment_id,
                    "expectedVersion": version,
                    "startsAt": slot.starts_at,
                    "specialistId": slot.specialist_id,
                },
            )


ERRANDS: Final = (Book, Pay, Reschedule)
