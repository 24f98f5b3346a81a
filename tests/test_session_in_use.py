"""A session lives while it is used: every read moves its idle end, never past its absolute one."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from app import Remit
from domain.identity.rules import SessionKind, session_life
from host import Host
from tests.factories import Person, make_salon
from work import Caller, Unauthenticated, Work

LIFE = session_life(SessionKind.BEARER)
SESSION_ENDS = "SELECT last_seen_at, idle_until, ends_at FROM sessions WHERE account_id = $1"


@pytest.fixture
async def owner(remit: Remit) -> Person:
    return (await make_salon(remit.host, {"hal": ("owner", "network")}))["hal"]


def later(host: Host, passed: timedelta) -> Host:
    now = host.clock() + passed
    return replace(host, clock=lambda: now)


async def use(host: Host, person: Person) -> tuple[datetime, datetime, datetime, datetime]:
    """Read as the person; the clock of that, and what is then known of the session."""
    async with host.read(Caller(token=person.token)) as work:
        at = work.at
    async with host.read(Caller(token=person.token)) as work:
        row = await ends_of(work, person)
    return at, *row


async def ends_of(work: Work, person: Person) -> tuple[datetime, datetime, datetime]:
    (row,) = await work.statements.fetch(SESSION_ENDS, person.account_id)
    return row["last_seen_at"], row["idle_until"], row["ends_at"]


async def test_a_session_in_use_does_not_go_idle(remit: Remit, owner: Person) -> None:
    at, last_seen_at, idle_until, _ = await use(later(remit.host, timedelta(minutes=2)), owner)

    assert (last_seen_at, idle_until) == (at, at + LIFE.idle)


async def test_use_does_not_move_the_absolute_end(remit: Remit, owner: Person) -> None:
    passed = timedelta()
    while passed < LIFE.absolute - LIFE.idle / 2:
        passed += LIFE.idle / 2
        _, _, idle_until, ends_at = await use(later(remit.host, passed), owner)

    assert idle_until == ends_at
    with pytest.raises(Unauthenticated):
        await use(later(remit.host, LIFE.absolute + timedelta(seconds=1)), owner)
