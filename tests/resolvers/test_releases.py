"""An upgrade that changes built-in roles: kept once, and the owners of each network that it moves are mailed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import orjson
import pytest

from app import Remit
from domain.notices.sealing import open_text
from domain.team import releases
from host import Host
from policies.release import ClosedRole, close_role
from policies.scopes import OPERATOR
from tests.domain.identity.people import rows
from tests.factories import Salon, make_salon
from work import Task

PEOPLE = {"hal": ("owner", "network"), "ana": ("administrator", "north"), "fay": ("marketer", "network")}
RELEASES = "SELECT id, changes, epoch FROM policy_changes WHERE origin = 'RELEASE' ORDER BY made_at, id"
MAILS = "SELECT id, recipient, sealed FROM mails WHERE network_id = $1 AND kind = 'policy.release'"
PAYING = frozenset({"appointments:create", "payments:create", "deposits:create", "deposits:use"})
JOBS = "SELECT args FROM procrastinate_jobs WHERE task_name = 'policies.tell_of_release' ORDER BY id"


@pytest.fixture
async def salon(remit: Remit) -> Salon:
    return await make_salon(remit.host, PEOPLE)


async def kept(host: Host) -> list[Any]:
    return await host.perform_as_system(OPERATOR, Task(), lambda work: work.statements.fetch(RELEASES))


def upgraded(host: Host, digest: str, without: Mapping[str, frozenset[str]]) -> Host:
    """The host under another release, in which roles lack capabilities that they had."""
    closed: dict[str, ClosedRole] = dict(host.release.closed)
    for code, lost in without.items():
        lines = [line for line in closed[code].lines if line.capability not in lost]
        closed[code] = close_role(code, closed[code].title, lines, host.release.catalogue)
    return replace(host, release=replace(host.release, closed=MappingProxyType(closed), digest=digest))


async def test_a_release_is_kept_once_with_all_that_it_says(remit: Remit) -> None:
    before = await kept(remit.host)
    await releases.record_release(remit.host)

    latest = orjson.loads((await kept(remit.host))[-1]["changes"])

    assert len(await kept(remit.host)) == len(before)  # the start of this test's server kept it
    assert latest["digest"] == remit.host.release.digest
    assert ["marketer", "reviews:answer", "allow", "none"] in latest["lines"]


async def test_the_owners_of_a_network_that_an_upgrade_moves_are_told_what_it_moves(remit: Remit, salon: Salon) -> None:
    later = upgraded(remit.host, "later", {"administrator": PAYING, "marketer": frozenset({"reviews:answer"})})
    await releases.record_release(later)
    try:
        (*_, job) = await rows(remit.host, JOBS)
        arguments = orjson.loads(job["args"])
        for _ in range(2):
            await releases.tell_of_release_in_network(later, str(salon.network_id), **arguments)
    finally:
        await releases.record_release(remit.host)

    (mail,) = await rows(remit.host, MAILS, salon.network_id)
    text = open_text(remit.host.keys, mail["id"], mail["sealed"])
    assert mail["recipient"].startswith("hal.")
    assert text.subject.endswith("an upgrade changed what roles may do")
    assert [line for line in text.body.split("\n") if line.startswith("-")] == [
        f"- +0 -{len(PAYING) + 1}",
        "- Ana: seats billable -> free (Neither creates appointments nor handles payments for them)",
    ]
