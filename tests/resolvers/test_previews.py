"""A preview tells the truth: what it says is what the change does, and it leaves nothing behind.

Random people ask for random changes of every kind; each is previewed, then made at once with the preview's consent.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import orjson
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from app import Remit
from tests.api import Api
from tests.resolvers.escalation import IN_A_MONTH, NEXT_WEEK, TOMORROW, Change, World, make_world, written
from tests.resolvers.test_own_roles import change_lines, create, line, retire

SHOWN = """
  consent requiresConsent approval gained lost consequences { plugin title digest requiresConsent }
  accessTests { test { title } before { holds count } after { holds count } blocks }
  entries(first: 100) {
    totalCount nodes { capability change holder { id } location { id } }
  }
"""
REFUSED = "... on UserError { code message path hint } ... on GrantExceedsOwn { missing }"
PREVIEW = f"""
query ($input: PolicyChangesInput!) {{
  previewPolicyChange(input: $input) {{ __typename ... on PolicyPreview {{ {SHOWN} }} {REFUSED} }}
}}
"""
CHANGE = f"""
mutation ($input: PolicyChangesInput!, $consent: String) {{
  changePolicy(input: $input, consent: $consent) {{
    __typename ... on PolicyChanged {{ epoch unchanged preview {{ {SHOWN} }} }} {REFUSED}
  }}
}}
"""
ONLY_WHEN_MADE = {"AccessTestFailed", "ConsequenceRefused", "ApprovalRequired"}
"""What a preview tells without being refused for it."""
RECORD = "SELECT delta, consequences, consent FROM policy_changes WHERE network_id = $1 AND epoch = $2"
JOURNAL = "SELECT code FROM journal_entries WHERE chain_id = $1 ORDER BY seq"
HELD = "SELECT id FROM assignments WHERE network_id = $1 AND ended_epoch IS NULL ORDER BY created_epoch, id"
TESTS = "SELECT id FROM access_tests WHERE network_id = $1 ORDER BY id"
CHANNEL, MARK = "remit_policy", "mark"

people = st.sampled_from(
    ["hal", "hal", "hal", "hal", "bo", "bo", "vic", "rae", "kay", "aud", "kim", "max", "bot", "gus"]
)
holders = st.sampled_from(["hal", "bo", "vic", "rae", "ana", "di", "suz", "gus", "kim", "max"])
own_roles = st.sampled_from(["desk", "no_clients", "giver", "keeper"])
roles = st.sampled_from(["viewer", "manager", "administrator", "accountant", "call_center"]) | own_roles
limits = st.sampled_from(["none", "none", "own", "back=3", "hours=12345/08:00-20:00", "ip=127.0.0.0/8"])
ends = st.sampled_from([None, None, TOMORROW, IN_A_MONTH])
beginnings = st.sampled_from([None, None, None, NEXT_WEEK])
lines = st.lists(
    st.builds(
        line,
        st.sampled_from(["services:read", "specialists:read", "clients:read", "roles:read", "schedules:read"]),
        st.sampled_from(["ALLOW", "ALLOW", "ALLOW", "DENY"]),
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda one: one["capability"],
)


@st.composite
def changes(draw: st.DrawFn, world: World, held: list[UUID], rules: list[UUID]) -> Change:
    """One change of any kind, which may or may not be possible."""
    salon = world.salon
    place = draw(st.sampled_from([None, salon.north, salon.south]))
    match draw(st.sampled_from(sorted(KINDS))):
        case "assign":
            terms = {"validFrom": draw(beginnings), "validUntil": draw(ends), "limits": draw(limits)}
            return world.give(draw(holders), draw(roles | st.just("owner")), place, **terms)
        case "visit":
            return world.let_in(draw(roles), place, hours=draw(st.sampled_from([1, 72])), limits=draw(limits))
        case "end":
            return {"endAssignment": {"assignment": draw(st.sampled_from(held))}}
        case "limit":
            return {"setLimits": {"assignment": draw(st.sampled_from(held)), "limits": draw(limits)}}
        case "suspend":
            return world.suspend(draw(holders))
        case "resume":
            return world.resume(draw(holders))
        case "create":
            return create("desk", draw(lines))
        case "lines":
            return change_lines(draw(lines), role=draw(own_roles))
        case "retire":
            return retire(draw(st.none() | roles), role=draw(own_roles))
        case "rule":
            return saved_rule(draw(roles), draw(st.integers(0, 3)), draw(st.sampled_from(["BLOCK", "WARN"])))
        case _:
            return {"endAccessTest": {"test": draw(st.sampled_from(rules or [uuid4()]))}}


KINDS = {"assign", "visit", "end", "limit", "suspend", "resume", "create", "lines", "retire", "rule", "end rule"}


def saved_rule(role: str, number: int, mode: str) -> Change:
    """A rule about how many of a role's holders may take payments."""
    asked = {"holds": {"capability": "payments:create"}}
    at_most = {"who": {"role": role}, "quantifier": "AT_MOST", "number": number, "predicate": asked, "mode": mode}
    return {"saveAccessTest": {"title": f"{role} {number}", **at_most}}


