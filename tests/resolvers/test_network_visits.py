"""Visits of a network: approved at one location for some hours, used, and over; never by who may not let in."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from uuid_utils.compat import uuid7

from app import Remit
from database.sqlstate import constraint_of
from domain.team import operations
from domain.team.changes import ApproveVisit, PolicyChange
from errors import UserError
from host import Host
from policies.scopes import OPERATOR, network, partner
from tests.api import Answer, Api, fresh_key
from tests.factories import MADE, Person, Salon, make_salon
from tests.installation import Clock
from tests.members import Member, assign_account, make_member
from tests.resolvers.test_tenancy import masked
from work import Caller, Task, Work

PEOPLE = {
    "hal": ("owner", "network"),
    "bo": ("manager", "network"),
    "rae": ("manager", "north"),
    "ana": ("administrator", "north"),
    "di": ("specialist", "south"),
}
FIRM = partner(uuid7())
CHANGE = """
mutation ($input: PolicyChangesInput!, $consent: String) {
  changePolicy(input: $input, consent: $consent) {
    __typename
    ... on PolicyChanged {
      epoch unchanged preview { gained lost entries { nodes { account { name } holder { name } } } }
    }
    ... on GrantExceedsOwn { missing }
    ... on UserError { code message path hint }
  }
}
"""
WHY = """
query ($holder: ID!, $scope: ID!) {
  explainAccess(holder: $holder, capability: "appointments:read", scope: $scope) {
    decision { allowed reason } matchedLines { assignment { account { name } } decisive }
  }
}
"""
PREVIEW = """
query ($input: PolicyChangesInput!) {
  previewPolicyChange(input: $input) {
    __typename
    ... on PolicyPreview {
      consent requiresConsent gained lost entries { nodes { capability location { code } change } }
    }
    ... on UserError { code path }
  }
}
"""
ASSIGNMENTS = """
query ($of: ID!, $holder: ID) {
  assignments(network: $of, holder: $holder) {
    nodes { id role location { code } validUntil account { name } holder { name } }
  }
}
"""
ACCESS = "query ($scope: ID) { myAccess(scope: $scope) { codes conditional { capability under } } }"


@pytest.fixture
async def salon(remit: Remit) -> Salon:
    return await make_salon(remit.host, PEOPLE, provides=("di",))


@pytest.fixture
async def tim(remit: Remit) -> Member:
    return await make_member(remit.host, "tim", "technician", FIRM)


def visit(salon: Salon, visitor: Member, **given: object) -> dict[str, object]:
    asked = {"account": visitor.account_id, "role": "viewer", "location": salon.north, "hours": 8} | given
    named = {name: value for name, value in asked.items() if value is not None}
    return {"network": salon.network_id, "changes": [{"approveVisit": named}]}


async def approve(api: Api, salon: Salon, visitor: Member, by: str = "hal", **given: Any) -> Any:
    answer = await api.ask(CHANGE, salon[by], input=visit(salon, visitor, **given))
    return answer.data["changePolicy"]


async def as_visitor(api: Api, salon: Salon, visitor: Member, asked: str, **variables: Any) -> Answer:
    return await api.ask(asked, visitor, network=salon.network_id, **variables)


async def test_a_visitors_access_is_explained_to_who_may_explain_there(api: Api, salon: Salon, tim: Member) -> None:
    await approve(api, salon, tim)

    async def why(by: str, holder: object, place: object = salon.north) -> Answer:
        return await api.ask(WHY, salon[by], holder=holder, scope=place)

    explained = [(await why(by, tim.account_id)).data["explainAccess"] for by in ("hal", "rae")]
    elsewhere = (await why("hal", tim.account_id, salon.south)).data["explainAccess"]["decision"]
    unseen = [await why("ana", one) for one in (tim.account_id, uuid4())]

    line = {"assignment": {"account": {"name": "Tim"}}, "decisive": True}
    assert explained == [{"decision": {"allowed": True, "reason": "ALLOWED"}, "matchedLines": [line]}] * 2
    assert elsewhere == {"allowed": False, "reason": "OTHER_SCOPE"}
    assert [answer.codes for answer in unseen] == [["NOT_FOUND"]] * 2
    assert len({str(answer.body) for answer in unseen}) == 1


async def test_an_approved_visitor_acts_and_is_shown_and_goes(api: Api, salon: Salon, tim: Member) -> None:
    before = await as_visitor(api, salon, tim, "{ clients { totalCount } }")

    approved = await approve(api, salon, tim, by="bo", reason="The till is stuck")
    during = await as_visitor(api, salon, tim, "{ clients { totalCount } network { name } }")
    shown = await visits_of(api, salon, tim, by="bo")
    ended = await api.ask(
        CHANGE,
        salon["bo"],
        input={"network": salon.network_id, "changes": [{"endAssignment": {"assignment": shown[0]["id"]}}]},
    )
    after = await as_visitor(api, salon, tim, "{ clients { totalCount } }")
    gone = await visits_of(api, salon, tim, by="bo")

    assert before.codes == ["FORBIDDEN"]
    assert (approved["__typename"], approved["unchanged"]) == ("PolicyChanged", False)
    assert approved["preview"]["entries"]["nodes"][0] == {"account": {"name": "Tim"}, "holder": None}
    assert during.data["clients"] == {"totalCount": 1}
    (one,) = shown
    assert (one["role"], one["location"], one["account"], one["holder"]) == (
        "viewer",
        {"code": "north"},
        {"name": "Tim"},
        None,
    )
    assert ended.data["changePolicy"]["__typename"] == "PolicyChanged"
    assert after.codes == ["FORBIDDEN"]
    assert masked(after.body) == masked(before.body)
    assert gone == []


async def test_a_visiting_viewer_holds_what_a_viewer_at_that_location_does_and_nothing_elsewhere(
    remit: Remit, api: Api, tim: Member
) -> None:
    salon = await make_salon(remit.host, {"hal": ("owner", "network"), "ivy": ("viewer", "north")})
    await approve(api, salon, tim)

    for scope in (salon.north, salon.south, None):
        visitor = (await as_visitor(api, salon, tim, ACCESS, scope=scope)).data["myAccess"]
        viewer = (await api.ask(ACCESS, salon["ivy"], scope=scope)).data["myAccess"]
        assert visitor == viewer
    at_north = (await as_visitor(api, salon, tim, ACCESS, scope=salon.north)).data["myAccess"]["codes"]
    at_south = (await as_visitor(api, salon, tim, ACCESS, scope=salon.south)).data["myAccess"]["codes"]

    assert "appointments:read" in at_north
    assert "appointments:read" not in at_south


async def test_a_visitor_writes_in_the_networks_chain_under_the_own_name(
    remit: Remit, api: Api, salon: Salon, tim: Member
) -> None:
    await approve(api, salon, tim, role="administrator")

    made = await as_visitor(api, salon, tim, CREATE_CLIENT, key=fresh_key(), at=salon.north)
    journal = (await api.ask(JOURNAL, salon["hal"])).data["journal"]["nodes"]

    assert made.data["createClient"]["__typename"] == "ClientCreated"
    assert journal[0] == {
        "code": "client.created",
        "outcome": "ok",
        "actor": {"type": "partner", "id": str(tim.account_id), "name": "Tim", "roles": ["administrator"]},
    }
    assert (journal[1]["code"], journal[1]["actor"]["name"]) == ("policy.changed", "Hal")


CREATE_CLIENT = """
mutation ($key: String!, $at: ID!) {
  createClient(input: {idempotencyKey: $key, locationId: $at, name: "Kostas"}) { __typename }
}
"""
JOURNAL = "{ journal(first: 2) { nodes { code outcome actor { type id name roles } } } }"


async def test_somebody_is_let_in_by_the_address(remit: Remit, api: Api, salon: Salon) -> None:
    pia = await make_member(remit.host, "pia", "account_manager")

    approved = await approve(api, salon, pia, account=None, email=pia.email.upper())

    assert approved["__typename"] == "PolicyChanged"
    assert (await as_visitor(api, salon, pia, "{ clients { totalCount } }")).data["clients"]["totalCount"] == 1


async def test_a_visit_by_hours_ends_by_itself_at_the_minute(host: Host, clock: Clock) -> None:
    salon = await make_salon(host, PEOPLE)
    tim = await make_member(host, "tim", "technician", FIRM)
    await perform(host, salon, salon["hal"], ApproveVisit("viewer", salon.north, tim.account_id, hours=72))

    seen = []
    for seconds in (0, 72 * 3600 - 1, 1):
        clock.pass_by(seconds=seconds)
        async with host.read(Caller(token=tim.token, domain=network(salon.network_id))) as work:
            seen.append(work.viewer.can("appointments:read", at=salon.north) if work.viewer.policy else None)

    assert seen == [True, True, None]


async def perform(host: Host, salon: Salon, by: Person, *changes: PolicyChange) -> operations.PolicyChanged:
    async def run(work: Work) -> operations.PolicyChanged:
        changed = await operations.change_policy(work, changes, consent=None)
        assert isinstance(changed, operations.PolicyChanged)
        return changed

    caller = Caller(token=by.token, domain=network(salon.network_id))
    return await host.perform(caller, Task(operations.POLICY_CHANGED), run)


async def test_73_hours_are_refused_in_words(api: Api, salon: Salon, tim: Member) -> None:
    now = datetime.now(UTC)

    by_hours = await approve(api, salon, tim, hours=73)
    by_instant = await approve(api, salon, tim, hours=None, validUntil=now + timedelta(hours=73))
    later = await approve(
        api,
        salon,
        tim,
        hours=None,
        validFrom=now + timedelta(days=2),
        validUntil=now + timedelta(days=2, hours=72, seconds=1),
    )

    for refused, where in ((by_hours, "hours"), (by_instant, "validUntil"), (later, "validUntil")):
        assert (refused["__typename"], refused["message"]) == ("InvalidInput", "A visit lasts at most 72 hours.")
        assert refused["path"] == ["input", "changes", "0", "approveVisit", where]
    assert await visits_of(api, salon, tim) == []


async def visits_of(api: Api, salon: Salon, visitor: Member, *, by: str = "hal") -> list[Any]:
    answer = await api.ask(ASSIGNMENTS, salon[by], of=salon.network_id, holder=visitor.account_id)
    found: list[Any] = answer.data["assignments"]["nodes"]
    return found


@pytest.mark.parametrize(
    ("case", "constraint", "role", "at_location", "hours"),
    [
        ("73 hours", "visit_ends", "viewer", True, 73),
        ("without an end", "visit_ends", "viewer", True, None),
        ("of the whole network", "visit_ends", "viewer", False, 8),
        ("as an owner", "owner_unlimited", "owner", True, 8),
        ("as the operator's owner", "member_owner_unlimited", "operator_owner", True, 8),
    ],
)
async def test_the_database_refuses_a_visit(
    remit: Remit, salon: Salon, tim: Member, case: str, constraint: str, role: str, at_location: bool, hours: int | None
) -> None:
    now = datetime.now(UTC)

    with pytest.raises(Exception) as refused:  # noqa: PT011  (the ORM's or asyncpg's: the constraint is what counts)
        await assign_account(
            remit.host,
            network(salon.network_id),
            tim.account_id,
            role,
            location_id=salon.north if at_location else None,
            since=now,
            until=now + timedelta(hours=hours) if hours else None,
        )

    assert constraint_of(refused.value) == constraint, case


@pytest.mark.parametrize(
    ("case", "given", "code", "where"),
    [
        ("no end", {"hours": None}, "INVALID_INPUT", []),
        ("two ends", {"validUntil": "2031-01-01T00:00:00+00:00"}, "INVALID_INPUT", []),
        ("no hours", {"hours": 0}, "INVALID_INPUT", ["hours"]),
        ("hours before now", {"hours": -(2**31)}, "INVALID_INPUT", ["hours"]),
        ("hours without number", {"hours": 2**31 - 1}, "INVALID_INPUT", ["hours"]),
        ("the end of the calendar", {"validFrom": "9999-12-29T00:00:00+00:00"}, "INVALID_INPUT", ["validFrom"]),
        ("over before it begins", {"validFrom": "2020-01-01T00:00:00+00:00"}, "INVALID_INPUT", ["hours"]),
        ("as an owner", {"role": "owner"}, "INVALID_INPUT", ["role"]),
        ("a role of the operator", {"role": "operator_owner"}, "NOT_FOUND", ["role"]),
        ("a role that is none", {"role": "no_such"}, "NOT_FOUND", ["role"]),
        ("nobody", {"account": None}, "INVALID_INPUT", []),
        ("somebody named twice", {"email": "anna@example.com"}, "INVALID_INPUT", []),
        ("no address", {"account": None, "email": "anna"}, "INVALID_INPUT", ["email"]),
        ("a foreign location", {"location": str(uuid4())}, "NOT_FOUND", ["location"]),
        ("words without end", {"reason": "x" * 1001}, "INVALID_TEXT", ["reason"]),
        ("a limit that is none", {"limits": "back=x"}, "INVALID_INPUT", ["limits"]),
    ],
)
async def test_bad_input_is_refused_with_its_place(
    api: Api, salon: Salon, tim: Member, case: str, given: dict[str, Any], code: str, where: list[str]
) -> None:
    refused = await approve(api, salon, tim, **given)

    assert refused["path"] == ["input", "changes", "0", "approveVisit", *where], (case, refused)
    assert refused["hint"], case
    assert refused["code"] == code, case
    assert await visits_of(api, salon, tim) == []


async def test_a_stranger_is_answered_like_nobody(remit: Remit, api: Api, salon: Salon) -> None:
    stranger = await make_member(remit.host, "ann")
    other = await make_salon(remit.host, {"ola": ("owner", "network")})
    made_up = Member("x", uuid4(), "x.nobody@example.com", None, "")
    colleague = Member("ola", other["ola"].account_id, f"ola.{other['ola'].account_id}@example.com", None, "")

    for by_address in (False, True):
        answers = []
        for one in (made_up, stranger, colleague):
            named: dict[str, Any] = {"account": None, "email": one.email} if by_address else {}
            answers.append(await approve(api, salon, one, **named))
        assert answers[0]["code"] == "NOT_FOUND"
        assert answers[1] == answers[2] == answers[0]


async def test_who_has_a_place_in_the_network_does_not_visit_it(remit: Remit, api: Api, salon: Salon) -> None:
    await assign_account(remit.host, FIRM, salon["di"].account_id, "technician")
    di = Member("di", salon["di"].account_id, "", None, "")

    refused = await approve(api, salon, di)

    assert refused["code"] == "INVALID_INPUT"
    assert refused["message"] == "This person has a place in the network."


@pytest.mark.parametrize(
    ("case", "by", "given", "typename"),
    [
        ("what the manager holds, at north", "bo", {"role": "manager"}, "PolicyChanged"),
        ("more than the manager holds", "bo", {"role": "accountant"}, "GrantExceedsOwn"),
        ("at the own location", "rae", {}, "PolicyChanged"),
        ("at another location", "rae", {"at": "south"}, "Forbidden"),
        ("without the right", "ana", {}, "Forbidden"),
        ("without any right", "di", {}, "Forbidden"),
    ],
)
async def test_nobody_lets_in_to_more_than_they_hold(
    api: Api, salon: Salon, tim: Member, case: str, by: str, given: dict[str, Any], typename: str
) -> None:
    location = salon.south if given.pop("at", None) else salon.north

    answer = await approve(api, salon, tim, by=by, location=location, **dict(given))

    assert answer["__typename"] == typename, case
    assert bool(await visits_of(api, salon, tim)) is (typename == "PolicyChanged")


async def test_a_visit_does_not_outlast_the_approver(host: Host, clock: Clock) -> None:
    salon = await make_salon(host, {"hal": ("owner", "network"), "bo": ("", "network")})
    tim = await make_member(host, "tim", "technician", FIRM)
    await give_until(host, salon, salon["bo"], clock.now + timedelta(hours=4))

    with pytest.raises(UserError) as refused:
        await perform(host, salon, salon["bo"], ApproveVisit("viewer", salon.north, tim.account_id, hours=5))
    await perform(host, salon, salon["bo"], ApproveVisit("viewer", salon.north, tim.account_id, hours=4))

    assert refused.value.code == "GRANT_EXCEEDS_OWN"


async def give_until(host: Host, salon: Salon, person: Person, until: datetime) -> None:
    async def write(work: Work) -> None:
        epoch = await work.statements.fetchval("SELECT next_policy_epoch()")
        await work.statements.execute(
            "INSERT INTO assignments (id, network_id, role_code, specialist_id, valid_from, valid_until, created_epoch)"
            " VALUES ($1, $2, 'manager', $3, $4, $5, $6)",
            uuid7(), salon.network_id, person.specialist_id, work.at, until, epoch,
        )  # fmt: skip

    await host.perform_as_system(salon.network_id, MADE, write)


async def test_the_same_approval_twice_is_one_visit(api: Api, salon: Salon, tim: Member) -> None:
    answers = await asyncio.gather(*(approve(api, salon, tim) for _ in range(2)))

    assert sorted(answer["unchanged"] for answer in answers) == [False, True]
    assert len(await visits_of(api, salon, tim)) == 1


async def test_two_visits_stand_side_by_side(remit: Remit, api: Api, salon: Salon, tim: Member) -> None:
    pia = await make_member(remit.host, "pia", "account_manager")

    first, second, third = await asyncio.gather(
        approve(api, salon, tim),
        approve(api, salon, tim, location=salon.south, role="manager"),
        approve(api, salon, pia),
    )
    codes = (await as_visitor(api, salon, tim, ACCESS, scope=salon.south)).data["myAccess"]["codes"]

    assert {one["__typename"] for one in (first, second, third)} == {"PolicyChanged"}
    assert "visits:approve" in codes
    assert len(await visits_of(api, salon, tim)) == 2


async def test_a_visitor_lets_in_nobody_to_more_than_the_visit(
    remit: Remit, api: Api, salon: Salon, tim: Member
) -> None:
    """A visiting manager holds visits:approve: what is approved ends with the own visit, and stays at its location."""
    pia = await make_member(remit.host, "pia", "account_manager")
    await approve(api, salon, tim, role="manager", hours=8)

    answers = [
        (await as_visitor(api, salon, tim, CHANGE, input=visit(salon, pia, **given))).data["changePolicy"]["__typename"]
        for given in ({"hours": 9}, {"location": salon.south, "hours": 1}, {"hours": 1})
    ]

    assert answers == ["GrantExceedsOwn", "Forbidden", "PolicyChanged"]


async def test_a_visit_that_is_over_makes_room_for_the_next(host: Host, clock: Clock) -> None:
    salon = await make_salon(host, PEOPLE)
    tim = await make_member(host, "tim", "technician", FIRM)
    asked = ApproveVisit("viewer", salon.north, tim.account_id, hours=2)

    first = await perform(host, salon, salon["hal"], asked)
    clock.pass_by(hours=1)
    with pytest.raises(UserError) as refused:
        await perform(host, salon, salon["hal"], asked)
    clock.pass_by(hours=2)
    second = await perform(host, salon, salon["hal"], asked)

    assert (first.is_unchanged, second.is_unchanged) == (False, False)
    assert refused.value.message == "This role is held there already, for another period."
    assert first.preview.gained == second.preview.gained > 0


async def test_a_visits_limits_are_set_like_those_of_others(api: Api, salon: Salon, tim: Member) -> None:
    await approve(api, salon, tim, limits="back=7")
    (one,) = await visits_of(api, salon, tim)

    changed = await api.ask(
        CHANGE,
        salon["hal"],
        input={"network": salon.network_id, "changes": [{"setLimits": {"assignment": one["id"], "limits": "back=1"}}]},
    )
    again = (await visits_of(api, salon, tim))[0]

    assert changed.data["changePolicy"]["__typename"] == "PolicyChanged"
    assert again["id"] != one["id"]
    assert again["validUntil"] == one["validUntil"]


async def test_a_preview_of_a_visit_says_what_it_opens_and_leaves_nothing(api: Api, salon: Salon, tim: Member) -> None:
    preview = (await api.ask(PREVIEW, salon["hal"], input=visit(salon, tim))).data["previewPolicyChange"]

    assert (preview["requiresConsent"], preview["lost"]) == (False, 0)
    assert {entry["change"] for entry in preview["entries"]["nodes"]} == {"GAINED"}
    assert {"capability": "appointments:read", "location": {"code": "north"}, "change": "GAINED"} in preview["entries"][
        "nodes"
    ]
    assert await visits_of(api, salon, tim) == []


async def test_a_visitor_asks_for_the_own_explanation(api: Api, salon: Salon, tim: Member) -> None:
    await approve(api, salon, tim)

    own = await as_visitor(
        api,
        salon,
        tim,
        """query ($me: ID!, $at: ID!) {
             explainAccess(holder: $me, capability: "appointments:read", scope: $at) {
               decision { allowed reason } } }""",
        me=tim.account_id,
        at=salon.north,
    )

    assert own.data["explainAccess"]["decision"] == {"allowed": True, "reason": "ALLOWED"}


async def test_the_operators_own_scope_approves_no_visit(remit: Remit, api: Api, salon: Salon, tim: Member) -> None:
    pam = await make_member(remit.host, "pam", "operator_owner")
    asked = visit(salon, tim)

    for_network = await api.ask(CHANGE, pam, domain=OPERATOR, input=asked)
    made_up = await api.ask(CHANGE, pam, domain=OPERATOR, input=asked | {"network": uuid4()})
    without = await api.ask(CHANGE, pam, domain=OPERATOR, input={"changes": asked["changes"]})

    assert for_network.data["changePolicy"]["code"] == "NOT_FOUND"
    assert for_network.body == made_up.body
    assert without.data["changePolicy"]["__typename"] == "Forbidden"
    assert await visits_of(api, salon, tim) == []
