"""People who sign in: plain functions around a host."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any
from uuid import UUID

import asyncpg
from uuid_utils.compat import uuid7

from audit.devices import Device
from audit.entries import Area, EventType
from audit.user_agents import DeviceClass, Traits
from domain.identity import operations
from domain.identity.attempts import OpenedAttempt
from domain.identity.rules import SessionKind, SignInMethod
from domain.notices.sealing import open_text
from host import Host
from policies.scopes import network
from work import Caller, Task, Work

PASSWORD = "correct horse battery staple"
FOUNDED = Task(EventType("network.created", Area.SETTINGS))
CREATED = Task(operations.ACCOUNT_CREATED)
START = Task(operations.SIGN_IN_STARTED, is_public=True)
SEND = Task(operations.SIGN_IN_CODE_SENT, is_public=True)
VERIFY = Task(operations.SIGNED_IN, is_public=True)
CANCEL = Task(operations.SIGN_IN_CANCELLED, is_public=True)


@dataclass(frozen=True, slots=True)
class Person:
    """An account with its password, and the networks in which it has a place, in ascending order."""

    account_id: UUID
    email: str
    networks: tuple[UUID, ...]


async def person(host: Host, *, networks: int = 1, language: str = "en", role: str = "owner") -> Person:
    """A new account with a place in so many new networks."""
    email = f"Anna.{uuid7().hex}@example.hu"
    new = operations.NewAccount(email, "Kovács Anna", language, PASSWORD)
    account_id = await host.perform_as_system(None, CREATED, lambda work: operations.create_account(work, new))
    founded = [await _found_network(host, account_id, role) for _ in range(networks)]
    return Person(account_id, email, tuple(sorted(founded)))


async def _found_network(host: Host, account_id: UUID, role: str) -> UUID:
    network_id, specialist_id = uuid7(), uuid7()

    async def found(work: Work) -> None:
        await work.statements.execute(
            "INSERT INTO networks (id, name, legal_name, country, currency, zone)"
            " VALUES ($1, 'Aurora', 'Aurora Kft.', 'HU', 'HUF', 'Europe/Budapest')",
            network_id,
        )
        await work.statements.execute(
            "INSERT INTO specialists (network_id, id, account_id, name) VALUES ($1, $2, $3, 'Kovács Anna')",
            network_id,
            specialist_id,
            account_id,
        )
        await work.statements.execute(
            "INSERT INTO assignments (id, network_id, role_code, specialist_id, valid_from, created_epoch)"
            " VALUES ($1, $2, $3, $4, $5, next_policy_epoch())",
            uuid7(),
            network_id,
            role,
            specialist_id,
            work.at,
        )

    await host.perform_as_system(network_id, FOUNDED, found)
    return network_id


def device(name: str = "Firefox") -> Device:
    """A new device."""
    traits = Traits(device_class=DeviceClass.DESKTOP, os="Windows", browser=name, browser_version="140.0")
    return Device(uuid7(), is_new=False, traits=traits, user_agent=f"Mozilla/5.0 {name}/140.0")


def caller(at: Device, *, token: str | None = None, network_id: UUID | None = None) -> Caller:
    """A request from this device."""
    address = ip_address("203.0.113.9")
    domain = network(network_id) if network_id else None
    return Caller(token, domain, at, address, at.user_agent, is_cookie=False)


async def start(host: Host, email: str, at: Device, *, password: str = PASSWORD) -> OpenedAttempt:
    """The first step."""
    return await host.perform(
        caller(at), START, lambda work: operations.start_sign_in(work, email=email, password=password)
    )


async def send_code(host: Host, attempt_id: UUID, at: Device) -> str:
    """Have a code mailed."""
    return await host.perform(
        caller(at), SEND, lambda work: operations.send_sign_in_code(work, attempt_id, method=SignInMethod.EMAIL)
    )


async def verify(
    host: Host, attempt_id: UUID, code: str, at: Device, *, kind: SessionKind = SessionKind.BEARER
) -> operations.SignedIn:
    """The second step."""
    return await host.perform(
        caller(at),
        VERIFY,
        lambda work: operations.verify_sign_in(work, attempt_id, method=SignInMethod.EMAIL, code=code, kind=kind),
    )


async def cancel(host: Host, attempt_id: UUID, at: Device) -> None:
    """Give the attempt up."""
    await host.perform(caller(at), CANCEL, lambda work: operations.cancel_sign_in(work, attempt_id))


async def mailed_code(host: Host, email: str) -> str:
    """The code of the newest mail to this address."""
    (mail,) = await rows(
        host, "SELECT id, sealed FROM mails WHERE recipient = $1 ORDER BY created_at DESC, id DESC LIMIT 1", email
    )
    found = re.search(r"[0-9]{8}", open_text(host.keys, mail["id"], mail["sealed"]).body)
    assert found is not None
    return found[0]


def wrong(code: str) -> str:
    """Another code than this."""
    return f"{(int(code) + 1) % 10**8:08d}"


async def ready_attempt(host: Host, someone: Person, at: Device) -> tuple[UUID, str]:
    """An attempt whose code has been mailed, and the code."""
    attempt = await start(host, someone.email, at)
    await send_code(host, attempt.id, at)
    return attempt.id, await mailed_code(host, someone.email)


async def sign_in(
    host: Host, someone: Person, at: Device, *, kind: SessionKind = SessionKind.BEARER
) -> operations.SignedIn:
    """All steps."""
    attempt_id, code = await ready_attempt(host, someone, at)
    return await verify(host, attempt_id, code, at, kind=kind)


async def rows(host: Host, sql: str, *args: object) -> list[asyncpg.Record]:
    """What the database holds, in the scope of identity."""
    return await host.perform_as_system(None, Task(), lambda work: work.statements.fetch(sql, *args))


async def entries(host: Host, chain_id: UUID | None, *, actor_id: UUID | None = None) -> list[tuple[Any, ...]]:
    """Code, outcome and number of changes (details aside) of a chain's entries, oldest first; None: the operator's."""
    found = await host.perform_as_system(
        chain_id,
        Task(),
        lambda work: work.statements.fetch(
            "SELECT e.code, e.outcome, count(c.*) FILTER (WHERE c.table_name <> '@details') AS changes"
            " FROM journal_entries e LEFT JOIN journal_changes c ON c.chain_id = e.chain_id AND c.entry_id = e.id"
            " WHERE e.chain_id = $1 AND ($2::text IS NULL OR e.actor_id = $2)"
            " GROUP BY e.seq, e.code, e.outcome ORDER BY e.seq",
            chain_id or UUID(int=0),
            None if actor_id is None else str(actor_id),
        ),
    )
    return [tuple(row) for row in found]
