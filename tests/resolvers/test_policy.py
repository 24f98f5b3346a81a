"""Changing who may do what, with preview and consent; seats; the journal of it."""

from __future__ import annotations

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
    "fay": ("marketer", "network"),
    "di": ("specialist", "south"),
    "eve": ("accountant", "network"),
}


@pytest.fixture
async def salon(remit: Remit) -> Salon:
    return await make_salon(remit.host, PEOPLE, provides=("di",))


PREVIEW_FIELDS = """
  consent requiresConsent gained lost
  entries { nodes { capability change holder { name } location { name } } }
  consequences {
    __typename plugin title requiresConsent
    ... on SeatConsequence {
      currency
      changes { kindBefore kindAfter verdict { kind lineId line { text } witnesses specialist { name } } }
      linesBefore { kind quantity perPeriod } linesAfter { kind quantity perPeriod }
      estimate { perPeriod source }
    }
  }
"""
PREVIEW = """
query ($input: PolicyChangesInput!) {
  previewPolicyChange(input: $input) {
    __typename ... on PolicyPreview { %s } ... on UserError { code message } ... on GrantExceedsOwn { missing }
  }
}
""".replace("%s", PREVIEW_FIELDS)
CHANGE = """
mutation ($input: PolicyChangesInput!, $consent: String) {
  changePolicy(input: $input, consent: $consent) {
    __typename
    ... on PolicyChanged { epoch unchanged journalEntryId preview { consent gained } }
    ... on ConsentRequired { code preview { %s } }
    ... on ConsequencesChanged { code preview { %s } }
    ... on GrantExceedsOwn { missing }
    ... on UserError { code message hint path }
  }
}
""".replace("%s", PREVIEW_FIELDS)
SEATS = """
{ network { billing { plan policy currency mode perPeriod { amount currency }
    lines { kind seats quantity perPeriod } seats { kind lineId specialist { name } }
    verdicts { outcome kind lineId specialist { name } } } } }
"""


def assign(salon: Salon, holder: str, role: str, location: UUID | None = None) -> dict[str, object]:
    change = {"holder": salon[holder].specialist_id, "role": role, "location": location}
    return {"network": salon.network_id, "changes": [{"assignRole": change}]}


def end(salon: Salon, holder: str) -> dict[str, object]:
    return {
        "network": salon.network_id,
        "changes": [{"endAssignment": {"assignment": salon[holder].assignment_id, "reason": "left"}}],
    }


async def seats(api: Api, salon: Salon) -> dict[str, str]:
    found = (await api.ask(SEATS, salon["hal"])).data["network"]["billing"]["seats"]
    return {seat["specialist"]["name"]: seat["lineId"] for seat in found}


async def rows(remit: Remit, salon: Salon, table: str) -> int:
    statements_by_table = {
        "assignments": "SELECT count(*) FROM assignments",
        "policy_changes": "SELECT count(*) FROM policy_changes",
        "journal": "SELECT count(*) FROM journal_entries",
        "epoch": "SELECT epoch FROM policy_epochs",
    }
    async with remit.host.database.read() as statements:
        await statements.execute("SELECT set_config('remit.network_id', $1, true)", str(salon.network_id))
        found: int = await statements.fetchval(statements_by_table[table])
        return found


async def test_the_seats_of_the_terms_of_2025(api: Api, salon: Salon) -> None:
    billing = (await api.ask(SEATS, salon["hal"])).data["network"]["billing"]

    verdicts = {one["specialist"]["name"]: (one["outcome"], one["kind"], one["lineId"]) for one in billing["verdicts"]}
    assert verdicts == {
        "Hal": ("free", "owner", "seats-2025-03#40"),
        "Bo": ("billable", "administrator", "seats-2025-03#50"),
        "Rae": ("billable", "administrator", "seats-2025-03#50"),
        "Ana": ("billable", "administrator", "seats-2025-03#50"),
        "Fay": ("free", "none", "seats-2025-03#90"),
        "Di": ("billable", "specialist", "seats-2025-03#30"),
        "Eve": ("free", "none", "seats-2025-03#90"),
    }
    assert billing["perPeriod"] == {"amount": 4 * 1500, "currency": "EUR"}
    assert billing["lines"] == [
        {"kind": "specialist", "seats": 1, "quantity": 1, "perPeriod": 1500},
        {"kind": "administrator", "seats": 3, "quantity": 3, "perPeriod": 4500},
    ]


