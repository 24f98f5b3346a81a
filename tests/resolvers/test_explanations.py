"""Why somebody may or may not do something: each line, what would change it, and whether the asker may."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest

from app import Remit
from policies.narrowing import Narrowing, Restriction
from policies.viewer import viewer_in
from tests.api import Answer, Api
from tests.factories import Person, Salon, make_salon
from tests.resolvers.visits import booked, pay, tomorrow

PEOPLE = {
    "hal": ("owner", "network"),
    "bo": ("manager", "network"),
    "rae": ("manager", "north"),
    "ana": ("administrator", "north"),
    "cy": ("call_center", "network"),
    "vic": ("administrator", "north"),
    "kim": ("administrator", "north"),
    "lee": ("administrator", "north"),
    "sue": ("administrator", "north"),
    "ted": ("administrator", "network"),
    "fay": ("marketer", "network"),
    "di": ("specialist", "network"),
    "jo": ("specialist", "north"),
    "nil": ("", "network"),
}
UNKNOWN = UUID("01890000-0000-7000-8000-000000000000")
EXPLAIN = """
query ($holder: ID!, $capability: String!, $scope: ID!, $object: ID, $at: DateTime) {
  explainAccess(holder: $holder, capability: $capability, scope: $scope, object: $object, at: $at) {
    decision { id allowed reason capability scope line source missing sentence epoch release }
    matchedLines {
      role { code isBuiltIn } assignment { role limits location { name } } effect capability limits source decisive
      ignoredBecause
    }
    requirements { decision { capability reason line } matchedLines { effect capability decisive ignoredBecause } }
    wouldAllow {
      allowedToYou changes { kind text role limit location { id } assignment { id limits } }
    }
    complete
  }
}
"""
CHANGE = """
mutation ($input: PolicyChangesInput!, $consent: String) {
  changePolicy(input: $input, consent: $consent) {
    __typename
    ... on ConsentRequired { preview { consent } }
    ... on UserError { code message path }
  }
}
"""
PREVIEW = """
query ($input: PolicyChangesInput!) {
  previewPolicyChange(input: $input) { __typename ... on UserError { code } }
}
"""


@pytest.fixture
async def salon(remit: Remit, api: Api) -> Salon:
    """The people of the goldens: a deny beside an allow, a role of the network's own, limits, a suspension."""
    made = await make_salon(remit.host, PEOPLE, provides=("di", "jo"))
    no_clients = {
        "code": "no_clients",
        "title": "No clients",
        "description": "Keeps clients from sight.",
        "lines": [{"capability": "clients:read", "effect": "DENY"}],
    }
    await agree(
        api,
        made,
        {"createRole": no_clients},
        {"assignRole": {"holder": made["cy"].specialist_id, "role": "administrator", "location": made.north}},
        {"assignRole": {"holder": made["vic"].specialist_id, "role": "no_clients"}},
        {"setLimits": {"assignment": made["kim"].assignment_id, "limits": "back=read:30/change:0"}},
        {"setLimits": {"assignment": made["lee"].assignment_id, "limits": "ip=203.0.113.0/24"}},
        {"suspendHolder": {"holder": made["sue"].specialist_id}},
        {"suspendHolder": {"holder": made["ted"].specialist_id}},
    )
    return made


async def agree(api: Api, salon: Salon, *changes: dict[str, Any]) -> None:
    """Make the changes as the owner, at whatever they cost."""
    asked = {"network": salon.network_id, "changes": list(changes)}
    found = (await api.ask(CHANGE, salon["hal"], input=asked)).data["changePolicy"]
    if found["__typename"] == "ConsentRequired":
        consent = found["preview"]["consent"]
        found = (await api.ask(CHANGE, salon["hal"], input=asked, consent=consent)).data["changePolicy"]
    assert found["__typename"] == "PolicyChanged", found


async def ask(
    api: Api,
    salon: Salon,
    holder: str,
    capability: str,
    *,
    by: str = "hal",
    scope: UUID | None = None,
    **more: Any,
) -> Answer:
    """Ask as somebody about somebody, in the north where no scope is given."""
    return await api.ask(
        EXPLAIN,
        salon[by],
        holder=salon[holder].specialist_id,
        capability=capability,
        scope=scope or salon.north,
        **more,
    )


