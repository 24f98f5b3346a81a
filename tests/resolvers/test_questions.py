"""Who may, and by which line; is a role free for sure: what owners ask, over HTTP."""

from __future__ import annotations

from datetime import timedelta
from itertools import product
from typing import Any
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from app import Remit
from domain.team.models import Assignment
from tests.api import Answer, Api
from tests.factories import MADE, Salon, make_salon
from tests.resolvers.test_own_roles import assign, change, create, line
from work import Work

PEOPLE = {
    "hal": ("owner", "network"),
    "bo": ("manager", "network"),
    "rae": ("manager", "north"),
    "ana": ("administrator", "north"),
    "di": ("specialist", "south"),
    "cy": ("call_center", "network"),
    "ivy": ("viewer", "network"),
    "nil": ("", "network"),
}
CAPABILITIES = (
    "appointments:create",
    "appointments:update",
    "cash_shifts:read",
    "clients:read_contacts",
    "payments:create",
    "policies:explain",
    "roles:change",
    "services:read",
)
WHO_CAN = """
query ($capability: String!, $scope: ID!, $epoch: Int, $first: Int! = 50, $after: String) {
  whoCan(capability: $capability, scope: $scope, epoch: $epoch, first: $first, after: $after) {
    totalCount
    nodes { holderId holder { name } account { name } assignmentId role line source }
    pageInfo { hasNextPage endCursor }
  }
}
"""
PROVE_FREE = """
query ($role: String!) {
  proveFree(role: $role) {
    role terms proved sentence digest isForAll beside
    paid { capability reason source } escalations { capability bound }
  }
}
"""


@pytest.fixture
async def salon(remit: Remit) -> Salon:
    return await make_salon(remit.host, PEOPLE)


async def ask(api: Api, salon: Salon, capability: str, scope: UUID, *, by: str = "hal", **further: Any) -> Answer:
    return await api.ask(WHO_CAN, salon[by], capability=capability, scope=scope, **further)


async def able(api: Api, salon: Salon, capability: str, scope: UUID, **further: Any) -> list[str]:
    """The names of those who may."""
    found = (await ask(api, salon, capability, scope, **further)).data["whoCan"]
    assert found["totalCount"] == len(found["nodes"])
    return sorted(one["holder"]["name"] for one in found["nodes"])


async def test_whoever_may_comes_with_what_lets_them(api: Api, salon: Salon) -> None:
    found = (await ask(api, salon, "payments:create", salon.north)).data["whoCan"]["nodes"]

    by_name = {one["holder"]["name"]: one for one in found}
    assert sorted(by_name) == ["Ana", "Bo", "Hal", "Rae"]
    source = by_name["Ana"].pop("source")
    assert source.startswith("policies/roles/administrator.csv:")
    assert by_name["Ana"] == {
        "holderId": str(salon["ana"].specialist_id),
        "holder": {"name": "Ana"},
        "account": None,
        "assignmentId": str(salon["ana"].assignment_id),
        "role": "administrator",
        "line": "administrator: allow payments:create",
    }


@pytest.mark.parametrize(
    ("case", "capability", "place", "names"),
    [
        ("at one location", "appointments:create", "south", ["Bo", "Hal"]),
        ("at all of them", "cash_shifts:read", "network", ["Bo", "Hal", "Ivy"]),
        ("shared by all colleagues", "roles:read", "south", ["Bo", "Hal", "Ivy", "Rae"]),
        ("of the owner alone", "roles:change", "network", ["Hal"]),
        ("of the operator", "customers:read", "network", []),
    ],
)
async def test_who_may(api: Api, salon: Salon, case: str, capability: str, place: str, names: list[str]) -> None:
    scope = {"network": salon.network_id, "south": salon.south}[place]

    assert await able(api, salon, capability, scope) == names, case


async def test_it_agrees_with_the_explanation_of_everybody(api: Api, salon: Salon) -> None:
    for capability, scope in product(CAPABILITIES, (salon.network_id, salon.north, salon.south)):
        allowed = await explained(api, salon, capability, scope)

        assert await able(api, salon, capability, scope) == allowed, (capability, scope)


