"""Published verdict policies: kept once, and a file that was changed since stops the start."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from typing import Any

import asyncpg
import orjson
import pytest

from app import Remit
from billing.rules import SEAT_VOCABULARY
from domain.team.published import publish_verdict_policies
from errors import StartRefused
from host import Host
from plugins.contract import VerdictFamily
from policies.canonical import canonical_json
from policies.scopes import OPERATOR
from policies.verdicts import read_verdict_policy
from tests.factories import MADE
from work import Work

ROWS = "SELECT * FROM verdict_policies ORDER BY code, version"
FREE_FOR_ALL = "line,outcome,when,kind,text\n90,free,True,none,Nobody pays\n"
OTHER_TEXT = FREE_FOR_ALL.replace("Nobody pays", "Nobody pays today")


async def rows(host: Host) -> list[Any]:
    async with host.database.read() as statements:
        return list(await statements.fetch(ROWS))


def shipping(remit: Remit, text: str, *, name: str) -> Host:
    """A host that ships one more seat policy."""
    seats: VerdictFamily[Any] = remit.host.verdicts["seats"]
    policy = read_verdict_policy(name, text, vocabulary=SEAT_VOCABULARY)
    return replace(remit.host, verdicts={"seats": replace(seats, published=(*seats.published, policy))})


async def test_the_first_start_publishes_every_version_whole(remit: Remit) -> None:
    found = {f"{row['code']}@{row['version']}": row for row in await rows(remit.host)}

    for policy in remit.host.verdicts["seats"].published:
        row = found[f"{policy.code}@{policy.version}"]
        content = orjson.loads(row["lines"])
        assert row["digest"] == policy.digest == sha256(canonical_json(content)).hexdigest()
        assert [line[-1] for line in content["lines"]] == [line.text for line in policy.lines]


async def test_a_later_start_writes_nothing(remit: Remit) -> None:
    await publish_verdict_policies(shipping(remit, FREE_FOR_ALL, name="seats-free@1"))
    before = await rows(remit.host)
    await publish_verdict_policies(shipping(remit, FREE_FOR_ALL, name="seats-free@1"))

    assert await rows(remit.host) == before


async def test_a_file_that_was_changed_since_stops_the_start(remit: Remit) -> None:
    await publish_verdict_policies(shipping(remit, FREE_FOR_ALL, name="seats-changed@1"))
    before = await rows(remit.host)

    with pytest.raises(StartRefused) as refused:
        await publish_verdict_policies(shipping(remit, OTHER_TEXT, name="seats-changed@1"))
    await publish_verdict_policies(shipping(remit, OTHER_TEXT, name="seats-changed@2"))

    assert str(refused.value) == (
        "seats-changed@1.csv is not what was published under this number. "
        "Restore the file, and write the change as seats-changed@2.csv."
    )
    assert len(await rows(remit.host)) == len(before) + 1


@pytest.mark.parametrize(
    "statement", ["UPDATE verdict_policies SET digest = repeat('0', 64)", "DELETE FROM verdict_policies"]
)
async def test_history_is_not_rewritten(remit: Remit, statement: str) -> None:
    async def rewrite(work: Work) -> None:
        await work.statements.execute(statement)

    with pytest.raises(asyncpg.CheckViolationError, match="never changed"):
        await remit.host.perform_as_system(OPERATOR, MADE, rewrite)