async def explained(api: Api, salon: Salon, holder: str, capability: str, **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = (await ask(api, salon, holder, capability, **more)).data["explainAccess"]
    return found


def lines(explanation: dict[str, Any]) -> list[tuple[str, str]]:
    """Each line in words, with what became of it."""
    return [
        (
            f"{one['role']['code']}: {one['effect'].lower()} {one['capability']}",
            "decisive" if one["decisive"] else one["ignoredBecause"],
        )
        for one in explanation["matchedLines"]
    ]


def suggested(explanation: dict[str, Any]) -> list[tuple[str, bool]]:
    """The change sets in words, and whether the asker may make them."""
    return [
        (" and ".join(change["text"] for change in found["changes"]), found["allowedToYou"])
        for found in explanation["wouldAllow"]
    ]


@pytest.mark.parametrize(
    ("case", "holder", "capability", "reason", "expected", "would_allow"),
    [
        (
            "an allow",
            "ana",
            "payments:create",
            "ALLOWED",
            [("administrator: allow payments:create", "decisive")],
            [],
        ),
        (
            "a deny line",
            "cy",
            "payments:create",
            "DENIED_BY_LINE",
            [("call_center: deny payments:*", "decisive"), ("administrator: allow payments:create", "DENIED")],
            [("end call_center", True)],
        ),
        (
            "no line",
            "jo",
            "refunds:create",
            "NO_LINE",
            [],
            [("assign manager", True)],
        ),
        (
            "a limit of the request",
            "lee",
            "payments:create",
            "IP",
            [("administrator: allow payments:create", "IP")],
            [("lift ip of administrator", True), ("assign manager", True)],
        ),
        (
            "a missing requirement",
            "vic",
            "appointments:create",
            "REQUIREMENT_MISSING",
            [("administrator: allow appointments:create", "REQUIREMENT_MISSING")],
            [("end no_clients", True)],
        ),
        (
            "somebody suspended",
            "sue",
            "payments:create",
            "NOT_ACTIVE",
            [("administrator: allow payments:create", "NOT_ACTIVE")],
            [("resume the holder", True)],
        ),
    ],
)
async def test_each_line_says_what_became_of_it(
    api: Api,
    salon: Salon,
    case: str,
    holder: str,
    capability: str,
    reason: str,
    expected: list[tuple[str, str]],
    would_allow: list[tuple[str, bool]],
) -> None:
    explanation = await explained(api, salon, holder, capability)

    assert explanation["decision"]["reason"] == reason, case
    assert explanation["decision"]["allowed"] is (reason == "ALLOWED"), case
    assert lines(explanation) == expected, case
    assert suggested(explanation) == would_allow, case
    assert explanation["complete"] is True, case


async def test_a_line_shows_its_role_and_the_assignment_that_gives_it(api: Api, salon: Salon) -> None:
    (line,) = (await explained(api, salon, "kim", "appointments:update"))["matchedLines"]
    (own,) = (await explained(api, salon, "di", "appointments:update"))["matchedLines"]

    assert line.pop("source").startswith("policies/roles/administrator.csv:")
    assert line == {
        "role": {"code": "administrator", "isBuiltIn": True},
        "assignment": {"role": "administrator", "limits": "back=read:30/change:0", "location": {"name": "North"}},
        "effect": "ALLOW",
        "capability": "appointments:update",
        "limits": "none",
        "decisive": False,
        "ignoredBecause": "BACK",
    }
    assert (own["limits"], own["assignment"]["limits"], own["assignment"]["location"]) == ("own", "none", None)


async def test_a_missing_requirement_is_explained_by_lines_of_its_own(api: Api, salon: Salon) -> None:
    explanation = await explained(api, salon, "vic", "appointments:create")

    assert explanation["decision"]["missing"] == "clients:read"
    assert explanation["requirements"] == [
        {
            "decision": {
                "capability": "clients:read",
                "reason": "DENIED_BY_LINE",
                "line": "no_clients: deny clients:read",
            },
            "matchedLines": [
                {"effect": "DENY", "capability": "clients:read", "decisive": True, "ignoredBecause": None},
                {"effect": "ALLOW", "capability": "clients:read", "decisive": False, "ignoredBecause": "DENIED"},
            ],
        }
    ]


async def test_an_explanation_says_by_which_policy_and_is_not_kept(api: Api, salon: Salon) -> None:
    epoch = (await api.ask("{ myAccess { epoch } }", salon["hal"])).data["myAccess"]["epoch"]

    decision = (await explained(api, salon, "cy", "payments:create"))["decision"]

    assert decision.pop("source").startswith("policies/roles/call_center.csv:")
    assert len(decision.pop("release")) == 64
    assert decision == {
        "id": None,
        "allowed": False,
        "reason": "DENIED_BY_LINE",
        "capability": "payments:create",
        "scope": f"network:{salon.network_id}/location:{salon.north}",
        "line": "call_center: deny payments:*",
        "missing": None,
        "sentence": None,
        "epoch": epoch,
    }


async def test_with_an_object_its_age_counts(api: Api, salon: Salon) -> None:
    visit = (await booked(api, salon, tomorrow(10)))["id"]
    day_before, day_after = (tomorrow(10) + timedelta(days=days) for days in (-1, 1))

    then = await explained(api, salon, "kim", "appointments:update", object=visit, at=day_before)
    later = await explained(api, salon, "kim", "appointments:update", object=visit, at=day_after)
    reading = await explained(api, salon, "kim", "appointments:read", object=visit, at=day_after)

    assert [one["decision"]["reason"] for one in (then, later, reading)] == ["ALLOWED", "BACK", "ALLOWED"]
    assert lines(later) == [("administrator: allow appointments:update", "BACK")]
    assert suggested(later) == [("lift back of administrator", True), ("assign manager", True)]


async def test_with_an_object_its_owner_counts(api: Api, salon: Salon) -> None:
    visit = (await booked(api, salon, tomorrow(10)))["id"]

    of_di = await explained(api, salon, "di", "appointments:update", object=visit)
    of_jo = await explained(api, salon, "jo", "appointments:update", object=visit)
    of_any = await explained(api, salon, "di", "appointments:update")

    assert [one["decision"]["reason"] for one in (of_di, of_jo, of_any)] == ["ALLOWED", "OWN", "OWN"]


async def test_clients_sales_and_payments_are_objects_too(api: Api, salon: Salon) -> None:
    visit = (await booked(api, salon, tomorrow(10)))["id"]
    await pay(api, salon, visit, 50_00)
    document = "query ($id: ID!) { appointment(id: $id) { sale { id } payments { id } } }"
    appointment = (await api.ask(document, salon["hal"], id=visit)).data["appointment"]
    objects = {
        "clients:update": salon.client_id,
        "sales:read": appointment["sale"]["id"],
        "payments:read": appointment["payments"][0]["id"],
        "refunds:create": appointment["payments"][0]["id"],
        "payments:create": visit,
    }
    await agree(
        api, salon, {"assignRole": {"holder": salon["nil"].specialist_id, "role": "manager", "limits": "max=4999/EUR"}}
    )

    answers = {code: await explained(api, salon, "nil", code, object=one) for code, one in objects.items()}

    assert {code: one["decision"]["reason"] for code, one in answers.items()} == {
        "clients:update": "ALLOWED",
        "sales:read": "ALLOWED",
        "payments:read": "ALLOWED",
        "refunds:create": "MAX",
        "payments:create": "ALLOWED",
    }


async def test_an_object_that_is_not_there_is_not_found(api: Api, remit: Remit, salon: Salon) -> None:
    visit = (await booked(api, salon, tomorrow(10)))["id"]
    other = await make_salon(remit.host, PEOPLE, provides=("di",))
    foreign = (await booked(api, other, tomorrow(10)))["id"]

    answers = [
        await ask(api, salon, "kim", "appointments:update", object=UNKNOWN),
        await ask(api, salon, "kim", "appointments:update", object=foreign),
        await ask(api, salon, "kim", "appointments:update", object=salon.client_id),
        await ask(api, salon, "kim", "appointments:update", object=visit, scope=salon.south),
        await ask(api, salon, "kim", "templates:update", object=visit),
        await ask(api, salon, "jo", "appointments:update", object=visit, by="jo"),
    ]

    assert [answer.codes for answer in answers] == [["NOT_FOUND"]] * len(answers)
    assert [answer.body["errors"][0]["extensions"]["path"] for answer in answers] == [["object"]] * len(answers)
    assert len({str(answer.body) for answer in answers}) == 1


async def test_a_misspelt_capability_is_answered_with_the_nearest(api: Api, salon: Salon) -> None:
    misspelt = (await ask(api, salon, "ana", "appointment:create")).body["errors"][0]
    strange = (await ask(api, salon, "ana", "x")).body["errors"][0]

    assert misspelt["message"] == "There is no such capability."
    assert misspelt["extensions"] == {
        "code": "UNKNOWN_CAPABILITY",
        "hint": "Did you mean `appointments:create`?",
        "path": ["capability"],
    }
    assert strange["extensions"]["hint"] == "The query `capabilities` lists them all."


async def test_own_access_needs_no_right_and_others_need_policies_explain(api: Api, salon: Salon) -> None:
    own = await explained(api, salon, "nil", "templates:update", by="nil", scope=salon.network_id)
    others = await ask(api, salon, "ana", "templates:update", by="fay")
    elsewhere = await ask(api, salon, "di", "templates:update", by="rae", scope=salon.south)
    here = await explained(api, salon, "di", "templates:update", by="rae")

    assert own["decision"]["reason"] == "NO_LINE"
    assert (others.codes, elsewhere.codes) == (["FORBIDDEN"], ["FORBIDDEN"])
    assert here["decision"]["reason"] == "NO_LINE"


async def test_what_a_token_or_a_plugin_takes_away_is_named(
    api: Api, salon: Salon, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = Narrowing(locations=frozenset({salon.south}))
    unpaid = Restriction("billing", "The last invoice is unpaid: nothing is sold.", frozenset({"policies:explain"}))

    monkeypatch.setattr("host.viewer_in", partial(viewer_in, takings=(token,)))
    narrowed = await explained(api, salon, "ana", "payments:create", by="ana")
    monkeypatch.setattr("host.viewer_in", partial(viewer_in, takings=(unpaid, token)))
    restricted = await explained(api, salon, "ana", "payments:create", by="ana")
    of_another = await explained(api, salon, "kim", "payments:create", by="hal", scope=salon.south)

    assert lines(narrowed) == [("administrator: allow payments:create", "NARROWED")]
    assert (narrowed["decision"]["reason"], narrowed["decision"]["sentence"]) == ("NARROWED", None)
    assert lines(restricted) == [("administrator: allow payments:create", "RESTRICTED")]
    assert (restricted["decision"]["reason"], restricted["decision"]["sentence"]) == ("RESTRICTED", unpaid.sentence)
    assert narrowed["wouldAllow"] == restricted["wouldAllow"] == []
    assert of_another["decision"]["reason"] == "OTHER_SCOPE"


async def test_an_unknown_or_foreign_holder_or_scope_is_not_found(api: Api, remit: Remit, salon: Salon) -> None:
    other = await make_salon(remit.host, {"zoe": ("owner", "network")})

    def asked(holder: UUID, scope: UUID) -> Any:
        return api.ask(EXPLAIN, salon["hal"], holder=holder, capability="clients:read", scope=scope)

    holders = [await asked(holder, salon.north) for holder in (UNKNOWN, other["zoe"].specialist_id)]
    scopes = [await asked(salon["ana"].specialist_id, scope) for scope in (UNKNOWN, other.north, other.network_id)]

    assert [one.codes for one in (*holders, *scopes)] == [["NOT_FOUND"]] * 5
    assert len({str(one.body) for one in holders}) == len({str(one.body) for one in scopes}) == 1


async def test_hints_that_name_roles_go_to_who_may_explain(api: Api, salon: Salon) -> None:
    role = {"code": "night_desk", "title": "Night desk", "description": "", "lines": []}
    asked = {"network": salon.network_id, "changes": [{"createRole": role}]}
    document = """
    mutation ($input: PolicyChangesInput!) { changePolicy(input: $input) { ... on Forbidden { capability hint } } }
    """

    by_manager = (await api.ask(document, salon["bo"], input=asked)).data["changePolicy"]
    by_manager_of_one = (await api.ask(document, salon["rae"], input=asked)).data["changePolicy"]
    by_marketer = (await api.ask(document, salon["fay"], input=asked)).data["changePolicy"]

    name = f"Salon {salon.network_id.hex[-4:]}"
    assert by_manager == {"capability": "roles:change", "hint": "Roles that may: owner."}
    assert by_manager_of_one == by_marketer == {"capability": "roles:change", "hint": f"Ask an owner of {name}."}


def as_changes(salon: Salon, holder: Person, suggestion: dict[str, Any]) -> list[dict[str, Any]]:
    """A suggestion as `changePolicy` takes it."""
    location = suggestion["location"]["id"] if suggestion["location"] else None
    given = {"assignRole": {"holder": holder.specialist_id, "role": suggestion["role"], "location": location}}
    match suggestion["kind"], suggestion["limit"]:
        case "RESUME_HOLDER", _:
            return [{"resumeHolder": {"holder": holder.specialist_id}}]
        case "ASSIGN_ROLE", _:
            return [given]
        case "END_ASSIGNMENT", _:
            return [{"endAssignment": {"assignment": suggestion["assignment"]["id"]}}]
        case "LIFT_LIMIT", limit:
            words = [one for one in suggestion["assignment"]["limits"].split() if one.partition("=")[0] != limit]
            limits = {"assignment": suggestion["assignment"]["id"], "limits": " ".join(words) or "none"}
            return [{"setLimits": limits}]
    raise AssertionError(suggestion)


@pytest.mark.parametrize("asker", ["hal", "bo", "rae"])
@pytest.mark.parametrize(
    ("holder", "capability"),
    [
        ("cy", "payments:create"),
        ("jo", "refunds:create"),
        ("jo", "payroll:calculate"),
        ("lee", "payments:create"),
        ("vic", "appointments:create"),
        ("sue", "payments:create"),
        ("ted", "payments:create"),
        ("fay", "appointments:create"),
    ],
)
async def test_what_is_allowed_to_the_asker_is_what_a_preview_lets_through(
    api: Api, salon: Salon, asker: str, holder: str, capability: str
) -> None:
    explanation = await explained(api, salon, holder, capability, by=asker)

    said, shown = [], []
    for found in explanation["wouldAllow"]:
        changes = [one for change in found["changes"] for one in as_changes(salon, salon[holder], change)]
        asked = {"network": salon.network_id, "changes": changes}
        preview = (await api.ask(PREVIEW, salon[asker], input=asked)).data["previewPolicyChange"]
        said.append(found["allowedToYou"])
        shown.append(preview["__typename"] == "PolicyPreview")
    assert said
    assert said == shown


@pytest.mark.parametrize(
    ("holder", "capability"),
    [("cy", "payments:create"), ("lee", "payments:create"), ("vic", "appointments:create"), ("sue", "payments:create")],
)
async def test_the_first_suggestion_made_is_a_yes(api: Api, salon: Salon, holder: str, capability: str) -> None:
    before = await explained(api, salon, holder, capability)
    first = before["wouldAllow"][0]["changes"]

    await agree(api, salon, *(one for change in first for one in as_changes(salon, salon[holder], change)))

    after = await explained(api, salon, holder, capability)
    assert (before["decision"]["allowed"], after["decision"]["allowed"]) == (False, True)


async def test_somebody_whose_period_is_over_is_told_not_now(api: Api, salon: Salon) -> None:
    ends = datetime.now(UTC) + timedelta(days=1)
    given = {"holder": salon["nil"].specialist_id, "role": "viewer", "validUntil": ends}
    await agree(api, salon, {"assignRole": given})

    today = await explained(api, salon, "nil", "appointments:read")
    then = await explained(api, salon, "nil", "appointments:read", at=ends)

    assert (today["decision"]["reason"], then["decision"]["reason"]) == ("ALLOWED", "NOT_NOW")
    assert lines(then) == [("viewer: allow appointments:read", "NOT_NOW")]
