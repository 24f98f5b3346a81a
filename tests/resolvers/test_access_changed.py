"""accessChanged over real sockets: what a person may do, told again when it changes, until the person is out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection

from app import Remit, asgi_of
from tests.api import Api
from tests.factories import MADE, Person, Salon, make_salon
from tests.sockets import close_code, opened, receive, served, subscribe
from work import Work

PEOPLE = {
    "hal": ("owner", "network"),
    "bo": ("manager", "network"),
    "ana": ("administrator", "north"),
    "nil": ("", "network"),
}
FOLLOW = "subscription { accessChanged { epoch codes conditional { capability under } } }"
CHANGE = """
mutation ($input: PolicyChangesInput!, $consent: String) {
  changePolicy(input: $input, consent: $consent) { __typename ... on PolicyChanged { epoch } }
}
"""
PREVIEW = """
query ($input: PolicyChangesInput!) { previewPolicyChange(input: $input) { ... on PolicyPreview { consent } } }
"""
SIGN_OUT = "mutation { signOut { __typename } }"
IDLE_SOON = "UPDATE sessions SET idle_until = $2 WHERE account_id = $1"
QUIET_SECONDS = 1.5
"""Longer than a poll: what is not told within is not told."""


@pytest.fixture
async def salon(remit: Remit) -> Salon:
    return await make_salon(remit.host, PEOPLE)


@pytest.fixture
async def address(remit: Remit) -> AsyncIterator[str]:
    async with served(asgi_of(remit)) as address:
        yield address


@asynccontextmanager
async def following(address: str, person: Person) -> AsyncIterator[tuple[ClientConnection, Any]]:
    """A socket that follows the person's access, and what it was told at once."""
    async with opened(address, authorization=f"Bearer {person.token}") as websocket:
        await subscribe(websocket, FOLLOW)
        yield websocket, told(await receive(websocket))


def told(message: Any) -> Any:
    assert message["type"] == "next", message
    return message["payload"]["data"]["accessChanged"]


async def change(api: Api, salon: Salon, **changes: Any) -> Any:
    """Make a change of policy as the owner, with the consent of its preview."""
    asked = {"network": salon.network_id, "changes": [changes]}
    preview = (await api.ask(PREVIEW, salon["hal"], input=asked)).data["previewPolicyChange"]
    answer = await api.ask(CHANGE, salon["hal"], input=asked, consent=preview["consent"])
    assert answer.data["changePolicy"]["__typename"] == "PolicyChanged", answer.body
    return answer.data["changePolicy"]


def ending(salon: Salon, name: str) -> dict[str, Any]:
    return {"endAssignment": {"assignment": salon[name].assignment_id, "reason": "left"}}


async def test_the_access_is_told_at_once_and_again_when_it_changes(address: str, api: Api, salon: Salon) -> None:
    async with following(address, salon["bo"]) as (websocket, first):
        changed = await change(api, salon, **ending(salon, "bo"))

        second = told(await receive(websocket))

    assert "specialists:read" in first["codes"]
    assert second == {"epoch": changed["epoch"], "codes": [], "conditional": []}


async def test_who_holds_nothing_is_told_of_the_first_role(address: str, api: Api, salon: Salon) -> None:
    async with following(address, salon["nil"]) as (websocket, first):
        await change(api, salon, assignRole={"holder": salon["nil"].specialist_id, "role": "viewer"})

        second = told(await receive(websocket))

    assert first["codes"] == []
    assert "appointments:read" in second["codes"]


async def test_a_change_at_a_location_is_told(address: str, api: Api, salon: Salon) -> None:
    async with following(address, salon["ana"]) as (websocket, first):
        changed = await change(api, salon, **ending(salon, "ana"))

        assert told(await receive(websocket))["epoch"] == changed["epoch"] > first["epoch"]


async def test_the_changes_of_others_are_not_told(address: str, api: Api, salon: Salon) -> None:
    async with following(address, salon["bo"]) as (websocket, _):
        await change(api, salon, **ending(salon, "ana"))

        with pytest.raises(TimeoutError):
            await asyncio.wait_for(receive(websocket), timeout=QUIET_SECONDS)


async def test_a_suspension_ends_it_and_leaves_the_socket_open(address: str, api: Api, salon: Salon) -> None:
    async with following(address, salon["bo"]) as (websocket, _):
        await change(api, salon, suspendHolder={"holder": salon["bo"].specialist_id, "reason": "ill"})

        last = await receive(websocket)
        await subscribe(websocket, "{ viewer { account { name } } }")

        assert (await receive(websocket))["payload"]["data"] == {"viewer": {"account": {"name": "Bo"}}}

    assert (last["type"], last["payload"][0]["extensions"]) == (
        "error",
        {"code": "SUSPENDED", "hint": "Ask an owner or a manager of the network to resume you."},
    )


async def test_signing_out_ends_it_and_closes_the_socket(address: str, api: Api, salon: Salon) -> None:
    async with following(address, salon["bo"]) as (websocket, _), following(address, salon["hal"]) as (other, _):
        await api.ask(SIGN_OUT, salon["bo"])

        last = await receive(websocket)
        assert await close_code(websocket) == 4403

        await subscribe(other, "{ viewer { account { name } } }", operation_id="2")
        assert (await receive(other))["payload"]["data"] == {"viewer": {"account": {"name": "Hal"}}}

    assert (last["type"], last["payload"][0]["extensions"]["code"]) == ("error", "UNAUTHENTICATED")


async def test_a_session_that_was_over_before_closes_the_socket(address: str, api: Api, salon: Salon) -> None:
    await api.ask(SIGN_OUT, salon["bo"])

    async with opened(address, authorization=f"Bearer {salon['bo'].token}") as websocket:
        assert await close_code(websocket) == 4403


async def test_the_end_of_a_period_is_told_without_any_change_of_policy(
    address: str, remit: Remit, api: Api, salon: Salon
) -> None:
    until = remit.host.clock() + timedelta(seconds=1)
    holder = salon["nil"].specialist_id
    await change(api, salon, assignRole={"holder": holder, "role": "viewer", "validUntil": until})

    async with following(address, salon["nil"]) as (websocket, first):
        second = told(await receive(websocket))

    assert "appointments:read" in first["codes"]
    assert second == {"epoch": first["epoch"], "codes": [], "conditional": []}


async def test_a_session_that_falls_idle_closes_the_socket(address: str, remit: Remit, salon: Salon) -> None:
    async def soon_idle(work: Work) -> None:
        await work.statements.execute(IDLE_SOON, salon["bo"].account_id, work.at + timedelta(seconds=1))

    await remit.host.perform_as_system(None, MADE, soon_idle)

    async with following(address, salon["bo"]) as (websocket, _):
        assert (await receive(websocket))["type"] == "error"
        assert await close_code(websocket) == 4403