async def test_previewing_the_marketer_as_administrator_shows_the_seat_its_reason_and_its_price(
    api: Api, remit: Remit, salon: Salon
) -> None:
    before = {table: await rows(remit, salon, table) for table in ("assignments", "policy_changes", "journal", "epoch")}

    preview = (await api.ask(PREVIEW, salon["hal"], input=assign(salon, "fay", "administrator"))).data[
        "previewPolicyChange"
    ]

    assert preview["requiresConsent"] is True
    assert preview["consent"].startswith("c1.")
    assert {"capability": "appointments:create", "change": "GAINED", "holder": {"name": "Fay"}, "location": None} in (
        preview["entries"]["nodes"]
    )
    (consequence,) = preview["consequences"]
    assert consequence == {
        "__typename": "SeatConsequence",
        "plugin": "billing",
        "title": "1 seat more",
        "requiresConsent": True,
        "currency": "EUR",
        "changes": [
            {
                "kindBefore": None,
                "kindAfter": "administrator",
                "verdict": {
                    "kind": "administrator",
                    "lineId": "seats-2025-03#50",
                    "line": {"text": "Can create appointments"},
                    "witnesses": ["appointments:create"],
                    "specialist": {"name": "Fay"},
                },
            }
        ],
        "linesBefore": [
            {"kind": "specialist", "quantity": 1, "perPeriod": 1500},
            {"kind": "administrator", "quantity": 3, "perPeriod": 4500},
        ],
        "linesAfter": [
            {"kind": "specialist", "quantity": 1, "perPeriod": 1500},
            {"kind": "administrator", "quantity": 4, "perPeriod": 6000},
        ],
        "estimate": {"perPeriod": 1500, "source": "ESTIMATE"},
    }
    after = {table: await rows(remit, salon, table) for table in before}
    assert after == before


async def test_a_change_that_costs_asks_for_consent_and_takes_the_previews(
    api: Api, remit: Remit, salon: Salon
) -> None:
    change = assign(salon, "fay", "administrator")

    asked = (await api.ask(CHANGE, salon["hal"], input=change)).data["changePolicy"]
    done = (await api.ask(CHANGE, salon["hal"], input=change, consent=asked["preview"]["consent"])).data["changePolicy"]
    again = (await api.ask(CHANGE, salon["hal"], input=change, consent=None)).data["changePolicy"]

    assert asked["code"] == "CONSENT_REQUIRED"
    assert done["__typename"] == "PolicyChanged"
    assert done["unchanged"] is False
    assert again["unchanged"] is True
    assert (await seats(api, salon))["Fay"] == "seats-2025-03#50"
    assert await rows(remit, salon, "policy_changes") == 1


async def test_a_stale_consent_is_refused_with_the_new_preview(api: Api, remit: Remit, salon: Salon) -> None:
    change = assign(salon, "fay", "administrator")
    preview = (await api.ask(PREVIEW, salon["hal"], input=change)).data["previewPolicyChange"]
    await api.ask(CHANGE, salon["hal"], input=assign(salon, "fay", "accountant"))
    before = await rows(remit, salon, "assignments")

    stale = (await api.ask(CHANGE, salon["hal"], input=change, consent=preview["consent"])).data["changePolicy"]

    assert stale["code"] == "CONSEQUENCES_CHANGED"
    assert stale["preview"]["consent"] != preview["consent"]
    assert stale["preview"]["consequences"][0]["title"] == "1 seat more"
    assert await rows(remit, salon, "assignments") == before


