"""Asking a customer's owners to be let in: a mail to them, and nothing is open before one of them approves."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
from asyncpg import Record
from uuid_utils.compat import uuid7

from app import Remit
from audit.entries import OPERATOR_CHAIN
from domain.journal.operations import verify_journal
from domain.notices.sealing import open_text
from domain.team import visit_requests
from domain.team.visit_requests import ASK_OWNERS, VisitAsked
from errors import InvalidInput
from host import Host
from policies.scopes import OPERATOR, Domain, partner
from tests.api import Api
from tests.factories import Salon, make_salon
from tests.installation import Clock
from tests.members import Member, make_member
from tests.resolvers.test_tenancy import masked
from work import Caller, Task, Work

PEOPLE = {"hal": ("owner", "network"), "ola": ("owner", "network"), "bo": ("manager", "network")}
FIRM = partner(uuid7())
ASK = """
mutation ($input: RequestVisitInput!) {
  requestVisit(input: $input) {
    __typename
    ... on VisitRequested { id }
    ... on Forbidden { capability reason }
    ... on UserError { code message path hint }
  }
}
"""
JOBS = "SELECT args FROM jobs.procrastinate_jobs WHERE task_name = 'team.ask_owners' AND args ->> 'request_id' = $1"
MAILS = "SELECT * FROM mails WHERE network_id = $1 ORDER BY recipient"


@pytest.fixture
async def salon(remit: Remit) -> Salon:
    return await make_salon(remit.host, PEOPLE)


@pytest.fixture
async def tim(remit: Remit) -> Member:
    return await make_member(remit.host, "tim", "technician", FIRM)


async def ask(api: Api, by: Member, domain: Domain, network_id: UUID, **given: object) -> Any:
    asked = {"network": network_id, "role": "viewer", "hours": 8, "reason": "The till is stuck"} | given
    return (await api.ask(ASK, by, domain=domain, input=asked)).data["requestVisit"]


async def job_of(remit: Remit, request_id: str) -> dict[str, str]:
    """The arguments of the job that a request deferred."""
    async with remit.host.database.read() as statements:
        (row,) = await statements.fetch(JOBS, request_id)
    found: dict[str, str] = orjson.loads(row["args"])
    return found


async def mails_to(remit: Remit, salon: Salon) -> list[Record]:
    async def look(work: Work) -> list[Record]:
        return await work.statements.fetch(MAILS, salon.network_id)

    return await remit.host.perform_as_system(salon.network_id, Task(), look)


async def test_a_technician_asks_and_every_owner_gets_one_mail(
    remit: Remit, api: Api, salon: Salon, tim: Member
) -> None:
    asked = await ask(api, tim, FIRM, salon.network_id, location=salon.north)
    arguments = await job_of(remit, asked["id"])
    for _ in range(2):  # a job runs at least once
        await ASK_OWNERS.run(remit.host, **arguments)
    mails = await mails_to(remit, salon)
    journal = await api.ask("{ journal(first: 1) { nodes { code sentence targets { type id } } } }", salon["hal"])
    nothing_is_open = await api.ask("{ network { name } }", tim, network=salon.network_id)

    assert arguments == {"request_id": asked["id"], "chain_id": str(FIRM.id)}
    assert [mail["recipient"] for mail in mails] == sorted(
        f"{name}.{salon[name].account_id}@example.com" for name in ("hal", "ola")
    )
    text = open_text(remit.host.keys, mails[0]["id"], mails[0]["sealed"])
    assert text.subject.endswith(", North")
    assert "Tim asks to be let into your network for 8 hours." in text.body
    assert f"Account: {tim.account_id}" in text.body
    assert journal.data["journal"]["nodes"] == [
        {
            "code": "visit.owners_asked",
            "sentence": "Somebody from outside asked the owners for a visit.",
            "targets": [
                {"type": "account", "id": str(tim.account_id)},
                {"type": "policy.visit_requested", "id": asked["id"]},
            ],
        }
    ]
    assert nothing_is_open.codes == ["FORBIDDEN"]
    for chain_id in (salon.network_id, FIRM.id):
        assert chain_id is not None
        assert (await verify_journal(remit.host, chain_id)).is_sound


async def test_no_name_and_no_reason_makes_a_link_or_a_line(remit: Remit, api: Api, salon: Salon) -> None:
    crook = await make_member(remit.host, "https://evil.example/pay", "technician", FIRM)

    asked = await ask(api, crook, FIRM, salon.network_id, reason="see www.evil.example\nor mail to a@evil.example")
    await ASK_OWNERS.run(remit.host, **await job_of(remit, asked["id"]))
    mail = (await mails_to(remit, salon))[0]
    body = open_text(remit.host.keys, mail["id"], mail["sealed"]).body

    assert body.startswith("Https Evil Example Pay asks to be let in")
    assert "\nWhy: see www evil example or mail to a evil example\n" in body


async def test_the_commercial_department_asks_for_the_operator(remit: Remit, api: Api, salon: Salon) -> None:
    cora = await make_member(remit.host, "cora", "commercial")

    asked = await ask(api, cora, OPERATOR, salon.network_id)
    arguments = await job_of(remit, asked["id"])
    await ASK_OWNERS.run(remit.host, **arguments)

    assert arguments == {"request_id": asked["id"], "chain_id": str(OPERATOR_CHAIN)}
    assert len(await mails_to(remit, salon)) == 2


@pytest.mark.parametrize(
    ("case", "role", "domain", "reason"),
    [
        ("who may not ask", "certification_officer", OPERATOR, "NO_LINE"),
        ("an account manager, of a customer who is not shown to be theirs", "account_manager", OPERATOR, "OWN"),
        ("the firm's accountant", "partner_accountant", FIRM, "NO_LINE"),
    ],
)
async def test_who_may_not_ask_is_refused(
    remit: Remit, api: Api, salon: Salon, case: str, role: str, domain: Domain, reason: str
) -> None:
    member = await make_member(remit.host, "max", role, domain)

    refused = await ask(api, member, domain, salon.network_id)

    assert (refused["__typename"], refused["reason"]) == ("Forbidden", reason), case
    assert await mails_to(remit, salon) == []


async def test_in_a_network_nobody_asks(remit: Remit, api: Api, salon: Salon) -> None:
    other = await make_salon(remit.host, {"hal": ("owner", "network")})
    asked = {"network": salon.network_id, "role": "viewer", "hours": 8, "reason": "why not"}

    answer = await api.ask(ASK, other["hal"], input=asked)

    assert answer.data["requestVisit"]["__typename"] == "Forbidden"


@pytest.mark.parametrize(
    ("case", "given", "code", "where"),
    [
        ("a made-up network", {"network": uuid4()}, "NOT_FOUND", "network"),
        ("a made-up location", {"location": uuid4()}, "NOT_FOUND", "location"),
        ("as an owner", {"role": "owner"}, "NOT_FOUND", "role"),
        ("a role of partner firms", {"role": "technician"}, "NOT_FOUND", "role"),
        ("no hours", {"hours": 0}, "INVALID_INPUT", "hours"),
        ("73 hours", {"hours": 73}, "INVALID_INPUT", "hours"),
        ("no reason", {"reason": " "}, "INVALID_TEXT", "reason"),
        ("a long reason", {"reason": "x" * 501}, "INVALID_TEXT", "reason"),
    ],
)
async def test_bad_input_is_refused_with_its_place(
    api: Api, salon: Salon, tim: Member, case: str, given: dict[str, Any], code: str, where: str
) -> None:
    refused = await ask(api, tim, FIRM, given.pop("network", salon.network_id), **dict(given))

    assert (refused["code"], refused["path"]) == (code, ["input", where]), case
    assert refused["hint"]


async def test_a_location_of_another_network_is_like_none(remit: Remit, api: Api, salon: Salon, tim: Member) -> None:
    other = await make_salon(remit.host, {"hal": ("owner", "network")})

    foreign = await ask(api, tim, FIRM, salon.network_id, location=other.north)
    made_up = await ask(api, tim, FIRM, salon.network_id, location=uuid4())

    assert masked(foreign) == masked(made_up)


async def test_owners_are_asked_once_an_hour(host: Host, clock: Clock) -> None:
    salon = await make_salon(host, PEOPLE)
    tim = await make_member(host, "tim", "technician", FIRM)
    asked = VisitAsked(salon.network_id, "viewer", 8, "The till is stuck")

    first = await send(host, asked, tim)
    clock.pass_by(minutes=59)
    with pytest.raises(InvalidInput, match="less than an hour ago"):
        await send(host, asked, tim)
    clock.pass_by(minutes=1)
    second = await send(host, asked, tim)

    assert first != second
    # Each customer is asked on its own.
    other = await make_salon(host, PEOPLE)
    assert await send(host, replace(asked, network_id=other.network_id), tim)


async def send(host: Host, asked: VisitAsked, by: Member) -> UUID:
    async def run(work: Work) -> UUID:
        return await visit_requests.request_visit(work, asked)

    return await host.perform(Caller(token=by.token, domain=FIRM), Task(visit_requests.VISIT_REQUESTED), run)