@dataclass(slots=True)
class Listener:
    """A second connection that hears which networks' policies changed."""

    connection: asyncpg.Connection
    heard: list[str] = field(default_factory=list)
    _reached: asyncio.Event = field(default_factory=asyncio.Event)

    def hear(self, _connection: object, _process: int, _channel: str, payload: object) -> None:
        """Note a signal, or that all before a mark have come."""
        if payload == MARK:
            self._reached.set()
        else:
            self.heard.append(str(payload))

    async def since_last(self) -> list[str]:
        """What was heard since this was asked last. Signals come in the order of their commits: a mark comes last."""
        self._reached.clear()
        await self.connection.execute("SELECT pg_notify($1, $2)", CHANNEL, MARK)
        await asyncio.wait_for(self._reached.wait(), 10)
        found, self.heard = self.heard, []
        return found


@asynccontextmanager
async def listening(remit: Remit) -> AsyncIterator[Listener]:
    async with remit.host.database.owner_connection() as connection:
        listener = Listener(connection)
        await connection.add_listener(CHANNEL, listener.hear)
        yield listener
        await connection.remove_listener(CHANNEL, listener.hear)


async def fetch(remit: Remit, world: World, sql: str, *args: object) -> list[asyncpg.Record]:
    async with remit.host.database.read() as statements:
        await statements.execute("SELECT set_config('remit.network_id', $1, true)", str(world.salon.network_id))
        return await statements.fetch(sql, world.salon.network_id, *args)


async def left(remit: Remit, world: World) -> dict[str, Any]:
    """All that a preview must leave as it is: rows, epoch, jobs, and the journal's entries by their codes."""
    entries = [row["code"] for row in await fetch(remit, world, JOURNAL)]
    return {**await written(remit, world.salon), "journal": entries}


def after_asking(before: dict[str, Any], foreseen: dict[str, Any]) -> dict[str, Any]:
    """The same; of whoever may not even ask, the journal tells as of any other question."""
    refused = ["query.refused"] if foreseen["__typename"] == "Forbidden" else []
    return {**before, "journal": [*before["journal"], *refused]}


# Shrinking would make hundreds of networks; what was drawn tells enough.
SEARCH = settings(
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@settings(SEARCH, max_examples=10)
@given(data=st.data())
async def test_a_preview_says_what_the_change_does_and_leaves_nothing(
    api: Api, remit: Remit, data: st.DataObject
) -> None:
    await require_truth(api, remit, data)


@pytest.mark.slow
@settings(SEARCH, max_examples=150)
@given(data=st.data())
async def test_a_preview_says_it_in_many_networks(api: Api, remit: Remit, data: st.DataObject) -> None:
    await require_truth(api, remit, data)


async def require_truth(api: Api, remit: Remit, data: st.DataObject) -> None:
    """Eight requests in a new network, each previewed and made."""
    world = await make_world(remit)
    network = str(world.salon.network_id)
    async with listening(remit) as listener:
        for _ in range(8):
            held, rules = [[row["id"] for row in await fetch(remit, world, sql)] for sql in (HELD, TESTS)]
            by = world.salon[data.draw(people)]
            asked: Any = data.draw(st.lists(changes(world, held, rules), min_size=1, max_size=2))
            sent = {"network": network, "changes": asked}
            before = await left(remit, world)
            await listener.since_last()

            foreseen = (await api.ask(PREVIEW, by, input=sent)).data["previewPolicyChange"]

            assert network not in await listener.since_last()
            assert await left(remit, world) == after_asking(before, foreseen)

            made = (await api.ask(CHANGE, by, input=sent, consent=foreseen.get("consent"))).data["changePolicy"]

            require_foreseen(foreseen, made)
            if made["__typename"] == "PolicyChanged" and not made["unchanged"]:
                (record,) = await fetch(remit, world, RECORD, made["epoch"])
                require_recorded(foreseen, record, visitor=str(world.tim.account_id))
                assert await listener.since_last() == [network]


def require_foreseen(foreseen: dict[str, Any], made: dict[str, Any]) -> None:
    """The change is as it was foreseen; a refusal is the one that was foreseen."""
    if foreseen["__typename"] != "PolicyPreview":
        assert made == foreseen
    elif made["__typename"] in ONLY_WHEN_MADE:
        assert made["__typename"] != "AccessTestFailed" or any(one["blocks"] for one in foreseen["accessTests"])
    else:
        assert made["__typename"] == "PolicyChanged", made
        assert {"__typename": "PolicyPreview", **made["preview"]} == foreseen


def require_recorded(foreseen: dict[str, Any], record: asyncpg.Record, *, visitor: str) -> None:
    """What was written down of the change is what was foreseen. Who is let in is named once they are in."""
    consequences = orjson.loads(record["consequences"])
    delta = [told_of(one, unnamed=visitor) for one in orjson.loads(record["delta"])]
    assert record["consent"] == foreseen["consent"]
    assert len(delta) == foreseen["entries"]["totalCount"] == foreseen["gained"] + foreseen["lost"]
    assert [[one["plugin"], one["digest"], one["title"]] for one in foreseen["consequences"]] == consequences
    shown = [entry_of(node) for node in foreseen["entries"]["nodes"]]
    assert len(shown) == min(len(delta), 100)
    assert not Counter(shown) - Counter(delta)


def entry_of(node: dict[str, Any]) -> tuple[str, str, str, str]:
    """An entry as a preview shows it: whose, where, which, how."""
    holder, location = [(node[name] or {"id": ""})["id"] for name in ("holder", "location")]
    return holder, location, node["capability"], node["change"]


def told_of(written_down: list[str], *, unnamed: str) -> tuple[str, str, str, str]:
    """An entry as the record keeps it: whose, where, which, how."""
    holder, scope, capability, change = written_down
    return "" if holder == unnamed else holder, scope.partition("/location:")[2], capability, change