async def test_an_unrelated_change_of_a_colleague_does_not_void_a_consent(api: Api, salon: Salon) -> None:
    change = assign(salon, "fay", "administrator")
    preview = (await api.ask(PREVIEW, salon["hal"], input=change)).data["previewPolicyChange"]
    await api.ask(CHANGE, salon["hal"], input=assign(salon, "eve", "viewer"))

    done = (await api.ask(CHANGE, salon["hal"], input=change, consent=preview["consent"])).data["changePolicy"]

    assert done["__typename"] == "PolicyChanged"


async def test_nobody_grants_what_they_do_not_hold(api: Api, salon: Salon) -> None:
    beyond = (await api.ask(PREVIEW, salon["bo"], input=assign(salon, "fay", "owner"))).data["previewPolicyChange"]
    payroll = (await api.ask(CHANGE, salon["bo"], input=assign(salon, "fay", "accountant", salon.north))).data[
        "changePolicy"
    ]
    elsewhere = (await api.ask(CHANGE, salon["rae"], input=assign(salon, "di", "specialist", salon.south))).data[
        "changePolicy"
    ]

    assert beyond["code"] == "GRANT_EXCEEDS_OWN"
    assert payroll["missing"] == ["payroll:calculate"]
    assert elsewhere["code"] == "FORBIDDEN"


async def test_the_last_owner_stays_and_only_an_owner_changes_an_owner(api: Api, salon: Salon) -> None:
    by_manager = (await api.ask(CHANGE, salon["bo"], input=end(salon, "hal"))).data["changePolicy"]
    by_himself = (await api.ask(CHANGE, salon["hal"], input=end(salon, "hal"))).data["changePolicy"]

    assert by_manager["code"] == "OWNERS_ONLY"
    assert by_himself["code"] == "LAST_OWNER"


async def test_an_owner_who_could_give_no_roles_any_more_is_no_owner_to_stay(api: Api, salon: Salon) -> None:
    lines = [{"capability": "assignments:change", "effect": "DENY"}]
    shut = {"createRole": {"code": "shut", "title": "Shut", "lines": lines}}
    given = {"assignRole": {"holder": salon["hal"].specialist_id, "role": "shut"}}

    answer = await api.ask(CHANGE, salon["hal"], input={"network": salon.network_id, "changes": [shut, given]})

    assert answer.data["changePolicy"]["code"] == "LAST_OWNER"


async def test_an_ended_role_stops_working_with_the_next_request(api: Api, salon: Salon) -> None:
    allowed = await api.ask("{ appointments { totalCount } }", salon["ana"])
    ended = (await api.ask(CHANGE, salon["hal"], input=end(salon, "ana"))).data["changePolicy"]
    refused = await api.ask("{ appointments { totalCount } }", salon["ana"])

    assert allowed.data == {"appointments": {"totalCount": 0}}
    assert ended["__typename"] == "PolicyChanged"
    assert refused.codes == ["FORBIDDEN"]


async def test_a_foreign_holder_location_or_role_is_not_found(api: Api, remit: Remit, salon: Salon) -> None:
    other = await make_salon(remit.host, {"zoe": ("owner", "network"), "yan": ("marketer", "network")})
    unknown = UUID("01890000-0000-7000-8000-000000000000")
    changes = [
        {"holder": other["yan"].specialist_id, "role": "viewer"},
        {"holder": unknown, "role": "viewer"},
        {"holder": salon["fay"].specialist_id, "role": "viewer", "location": other.north},
        {"holder": salon["fay"].specialist_id, "role": "no_such_role"},
    ]

    answers = [
        (
            await api.ask(CHANGE, salon["hal"], input={"network": salon.network_id, "changes": [{"assignRole": one}]})
        ).data
        for one in changes
    ]

    assert [answer["changePolicy"]["code"] for answer in answers] == ["NOT_FOUND"] * 4