async def explained(api: Api, salon: Salon, capability: str, scope: UUID) -> list[str]:
    """The names of those whose explanation says yes."""
    ask_each = " ".join(
        f'{name}: explainAccess(holder: "{person.specialist_id}", capability: "{capability}", scope: "{scope}")'
        " { decision { allowed } }"
        for name, person in salon.people.items()
    )
    answers = (await api.ask(f"{{ {ask_each} }}", salon["hal"])).data
    return sorted(name.title() for name, answer in answers.items() if answer["decision"]["allowed"])


async def test_the_pages_hold_everybody_once(api: Api, salon: Salon) -> None:
    seen: list[str] = []
    after: str | None = None
    for rows, has_more in ((3, True), (3, True), (1, False)):
        found = (await ask(api, salon, "services:read", salon.network_id, first=3, after=after)).data["whoCan"]
        assert (len(found["nodes"]), found["pageInfo"]["hasNextPage"], found["totalCount"]) == (rows, has_more, 7)
        seen += [one["holderId"] for one in found["nodes"]]
        after = found["pageInfo"]["endCursor"]

    assert seen == sorted(str(person.specialist_id) for name, person in salon.people.items() if name != "nil")


async def test_a_cursor_stays_where_it_is_when_somebody_leaves(api: Api, salon: Salon) -> None:
    first = (await ask(api, salon, "services:read", salon.network_id, first=2)).data["whoCan"]
    gone = first["nodes"][-1]["holderId"]
    await change(api, salon, "hal", {"suspendHolder": {"holder": gone}})

    after = first["pageInfo"]["endCursor"]
    rest = (await ask(api, salon, "services:read", salon.network_id, after=after)).data["whoCan"]

    assert len(rest["nodes"]) == 5
    assert rest["totalCount"] == 6


async def test_a_capability_that_is_none_is_refused_with_the_nearest(api: Api, salon: Salon) -> None:
    misspelt = await ask(api, salon, "apointments:creat", salon.network_id)
    strange = await ask(api, salon, "x", salon.network_id)
    endless = await ask(api, salon, "x" * 101, salon.network_id)

    (error,) = misspelt.body["errors"]
    assert error["extensions"]["code"] == "UNKNOWN_CAPABILITY"
    assert error["extensions"]["hint"] == "Did you mean `appointments:create`?"
    assert error["extensions"]["path"] == ["capability"]
    assert strange.body["errors"][0]["extensions"]["hint"] == "The query `capabilities` lists them all."
    assert endless.codes == ["INVALID_TEXT"]


async def test_a_foreign_scope_is_not_found_like_one_that_is_none(api: Api, remit: Remit, salon: Salon) -> None:
    other = await make_salon(remit.host, {"hal": ("owner", "network")})

    answers = [
        await ask(api, salon, "services:read", scope) for scope in (other.network_id, other.north, uuid7(), UUID(int=0))
    ]

    assert {str(answer.body) for answer in answers} == {str(answers[0].body)}
    assert answers[0].codes == ["NOT_FOUND"]


@pytest.mark.parametrize(
    ("case", "by", "place", "codes"),
    [
        ("where she may explain", "rae", "north", []),
        ("elsewhere", "rae", "south", ["FORBIDDEN"]),
        ("everywhere", "rae", "network", ["FORBIDDEN"]),
        ("nowhere", "ana", "north", ["FORBIDDEN"]),
    ],
)
async def test_others_access_is_told_where_one_may_explain_it(
    api: Api, salon: Salon, case: str, by: str, place: str, codes: list[str]
) -> None:
    scope = {"network": salon.network_id, "north": salon.north, "south": salon.south}[place]

    assert (await ask(api, salon, "services:read", scope, by=by)).codes == codes, case


