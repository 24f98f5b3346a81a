"""Subscriptions on a real host: the right is asked again at each event, and no event keeps what others need."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, aclosing
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from strawberry.types import ExecutionResult

from app import Remit
from domain.team.operations import POLICY_CHANGED
from execution.context import RequestContext
from execution.declaration import Root, query, subscription
from execution.live import Live
from host import Host
from policies.capabilities import CORE
from policies.catalogue import Catalogue, Level
from policies.compile import DomainPolicy
from schema.builder import Part, RemitSchema
from tests.factories import Person, Salon, make_salon
from work import Caller, Task, Work

PEOPLE = {"hal": ("owner", "network"), "bo": ("manager", "network"), "ana": ("administrator", "north")}
END = "UPDATE assignments SET ended_epoch = next_policy_epoch() WHERE network_id = $1 AND id = $2"
REFUSALS = "SELECT FROM journal_entries WHERE chain_id = $1 AND code = 'query.refused' AND outcome = 'denied'"
LAST_SEEN = "SELECT last_seen_at FROM sessions WHERE account_id = $1"
PATIENCE_SECONDS = 30


@query(signed_in=True)
async def nothing(_work: Work) -> str:
    """A schema has to have a query."""
    return ""


@subscription(requires="roles:read", at=Level.SHARED)
async def followed(live: Live) -> AsyncIterator[int]:
    """The epoch, as it changes."""
    async for work in live:
        yield work.viewer.epoch


@subscription(requires="roles:read", at=Level.SHARED)
async def told_by_itself(live: Live) -> AsyncIterator[int]:
    """Events of its own, for which it opens no Work."""
    for number in range(3):
        yield number


@pytest.fixture
async def salon(remit: Remit) -> Salon:
    return await make_salon(remit.host, PEOPLE)


def events(host: Host, person: Person, root: Root) -> Any:
    """The results of a subscription to the field."""
    schema = RemitSchema([Part("test", (nothing, root))], Catalogue(CORE))
    name = "".join(word.capitalize() if number else word for number, word in enumerate(root.name.split("_")))
    context = RequestContext(host, Caller(token=person.token), over_socket=True)
    return aclosing(_results(schema, f"subscription {{ {name} }}", context))


async def _results(schema: RemitSchema, document: str, context: RequestContext) -> AsyncIterator[ExecutionResult]:
    async with aclosing(await schema.stream(document, context_value=context)) as results:
        async for result in results:
            assert isinstance(result, ExecutionResult)
            yield result


async def soon(results: AsyncIterator[ExecutionResult]) -> ExecutionResult:
    async with asyncio.timeout(PATIENCE_SECONDS):
        return await anext(results)


async def take_role(host: Host, salon: Salon, person: Person) -> None:
    async def end(work: Work) -> None:
        await work.statements.execute(END, salon.network_id, person.assignment_id)

    await host.perform_as_system(salon.network_id, Task(POLICY_CHANGED), end)


async def read(host: Host, salon: Salon, sql: str, *arguments: object) -> list[asyncpg.Record]:
    async with host.database.read() as statements:
        await statements.execute("SELECT set_config('remit.network_id', $1, true)", str(salon.network_id))
        await statements.execute("SELECT set_config('remit.identity', 'on', true)")
        return await statements.fetch(sql, *arguments)


def code_of(result: ExecutionResult) -> Any:
    assert result.errors is not None
    (error,) = result.errors
    assert error.extensions is not None
    return error.extensions["code"]


async def test_a_subscription_ends_with_its_right_and_the_refusal_is_journaled(remit: Remit, salon: Salon) -> None:
    async with events(remit.host, salon["bo"], followed) as results:
        first = await soon(results)
        await take_role(remit.host, salon, salon["bo"])

        last = await soon(results)
        with pytest.raises(StopAsyncIteration):
            await soon(results)

    assert first.data is not None
    assert first.data["followed"] > 0
    assert (last.data, code_of(last)) == (None, "FORBIDDEN")
    assert len(await read(remit.host, salon, REFUSALS, salon.network_id)) == 1


async def test_what_concerns_others_is_passed_over_without_a_work(
    remit: Remit, salon: Salon, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks, was_asked = count_looks(monkeypatch), asyncio.Event()
    policy_since = Host.policy_since

    async def watched(host: Host, network_id: UUID, epoch: int) -> DomainPolicy:
        policy = await policy_since(host, network_id, epoch)
        was_asked.set()
        return policy

    monkeypatch.setattr(Host, "policy_since", watched)
    async with events(remit.host, salon["bo"], followed) as results:
        await soon(results)
        coming = asyncio.create_task(anext(results))
        await take_role(remit.host, salon, salon["ana"])
        await asyncio.wait_for(was_asked.wait(), PATIENCE_SECONDS)
        await take_role(remit.host, salon, salon["bo"])
        last = await asyncio.wait_for(coming, PATIENCE_SECONDS)

    assert code_of(last) == "FORBIDDEN"
    assert len(looks) == 2


def count_looks(monkeypatch: pytest.MonkeyPatch) -> list[Caller]:
    """The callers for whom a Work is opened again from now on."""
    callers: list[Caller] = []
    look_again = Host.look_again

    def counted(host: Host, caller: Caller) -> AbstractAsyncContextManager[Work]:
        callers.append(caller)
        return look_again(host, caller)

    monkeypatch.setattr(Host, "look_again", counted)
    return callers


async def test_an_event_of_its_own_is_told_only_to_who_may_still_read_it(remit: Remit, salon: Salon) -> None:
    async with events(remit.host, salon["bo"], told_by_itself) as results:
        first = await soon(results)
        await take_role(remit.host, salon, salon["bo"])

        last = await soon(results)

    assert first.data == {"toldByItself": 0}
    assert (last.data, code_of(last)) == (None, "FORBIDDEN")


async def test_who_never_had_the_right_gets_no_event(remit: Remit, salon: Salon) -> None:
    await take_role(remit.host, salon, salon["bo"])

    async with events(remit.host, salon["bo"], followed) as results:
        only = await soon(results)

    assert (only.data, code_of(only)) == (None, "FORBIDDEN")


async def test_a_subscription_between_two_events_keeps_no_connection(remit: Remit, salon: Salon) -> None:
    host = remit.host
    async with AsyncExitStack() as stack:
        streams = []
        for _ in range(2 * remit.settings.database_connections):
            streams.append(await stack.enter_async_context(events(host, salon["bo"], followed)))
            await soon(streams[-1])

        async with asyncio.timeout(PATIENCE_SECONDS), host.read(Caller(token=salon["hal"].token)) as work:
            assert work.viewer.account_id == salon["hal"].account_id

        await take_role(host, salon, salon["bo"])
        assert {code_of(await soon(stream)) for stream in streams} == {"FORBIDDEN"}


async def test_looking_again_is_no_use_of_the_session(remit: Remit, salon: Salon) -> None:
    later = remit.host.clock() + timedelta(minutes=5)
    host = replace(remit.host, clock=lambda: later)
    before = await read(host, salon, LAST_SEEN, salon["bo"].account_id)

    async with events(host, salon["bo"], followed) as results:
        await soon(results)

    assert await read(host, salon, LAST_SEEN, salon["bo"].account_id) == before