JOURNAL = """
{ journal(first: 10) { totalCount nodes {
    seq code outcome area sentence error capability actor { type name roles } device { name address }
    changes { table operation fields { name old new masked } } hash prevHash } } }
"""


async def test_the_journal_tells_who_changed_what_from_which_device(api: Api, salon: Salon) -> None:
    await api.ask(CHANGE, salon["hal"], input=assign(salon, "fay", "viewer", salon.north))

    entry = (await api.ask(JOURNAL, salon["hal"])).data["journal"]["nodes"][0]

    assert entry["code"] == "policy.changed"
    assert entry["outcome"] == "ok"
    assert entry["sentence"] == "Hal changed who may do what."
    assert entry["capability"] == "assignments:change"
    assert entry["actor"] == {"type": "specialist", "name": "Hal", "roles": ["owner"]}
    assert entry["device"]["name"] is not None
    assert {change["table"] for change in entry["changes"]} == {"assignments", "policy_changes"}


async def epoch(api: Api, salon: Salon) -> int:
    """The version of the network's policy."""
    found: int = (await api.ask("{ myAccess { epoch } }", salon["hal"])).data["myAccess"]["epoch"]
    return found


async def test_what_has_been_done_is_not_done_again(api: Api, remit: Remit, salon: Salon) -> None:
    end = {"network": salon.network_id, "changes": [{"endAssignment": {"assignment": salon["eve"].assignment_id}}]}
    done = (await api.ask(CHANGE, salon["hal"], input=end)).data["changePolicy"]
    before = await epoch(api, salon)

    again = (await api.ask(CHANGE, salon["hal"], input=end)).data["changePolicy"]

    assert (done["unchanged"], again["unchanged"]) == (False, True)
    assert again["epoch"] == done["epoch"] == before == await epoch(api, salon)
    assert await rows(remit, salon, "policy_changes") == 1


@pytest.mark.parametrize(
    ("case", "given", "code", "path"),
    [
        ("an end that has passed", {"validUntil": "2020-01-01T00:00:00Z"}, "INVALID_INPUT", "validUntil"),
        ("an end without offset", {"validUntil": "2031-01-01T00:00:00"}, "INVALID_TIME", "validUntil"),
        ("a very long reason", {"reason": "x" * 1001}, "INVALID_TEXT", "reason"),
        ("an unknown role", {"role": "king"}, "NOT_FOUND", "role"),
        ("an unknown location", {"location": "no"}, "NOT_FOUND", "location"),
        ("an unknown holder", {"holder": "no"}, "NOT_FOUND", "holder"),
        ("a period beside the one held", {"validUntil": "2031-01-01T00:00:00Z"}, "INVALID_INPUT", ""),
        ("an owner who leaves", {"role": "owner", "validUntil": "2031-01-01T00:00:00Z"}, "INVALID_INPUT", ""),
        ("an owner to come", {"role": "owner", "validFrom": "2031-01-01T00:00:00Z"}, "INVALID_INPUT", ""),
    ],
)
async def test_an_assignment_that_cannot_be_is_refused(
    api: Api, remit: Remit, salon: Salon, case: str, given: dict[str, str], code: str, path: str
) -> None:
    held = {"holder": str(salon["eve"].specialist_id), "role": "accountant"}
    change = {"network": salon.network_id, "changes": [{"assignRole": {**held, **given}}]}
    before = await rows(remit, salon, "assignments")

    refused = (await api.ask(CHANGE, salon["hal"], input=change)).data["changePolicy"]

    assert (refused["code"], refused["path"]) == (
        code,
        ["input", "changes", "0", "assignRole", *([path] if path else [])],
    ), case
    assert refused["hint"]
    assert await rows(remit, salon, "assignments") == before
