"""Assignments under limits: given with them, put under others, read as they are written."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from app import Remit
from tests.api import Api
from tests.factories import Salon, make_salon

PEOPLE = {
    "hal": ("owner", "network"),
    "bo": ("manager", "network"),
    "rae": ("manager", "north"),
    "ana": ("administrator", "north"),
    "eve": ("accountant", "network"),
    "fay": ("marketer", "network"),
}
CHANGE = """
mutation ($input: PolicyChangesInput!, $consent: String) {
  changePolicy(input: $input, consent: $consent) {
    __typename
    ... on PolicyChanged { epoch unchanged preview { gained lost } }
    ... on ConsentRequired { preview { consent } }
    ... on GrantExceedsOwn { missing }
    ... on UserError { code path hint }
  }
}
"""
PREVIEW = """
query ($input: PolicyChangesInput!) {
  previewPolicyChange(input: $input) {
    ... on PolicyPreview { consent requiresConsent gained lost entries { nodes { capability change } } }
  }
}
"""
ROWS = """
SELECT id, limits, valid_from, valid_until, created_epoch, ended_epoch, reason FROM assignments
WHERE network_id = $1 AND specialist_id = $2 ORDER BY created_epoch, ended_epoch NULLS LAST
"""


@pytest.fixture
async def salon(remit: Remit) -> Salon:
    return await make_salon(remit.host, PEOPLE)


def assign(salon: Salon, holder: str, role: str, limits: str, location: UUID | None = None) -> dict[str, object]:
    change = {"holder": salon[holder].specialist_id, "role": role, "location": location, "limits": limits}
    return {"network": salon.network_id, "changes": [{"assignRole": change}]}


def limit(salon: Salon, assignment: object, limits: str, reason: str = "") -> dict[str, object]:
    change = {"assignment": assignment, "limits": limits, "reason": reason}
    return {"network": salon.network_id, "changes": [{"setLimits": change}]}


async def change(api: Api, salon: Salon, by: str, asked: dict[str, object]) -> Any:
    """The answer to a change, agreed to where that is asked for."""
    found = (await api.ask(CHANGE, salon[by], input=asked)).data["changePolicy"]
    if found.get("code") != "CONSENT_REQUIRED":
        return found
    consent = found["preview"]["consent"]
    return (await api.ask(CHANGE, salon[by], input=asked, consent=consent)).data["changePolicy"]


async def rows(remit: Remit, salon: Salon, holder: str) -> list[dict[str, object]]:
    async with remit.host.database.read() as statements:
        await statements.execute("SELECT set_config('remit.network_id', $1, true)", str(salon.network_id))
        return [dict(row) for row in await statements.fetch(ROWS, salon.network_id, salon[holder].specialist_id)]


async def test_an_assignment_is_written_with_its_limits_in_one_spelling(api: Api, remit: Remit, salon: Salon) -> None:
    first = await change(api, salon, "hal", assign(salon, "fay", "administrator", " back=7   own ", salon.north))
    again = await change(api, salon, "hal", assign(salon, "fay", "administrator", "own back=7", salon.north))

    (_, made) = await rows(remit, salon, "fay")
    assert (first["unchanged"], again["unchanged"]) == (False, True)
    assert made["limits"] == '{"own": true, "back": 7}'


async def test_the_limits_of_an_assignment_are_shown_as_they_are_typed(api: Api, salon: Salon) -> None:
    await change(api, salon, "hal", limit(salon, salon["ana"].assignment_id, "hours=12345/08:00-20:00"))
    document = "query ($id: ID!) { specialist(id: $id) { assignments { limits } } }"

    limited = await api.ask(document, salon["hal"], id=salon["ana"].specialist_id)
    free = await api.ask(document, salon["hal"], id=salon["bo"].specialist_id)

    assert limited.data["specialist"]["assignments"] == [{"limits": "hours=12345/08:00-20:00"}]
    assert free.data["specialist"]["assignments"] == [{"limits": "none"}]


async def test_a_role_held_under_other_limits_is_not_given_beside_itself(api: Api, remit: Remit, salon: Salon) -> None:
    refused = await change(api, salon, "hal", assign(salon, "ana", "administrator", "own", salon.north))

    assert (refused["code"], refused["path"]) == ("INVALID_INPUT", ["input", "changes", "0", "assignRole", "limits"])
    assert len(await rows(remit, salon, "ana")) == 1


async def test_setting_limits_ends_the_row_and_writes_a_new_one_for_the_rest_of_its_period(
    api: Api, remit: Remit, salon: Salon
) -> None:
    (before,) = await rows(remit, salon, "ana")

    done = await change(api, salon, "hal", limit(salon, salon["ana"].assignment_id, "hours=12345/08:00-20:00", "days"))

    ended, made = await rows(remit, salon, "ana")
    assert ended == {**before, "ended_epoch": done["epoch"]}
    assert made == {
        "id": made["id"],
        "limits": '{"hours": {"days": [1, 2, 3, 4, 5], "from": "08:00", "until": "20:00"}}',
        "valid_from": before["valid_from"],
        "valid_until": None,
        "created_epoch": done["epoch"],
        "ended_epoch": None,
        "reason": "days",
    }
    assert made["id"] != ended["id"]


async def test_a_limit_holds_with_the_next_request(api: Api, salon: Salon) -> None:
    asked = "{ appointments { totalCount } }"
    before = await api.ask(asked, salon["ana"])

    await change(api, salon, "hal", limit(salon, salon["ana"].assignment_id, "ip=203.0.113.0/24"))

    assert before.data == {"appointments": {"totalCount": 0}}
    assert (await api.ask(asked, salon["ana"])).codes == ["FORBIDDEN"]


async def test_setting_the_same_limits_again_changes_nothing(api: Api, remit: Remit, salon: Salon) -> None:
    asked = limit(salon, salon["ana"].assignment_id, "own")
    done = await change(api, salon, "hal", asked)

    again = await change(api, salon, "hal", asked)
    none = await change(api, salon, "hal", limit(salon, salon["eve"].assignment_id, "none"))

    assert (done["unchanged"], again["unchanged"], none["unchanged"]) == (False, True, True)
    assert done["epoch"] == again["epoch"] == none["epoch"]
    assert len(await rows(remit, salon, "ana")) == 2


async def test_an_ended_assignment_is_not_limited(api: Api, salon: Salon) -> None:
    await change(api, salon, "hal", limit(salon, salon["ana"].assignment_id, "own"))

    refused = await change(api, salon, "hal", limit(salon, salon["ana"].assignment_id, "back=7"))

    assert (refused["code"], refused["path"]) == ("INVALID_INPUT", ["input", "changes", "0", "setLimits", "assignment"])


async def test_narrowing_takes_and_widening_gives(api: Api, remit: Remit, salon: Salon) -> None:
    narrowed = await change(api, salon, "hal", limit(salon, salon["ana"].assignment_id, "own"))
    (_, held) = await rows(remit, salon, "ana")

    widened = await change(api, salon, "hal", limit(salon, held["id"], "none"))

    assert narrowed["preview"]["gained"] == 0
    assert narrowed["preview"]["lost"] > 0
    assert widened["preview"]["gained"] == narrowed["preview"]["lost"]


async def test_nobody_lifts_a_limit_beyond_their_own(api: Api, remit: Remit, salon: Salon) -> None:
    await change(api, salon, "hal", limit(salon, salon["rae"].assignment_id, "back=read:30/change:0"))
    (_, held) = await rows(remit, salon, "rae")

    beyond = await change(api, salon, "rae", assign(salon, "fay", "administrator", "none", salon.north))
    within = await change(api, salon, "rae", assign(salon, "fay", "viewer", "back=read:7/change:0", salon.north))
    of_herself = await change(api, salon, "rae", limit(salon, held["id"], "none"))

    assert beyond["code"] == of_herself["code"] == "GRANT_EXCEEDS_OWN"
    assert within["__typename"] == "PolicyChanged"


async def test_a_consent_binds_the_limits(api: Api, salon: Salon) -> None:
    consents = [
        (await api.ask(PREVIEW, salon["hal"], input=assign(salon, "fay", "administrator", limits))).data[
            "previewPolicyChange"
        ]["consent"]
        for limits in ("none", "back=7", "back=read:7/change:7", "back=14")
    ]

    assert consents[1] == consents[2]
    assert len(set(consents)) == 3


@pytest.mark.parametrize(
    ("case", "limits", "code"),
    [
        ("an unknown word", "sideways", "INVALID_INPUT"),
        ("an unknown word with a value", "sideways=7", "INVALID_INPUT"),
        ("nothing", "", "INVALID_INPUT"),
        ("none beside others", "none own", "INVALID_INPUT"),
        ("twice the same", "own own", "INVALID_INPUT"),
        ("days below zero", "back=-1", "INVALID_INPUT"),
        ("days beyond ten years", "ahead=3661", "INVALID_INPUT"),
        ("more than the whole", "pct=10001", "INVALID_INPUT"),
        ("an amount that no reader keeps exact", "max=9007199254740992/EUR", "INVALID_INPUT"),
        ("a currency that is none", "max=100/euro", "INVALID_INPUT"),
        ("a network with bits behind its prefix", "ip=203.0.113.1/24", "INVALID_INPUT"),
        ("hours that end as they begin", "hours=1/08:00-08:00", "INVALID_INPUT"),
        ("an account that is no id", "acct=till", "INVALID_INPUT"),
        ("a very long text", "own " * 501, "INVALID_TEXT"),
    ],
)
async def test_limits_that_cannot_be_are_refused(
    api: Api, remit: Remit, salon: Salon, case: str, limits: str, code: str
) -> None:
    given = await change(api, salon, "hal", assign(salon, "fay", "viewer", limits))
    put = await change(api, salon, "hal", limit(salon, salon["eve"].assignment_id, limits))

    assert (given["code"], given["path"]) == (code, ["input", "changes", "0", "assignRole", "limits"]), case
    assert (put["code"], put["path"]) == (code, ["input", "changes", "0", "setLimits", "limits"]), case
    assert given["hint"]
    assert len(await rows(remit, salon, "fay")) == len(await rows(remit, salon, "eve")) == 1


async def test_an_owner_has_no_limits(api: Api, remit: Remit, salon: Salon) -> None:
    made = await change(api, salon, "hal", assign(salon, "bo", "owner", "own"))
    put = await change(api, salon, "hal", limit(salon, salon["hal"].assignment_id, "own"))

    assert made["code"] == put["code"] == "INVALID_INPUT"
    assert put["path"] == ["input", "changes", "0", "setLimits", "limits"]
    assert len(await rows(remit, salon, "hal")) == 1


async def test_an_assignment_out_of_reach_is_not_found_and_one_in_view_is_forbidden(
    api: Api, remit: Remit, salon: Salon
) -> None:
    other = await make_salon(remit.host, {"zoe": ("owner", "network")})

    foreign = await change(api, salon, "hal", limit(salon, other["zoe"].assignment_id, "own"))
    no_id = await change(api, salon, "hal", limit(salon, "no", "own"))
    elsewhere = await change(api, salon, "rae", limit(salon, salon["eve"].assignment_id, "own"))
    without_right = await change(api, salon, "eve", limit(salon, salon["ana"].assignment_id, "own"))

    assert [answer["code"] for answer in (foreign, no_id, elsewhere, without_right)] == [
        "NOT_FOUND",
        "NOT_FOUND",
        "NOT_FOUND",
        "FORBIDDEN",
    ]


async def test_the_journal_names_the_assignment_that_is_held_now(api: Api, remit: Remit, salon: Salon) -> None:
    await change(api, salon, "hal", limit(salon, salon["ana"].assignment_id, "own"))
    (_, held) = await rows(remit, salon, "ana")

    answer = await api.ask("{ journal(first: 1) { nodes { code targets { type id } } } }", salon["hal"])

    (entry,) = answer.data["journal"]["nodes"]
    assert entry["code"] == "policy.changed"
    assert entry["targets"] == [
        {"type": "assignment", "id": str(held["id"])},
        {"type": "specialist", "id": str(salon["ana"].specialist_id)},
    ]
