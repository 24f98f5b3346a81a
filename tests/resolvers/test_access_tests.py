"""The network's own rules about who may what: kept and given up over HTTP, and judged on every change of policy."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest

from app import Remit
from domain.team import operations
from domain.team.access_tests import sentence_of
from domain.team.changes import AssignRole, EndAccessTest
from domain.team.rules import AccessTestFailed
from errors import InvalidInput
from policies.access_tests import AccessTest, Group, HoldersOf, Holds, Mode, OneHolder, Quantifier
from tests.api import Api
from tests.factories import Salon, make_salon
from work import Caller, Task, Work

PEOPLE = {
    "hal": ("owner", "network"),
    "bo": ("manager", "network"),
    "ana": ("administrator", "north"),
    "cy": ("call_center", "network"),
    "gus": ("smm_manager", "network"),
    "eve": ("accountant", "network"),
}
CHANGE = """
mutation ($input: PolicyChangesInput!, $consent: String) {
  changePolicy(input: $input, consent: $consent) {
    __typename
    ... on PolicyChanged { epoch unchanged preview { accessTests { ...outcome } } }
    ... on ConsentRequired { preview { consent } }
    ... on AccessTestFailed { tests { ...outcome } }
    ... on UserError { code message hint path }
  }
}
fragment outcome on AccessTestOutcome {
  blocks test { title } before { holds } after { holds count offenders { name } }
}
"""
TESTS = """
query ($salon: ID!) {
  accessTests(network: $salon) {
    plugin test { id title sentence mode } evaluation { holds count offenders { name } }
  }
}
"""


@pytest.fixture
async def salon(remit: Remit) -> Salon:
    return await make_salon(remit.host, PEOPLE, provides=("ana",))


def rule(title: str, quantifier: str, predicate: dict[str, Any], **further: Any) -> dict[str, Any]:
    return {
        "title": title,
        "who": {"group": "EVERYBODY"},
        "quantifier": quantifier,
        "predicate": predicate,
        "mode": "BLOCK",
        **further,
    }


def holds(capability: str, location: UUID | None = None) -> dict[str, Any]:
    return {"holds": {"capability": capability, "location": location}}


def verdict(name: str, outcome: str) -> dict[str, Any]:
    return {"verdict": {"name": name, "outcome": outcome}}


NO_CASH = rule("No call center reads cash shifts", "NOBODY", holds("cash_shifts:read"), who={"role": "call_center"})
SMM_FREE = rule(
    "Every SMM manager is free",
    "EVERYBODY",
    verdict("seats", "free"),
    who={"role": "smm_manager"},
)
FEW_REFUND = rule("At most 2 may refund", "AT_MOST", holds("refunds:create"), number=2)


async def change(api: Api, salon: Salon, by: str, *changes: dict[str, Any], consent: str | None = None) -> Any:
    asked = {"network": salon.network_id, "changes": list(changes)}
    return (await api.ask(CHANGE, salon[by], input=asked, consent=consent)).data["changePolicy"]


async def save(api: Api, salon: Salon, asked: dict[str, Any], by: str = "hal") -> Any:
    return await change(api, salon, by, {"saveAccessTest": asked})


async def kept(api: Api, salon: Salon) -> list[Any]:
    found: list[Any] = (await api.ask(TESTS, salon["hal"], salon=salon.network_id)).data["accessTests"]
    return found


def assigned(salon: Salon, holder: str, role: str) -> dict[str, Any]:
    return {"assignRole": {"holder": salon[holder].specialist_id, "role": role}}


async def test_who_may_explain_at_one_location_does_not_read_the_rules_of_the_network(api: Api, salon: Salon) -> None:
    manager_of_north = {"assignRole": {**assigned(salon, "ana", "manager")["assignRole"], "location": salon.north}}
    for given in ({"saveAccessTest": NO_CASH}, manager_of_north):
        assert (await change(api, salon, "hal", given))["__typename"] == "PolicyChanged"

    refused = await api.ask(TESTS, salon["ana"], salon=salon.network_id)

    assert (refused.body["data"], refused.codes) == (None, ["FORBIDDEN"])


async def test_rules_are_kept_shown_in_words_and_judged(api: Api, salon: Salon) -> None:
    for asked in (NO_CASH, SMM_FREE, FEW_REFUND):
        assert (await save(api, salon, asked))["__typename"] == "PolicyChanged"

    found = {one["test"]["title"]: one for one in await kept(api, salon)}

    assert {title: one["test"]["sentence"] for title, one in found.items()} == {
        "No call center reads cash shifts": "Nobody among holders of call_center may do cash_shifts:read.",
        "Every SMM manager is free": "Everybody among holders of smm_manager is free by seats.",
        "At most 2 may refund": "At most 2 of the network may do refunds:create.",
    }
    assert [one["evaluation"]["holds"] for one in found.values()] == [True] * 3
    assert found["At most 2 may refund"]["evaluation"] == {"holds": True, "count": 2, "offenders": []}  # hal and bo
    assert {one["plugin"] for one in found.values()} == {None}


async def test_a_change_that_breaks_a_blocking_rule_is_refused_and_names_who_breaks_it(api: Api, salon: Salon) -> None:
    await save(api, salon, FEW_REFUND)

    refused = await change(api, salon, "hal", assigned(salon, "eve", "manager"))

    assert refused["__typename"] == "AccessTestFailed"
    assert refused["message"] == "This would break what must stay true: “At most 2 may refund”."
    (outcome,) = refused["tests"]
    assert (outcome["before"]["holds"], outcome["after"]["holds"], outcome["blocks"]) == (True, False, True)
    assert sorted(one["name"] for one in outcome["after"]["offenders"]) == ["Bo", "Eve", "Hal"]
    roles = await api.ask("{ specialists { nodes { name assignments { role } } } }", salon["hal"])
    eve = next(one for one in roles.data["specialists"]["nodes"] if one["name"] == "Eve")
    assert [one["role"] for one in eve["assignments"]] == ["accountant"]


async def test_a_rule_about_a_verdict_is_judged_by_the_plugin(api: Api, salon: Salon) -> None:
    await save(api, salon, SMM_FREE)

    refused = await change(api, salon, "hal", assigned(salon, "gus", "administrator"))

    assert refused["__typename"] == "AccessTestFailed"
    assert [one["name"] for one in refused["tests"][0]["after"]["offenders"]] == ["Gus"]


async def test_a_rule_that_warns_lets_the_change_through_and_says_so(api: Api, salon: Salon) -> None:
    await save(api, salon, {**FEW_REFUND, "mode": "WARN"})
    asked = assigned(salon, "ana", "manager")

    required = await change(api, salon, "hal", asked)
    consent = required["preview"]["consent"] if required["__typename"] == "ConsentRequired" else None
    made = await change(api, salon, "hal", asked, consent=consent)

    assert made["__typename"] == "PolicyChanged"
    assert [(one["test"]["title"], one["after"]["holds"]) for one in made["preview"]["accessTests"]] == [
        ("At most 2 may refund", False)
    ]


async def test_a_rule_that_is_broken_already_does_not_block_its_repair(api: Api, salon: Salon) -> None:
    broken = rule("Nobody may refund", "NOBODY", holds("refunds:create"))
    saved = await save(api, salon, broken)

    repaired = await change(api, salon, "hal", {"endAssignment": {"assignment": salon["bo"].assignment_id}})

    assert [one["after"]["holds"] for one in saved["preview"]["accessTests"]] == [False]
    assert repaired["__typename"] == "PolicyChanged"
    assert [one["after"]["count"] for one in repaired["preview"]["accessTests"]] == [1]


async def test_taking_access_away_waits_for_no_rule(api: Api, salon: Salon) -> None:
    await save(api, salon, rule("At least 2 may refund", "AT_LEAST", holds("refunds:create"), number=2))

    ended = await change(api, salon, "hal", {"endAssignment": {"assignment": salon["bo"].assignment_id}})

    assert ended["__typename"] == "PolicyChanged"
    assert [(one["before"]["holds"], one["after"]["holds"]) for one in ended["preview"]["accessTests"]] == [
        (True, False)
    ]


async def test_an_end_that_gives_somebody_back_what_a_rule_forbids_is_refused(api: Api, salon: Salon) -> None:
    await change(api, salon, "hal", assigned(salon, "bo", "call_center"))
    await save(api, salon, rule("At most 1 may refund", "AT_MOST", holds("refunds:create"), number=1))
    held = await api.ask("{ specialists { nodes { name assignments { id role } } } }", salon["hal"])
    bo = next(one for one in held.data["specialists"]["nodes"] if one["name"] == "Bo")
    deny = next(one["id"] for one in bo["assignments"] if one["role"] == "call_center")

    refused = await change(api, salon, "hal", {"endAssignment": {"assignment": deny}})

    assert refused["__typename"] == "AccessTestFailed"


async def test_a_rule_is_replaced_by_its_id_and_given_up(api: Api, salon: Salon) -> None:
    await save(api, salon, FEW_REFUND)
    (first,) = await kept(api, salon)

    await save(api, salon, {**FEW_REFUND, "title": "At most 3 may refund", "number": 3, "test": first["test"]["id"]})
    (second,) = await kept(api, salon)
    ended = await change(api, salon, "hal", {"endAccessTest": {"test": second["test"]["id"]}})
    again = await change(api, salon, "hal", {"endAccessTest": {"test": second["test"]["id"]}})

    assert second["test"]["title"] == "At most 3 may refund"
    assert second["test"]["id"] != first["test"]["id"]
    assert (ended["unchanged"], again["unchanged"]) == (False, True)
    assert await kept(api, salon) == []


async def test_the_same_rule_is_not_kept_twice(api: Api, salon: Salon) -> None:
    first = await save(api, salon, FEW_REFUND)
    again = await save(api, salon, FEW_REFUND)
    other = await save(api, salon, {**FEW_REFUND, "number": 5})

    assert (first["unchanged"], again["unchanged"]) == (False, True)
    assert again["epoch"] == first["epoch"]
    assert (other["code"], other["message"]) == ("INVALID_INPUT", "Another rule has this title.")


@pytest.mark.parametrize(
    ("case", "asked", "code", "where"),
    [
        ("no title", {**FEW_REFUND, "title": "  "}, "INVALID_TEXT", "title"),
        ("a misspelt capability", rule("x", "NOBODY", holds("refund:create")), "UNKNOWN_CAPABILITY", "capability"),
        ("everything", rule("x", "NOBODY", holds("*")), "UNKNOWN_CAPABILITY", "capability"),
        ("a capability of the operator", rule("x", "NOBODY", holds("customers:read")), "INVALID_INPUT", "capability"),
        ("an unknown role", {**NO_CASH, "who": {"role": "nobody"}}, "NOT_FOUND", "role"),
        ("a made-up holder", {**NO_CASH, "who": {"holder": str(uuid4())}}, "NOT_FOUND", "holder"),
        ("a made-up place", rule("x", "NOBODY", holds("refunds:create", uuid4())), "NOT_FOUND", "location"),
        (
            "an unknown verdict",
            {**SMM_FREE, "predicate": verdict("seat", "free")},
            "INVALID_INPUT",
            "name",
        ),
        (
            "an unknown outcome",
            {**SMM_FREE, "predicate": verdict("seats", "gratis")},
            "INVALID_INPUT",
            "outcome",
        ),
        ("a number where none counts", {**NO_CASH, "number": 3}, "INVALID_INPUT", "number"),
        ("a negative number", {**FEW_REFUND, "number": -1}, "INVALID_INPUT", "number"),
        ("a made-up rule", {**FEW_REFUND, "test": str(uuid4())}, "NOT_FOUND", "test"),
    ],
)
async def test_a_rule_without_meaning_is_refused(
    api: Api, salon: Salon, case: str, asked: dict[str, Any], code: str, where: str
) -> None:
    refused = await save(api, salon, asked)

    assert (refused["code"], refused["path"][-1]) == (code, where), case
    assert await kept(api, salon) == []


async def test_only_who_may_change_rules_does(api: Api, salon: Salon) -> None:
    by_manager = await save(api, salon, FEW_REFUND, by="bo")
    await save(api, salon, FEW_REFUND)
    (found,) = await kept(api, salon)
    ended_by_manager = await change(api, salon, "bo", {"endAccessTest": {"test": found["test"]["id"]}})
    shown = await api.ask(TESTS, salon["ana"], salon=salon.network_id)

    assert by_manager["code"] == ended_by_manager["code"] == "FORBIDDEN"
    assert shown.codes == ["FORBIDDEN"]


async def test_another_networks_rule_is_not_found(remit: Remit, api: Api, salon: Salon) -> None:
    other = await make_salon(remit.host, {"hal": ("owner", "network")})
    await save(api, other, FEW_REFUND)
    (theirs,) = await kept(api, other)

    foreign = await change(api, salon, "hal", {"endAccessTest": {"test": theirs["test"]["id"]}})
    made_up = await change(api, salon, "hal", {"endAccessTest": {"test": uuid4()}})

    assert foreign == made_up
    assert foreign["code"] == "NOT_FOUND"


FOUR_HANDS = AccessTest(
    id=uuid4(),
    title="Who writes down cash reads no journal",
    who=HoldersOf("manager"),
    quantifier=Quantifier.NOBODY,
    predicate=Holds("roles:change"),
    mode=Mode.BLOCK,
)


async def carry_out(remit: Remit, salon: Salon, *changes: Any) -> None:
    async def run(work: Work) -> None:
        await operations.change_policy(work, changes, consent=None)

    host = replace(remit.host, access_tests={"toy": (FOUR_HANDS,)})
    await host.perform(Caller(token=salon["hal"].token), Task(operations.POLICY_CHANGED), run)


async def test_a_plugins_rule_holds_in_every_network_and_nobody_ends_it(remit: Remit, salon: Salon) -> None:
    with pytest.raises(InvalidInput, match="comes with the plugin toy"):
        await carry_out(remit, salon, EndAccessTest(FOUR_HANDS.id))
    with pytest.raises(AccessTestFailed):
        await carry_out(remit, salon, AssignRole(salon["bo"].specialist_id, "owner"))


@pytest.mark.parametrize(
    ("who", "quantifier", "location_id", "sentence"),
    [
        (Group.EVERYBODY, Quantifier.AT_LEAST, None, "At least 1 of the network may do refunds:create."),
        (Group.SERVICE_ACCOUNTS, Quantifier.NOBODY, None, "Nobody among the service accounts may do refunds:create."),
        (
            OneHolder(UUID(int=7)),
            Quantifier.NOBODY,
            UUID(int=1),
            f"Nobody of one person ({UUID(int=7)}) may do refunds:create at one location.",
        ),
    ],
)
def test_sentences(who: Any, quantifier: Quantifier, location_id: UUID | None, sentence: str) -> None:
    asked = AccessTest(uuid4(), "x", who, quantifier, Holds("refunds:create", location_id), Mode.WARN, 1)

    assert sentence_of(asked) == sentence
