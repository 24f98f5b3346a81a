"""What owners and approvers are mailed about the policy: once each, in their language, after the change is made."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any

import httpx
import orjson
import pytest

from app import Remit, asgi_of
from database.statements import Statements
from domain.notices.sealing import open_text
from domain.team import proposals, telling
from plugins.contract import AccessView, Consequence
from policies.scopes import network
from tests.api import Api
from tests.domain.identity.people import rows
from tests.factories import Salon, make_salon
from tests.members import make_member
from work import Task

PEOPLE = {
    "hal": ("owner", "network"),
    "ola": ("owner", "network"),
    "bo": ("manager", "network"),
    "ana": ("administrator", "north"),
    "di": ("specialist", "south"),
}
CHANGE = """
mutation ($input: PolicyChangesInput!, $consent: String) {
  changePolicy(input: $input, consent: $consent) {
    __typename ... on ConsentRequired { preview { consent } } ... on UserError { code message }
    ... on ApprovalRequired { proposal { id } }
  }
}
"""
WAITING = "SELECT task_name, args FROM procrastinate_jobs WHERE args ->> 'network_id' = $1 AND task_name LIKE $2"
MAILS = "SELECT id, kind, recipient, sealed FROM mails WHERE network_id = $1 AND kind LIKE 'policy.%' ORDER BY id"
JOBS = {job.name: job for job in telling.JOBS}


@dataclass(frozen=True, slots=True)
class Received:
    """A mail as somebody reads it."""

    name: str
    kind: str
    subject: str
    body: str


@pytest.fixture
async def salon(remit: Remit) -> Salon:
    return await make_salon(remit.host, PEOPLE)


@pytest.fixture
async def guarded(remit: Remit) -> AsyncIterator[Api]:
    """A server on which a plugin wants each change approved by the owners."""

    async def entail(before: AccessView, after: AccessView, statements: Statements) -> Consequence:
        return Consequence(
            plugin="toy", digest="d", title="Toys", requires_consent=False, requires_capability="access_tests:change"
        )

    served = asgi_of(replace(remit, host=replace(remit.host, consequences={"toy": entail})))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=served), base_url="https://remit.test") as http:
        yield Api(http)


async def change(api: Api, salon: Salon, by: str, asked: dict[str, Any]) -> Any:
    """Make a change with the consent that it asks for."""
    variables: dict[str, Any] = {"input": {"network": salon.network_id, "changes": [asked]}}
    answer = (await api.ask(CHANGE, salon[by], **variables)).data["changePolicy"]
    if answer["__typename"] == "ConsentRequired":
        consent = answer["preview"]["consent"]
        answer = (await api.ask(CHANGE, salon[by], consent=consent, **variables)).data["changePolicy"]
    return answer


async def received(remit: Remit, salon: Salon) -> list[Received]:
    """The mails that come of the jobs that wait, each of which runs twice."""
    found = await rows(remit.host, WAITING, str(salon.network_id), "policies.tell%")
    for row in [*found, *found]:
        await JOBS[row["task_name"]].run(remit.host, **orjson.loads(row["args"]))
    names = {f"{name}.{person.account_id}@example.com": name for name, person in salon.people.items()}
    mails = []
    for row in await rows(remit.host, MAILS, salon.network_id):
        text = open_text(remit.host.keys, row["id"], row["sealed"])
        mails.append(Received(names[row["recipient"]], row["kind"], text.subject, text.body))
    return sorted(mails, key=lambda mail: mail.name)


async def test_the_owners_are_told_of_a_revocation_that_has_consequences(remit: Remit, api: Api, salon: Salon) -> None:
    await change(api, salon, "bo", {"endAssignment": {"assignment": salon["ana"].assignment_id}})

    mails = await received(remit, salon)

    assert [(mail.name, mail.kind) for mail in mails] == [("hal", "policy.revoked"), ("ola", "policy.revoked")]
    assert mails[0].subject.endswith(": access was taken away")
    assert "Bo took access away from Ana." in mails[0].body
    assert "- 1 seat less" in mails[0].body


async def test_a_revocation_without_consequences_mails_nobody(remit: Remit, api: Api, salon: Salon) -> None:
    await change(api, salon, "bo", {"endAssignment": {"assignment": salon["di"].assignment_id}})

    assert await received(remit, salon) == []


async def test_those_who_may_decide_are_told_of_a_proposal_and_its_maker_of_its_end(
    remit: Remit, guarded: Api, salon: Salon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proposals, "PROPOSAL_DAYS", 1e-9)
    asked = {"assignRole": {"holder": salon["di"].specialist_id, "role": "viewer"}}
    assert (await change(guarded, salon, "bo", asked))["__typename"] == "ApprovalRequired"

    told = await received(remit, salon)
    await remit.host.perform_as_system(network(salon.network_id), Task(proposals.EXPIRED), proposals.expire_proposals)
    expired = [mail for mail in await received(remit, salon) if mail.kind == "policy.expired"]

    assert [(mail.name, mail.kind) for mail in told] == [("hal", "policy.proposed"), ("ola", "policy.proposed")]
    assert "Bo proposed a change of who may do what" in told[0].body
    assert [mail.name for mail in expired] == ["bo"]
    found = await rows(remit.host, "SELECT network_id FROM networks_with_proposals_over(now())")
    assert salon.network_id not in {row["network_id"] for row in found}


async def test_the_owners_are_told_when_a_role_of_theirs_is_no_longer_free(
    remit: Remit, api: Api, salon: Salon
) -> None:
    def lines(*codes: str) -> list[dict[str, str]]:
        return [{"capability": code, "effect": "ALLOW"} for code in codes]

    reading = ("appointments:read", "clients:read", "schedules:read", "payments:read")
    await change(api, salon, "hal", {"createRole": {"code": "desk", "title": "Desk", "lines": lines(*reading)}})
    await change(api, salon, "hal", {"changeRoleLines": {"role": "desk", "lines": lines(*reading[:3])}})
    assert await received(remit, salon) == []

    await change(api, salon, "hal", {"changeRoleLines": {"role": "desk", "lines": lines(*reading, "payments:create")}})

    mails = await received(remit, salon)
    assert [(mail.name, mail.kind) for mail in mails] == [("hal", "policy.not_free"), ("ola", "policy.not_free")]
    assert "- payments:create (PAYMENTS)" in mails[0].body


async def test_the_owners_are_told_who_was_let_in_and_until_when(remit: Remit, api: Api, salon: Salon) -> None:
    tim = await make_member(remit.host, "tim", "account_manager")
    visit = {"account": tim.account_id, "role": "viewer", "location": salon.north, "hours": 2}
    await change(api, salon, "bo", {"approveVisit": visit})

    mails = await received(remit, salon)

    assert [(mail.name, mail.kind) for mail in mails] == [("hal", "policy.visit"), ("ola", "policy.visit")]
    assert "Bo let somebody from outside in, until" in mails[0].body
    assert "- Tim: viewer, North" in mails[0].body


async def test_no_name_of_a_stranger_makes_a_link(remit: Remit, api: Api, salon: Salon) -> None:
    crook = await make_member(remit.host, "https://evil.example/pay", "account_manager")
    visit = {"account": crook.account_id, "role": "viewer", "location": salon.north, "hours": 2}
    await change(api, salon, "bo", {"approveVisit": visit})

    mails = await received(remit, salon)

    assert [mail.name for mail in mails] == ["hal", "ola"]
    assert "- Https Evil Example Pay: viewer, North" in mails[0].body