async def test_somebody_who_visits_is_among_those_who_may(api: Api, remit: Remit, salon: Salon) -> None:
    visitor = salon["nil"].account_id

    async def let_in(work: Work) -> None:
        await Assignment.create(
            network_id=salon.network_id,
            location_id=salon.north,
            role_code="viewer",
            account_id=visitor,
            valid_from=work.at,
            valid_until=work.at + timedelta(hours=2),
            created_epoch=await work.statements.fetchval("SELECT next_policy_epoch()"),
        )

    await remit.host.perform_as_system(salon.network_id, MADE, let_in)

    here = (await ask(api, salon, "appointments:read", salon.north)).data["whoCan"]["nodes"]
    there = (await ask(api, salon, "appointments:read", salon.south)).data["whoCan"]["nodes"]

    assert [(one["holder"], one["account"]) for one in here if one["holderId"] == str(visitor)] == [
        (None, {"name": "Nil"})
    ]
    assert str(visitor) not in {one["holderId"] for one in there}


async def test_who_could_when_an_earlier_change_was_made(api: Api, salon: Salon) -> None:
    given = await change(api, salon, "hal", assign(salon, "nil", "administrator"))
    await change(api, salon, "hal", {"suspendHolder": {"holder": salon["nil"].specialist_id}})
    await change(api, salon, "hal", {"endAssignment": {"assignment": salon["ana"].assignment_id}})

    then = await able(api, salon, "payments:create", salon.north, epoch=given["epoch"])
    now = await able(api, salon, "payments:create", salon.north)

    assert then == ["Ana", "Bo", "Hal", "Nil", "Rae"]
    assert now == ["Bo", "Hal", "Rae"]


@pytest.mark.parametrize("epoch", [0, 2**31 - 1, -1])
async def test_an_epoch_that_no_change_made_is_not_found(api: Api, salon: Salon, epoch: int) -> None:
    answer = await ask(api, salon, "payments:create", salon.north, epoch=epoch)

    assert answer.codes == ["NOT_FOUND"]
    assert answer.body["errors"][0]["extensions"]["path"] == ["epoch"]


# --- Is a role free?


async def prove(api: Api, salon: Salon, role: str, *, by: str = "hal") -> Any:
    return (await api.ask(PROVE_FREE, salon[by], role=role)).data["proveFree"]


async def test_a_free_role_has_its_proof_and_the_word_about_services(api: Api, salon: Salon) -> None:
    proof = await prove(api, salon, "specialist")

    assert (proof["proved"], proof["paid"], proof["terms"]) == (True, [], "catalogue")
    assert proof["sentence"] == ("The role specialist is free. Whoever holds it may still pay for providing services.")
    assert len(proof["digest"]) == 64


async def test_what_costs_a_seat_and_what_could_bring_more_is_named(api: Api, salon: Salon) -> None:
    proof = await prove(api, salon, "manager")

    assert proof["proved"] is False
    assert {one["capability"]: one["reason"] for one in proof["paid"]} == {
        "appointments:create": "APPOINTMENTS",
        "deposits:create": "PAYMENTS",
        "deposits:use": "PAYMENTS",
        "payments:create": "PAYMENTS",
        "refunds:create": "PAYMENTS",
    }
    assert all(one["source"].startswith("policies/roles/manager.csv:") for one in proof["paid"])
    bounds = {one["capability"]: one["bound"] for one in proof["escalations"]}
    assert bounds["assignments:change"].startswith("R1: nobody grants what they do not hold")


async def test_a_networks_own_role_is_proved_by_its_lines_and_anew_when_they_change(api: Api, salon: Salon) -> None:
    await change(api, salon, "hal", create("desk", [line("services:read")]))
    free = await prove(api, salon, "desk")
    asked = [line("services:read"), line("payments:create"), line("payments:read"), line("appointments:read")]
    await change(api, salon, "hal", {"changeRoleLines": {"role": "desk", "lines": asked}})
    paid = await prove(api, salon, "desk")

    assert (free["proved"], paid["proved"]) == (True, False)
    assert [(one["capability"], one["source"]) for one in paid["paid"]] == [("payments:create", "role desk v2")]
    assert free["digest"] != paid["digest"]


@pytest.mark.parametrize("role", ["nobody", "account_manager", "operator_owner"])
async def test_a_role_that_the_network_cannot_give_is_not_found(api: Api, salon: Salon, role: str) -> None:
    answer = await api.ask(PROVE_FREE, salon["hal"], role=role)

    assert answer.codes == ["NOT_FOUND"]
