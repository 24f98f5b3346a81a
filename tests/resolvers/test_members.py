"""The operator's staff and the members of partner firms: roles given and ended there, and service accounts."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from uuid_utils.compat import uuid7

from app import Remit
from audit.entries import OPERATOR_CHAIN
from database.sqlstate import constraint_of
from domain.journal.operations import verify_journal
from domain.team import operations
from domain.team.changes import AssignRole, EndAssignment, PolicyChange
from domain.team.models import Assignment, Specialist
from domain.team.rules import GrantExceedsOwn
from errors import UserError
from policies.narrowing import Narrowing, Restriction, Taking
from policies.scopes import OPERATOR, Domain, network, partner
from policies.viewer import Viewer, viewer_in
from tests.api import Api
from tests.factories import MADE, Person, Salon, make_salon
from tests.members import Member, assign_account, make_member
from work import Caller, Task, Work

CHANGE = """
mutation ($input: PolicyChangesInput!) {
  changePolicy(input: $input) {
    __typename
    ... on PolicyChanged { epoch unchanged preview { gained lost consequences { plugin } } }
    ... on GrantExceedsOwn { missing }
    ... on UserError { code message path hint }
  }
}
"""
MEMBERS = "{ members { totalCount nodes { id role account { id name } holder { name } location { code } } } }"
WHY = """
query ($holder: ID!, $firm: ID!) {
  explainAccess(holder: $holder, capability: "visits:request", scope: $firm) {
    decision { allowed scope }
    matchedLines { role { code isBuiltIn } assignment { id account { name } } decisive }
  }
}
"""
END_OTHERS = """
UPDATE assignments SET ended_epoch = $2
WHERE network_id IS NULL AND partner_id IS NULL AND ended_epoch IS NULL AND id <> $1
"""
RECORDS = "SELECT * FROM policy_changes WHERE network_id IS NULL AND partner_id IS NOT DISTINCT FROM $1 ORDER BY epoch"


async def change(api: Api, by: Member, domain: Domain, kind: str, **given: object) -> Any:
    answer = await api.ask(CHANGE, by, domain=domain, input={"changes": [{kind: given}]})
    return answer.data["changePolicy"]


async def olga_changes(api: Api, firm: Firm, kind: str, **given: object) -> Any:
    return await change(api, firm.olga, firm.domain, kind, **given)


async def members(api: Api, by: Member, domain: Domain) -> dict[str, list[str]]:
    """The roles of each member, by name."""
    nodes = (await api.ask(MEMBERS, by, domain=domain)).data["members"]["nodes"]
    found: dict[str, list[str]] = {}
    for node in nodes:
        found.setdefault(node["account"]["name"], []).append(node["role"])
    return found


@dataclass(frozen=True, slots=True)
class Firm:
    """The operator or a partner firm, with its only member: Olga, who owns it."""

    domain: Domain
    owner_role: str
    role: str
    olga: Member

    @property
    def chain_id(self) -> UUID:
        """The journal chain of the domain."""
        return self.domain.id or OPERATOR_CHAIN


@pytest.fixture(params=["operator", "partner"])
async def firm(remit: Remit, request: pytest.FixtureRequest) -> Firm:
    """The operator, or a new partner firm."""
    if request.param == "partner":
        domain = partner(uuid7())
        olga = await make_member(remit.host, "olga", "partner_owner", domain)
        return Firm(domain, "partner_owner", "technician", olga)
    olga = await make_member(remit.host, "olga", "operator_owner")
    await end_all_but(remit, olga)
    return Firm(OPERATOR, "operator_owner", "account_manager", olga)


async def end_all_but(remit: Remit, member: Member) -> None:
    """End whatever other tests of this database have given at the operator."""

    async def end(work: Work) -> None:
        epoch = await work.statements.fetchval("SELECT next_policy_epoch()")
        await work.statements.execute(END_OTHERS, member.assignment_id, epoch)

    await remit.host.perform_as_system(OPERATOR, MADE, end)


async def test_an_owner_gives_and_ends_roles(remit: Remit, api: Api, firm: Firm) -> None:
    pam = await make_member(remit.host, "pam")

    given = await olga_changes(api, firm, "assignRole", holder=pam.account_id, role=firm.role)
    again = await olga_changes(api, firm, "assignRole", holder=pam.account_id, role=firm.role)
    listed = (await api.ask(MEMBERS, firm.olga, domain=firm.domain)).data["members"]
    acts = (await api.ask("{ viewer { domain roles } }", pam)).data["viewer"]
    (mine,) = [node for node in listed["nodes"] if node["account"]["id"] == str(pam.account_id)]
    ended = await olga_changes(api, firm, "endAssignment", assignment=mine["id"])
    gone = (await api.ask("{ viewer { domain roles } }", pam)).data["viewer"]

    assert (given["__typename"], given["unchanged"], given["preview"]["consequences"]) == ("PolicyChanged", False, [])
    assert given["preview"]["gained"] > 0
    assert again["unchanged"] is True
    assert listed["totalCount"] == 2
    assert (mine["role"], mine["account"]["name"]) == (firm.role, "Pam")
    assert (mine["holder"], mine["location"]) == (None, None)
    assert acts == {"domain": str(firm.domain), "roles": [firm.role]}
    assert ended["preview"]["lost"] == given["preview"]["gained"]
    assert gone == {"domain": None, "roles": []}
    assert await members(api, firm.olga, firm.domain) == {"Olga": [firm.owner_role]}


async def test_the_change_is_recorded_and_journaled_in_the_domains_own_chain(
    remit: Remit, api: Api, firm: Firm
) -> None:
    pam = await make_member(remit.host, "pam")

    made = await olga_changes(api, firm, "assignRole", holder=pam.account_id, role=firm.role)

    async def look(work: Work) -> tuple[list[asyncpg.Record], list[asyncpg.Record]]:
        records = await work.statements.fetch(RECORDS, firm.domain.partner_id)
        return records, await work.statements.fetch("SELECT * FROM journal_entries ORDER BY seq")

    records, entries = await remit.host.perform_as_system(firm.domain, Task(), look)

    assert (records[-1]["epoch"], records[-1]["origin"]) == (made["epoch"], "REQUEST")
    assert (entries[-1]["code"], entries[-1]["chain_id"]) == ("policy.changed", firm.chain_id)
    assert entries[-1]["actor_id"] == str(firm.olga.account_id)
    assert (await verify_journal(remit.host, firm.chain_id)).is_sound


async def test_the_last_owner_stays(remit: Remit, api: Api, firm: Firm) -> None:
    alone = await olga_changes(api, firm, "endAssignment", assignment=firm.olga.assignment_id)
    zoe = await make_member(remit.host, "zoe", firm.owner_role, firm.domain)
    beside = await olga_changes(api, firm, "endAssignment", assignment=firm.olga.assignment_id)

    whose = "operator" if firm.domain == OPERATOR else "firm"
    assert alone["code"] == "LAST_OWNER"
    assert alone["message"] == f"This would leave the {whose} without an owner who may give roles."
    assert beside["__typename"] == "PolicyChanged"
    assert await members(api, zoe, firm.domain) == {"Zoe": [firm.owner_role]}


async def test_the_database_keeps_the_last_owner(remit: Remit, firm: Firm) -> None:
    async def end(work: Work) -> None:
        epoch = await work.statements.fetchval("SELECT next_policy_epoch()")
        await work.statements.execute(
            "UPDATE assignments SET ended_epoch = $2 WHERE id = $1", firm.olga.assignment_id, epoch
        )

    with pytest.raises(asyncpg.CheckViolationError) as refused:
        await remit.host.perform_as_system(firm.domain, MADE, end)

    assert constraint_of(refused.value) == "last_owner"


async def test_of_two_owners_who_remove_each_other_at_once_one_stays(remit: Remit, api: Api, firm: Firm) -> None:
    zoe = await make_member(remit.host, "zoe", firm.owner_role, firm.domain)

    answers = await asyncio.gather(
        olga_changes(api, firm, "endAssignment", assignment=zoe.assignment_id),
        change(api, zoe, firm.domain, "endAssignment", assignment=firm.olga.assignment_id),
    )

    assert sorted(answer["__typename"] for answer in answers) == ["Forbidden", "PolicyChanged"]


@pytest.mark.parametrize(
    ("case", "given", "code", "where"),
    [
        ("a made-up account", {"holder": uuid4()}, "NOT_FOUND", "holder"),
        ("a role of networks", {"role": "manager"}, "NOT_FOUND", "role"),
        ("no role", {"role": "no_such"}, "NOT_FOUND", "role"),
        ("a location", {"location": uuid4()}, "NOT_FOUND", "location"),
        ("an end before now", {"validUntil": "2020-01-01T00:00:00+00:00"}, "INVALID_INPUT", "validUntil"),
    ],
)
async def test_bad_input_is_refused(
    remit: Remit,
    api: Api,
    firm: Firm,
    case: str,
    given: dict[str, object],
    code: str,
    where: str,
) -> None:
    pam = await make_member(remit.host, "pam")

    refused = await olga_changes(api, firm, "assignRole", **({"holder": pam.account_id, "role": firm.role} | given))

    assert (refused["code"], refused["path"][-1]) == (code, where), case
    assert refused["hint"]
    assert await members(api, firm.olga, firm.domain) == {"Olga": [firm.owner_role]}


async def test_an_owner_there_is_unlimited_too(remit: Remit, api: Api, firm: Firm) -> None:
    pam = await make_member(remit.host, "pam")

    bounded = await change(
        api,
        firm.olga,
        firm.domain,
        "assignRole",
        holder=pam.account_id,
        role=firm.owner_role,
        validUntil="2031-01-01T00:00:00+00:00",
    )
    limited = await olga_changes(api, firm, "setLimits", assignment=firm.olga.assignment_id, limits="back=1")

    assert [answer["code"] for answer in (bounded, limited)] == ["INVALID_INPUT"] * 2
    assert f"of the whole {firm.domain.kind.lower()}" in bounded["message"]


async def test_members_below_the_owner_give_nothing(remit: Remit, api: Api, firm: Firm) -> None:
    pam = await make_member(remit.host, "pam", firm.role, firm.domain)

    own = await change(api, pam, firm.domain, "assignRole", holder=pam.account_id, role=firm.owner_role)
    others = await change(api, pam, firm.domain, "endAssignment", assignment=firm.olga.assignment_id)

    assert [answer["__typename"] for answer in (own, others)] == ["Forbidden"] * 2


async def test_what_only_networks_have_is_forbidden(remit: Remit, api: Api, firm: Firm) -> None:

    answers = [
        await olga_changes(api, firm, "suspendHolder", holder=uuid4()),
        await olga_changes(api, firm, "createRole", code="own", title="Own", lines=[]),
        await olga_changes(api, firm, "approveVisit", role="viewer", location=uuid4(), hours=1, account=uuid4()),
    ]

    assert [answer["__typename"] for answer in answers] == ["Forbidden"] * 3


async def test_an_assignment_of_another_domain_is_not_found(remit: Remit, api: Api) -> None:
    first, second = partner(uuid7()), partner(uuid7())
    olga = await make_member(remit.host, "olga", "partner_owner", first)
    other = await make_member(remit.host, "zoe", "partner_owner", second)
    # Olga works for both: row-level security shows her own rows wherever they are.
    elsewhere = await assign_account(remit.host, second, olga.account_id, "technician")

    foreign = await change(api, olga, first, "endAssignment", assignment=other.assignment_id)
    own_elsewhere = await change(api, olga, first, "endAssignment", assignment=elsewhere)
    made_up = await change(api, olga, first, "endAssignment", assignment=uuid4())

    assert made_up["code"] == "NOT_FOUND"
    assert foreign == own_elsewhere == made_up
    assert await members(api, olga, first) == {"Olga": ["partner_owner"]}


async def test_a_network_has_no_members_and_must_be_named(remit: Remit, api: Api) -> None:
    salon = await make_salon(remit.host, {"hal": ("owner", "network")})

    asked = await api.ask(MEMBERS, salon["hal"])
    unnamed = await api.ask(CHANGE, salon["hal"], input={"changes": [{"endAssignment": {"assignment": uuid4()}}]})

    assert asked.codes == ["INVALID_INPUT"]
    assert (unnamed.data["changePolicy"]["code"], unnamed.data["changePolicy"]["path"]) == (
        "INVALID_INPUT",
        ["input", "network"],
    )


# --- Service accounts and tokens


@pytest.fixture
async def salon(remit: Remit) -> Salon:
    """A salon with a service account that holds whatever a manager does, and with a role that shuts something."""
    salon = await make_salon(
        remit.host,
        {
            "hal": ("owner", "network"),
            "bot": ("manager", "network"),
            "ana": ("administrator", "north"),
            "di": ("specialist", "south"),
        },
    )

    async def be_service(work: Work) -> None:
        await Specialist.filter(id=salon["bot"].specialist_id).update(kind="SERVICE")

    await remit.host.perform_as_system(salon.network_id, MADE, be_service)
    return salon


@pytest.mark.parametrize(
    ("case", "kind", "given"),
    [
        ("a role", "assignRole", {"holder": "di", "role": "viewer"}),
        ("a role that is held", "assignRole", {"holder": "ana", "role": "administrator", "location": "north"}),
        ("a visit", "approveVisit", {"account": None, "role": "viewer", "location": "north", "hours": 1}),
        ("a resumption", "resumeHolder", {"holder": "di"}),
    ],
)
async def test_a_service_account_gives_nothing(
    remit: Remit, api: Api, salon: Salon, case: str, kind: str, given: dict[str, Any]
) -> None:
    named = {
        name: salon[value].specialist_id if name == "holder" else salon.north if value == "north" else value or uuid4()
        for name, value in given.items()
    }

    refused = await change_network(api, salon, "bot", kind, **named)
    rows = await assignments_of(remit, salon)

    assert (refused["__typename"], refused["code"]) == ("ServiceAccountGives", "SERVICE_ACCOUNT_GIVES"), case
    assert refused["path"] == ["input", "changes", "0"]
    assert len(rows) == 4


async def test_a_service_account_takes_away(api: Api, salon: Salon) -> None:
    suspended = await change_network(api, salon, "bot", "suspendHolder", holder=salon["di"].specialist_id)
    narrowed = await change_network(
        api, salon, "bot", "setLimits", assignment=salon["ana"].assignment_id, limits="back=1"
    )
    (current,) = [node for node in await shown(api, salon) if node["holder"]["id"] == str(salon["ana"].specialist_id)]
    widened = await change_network(api, salon, "bot", "setLimits", assignment=current["id"], limits="none")
    ended = await change_network(api, salon, "bot", "endAssignment", assignment=current["id"])

    assert [suspended["__typename"], narrowed["__typename"], widened["__typename"], ended["__typename"]] == [
        "PolicyChanged",
        "PolicyChanged",
        "ServiceAccountGives",
        "PolicyChanged",
    ]


async def test_a_service_account_ends_no_deny(remit: Remit, api: Api, salon: Salon) -> None:
    """Ending a role that shuts something opens it: that is giving, whatever it is called."""
    shutting = await call_center_for(remit, salon, salon["ana"])

    by_service = await change_network(api, salon, "bot", "endAssignment", assignment=shutting)
    by_owner = await change_network(api, salon, "hal", "endAssignment", assignment=shutting)

    assert by_service["__typename"] == "ServiceAccountGives"
    assert by_owner["__typename"] == "PolicyChanged"


async def change_network(api: Api, salon: Salon, by: str, kind: str, **given: object) -> Any:
    asked = {"network": salon.network_id, "changes": [{kind: given}]}
    return (await api.ask(CHANGE, salon[by], input=asked)).data["changePolicy"]


async def shown(api: Api, salon: Salon) -> list[Any]:
    document = "query ($of: ID!) { assignments(network: $of) { nodes { id role holder { id } } } }"
    answer = await api.ask(document, salon["hal"], of=salon.network_id)
    found: list[Any] = answer.data["assignments"]["nodes"]
    return found


async def assignments_of(remit: Remit, salon: Salon) -> list[asyncpg.Record]:
    async def look(work: Work) -> list[asyncpg.Record]:
        return await work.statements.fetch("SELECT id FROM assignments WHERE network_id = $1", salon.network_id)

    return await remit.host.perform_as_system(salon.network_id, Task(), look)


async def call_center_for(remit: Remit, salon: Salon, person: Person) -> UUID:
    async def write(work: Work) -> UUID:
        made = await Assignment.create(
            network_id=salon.network_id,
            role_code="call_center",
            specialist_id=person.specialist_id,
            valid_from=work.at,
            created_epoch=await work.statements.fetchval("SELECT next_policy_epoch()"),
        )
        found: UUID = made.id
        return found

    return await remit.host.perform_as_system(salon.network_id, MADE, write)


NARROW = Narrowing(
    frozenset({"assignments:change", "assignments:read", "specialists:read", "roles:read", "clients:read"})
)
AT_SOUTH = Narrowing(None, None)
READ_ONLY = Restriction("billing", "The subscription is unpaid.", frozenset({"assignments:change"}))


@pytest.mark.parametrize(
    ("case", "taking", "refusal"),
    [
        ("a whole token", AT_SOUTH, None),
        ("a token for some codes", NARROW, GrantExceedsOwn),
        ("a restriction of the network", READ_ONLY, None),
    ],
)
async def test_a_narrowed_token_gives_what_it_holds_itself(
    remit: Remit, salon: Salon, case: str, taking: Taking, refusal: type[UserError] | None
) -> None:
    asked = AssignRole(salon["di"].specialist_id, "viewer")

    if refusal is None:
        assert not (await change_with(remit, salon["hal"], taking, asked)).is_unchanged, case
        return
    with pytest.raises(refusal):
        await change_with(remit, salon["hal"], taking, asked)
    await change_with(remit, salon["hal"], taking, EndAssignment(salon["di"].assignment_id))


async def change_with(remit: Remit, by: Person, taking: Taking, asked: PolicyChange) -> operations.PolicyChanged:
    """Change the policy by a token that the taking narrows."""

    async def run(work: Work) -> operations.PolicyChanged:
        work.viewer = narrowed(work.viewer, taking)
        changed = await operations.change_policy(work, [asked], consent=None)
        assert isinstance(changed, operations.PolicyChanged)
        return changed

    return await remit.host.perform(Caller(token=by.token), Task(operations.POLICY_CHANGED), run)


def narrowed(viewer: Viewer, taking: Taking) -> Viewer:
    assert viewer.policy is not None
    return viewer_in(
        viewer.policy,
        kind=viewer.kind,
        account_id=viewer.account_id,
        specialist_id=viewer.specialist_id,
        takings=(taking,),
        now=viewer.now,
    )


async def test_no_domain_is_named_by_a_made_up_network(remit: Remit, api: Api) -> None:
    olga = await make_member(remit.host, "olga", "partner_owner", partner(uuid7()))

    nowhere = await api.ask(CHANGE, olga, domain=network(uuid4()), input={"changes": []})

    assert nowhere.codes == ["UNAUTHENTICATED"]


async def test_a_member_of_a_firm_reads_why_by_role_and_assignment(api: Api, remit: Remit) -> None:
    firm = partner(uuid7())
    tim = await make_member(remit.host, "tim", "technician", firm)

    answer = await api.ask(WHY, tim, domain=firm, holder=tim.account_id, firm=firm.id)

    (line,) = answer.data["explainAccess"]["matchedLines"]
    assert answer.data["explainAccess"]["decision"] == {"allowed": True, "scope": str(firm)}
    assert line == {
        "role": {"code": "technician", "isBuiltIn": True},
        "assignment": {"id": str(tim.assignment_id), "account": {"name": "Tim"}},
        "decisive": True,
    }
