"""Attempts that take several people or several requests: proposals, rules, roles that change, tokens, good timing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any

import httpx
import pytest

from app import Remit, asgi_of
from database.statements import Statements
from domain.team.changes import AssignRole, ChangeRoleLines, EndAssignment, LineAsked, PolicyChange, SuspendHolder
from domain.team.rules import GrantExceedsOwn
from errors import NotFound, UserError
from plugins.contract import AccessView, Consequence
from policies.decisions import Forbidden
from policies.lines import Effect
from policies.narrowing import Narrowing
from tests.api import Api
from tests.factories import MADE, Salon, make_salon
from tests.resolvers.escalation import TOMORROW, Change, World, access, change, make_world, written
from tests.resolvers.test_members import change_with
from tests.resolvers.test_own_roles import change_lines, create, line, retire
from work import Work

READS = [line("services:read")]
PAYS = [*READS, *(line(code) for code in ("appointments:read", "payments:read", "payments:create"))]
TOY = Consequence(
    plugin="toy", digest="d41d", title="Toys", requires_consent=False, requires_capability="access_tests:change"
)
PROPOSE = """
mutation ($input: PolicyChangesInput!) {
  changePolicy(input: $input) {
    __typename
    ... on ApprovalRequired { proposal { id } }
    ... on UserError { code }
  }
}
"""
DECIDE = """
mutation ($id: ID!, $consent: String) {
  decideProposal(id: $id, approve: true, consent: $consent) {
    __typename
    ... on ConsentRequired { preview { consent } }
    ... on ProposerMayNot { refusalCode }
    ... on UserError { code }
  }
}
"""


@pytest.fixture
async def world(remit: Remit) -> World:
    return await make_world(remit)


async def ask(api: Api, world: World, by: str, *changes: Change) -> Any:
    return await change(api, world.salon, world.salon[by], changes)


# --- Rules


def never_pays(world: World, *, mode: str = "BLOCK", **further: object) -> Change:
    """The rule that Di takes no payments."""
    return {
        "saveAccessTest": {
            "title": "Di takes no payments",
            "who": {"holder": world.salon["di"].specialist_id},
            "quantifier": "NOBODY",
            "predicate": {"holds": {"capability": "payments:create"}},
            "mode": mode,
            **further,
        }
    }


async def test_a_rule_is_not_got_out_of_the_way(api: Api, remit: Remit, world: World) -> None:
    await ask(api, world, "hal", never_pays(world))
    document = "query ($salon: ID!) { accessTests(network: $salon) { test { id } } }"
    shown = await api.ask(document, world.salon["hal"], salon=world.salon.network_id)
    (test_id,) = [one["test"]["id"] for one in shown.data["accessTests"]]
    end, weaken = {"endAccessTest": {"test": test_id}}, never_pays(world, mode="WARN", test=test_id)
    pays, makes_desk = world.give("di", "manager"), create("desk", PAYS)
    before = await written(remit, world.salon)

    answers = [
        await ask(api, world, "bo", pays),
        await ask(api, world, "bo", end, pays),
        await ask(api, world, "bo", weaken, pays),
        await ask(api, world, "aud", end, pays),
        await ask(api, world, "aud", weaken, makes_desk, world.give("di", "desk")),
    ]

    assert [one.get("code") for one in answers] == [
        "ACCESS_TEST_FAILED",
        "FORBIDDEN",
        "FORBIDDEN",
        "GRANT_EXCEEDS_OWN",
        "GRANT_EXCEEDS_OWN",
    ]
    assert await written(remit, world.salon) == before


@pytest.mark.parametrize(
    ("case", "period"),
    [("until tomorrow", {"validUntil": TOMORROW}), ("from tomorrow on", {"validFrom": TOMORROW})],
)
async def test_no_deny_for_a_while_hides_what_a_rule_forbids(
    api: Api, remit: Remit, world: World, case: str, period: dict[str, Any]
) -> None:
    await ask(api, world, "hal", never_pays(world), create("no_payments", [line("payments:create", "DENY")]))
    before = await written(remit, world.salon)

    refused = await ask(api, world, "bo", world.give("di", "no_payments", **period), world.give("di", "manager"))

    assert refused["code"] == "ACCESS_TEST_FAILED", case
    assert await written(remit, world.salon) == before


# --- What is given and taken back


@pytest.mark.parametrize(
    ("case", "by", "asked"),
    [
        ("a role that was strong", "hal", lambda w: [create("desk", PAYS), change_lines(READS, role="desk")]),
        ("a role that was there", "kay", lambda w: [create("desk", READS), retire(role="desk")]),
        ("a stronger person awake", "bo", lambda w: [w.resume("suz"), w.suspend("suz")]),
        ("a deny under a limit", "vic", lambda w: [w.limit("vic no_clients", "hours=1/00:00-00:01")]),
        ("a suspension of oneself", "bo", lambda w: [w.suspend("bo"), w.resume("bo")]),
    ],
)
async def test_what_is_taken_back_at_once_gives_nothing(
    api: Api, world: World, case: str, by: str, asked: Callable[[World], list[Change]]
) -> None:
    salon = world.salon
    before = [await access(api, salon, salon[name]) for name in (by, "gus", "suz")]

    made = await ask(api, world, by, *asked(world))

    assert made["__typename"] == "PolicyChanged", case
    assert made["preview"]["gained"] == made["preview"]["lost"] == 0
    assert [await access(api, salon, salon[name]) for name in (by, "gus", "suz")] == before


# --- Owners who hold something besides


async def test_no_role_is_turned_against_the_owner_who_holds_it(api: Api, remit: Remit, world: World) -> None:
    await ask(api, world, "hal", create("desk", READS), world.give("ola", "desk"))
    before = await written(remit, world.salon)
    deny = change_lines([line("services:read", "DENY")], role="desk")

    by_keeper = await ask(api, world, "kay", deny)
    by_replacing = await ask(api, world, "kay", retire("no_clients", role="desk"))
    after = await written(remit, world.salon)
    by_owner = await ask(api, world, "hal", deny)

    assert (by_keeper["code"], by_replacing["code"]) == ("OWNERS_ONLY", "OWNERS_ONLY")
    assert after == before
    assert by_owner["__typename"] == "PolicyChanged"


# --- Proposals


@pytest.fixture
async def guarded(remit: Remit) -> AsyncIterator[Api]:
    """A server on which a plugin wants each change approved by those who may change access tests: Aud, and owners."""

    async def entail(before: AccessView, after: AccessView, statements: Statements) -> Consequence:
        return TOY

    served = asgi_of(replace(remit, host=replace(remit.host, consequences={"toy": entail})))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=served), base_url="https://remit.test") as http:
        yield Api(http)


async def propose(guarded: Api, world: World, by: str, *changes: Change) -> Any:
    asked = {"network": world.salon.network_id, "changes": changes}
    return (await guarded.ask(PROPOSE, world.salon[by], input=asked)).data["changePolicy"]


async def approve(guarded: Api, world: World, by: str, proposal_id: str) -> Any:
    return (await guarded.ask(DECIDE, world.salon[by], id=proposal_id)).data["decideProposal"]


async def test_what_one_may_not_give_one_may_not_propose(guarded: Api, remit: Remit, world: World) -> None:
    before = await written(remit, world.salon)

    answers = [
        await propose(guarded, world, "bo", world.give("gus", "accountant")),
        await propose(guarded, world, "bo", world.give("hal", "shut_out")),
        await propose(guarded, world, "kay", create("desk", PAYS)),
        await propose(guarded, world, "vic", world.give("gus", "viewer")),
        await propose(guarded, world, "gus", world.give("gus", "viewer")),
    ]

    assert [one["code"] for one in answers] == [
        "GRANT_EXCEEDS_OWN",
        "OWNERS_ONLY",
        "GRANT_EXCEEDS_OWN",
        "GRANT_EXCEEDS_OWN",
        "FORBIDDEN",
    ]
    assert await written(remit, world.salon) == before


@pytest.mark.parametrize(
    ("case", "meanwhile", "refusal"),
    [
        ("the proposer is limited", lambda w: [w.limit("bo manager", "back=1")], "GRANT_EXCEEDS_OWN"),
        ("the proposer is shut out of it", lambda w: [w.give("bo", "no_clients")], "GRANT_EXCEEDS_OWN"),
        ("the proposer is suspended", lambda w: [w.suspend("bo")], "FORBIDDEN"),
        (
            "the proposed role has grown",
            lambda w: [change_lines([*READS, line("roles:read"), line("roles:change")], role="desk")],
            "GRANT_EXCEEDS_OWN",
        ),
    ],
)
async def test_an_accomplice_approves_no_more_than_the_proposer_may_give_by_then(
    guarded: Api,
    api: Api,
    remit: Remit,
    world: World,
    case: str,
    meanwhile: Callable[[World], list[Change]],
    refusal: str,
) -> None:
    await ask(api, world, "hal", create("desk", READS))
    made = await propose(guarded, world, "bo", world.give("gus", "viewer"), world.give("gus", "desk"))
    await ask(api, world, "hal", *meanwhile(world))
    before = await written(remit, world.salon)

    refused = await approve(guarded, world, "aud", made["proposal"]["id"])

    assert (refused["code"], refused["refusalCode"]) == ("PROPOSER_MAY_NOT", refusal), case
    assert await written(remit, world.salon) == before


async def test_an_approval_lets_no_service_account_give(guarded: Api, api: Api, remit: Remit, world: World) -> None:
    """When it was proposed, ending the role took something away; by now it would lift a deny."""
    made = await propose(guarded, world, "bot", world.end("pat giver"), world.limit("kim manager", "back=0"))
    denying = [line("roles:read"), line("clients:read", "DENY")]
    await ask(api, world, "hal", change_lines(denying, role="giver"))
    before = await written(remit, world.salon)

    refused = await approve(guarded, world, "aud", made["proposal"]["id"])

    assert (refused["code"], refused["refusalCode"]) == ("PROPOSER_MAY_NOT", "SERVICE_ACCOUNT_GIVES")
    assert await written(remit, world.salon) == before


async def test_a_proposal_gives_what_both_agreed_to(guarded: Api, api: Api, world: World) -> None:
    made = await propose(guarded, world, "bo", world.give("gus", "viewer"))

    approved = await approve(guarded, world, "aud", made["proposal"]["id"])

    assert approved["__typename"] == "PolicyChanged"
    assert "clients:read" in (await access(api, world.salon, world.salon["gus"]))["data"]["network"]["codes"]


# --- Visits


@pytest.mark.parametrize(
    ("case", "asked", "code"),
    [
        ("the visit made longer", lambda w: w.let_in("manager", hours=72), "INVALID_INPUT"),
        ("another visit that is longer", lambda w: w.let_in("viewer", hours=72), "GRANT_EXCEEDS_OWN"),
        ("a visit elsewhere", lambda w: w.let_in("viewer", w.salon.south), "FORBIDDEN"),
        ("a role for an accomplice, for ever", lambda w: w.give("gus", "viewer", w.salon.north), "GRANT_EXCEEDS_OWN"),
        ("a role for an accomplice, everywhere", lambda w: w.give("gus", "viewer"), "FORBIDDEN"),
        ("an owner suspended", lambda w: w.suspend("hal"), "FORBIDDEN"),
        ("an owner shut out", lambda w: w.give("hal", "no_clients", w.salon.north), "OWNERS_ONLY"),
        ("a role made", lambda w: create("desk", READS), "FORBIDDEN"),
    ],
)
async def test_a_visitor_gets_no_further(
    api: Api, remit: Remit, world: World, case: str, asked: Callable[[World], Change], code: str
) -> None:
    let_in = await ask(api, world, "hal", world.let_in("manager", hours=8))
    before = await written(remit, world.salon), await access(api, world.salon, world.tim)

    refused = await change(api, world.salon, world.tim, [asked(world)])

    assert (let_in["__typename"], refused["code"]) == ("PolicyChanged", code), case
    assert (await written(remit, world.salon), await access(api, world.salon, world.tim)) == before


# --- Tokens


FEW_CODES = Narrowing(frozenset({"assignments:change", "assignments:read", "specialists:read", "roles:read"}))


@pytest.mark.parametrize(
    ("case", "is_at_north", "asked", "refusal"),
    [
        ("a role elsewhere", True, lambda w: give(w, location_id=w.salon.south), Forbidden),
        ("a role everywhere", True, lambda w: give(w), Forbidden),
        ("a deny lifted", True, lambda w: EndAssignment(w.assignments["vic no_clients"]), NotFound),
        ("a role's lines", True, lambda w: lines_of_keeper(), Forbidden),
        ("a suspension everywhere", True, lambda w: SuspendHolder(w.salon["bo"].specialist_id), Forbidden),
        ("a role beyond the codes", False, lambda w: give(w), GrantExceedsOwn),
        (
            "a deny lifted beyond the codes",
            False,
            lambda w: EndAssignment(w.assignments["vic no_clients"]),
            GrantExceedsOwn,
        ),
        ("what is not among the codes", False, lambda w: SuspendHolder(w.salon["di"].specialist_id), Forbidden),
        ("a role's lines beyond the codes", False, lambda w: lines_of_keeper(), Forbidden),
    ],
)
async def test_an_owners_narrowed_token_gives_no_more_than_it_holds(
    remit: Remit,
    world: World,
    case: str,
    is_at_north: bool,
    asked: Callable[[World], PolicyChange],
    refusal: type[UserError],
) -> None:
    taking = Narrowing(None, frozenset({world.salon.north})) if is_at_north else FEW_CODES
    before = await written(remit, world.salon)

    with pytest.raises(refusal):
        await change_with(remit, world.salon["hal"], taking, asked(world))

    assert await written(remit, world.salon) == before, case


def give(world: World, **further: Any) -> AssignRole:
    return AssignRole(world.salon["gus"].specialist_id, "viewer", **further)


def lines_of_keeper() -> ChangeRoleLines:
    return ChangeRoleLines("keeper", (LineAsked("services:read", Effect.ALLOW),))


# --- Good timing


TIMES = 20
TWO_AND_A_FRIEND = {"hal": ("owner", "network"), "bo": ("manager", "network"), "gus": ("", "network")}


def giving(salon: Salon, holder: str = "gus", role: str = "viewer") -> Change:
    return {"assignRole": {"holder": salon[holder].specialist_id, "role": role}}


async def test_whoever_loses_the_right_while_giving_gives_before_or_not_at_all(api: Api, remit: Remit) -> None:
    outcomes = set()
    for turn in range(TIMES):
        salon = await make_salon(remit.host, TWO_AND_A_FRIEND)
        revoking = {"endAssignment": {"assignment": salon["bo"].assignment_id}}
        requests = [change(api, salon, salon["bo"], [giving(salon)]), change(api, salon, salon["hal"], [revoking])]
        given, revoked = await in_order(requests, turned=turn % 2 == 1)

        assert revoked["__typename"] == "PolicyChanged"
        assert given["__typename"] in ("PolicyChanged", "Forbidden")
        if given["__typename"] == "PolicyChanged":
            assert given["epoch"] < revoked["epoch"]
        outcomes.add(given["__typename"])

    assert outcomes == {"PolicyChanged", "Forbidden"}


async def in_order(requests: Sequence[Awaitable[Any]], *, turned: bool) -> list[Any]:
    """The answers to requests that are sent at once; turned around, the last is sent first."""
    sent = list(reversed(requests)) if turned else requests
    answers = await asyncio.gather(*sent)
    return list(reversed(answers)) if turned else answers


@pytest.mark.parametrize(
    ("case", "changes"),
    [
        ("a role to an accomplice", lambda salon: [giving(salon)]),
        ("a role to oneself that would stay", lambda salon: [giving(salon, "bo", "administrator")]),
        ("a suspension of who takes it", lambda salon: [{"suspendHolder": {"holder": salon["gus"].specialist_id}}]),
    ],
)
async def test_who_waited_for_the_lock_is_judged_by_what_was_changed_meanwhile(
    api: Api, remit: Remit, case: str, changes: Callable[[Salon], list[Change]]
) -> None:
    salon = await make_salon(remit.host, TWO_AND_A_FRIEND)
    locked, go_on = asyncio.Event(), asyncio.Event()

    async def revoke(work: Work) -> None:
        epoch = await work.statements.fetchval("SELECT next_policy_epoch()")
        locked.set()
        await go_on.wait()
        ended = "UPDATE assignments SET ended_epoch = $2 WHERE id = $1"
        await work.statements.execute(ended, salon["bo"].assignment_id, epoch)

    revoking = asyncio.ensure_future(remit.host.perform_as_system(salon.network_id, MADE, revoke))
    await locked.wait()
    waiting = asyncio.ensure_future(change(api, salon, salon["bo"], changes(salon)))
    await until_somebody_waits(remit)
    go_on.set()
    await revoking

    assert (await waiting)["code"] == "FORBIDDEN", case


WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted"


async def until_somebody_waits(remit: Remit) -> None:
    async with asyncio.timeout(10), remit.host.database.owner_connection() as owner:
        while not await owner.fetchval(WAITING):  # noqa: ASYNC110  (of the database)
            await asyncio.sleep(0.01)
