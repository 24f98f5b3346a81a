"""Rows of the demo: one class a table, whose fields are the columns of its INSERT, in that order.

Written with `unnest`, a table in one statement: row security refuses COPY. Amounts are in minor units.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from operator import attrgetter
from typing import ClassVar
from uuid import UUID


class Row:
    """A row of a table; `INSERT` takes one array for each field."""

    __slots__ = ()
    INSERT: ClassVar[str]


def columns(rows: Sequence[Row]) -> list[list[object]]:
    """The arguments of the rows' INSERT: rows of one class, turned into arrays."""
    read = attrgetter(*(field.name for field in fields(rows[0])))  # type: ignore[arg-type]  # every row is a dataclass
    return [list(column) for column in zip(*map(read, rows), strict=True)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Account(Row):
    """An account; its password is hashed when it is written."""

    INSERT: ClassVar = """
    INSERT INTO accounts (id, email, email_key, name, language, password_hash, email_verified_at, password_changed_at,
      created_at)
    SELECT id, email, email_key, name, language, password_hash, created_at, created_at, created_at
    FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::timestamptz[])
      AS row (id, email, email_key, name, language, password_hash, created_at)
    """

    id: UUID
    email: str
    email_key: str
    name: str
    language: str
    password_hash: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Network(Row):
    """A network."""

    INSERT: ClassVar = """
    INSERT INTO networks (id, name, legal_name, country, currency, zone, created_at)
    SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::timestamptz[])
    """

    id: UUID
    name: str
    legal_name: str
    country: str
    currency: str
    zone: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Location(Row):
    """A place; `call_center` if the remote desk books for it."""

    INSERT: ClassVar = """
    INSERT INTO locations (network_id, id, code, name, zone, country, currency, address, phone, call_center, created_at)
    SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
      $9::text[], $10::boolean[], $11::timestamptz[])
    """

    network_id: UUID
    id: UUID
    code: str
    name: str
    zone: str
    country: str
    currency: str
    address: str
    phone: str
    call_center: bool
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Service(Row):
    """A service; duration and buffers in minutes."""

    INSERT: ClassVar = """
    INSERT INTO services (network_id, id, category, name, duration, buffer_before, buffer_after, created_at)
    SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::integer[], $6::integer[], $7::integer[],
      $8::timestamptz[])
    """

    network_id: UUID
    id: UUID
    category: str
    name: str
    duration: int
    buffer_before: int
    buffer_after: int
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Specialist(Row):
    """A person's place in the network."""

    INSERT: ClassVar = """
    INSERT INTO specialists (network_id, id, account_id, name, position, created_at)
    SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::timestamptz[])
    """

    network_id: UUID
    id: UUID
    account_id: UUID
    name: str
    position: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment(Row):
    """A built-in role given to a specialist, at a location or (None) in the whole network."""

    INSERT: ClassVar = """
    INSERT INTO assignments (network_id, id, location_id, role_code, specialist_id, valid_from, created_epoch)
    SELECT row.*, (SELECT next_policy_epoch())
    FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::uuid[], $6::timestamptz[]) AS row
    """

    network_id: UUID
    id: UUID
    location_id: UUID | None
    role_code: str
    specialist_id: UUID
    valid_from: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ServicePrice(Row):
    """A price from a day on, at a location; with a specialist, that one's own."""

    INSERT: ClassVar = """
    INSERT INTO service_prices (network_id, id, service_id, location_id, specialist_id, amount, currency, valid)
    SELECT network_id, id, service_id, location_id, specialist_id, amount, currency, daterange(valid_from, NULL)
    FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::bigint[], $7::text[], $8::date[])
      AS row (network_id, id, service_id, location_id, specialist_id, amount, currency, valid_from)
    """

    network_id: UUID
    id: UUID
    service_id: UUID
    location_id: UUID
    specialist_id: UUID | None
    amount: int
    currency: str
    valid_from: date


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceLink(Row):
    """Who provides a service where, from a day on; `duration` in minutes, None = the service's own."""

    INSERT: ClassVar = """
    INSERT INTO service_links (network_id, id, specialist_id, service_id, location_id, duration, in_force)
    SELECT network_id, id, specialist_id, service_id, location_id, duration, daterange(valid_from, NULL)
    FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::integer[], $7::date[])
      AS row (network_id, id, specialist_id, service_id, location_id, duration, valid_from)
    """

    network_id: UUID
    id: UUID
    specialist_id: UUID
    service_id: UUID
    location_id: UUID
    duration: int | None
    valid_from: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Client(Row):
    """A client; `phone` in E.164."""

    INSERT: ClassVar = """
    INSERT INTO clients (network_id, id, name, name_key, phone, email, language, created_at)
    SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
      $8::timestamptz[])
    """

    network_id: UUID
    id: UUID
    name: str
    name_key: str
    phone: str | None
    email: str | None
    language: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientLocation(Row):
    """That a client is known at a location."""

    INSERT: ClassVar = """
    INSERT INTO client_locations (network_id, client_id, location_id, first_seen)
    SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::timestamptz[])
    """

    network_id: UUID
    client_id: UUID
    location_id: UUID
    first_seen: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Appointment(Row):
    """An appointment as it stands; `local_start` is the wall time in `zone`."""

    INSERT: ClassVar = """
    INSERT INTO appointments (network_id, id, location_id, client_id, state, version, starts_at, ends_at, local_start,
      zone, source, created_by, cancelled_by, late, reason, created_at)
    SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::integer[], $7::timestamptz[],
      $8::timestamptz[], $9::text[], $10::text[], $11::text[], $12::uuid[], $13::text[], $14::boolean[], $15::text[],
      $16::timestamptz[])
    """

    network_id: UUID
    id: UUID
    location_id: UUID
    client_id: UUID
    state: str
    version: int
    starts_at: datetime
    ends_at: datetime
    local_start: str
    zone: str
    source: str
    created_by: UUID | None
    cancelled_by: str | None
    late: bool | None
    reason: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AppointmentLine(Row):
    """One service of an appointment with the copy of its price."""

    INSERT: ClassVar = """
    INSERT INTO appointment_lines (network_id, id, appointment_id, position, service_id, specialist_id, starts_at,
      ends_at, amount, currency)
    SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::integer[], $5::uuid[], $6::uuid[], $7::timestamptz[],
      $8::timestamptz[], $9::bigint[], $10::text[])
    """

    network_id: UUID
    id: UUID
    appointment_id: UUID
    position: int
    service_id: UUID
    specialist_id: UUID
    starts_at: datetime
    ends_at: datetime
    amount: int
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AppointmentHistory(Row):
    """An appointment as it was from `recorded_at` on; `lines` is JSON."""

    INSERT: ClassVar = """
    INSERT INTO appointment_history (network_id, id, appointment_id, version, recorded_at, state, starts_at, ends_at,
      lines, actor_id, reason)
    SELECT network_id, id, appointment_id, version, recorded_at, state, starts_at, ends_at, lines::jsonb, actor_id,
      reason
    FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::integer[], $5::timestamptz[], $6::text[], $7::timestamptz[],
      $8::timestamptz[], $9::text[], $10::uuid[], $11::text[])
      AS row (network_id, id, appointment_id, version, recorded_at, state, starts_at, ends_at, lines, actor_id, reason)
    """

    network_id: UUID
    id: UUID
    appointment_id: UUID
    version: int
    recorded_at: datetime
    state: str
    starts_at: datetime
    ends_at: datetime
    lines: str
    actor_id: UUID | None
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Busy(Row):
    """A piece of time that a specialist is not free, or was not (`released`)."""

    INSERT: ClassVar = """
    INSERT INTO busy (network_id, id, kind, subject_id, part, during, state, location_id, appointment_id, line_id)
    SELECT network_id, id, kind, subject_id, part, tstzrange(starts_at, ends_at), state, location_id, appointment_id,
      line_id
    FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::uuid[], $5::text[], $6::timestamptz[], $7::timestamptz[],
      $8::text[], $9::uuid[], $10::uuid[], $11::uuid[])
      AS row (network_id, id, kind, subject_id, part, starts_at, ends_at, state, location_id, appointment_id, line_id)
    """

    network_id: UUID
    id: UUID
    kind: str
    subject_id: UUID
    part: str
    starts_at: datetime
    ends_at: datetime
    state: str
    location_id: UUID
    appointment_id: UUID
    line_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Sale(Row):
    """What is owed for an appointment."""

    INSERT: ClassVar = """
    INSERT INTO sales (network_id, id, location_id, appointment_id, currency, opened_at)
    SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::timestamptz[])
    """

    network_id: UUID
    id: UUID
    location_id: UUID
    appointment_id: UUID
    currency: str
    opened_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SaleLine(Row):
    """A line of a sale: the copy of an appointment's line."""

    INSERT: ClassVar = """
    INSERT INTO sale_lines (network_id, id, sale_id, position, kind, appointment_line_id, served_by, amount)
    SELECT network_id, id, sale_id, position, 'SERVICE', appointment_line_id, served_by, amount
    FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::integer[], $5::uuid[], $6::uuid[], $7::bigint[])
      AS row (network_id, id, sale_id, position, appointment_line_id, served_by, amount)
    """

    network_id: UUID
    id: UUID
    sale_id: UUID
    position: int
    appointment_line_id: UUID
    served_by: UUID
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment(Row):
    """Money that came for a sale; `tendered` is what was handed over in cash."""

    INSERT: ClassVar = """
    INSERT INTO payments (network_id, id, sale_id, method, amount, tendered, captured_at, taken_by)
    SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::bigint[], $6::bigint[], $7::timestamptz[],
      $8::uuid[])
    """

    network_id: UUID
    id: UUID
    sale_id: UUID
    method: str
    amount: int
    tendered: int | None
    captured_at: datetime
    taken_by: UUID


TABLES: tuple[type[Row], ...] = (
    Network,
    Location,
    Service,
    Account,
    Specialist,
    Assignment,
    ServicePrice,
    ServiceLink,
    Client,
    ClientLocation,
    Appointment,
    AppointmentLine,
    AppointmentHistory,
    Busy,
    Sale,
    SaleLine,
    Payment,
)
"""The order of writing: what is pointed to comes before what points."""
