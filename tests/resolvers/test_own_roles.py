"""A network's own roles: made, given other lines, taken out of use, and never more than their maker holds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from uuid_utils.compat import uuid7

from app import Remit
from domain.team.models import Assignment
from tests.api import Api
from tests.factories import MADE, Salon, make_salon
from work import Work

PEOPLE = {
    "hal": ("owner", "network"),
    "bo": ("manager", "network"),
    "rae": ("manager", "north"),
    "eve": ("accountant", "network"),
    "fay": ("marketer", "network"),
    "gus": ("", "network"),
}
CHANGE = """
mutation ($input: PolicyChangesInput!, $consent: String) {
  changePolicy(input: $input, consent: $consent) {
    __typename
    ... on PolicyChanged { epoch unchanged preview { gained lost } }
    ... on ConsentRequired { preview { consent } }
    ... on GrantExceedsOwn { missing }
    ... on RoleInUse { holders }
    ... on InvalidPolicy { problems { code line message suggestion } }
    ... on UserError { code path hint }
  }
}
"""
PREVIEW = """
query ($input: PolicyChangesInput!) {
  previewPolicyChange(input: $input) {
    __typename
    ... on PolicyPreview {
      consent gained lost entries { nodes { capability change holder { name } location { name } } }
    }
    ... on InvalidPolicy { problems { code } }
    ... on UserError { code }
  }
}
"""
ROLES = "{ roles { code title description isBuiltIn lines } }"
SCOPE = "SELECT set_config('remit.network_id', $1, true)"
LINES = """
SELECT l.capability, l.effect, l.limits, l.created_epoch, l.ended_epoch
FROM role_lines l WHERE l.network_id = $1 ORDER BY l.created_epoch, l.capability
"""
HELD = """
SELECT COALESCE(a.role_code, r.code) AS role, a.location_id, a.limits, a.valid_until
FROM assignments a LEFT JOIN roles r ON r.network_id = a.network_id AND r.id = a.role_id
WHERE a.network_id = $1 AND a.specialist_id = $2 AND a.ended_epoch IS NULL ORDER BY 1, 2
"""
STATES = "SELECT code, state, version FROM roles WHERE network_id = $1 ORDER BY code, state"


@pytest.fixture
async def salon(remit: Remit) -> Salon:
    return await make_salon(remit.host, PEOPLE)


def line(capability: str, effect: str = "ALLOW", limits: str = "none") -> dict[str, str]:
    return {"capability": capability, "effect": effect, "limits": limits}


NIGHT = [line("specialists:read"), line("clients:read", limits="hours=1234567/20:00-08:00")]


def create(code: str = "night_desk", lines: object = NIGHT, **further: object) -> dict[str, object]:
    return {"createRole": {"code": code, "title": "Night desk", "lines": lines, **further}}


def change_lines(lines: object, role: str = "night_desk") -> dict[str, object]:
    return {"changeRoleLines": {"role": role, "lines": lines}}


def retire(replacement: str | None = None, role: str = "night_desk") -> dict[str, object]:
    return {"retireRole": {"role": role, "replacement": replacement}}


def assign(salon: Salon, holder: str, role: str = "night_desk", **further: object) -> dict[str, object]:
    return {"assignRole": {"holder": salon[holder].specialist_id, "role": role, **further}}


async def change(api: Api, salon: Salon, by: str, *changes: dict[str, object]) -> Any:
    """The answer to changes, agreed to where that is asked for."""
    asked = {"network": salon.network_id, "changes": changes}
    answer = (await api.ask(CHANGE, salon[by], input=asked)).data["changePolicy"]
    if answer.get("code") != "CONSENT_REQUIRED":
        return answer
    consent = answer["preview"]["consent"]
    return (await api.ask(CHANGE, salon[by], input=asked, consent=consent)).data["changePolicy"]


async def preview(api: Api, salon: Salon, by: str, *changes: dict[str, object]) -> Any:
    asked = {"network": salon.network_id, "changes": changes}
    return (await api.ask(PREVIEW, salon[by], input=asked)).data["previewPolicyChange"]


async def rows(remit: Remit, salon: Salon, sql: str, *args: object) -> list[tuple[object, ...]]:
    async with remit.host.database.read() as statements:
        await statements.execute(SCOPE, str(salon.network_id))
        return [tuple(row) for row in await statements.fetch(sql, salon.network_id, *args)]


async def own_roles(api: Api, salon: Salon) -> dict[str, Any]:
    found = (await api.ask(ROLES, salon["hal"])).data["roles"]
    return {role["code"]: role for role in found if not role["isBuiltIn"]}


async def test_a_role_is_made_shown_given_and_holds(api: Api, salon: Salon) -> None:
    made = await change(
        api, salon, "hal", create(lines=[line("specialists:read")], description="At night."), assign(salon, "gus")
    )

    access = (await api.ask("{ myAccess { codes } }", salon["gus"])).data["myAccess"]

    assert made["__typename"] == "PolicyChanged"
    assert made["preview"] == {"gained": 1, "lost": 0}
    assert access["codes"] == ["specialists:read"]
    assert await own_roles(api, salon) == {
        "night_desk": {
            "code": "night_desk",
            "title": "Night desk",
            "description": "At night.",
            "isBuiltIn": False,
            "lines": ["night_desk: allow specialists:read"],
        }
    }


async def test_a_preview_of_a_new_role_leaves_nothing_behind(api: Api, remit: Remit, salon: Salon) -> None:
    found = await preview(api, salon, "hal", create(), assign(salon, "gus"))

    assert {(entry["capability"], entry["change"], entry["holder"]["name"]) for entry in found["entries"]["nodes"]} == {
        ("clients:read", "GAINED", "Gus"),
        ("specialists:read", "GAINED", "Gus"),
    }
    assert await rows(remit, salon, STATES) == []
    assert await rows(remit, salon, LINES) == []


async def test_the_same_role_is_not_made_twice_and_another_of_its_code_is_refused(
    api: Api, remit: Remit, salon: Salon
) -> None:
    made = await change(api, salon, "hal", create())

    again = await change(api, salon, "hal", create(lines=NIGHT[::-1]))
    other = await change(api, salon, "hal", create(lines=NIGHT[:1]))

    assert (made["unchanged"], again["unchanged"]) == (False, True)
    assert made["epoch"] == again["epoch"]
    assert [problem["code"] for problem in other["problems"]] == ["CODE_TAKEN"]
    assert await rows(remit, salon, STATES) == [("night_desk", "ACTIVE", 1)]


async def test_every_problem_of_a_role_names_its_line(api: Api, remit: Remit, salon: Salon) -> None:
    lines = [line("apointments:read"), line("clients:search"), line("sales:*"), line("clients:create", "DENY", "own")]

    refused = await change(api, salon, "hal", create("Night", lines, basedOn="call_centre"))

    assert (refused["code"], refused["path"]) == ("INVALID_POLICY", ["input", "changes", "0", "createRole"])
    assert [(one["code"], one["line"], one["suggestion"]) for one in refused["problems"]] == [
        ("CODE_INVALID", "role Night v1", None),
        ("UNKNOWN_ROLE", "role Night v1", "call_center"),
        ("UNKNOWN_CAPABILITY", "role Night v1, line 1", "appointments:read"),
        ("WILDCARD", "role Night v1, line 3", None),
        ("LIMIT_NOT_HONOURED", "role Night v1, line 4", None),
        ("REQUIREMENT_MISSING", "role Night v1, line 2", "clients:read"),
    ]
    assert await rows(remit, salon, STATES) == []


@pytest.mark.parametrize(
    ("case", "given", "problem"),
    [
        ("a built-in role's code", {"code": "manager"}, "CODE_TAKEN"),
        ("the same capability twice", {"lines": [line("roles:read"), line("roles:read")]}, "DUPLICATE_LINE"),
        (
            "allowed and denied at once",
            {"lines": [line("specialists:read"), line("specialists:read", "DENY")]},
            "ROLE_EXCLUDES",
        ),
        ("a basis whose denies are lost", {"basedOn": "call_center"}, "ROLE_EXCLUDES"),
        ("a limit that nobody registered", {"lines": [line("roles:read", limits="moonlight")]}, "UNKNOWN_LIMIT"),
        ("no title", {"title": " "}, "TITLE_INVALID"),
        ("more lines than anybody oversees", {"lines": [line("roles:read")] * 301}, "TOO_MANY"),
        ("the operator's capability", {"lines": [line("customers:read")]}, "WRONG_DOMAIN"),
    ],
)
async def test_a_role_that_does_not_hold_together_is_refused(
    api: Api, remit: Remit, salon: Salon, case: str, given: dict[str, Any], problem: str
) -> None:
    made = await change(api, salon, "hal", create(**given))
    shown = await preview(api, salon, "hal", create(**given))

    assert made["code"] == shown["code"] == "INVALID_POLICY", case
    assert {one["code"] for one in made["problems"]} == {problem}, case
    assert made["hint"]
    assert await rows(remit, salon, STATES) == []


@pytest.mark.parametrize(
    ("case", "given", "code", "path"),
    [
        ("a very long code", {"code": "x" * 101}, "INVALID_TEXT", ["code"]),
        ("a very long basis", {"basedOn": "x" * 101}, "INVALID_TEXT", ["basedOn"]),
        ("a very long title", {"title": "x" * 201}, "INVALID_TEXT", ["title"]),
        ("a very long description", {"description": "x" * 1001}, "INVALID_TEXT", ["description"]),
        ("a very long capability", {"lines": [line("x" * 101)]}, "INVALID_TEXT", ["lines", "0", "capability"]),
        (
            "a limit that is none",
            {"lines": [line("roles:read", limits="=")]},
            "INVALID_INPUT",
            ["lines", "0", "limits"],
        ),
    ],
)
async def test_words_that_cannot_be_kept_are_refused(
    api: Api, salon: Salon, case: str, given: dict[str, Any], code: str, path: list[str]
) -> None:
    refused = await change(api, salon, "hal", create(**given))

    assert (refused["code"], refused["path"]) == (code, ["input", "changes", "0", "createRole", *path]), case
    assert refused["hint"]


async def test_changing_lines_ends_some_adds_some_and_keeps_the_others(api: Api, remit: Remit, salon: Salon) -> None:
    made = await change(api, salon, "hal", create(lines=[*NIGHT, line("roles:read")]), assign(salon, "gus"))

    changed = await change(
        api,
        salon,
        "hal",
        change_lines([line("specialists:read"), line("clients:read"), line("refunds:*", "DENY")]),
    )

    hours = '{"hours": {"days": [1, 2, 3, 4, 5, 6, 7], "from": "20:00", "until": "08:00"}}'
    assert await rows(remit, salon, LINES) == [
        ("clients:read", "allow", hours, made["epoch"], changed["epoch"]),
        ("roles:read", "allow", "{}", made["epoch"], changed["epoch"]),
        ("specialists:read", "allow", "{}", made["epoch"], None),
        ("clients:read", "allow", "{}", changed["epoch"], None),
        ("refunds:*", "deny", "{}", changed["epoch"], None),
    ]
    assert changed["preview"] == {"gained": 1, "lost": 1}
    assert await rows(remit, salon, STATES) == [("night_desk", "ACTIVE", 2)]


async def test_the_same_lines_in_another_order_change_nothing(api: Api, remit: Remit, salon: Salon) -> None:
    made = await change(api, salon, "hal", create())

    again = await change(api, salon, "hal", change_lines(NIGHT[::-1]))

    assert again == {**made, "unchanged": True}
    assert await rows(remit, salon, STATES) == [("night_desk", "ACTIVE", 1)]


async def test_wrong_lines_name_the_version_that_they_would_be(api: Api, remit: Remit, salon: Salon) -> None:
    await change(api, salon, "hal", create())

    refused = await change(api, salon, "hal", change_lines([*NIGHT, line("refunds:create")]))

    assert (refused["code"], refused["path"]) == ("INVALID_POLICY", ["input", "changes", "0", "changeRoleLines"])
    assert {one["code"] for one in refused["problems"]} == {"REQUIREMENT_MISSING"}
    assert {one["line"] for one in refused["problems"]} == {"role night_desk v2, line 3"}
    assert await rows(remit, salon, STATES) == [("night_desk", "ACTIVE", 1)]


async def test_a_line_of_a_plugin_that_is_gone_is_kept_once_and_no_other_is_added(
    api: Api, remit: Remit, salon: Salon
) -> None:
    await change(api, salon, "hal", create())
    await _add_dormant_line(remit, salon)

    kept = await change(
        api, salon, "hal", change_lines([line("roles:read"), line("gone:read"), line("gone:read", limits="own")])
    )
    added = await change(api, salon, "hal", change_lines([line("roles:read"), line("vanished:read")]))

    assert kept["__typename"] == "PolicyChanged"
    assert [row[0] for row in await rows(remit, salon, LINES) if row[4] is None] == ["gone:read", "roles:read"]
    assert [one["code"] for one in added["problems"]] == ["UNKNOWN_CAPABILITY"]


async def _add_dormant_line(remit: Remit, salon: Salon) -> None:
    async def add(work: Work) -> None:
        await work.statements.execute(
            """
            INSERT INTO role_lines (network_id, id, role_id, capability, effect, created_epoch)
            SELECT network_id, $2, id, 'gone:read', 'allow', next_policy_epoch() FROM roles WHERE network_id = $1
            """,
            salon.network_id,
            uuid7(),
        )

    await remit.host.perform_as_system(salon.network_id, MADE, add)


@pytest.mark.parametrize(
    ("case", "by", "code"),
    [
        ("a manager of the network", "bo", "FORBIDDEN"),
        ("a location's manager", "rae", "FORBIDDEN"),
        ("an accountant", "eve", "FORBIDDEN"),
        ("somebody without a role", "gus", "FORBIDDEN"),
    ],
)
async def test_only_who_may_change_roles_does(
    api: Api, remit: Remit, salon: Salon, case: str, by: str, code: str
) -> None:
    await change(api, salon, "hal", create())

    made = await change(api, salon, by, create("day_desk"))
    changed = await change(api, salon, by, change_lines(NIGHT[:1]))
    retired = await change(api, salon, by, retire())

    assert [answer["code"] for answer in (made, changed, retired)] == [code] * 3, case
    assert await rows(remit, salon, STATES) == [("night_desk", "ACTIVE", 1)]


async def test_who_may_change_roles_alone_changes_roles_and_gives_none(api: Api, remit: Remit, salon: Salon) -> None:
    maker = [line("specialists:read"), line("roles:read"), line("roles:change")]
    await change(api, salon, "hal", create("role_maker", maker), assign(salon, "gus", "role_maker"))
    held = [line("specialists:read")]

    shown = await preview(api, salon, "gus", create(lines=held))
    made = await change(api, salon, "gus", create(lines=held))
    given = await change(api, salon, "gus", assign(salon, "eve"))
    nobody = await api.ask(PREVIEW, None, input={"network": salon.network_id, "changes": [create("day_desk", held)]})

    assert (shown["__typename"], made["__typename"]) == ("PolicyPreview", "PolicyChanged")
    assert given["code"] == "FORBIDDEN"
    assert nobody.codes == ["UNAUTHENTICATED"]
    assert await rows(remit, salon, STATES) == [("night_desk", "ACTIVE", 1), ("role_maker", "ACTIVE", 1)]


async def test_nobody_writes_into_a_role_what_they_do_not_hold(api: Api, remit: Remit, salon: Salon) -> None:
    """Bo holds a role that may change roles, and still no payroll: neither in a new role, nor in one that is held."""
    maker = [line("specialists:read"), line("roles:read"), line("roles:change")]
    await change(api, salon, "hal", create("role_maker", maker), assign(salon, "bo", "role_maker"))
    asked = ("specialists:read", "appointments:read", "payments:read", "payroll:read", "payroll:calculate")
    payroll = [line(capability) for capability in asked]

    within = await change(api, salon, "bo", create(lines=[line("specialists:read")]))
    beyond = await change(api, salon, "bo", create("payer", payroll))
    for_himself = await change(api, salon, "bo", change_lines([*maker, *payroll[1:]], "role_maker"))

    assert within["__typename"] == "PolicyChanged"
    assert beyond["code"] == for_himself["code"] == "GRANT_EXCEEDS_OWN"
    assert beyond["missing"] == for_himself["missing"] == ["payroll:calculate"]
    assert await rows(remit, salon, STATES) == [("night_desk", "ACTIVE", 1), ("role_maker", "ACTIVE", 1)]


async def test_a_deny_that_is_taken_out_is_a_gain(api: Api, salon: Salon) -> None:
    maker = [line("specialists:read"), line("roles:read"), line("roles:change")]
    await change(
        api,
        salon,
        "hal",
        create("role_maker", maker),
        assign(salon, "bo", "role_maker"),
        create(lines=[line("specialists:read"), line("payroll:*", "DENY")]),
        assign(salon, "eve"),
    )

    opened = await change(api, salon, "bo", change_lines([line("specialists:read")]))
    retired = await change(api, salon, "bo", retire("viewer"))

    assert opened["code"] == retired["code"] == "GRANT_EXCEEDS_OWN"
    assert "payroll:calculate" in opened["missing"]
    assert "payroll:calculate" in retired["missing"]


async def test_a_role_in_use_is_not_retired_without_a_replacement(api: Api, remit: Remit, salon: Salon) -> None:
    await change(api, salon, "hal", create(), assign(salon, "gus"), assign(salon, "fay", location=salon.north))

    refused = await change(api, salon, "hal", retire())

    assert (refused["code"], refused["holders"]) == ("ROLE_IN_USE", 2)
    assert refused["path"] == ["input", "changes", "0", "retireRole", "replacement"]
    assert await rows(remit, salon, STATES) == [("night_desk", "ACTIVE", 1)]


async def test_retiring_gives_each_holder_the_replacement_on_the_same_terms(
    api: Api, remit: Remit, salon: Salon
) -> None:
    await change(
        api,
        salon,
        "hal",
        create(),
        assign(salon, "gus", limits="back=7", location=salon.north, validUntil="2031-01-01T00:00:00Z"),
        assign(salon, "fay"),
        assign(salon, "fay", "viewer"),
    )

    done = await change(api, salon, "hal", retire("viewer"))
    journal = (await api.ask("{ journal(first: 1) { nodes { targets { type } } } }", salon["hal"])).data["journal"]

    until = datetime(2031, 1, 1, tzinfo=UTC)
    assert done["__typename"] == "PolicyChanged"
    assert await rows(remit, salon, HELD, salon["gus"].specialist_id) == [("viewer", salon.north, '{"back": 7}', until)]
    assert await rows(remit, salon, HELD, salon["fay"].specialist_id) == [
        ("marketer", None, "{}", None),
        ("viewer", None, "{}", None),
    ]
    assert await rows(remit, salon, STATES) == [("night_desk", "RETIRED", 1)]
    assert {row[4] for row in await rows(remit, salon, LINES)} == {done["epoch"]}
    assert await own_roles(api, salon) == {}
    targets = [target["type"] for target in journal["nodes"][0]["targets"]]
    assert targets == ["assignment", "assignment", "specialist", "specialist", "role"]


async def test_a_retired_role_is_retired_once_is_not_given_and_leaves_its_code(
    api: Api, remit: Remit, salon: Salon
) -> None:
    await change(api, salon, "hal", create())
    retired = await change(api, salon, "hal", retire())

    again = await change(api, salon, "hal", retire())
    given = await change(api, salon, "hal", assign(salon, "gus"))
    changed = await change(api, salon, "hal", change_lines(NIGHT[:1]))
    anew = await change(api, salon, "hal", create(lines=NIGHT[:1]))

    assert (retired["unchanged"], again["unchanged"]) == (False, True)
    assert given["code"] == changed["code"] == "NOT_FOUND"
    assert anew["__typename"] == "PolicyChanged"
    assert await rows(remit, salon, STATES) == [("night_desk", "ACTIVE", 1), ("night_desk", "RETIRED", 1)]


@pytest.mark.parametrize(
    ("case", "replacement", "code"),
    [
        ("an unknown role", "king", "NOT_FOUND"),
        ("itself", "night_desk", "INVALID_INPUT"),
        ("the owner's role", "owner", "INVALID_INPUT"),
        ("a role of the operator", "account_manager", "NOT_FOUND"),
    ],
)
async def test_what_does_not_replace_a_role(
    api: Api, remit: Remit, salon: Salon, case: str, replacement: str, code: str
) -> None:
    await change(api, salon, "hal", create(), assign(salon, "gus"))

    refused = await change(api, salon, "hal", retire(replacement))

    path = ["input", "changes", "0", "retireRole", "replacement"]
    assert (refused["code"], refused["path"]) == (code, path), case
    assert await rows(remit, salon, STATES) == [("night_desk", "ACTIVE", 1)]


@pytest.mark.parametrize(
    ("case", "role", "code"),
    [
        ("an unknown role", "king", "NOT_FOUND"),
        ("a role of the operator", "account_manager", "NOT_FOUND"),
        ("a built-in role", "manager", "INVALID_INPUT"),
    ],
)
async def test_only_own_roles_are_changed_and_retired(api: Api, salon: Salon, case: str, role: str, code: str) -> None:
    changed = await change(api, salon, "hal", change_lines(NIGHT, role))
    retired = await change(api, salon, "hal", retire("viewer", role))

    assert (changed["code"], changed["path"][-2:]) == (code, ["changeRoleLines", "role"]), case
    assert (retired["code"], retired["path"][-2:]) == (code, ["retireRole", "role"]), case


async def test_another_networks_role_is_not_found(api: Api, remit: Remit, salon: Salon) -> None:
    other = await make_salon(remit.host, {"zoe": ("owner", "network")})
    await change(api, other, "zoe", create())

    answers = [
        await change(api, salon, "hal", asked) for asked in (change_lines(NIGHT[:1]), retire(), assign(salon, "gus"))
    ]

    assert [answer["code"] for answer in answers] == ["NOT_FOUND"] * 3
    assert await rows(remit, other, STATES) == [("night_desk", "ACTIVE", 1)]


async def test_a_consent_binds_the_lines_and_not_their_order(api: Api, salon: Salon) -> None:
    consents = [
        (await preview(api, salon, "hal", create(lines=lines)))["consent"]
        for lines in (NIGHT, NIGHT[::-1], NIGHT[:1], [NIGHT[0], line("clients:read")])
    ]

    assert consents[0] == consents[1]
    assert len(set(consents)) == 3


async def test_the_journal_names_the_role(api: Api, salon: Salon) -> None:
    await change(api, salon, "hal", create())

    answer = await api.ask("{ journal(first: 1) { nodes { code targets { type } changes { table } } } }", salon["hal"])

    (entry,) = answer.data["journal"]["nodes"]
    assert entry["code"] == "policy.changed"
    assert entry["targets"] == [{"type": "role"}]
    assert {one["table"] for one in entry["changes"]} == {"roles", "role_lines", "policy_changes"}


async def test_a_replacement_whose_period_is_over_makes_room_for_the_one_that_is_given(
    api: Api, remit: Remit, salon: Salon
) -> None:
    await change(api, salon, "hal", create(lines=[line("services:read")]), assign(salon, "gus"))
    await give_until_an_hour_ago(remit, salon, "gus", "viewer")

    await change(api, salon, "hal", retire("viewer"))

    access = (await api.ask("{ myAccess { codes } }", salon["gus"])).data["myAccess"]
    assert "clients:read" in access["codes"]
    assert await rows(remit, salon, HELD, salon["gus"].specialist_id) == [("viewer", None, "{}", None)]


async def give_until_an_hour_ago(remit: Remit, salon: Salon, name: str, role: str) -> None:
    async def write(work: Work) -> None:
        await Assignment.create(
            network_id=salon.network_id,
            role_code=role,
            specialist_id=salon[name].specialist_id,
            valid_from=work.at - timedelta(days=1),
            valid_until=work.at - timedelta(hours=1),
            created_epoch=await work.statements.fetchval("SELECT next_policy_epoch()"),
        )

    await remit.host.perform_as_system(salon.network_id, MADE, write)
