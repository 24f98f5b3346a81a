"""Who acts where: in a network as a specialist or on a visit, for the operator, for a partner firm."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest
from graphql import GraphQLField, get_named_type
from uuid_utils.compat import uuid7

from app import Remit
from audit.entries import OPERATOR_CHAIN
from execution.declaration import Root
from host import Host
from policies.scopes import OPERATOR, Domain, network, partner
from policies.viewer import ViewerKind
from tests.api import Api
from tests.factories import MADE, Salon, make_salon
from tests.installation import Clock
from tests.members import Member, assign_account, let_in, make_member
from tests.resolvers.test_access import GUARDED, SIGNED_IN, UNIONS, document
from tests.resolvers.test_tenancy import masked
from work import Caller, Work

PEOPLE = {"hal": ("owner", "network"), "di": ("specialist", "network")}
FIRM = partner(uuid7())
ME = """
{
  viewer {
    account { name } domain roles network { name } networks { name }
    domains { domain kind network { name } until }
  }
}
"""
ACCESS = "{ myAccess { codes conditional { capability under } } }"


@pytest.fixture(scope="module")
async def salon(remit: Remit) -> Salon:
    return await make_salon(remit.host, PEOPLE, provides=("di",))


@pytest.fixture(scope="module")
async def pam(remit: Remit) -> Member:
    """The operator's owner: whoever holds more at the operator there is none."""
    return await make_member(remit.host, "pam", "operator_owner")


@pytest.fixture
async def tim(remit: Remit) -> Member:
    return await make_member(remit.host, "tim", "technician", FIRM)


async def test_the_operators_staff_act_for_the_operator(api: Api, pam: Member) -> None:
    chosen = await api.ask(ME, pam, domain=OPERATOR)
    implied = await api.ask(ME, pam)
    access = await api.ask(ACCESS, pam)

    assert chosen.data["viewer"] == {
        "account": {"name": "Pam"},
        "domain": "operator",
        "roles": ["operator_owner"],
        "network": None,
        "networks": [],
        "domains": [{"domain": "operator", "kind": "OPERATOR", "network": None, "until": None}],
    }
    assert implied.data == chosen.data
    assert "operator_members:change" in access.data["myAccess"]["codes"]
    assert "networks:read" not in access.data["myAccess"]["codes"]


async def test_a_partners_member_acts_for_the_firm(api: Api, tim: Member) -> None:
    found = (await api.ask(ME, tim, domain=FIRM)).data["viewer"]
    access = (await api.ask(ACCESS, tim)).data["myAccess"]

    assert (found["domain"], found["roles"]) == (str(FIRM), ["technician"])
    assert {"partner_profile:read", "visits:request"} <= {
        *access["codes"],
        *(one["capability"] for one in access["conditional"]),
    }


async def test_a_specialist_acts_in_the_network(api: Api, salon: Salon) -> None:
    found = (await api.ask(ME, salon["hal"])).data["viewer"]

    name = f"network:{salon.network_id}"
    assert (found["domain"], found["roles"]) == (name, ["owner"])
    assert [(one["domain"], one["kind"]) for one in found["domains"]] == [(name, "SPECIALIST")]


async def test_a_visitor_chooses_between_home_and_the_visited_network(
    remit: Remit, api: Api, salon: Salon, tim: Member
) -> None:
    await let_in(remit.host, tim, salon.network_id, salon.north)

    nowhere = (await api.ask(ME, tim)).data["viewer"]
    visiting = (await api.ask(ME, tim, network=salon.network_id)).data["viewer"]
    at_home = (await api.ask(ME, tim, domain=FIRM)).data["viewer"]

    assert (nowhere["domain"], nowhere["network"], nowhere["roles"]) == (None, None, [])
    assert [(one["domain"], one["kind"], one["until"] is None) for one in nowhere["domains"]] == [
        (f"network:{salon.network_id}", "VISITOR", False),
        (str(FIRM), "PARTNER", True),
    ]
    assert nowhere["networks"] == [nowhere["domains"][0]["network"]]
    assert (visiting["network"], visiting["roles"]) == (nowhere["networks"][0], ["viewer"])
    assert at_home["roles"] == ["technician"]


OUTSIDE: dict[str, Domain] = {
    "a made-up network": network(uuid4()),
    "a made-up partner": partner(uuid4()),
    "a partner of others": partner(uuid4()),
    "the operator": OPERATOR,
}


@pytest.mark.parametrize("case", OUTSIDE)
@pytest.mark.parametrize("asked", [ME, ACCESS, "{ network { name } }", "{ clients { totalCount } }"])
async def test_a_foreign_domain_is_answered_like_a_made_up_one_byte_for_byte(
    remit: Remit, api: Api, salon: Salon, case: str, asked: str
) -> None:
    await make_member(remit.host, "olga", "partner_owner", OUTSIDE["a partner of others"])
    other = await make_salon(remit.host, {"ola": ("owner", "network")})

    made_up = await api.ask(asked, salon["hal"], domain=OUTSIDE[case])
    foreign = await api.ask(asked, salon["hal"], network=other.network_id)

    assert (foreign.status, masked(foreign.body)) == (made_up.status, masked(made_up.body))


@pytest.mark.parametrize(("kind", "name", "field", "root"), GUARDED, ids=lambda value: str(value)[:40])
async def test_the_operators_scope_gives_nothing_inside_a_network(
    api: Api, pam: Member, salon: Salon, kind: str, name: str, field: GraphQLField, root: Root
) -> None:
    """Neither for the operator, nor by naming a network, may the operator's owner ask for what networks guard."""
    for domain in (OPERATOR, network(salon.network_id)):
        answer = await api.ask(document(kind, name, field), pam, domain=domain)

        if get_named_type(field.type).name in UNIONS:
            assert answer.data[name]["__typename"] == "Forbidden", root.name
        else:
            assert answer.codes == ["FORBIDDEN"], root.name
            assert not (answer.body.get("data") or {}).get(name)


@pytest.mark.parametrize(("kind", "name", "field", "root"), SIGNED_IN, ids=lambda value: str(value)[:40])
async def test_naming_a_network_opens_nothing_to_the_operator(
    remit: Remit, api: Api, salon: Salon, kind: str, name: str, field: GraphQLField, root: Root
) -> None:
    zoe = await make_member(remit.host, "zoe", "operator_owner")
    asked = document(kind, name, field)

    foreign = await api.ask(asked, zoe, network=salon.network_id)
    if name.startswith(("signOut", "end")):
        zoe = await make_member(remit.host, "zoe", "operator_owner")
    made_up = await api.ask(asked, zoe, network=uuid4())

    assert (foreign.status, masked(foreign.body)) == (made_up.status, masked(made_up.body)), root.name


async def test_row_level_security_alone_hides_every_network_from_the_operator(
    remit: Remit, salon: Salon, pam: Member
) -> None:
    async with remit.host.read(Caller(token=pam.token, domain=OPERATOR)) as work:
        tables = await work.statements.fetch(NETWORK_TABLES)
        seen = {row["name"]: await work.statements.fetchval(COUNT.format(table=row["name"])) for row in tables}
        members = await work.statements.fetchval("SELECT count(*) FROM assignments WHERE role_code = 'operator_owner'")

    assert {"specialists", "clients", "appointments", "assignments", "networks"} <= seen.keys()
    assert seen == dict.fromkeys(seen, 0)
    assert members >= 1


NETWORK_TABLES = """
SELECT DISTINCT c.relname AS name FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND NOT a.attisdropped
WHERE c.relnamespace = 'remit'::regnamespace AND c.relkind = 'r'
  AND (a.attname = 'network_id' OR c.relname = 'networks')
"""
COUNT = "SELECT count(*) FROM {table} AS t WHERE to_jsonb(t) ->> 'network_id' IS NOT NULL OR '{table}' = 'networks'"


async def test_a_visit_counts_from_its_beginning_to_its_end_and_not_a_second_longer(
    host: Host, clock: Clock, salon: Salon
) -> None:
    tim = await make_member(host, "tim", "technician", FIRM)
    now = clock.now
    visit = network(salon.network_id)
    await assign_account(
        host,
        visit,
        tim.account_id,
        "viewer",
        location_id=salon.north,
        since=now + timedelta(hours=1),
        until=now + timedelta(hours=3),
    )

    async def kind() -> ViewerKind:
        async with host.read(Caller(token=tim.token, domain=visit)) as work:
            return work.viewer.kind

    seen = {}
    for seconds in (0, 3599, 3600, 10799, 10800):
        clock.now = now + timedelta(seconds=seconds)
        seen[seconds] = await kind()

    account, visitor = ViewerKind.ACCOUNT, ViewerKind.VISITOR
    assert seen == {0: account, 3599: account, 3600: visitor, 10799: visitor, 10800: account}


async def test_a_visit_ends_with_the_work_for_the_firm(remit: Remit, api: Api, salon: Salon, tim: Member) -> None:
    await let_in(remit.host, tim, salon.network_id, salon.north)
    before = await api.ask(ME, tim, network=salon.network_id)

    await end_assignment(remit, FIRM, tim.assignment_id)
    after = await api.ask(ME, tim, network=salon.network_id)

    assert before.data["viewer"]["roles"] == ["viewer"]
    assert after.data["viewer"]["domains"] == []
    assert after.data["viewer"]["network"] is None


async def test_a_specialist_is_no_visitor_at_home(remit: Remit, api: Api, salon: Salon) -> None:
    """What a specialist was given as an account counts for nothing: the place in the network is the one that acts."""
    await assign_account(remit.host, FIRM, salon["di"].account_id, "technician")
    now = remit.host.clock()
    await assign_account(
        remit.host,
        network(salon.network_id),
        salon["di"].account_id,
        "manager",
        location_id=salon.south,
        since=now,
        until=now + timedelta(hours=1),
    )

    found = (await api.ask(ME, salon["di"], network=salon.network_id)).data["viewer"]

    assert found["roles"] == ["specialist"]
    assert [one["kind"] for one in found["domains"]] == ["SPECIALIST", "PARTNER"]


async def test_the_journal_names_members_by_where_they_come_from(
    remit: Remit, api: Api, salon: Salon, tim: Member
) -> None:
    pia = await make_member(remit.host, "pia", "account_manager")
    for visitor in (tim, pia):
        await let_in(remit.host, visitor, salon.network_id, salon.north)
        await api.ask(OPEN, visitor, network=salon.network_id)
    await api.ask(OPEN, pia, domain=OPERATOR)

    entries = await entries_of(remit, salon.network_id, "location.created")
    at_home = await entries_of(remit, OPERATOR_CHAIN, "location.created")

    assert [(one["actor_type"], one["actor_id"], one["outcome"]) for one in entries] == [
        ("partner", str(tim.account_id), "denied"),
        ("operator", str(pia.account_id), "denied"),
    ]
    assert '"roles":["viewer"]' in entries[0]["payload"]
    assert (at_home[-1]["actor_type"], at_home[-1]["actor_id"]) == ("operator", str(pia.account_id))
    assert '"roles":["account_manager"]' in at_home[-1]["payload"]


OPEN = """
mutation {
  createLocation(input: {
    idempotencyKey: "x", code: "x", name: "X", zone: "Europe/Athens", country: "GR", currency: "EUR"
  }) { __typename }
}
"""
END = "UPDATE assignments SET ended_epoch = $2 WHERE id = $1"
ENTRIES = "SELECT * FROM journal_entries WHERE chain_id = $1 AND code = $2 ORDER BY seq"


async def entries_of(remit: Remit, chain_id: UUID, code: str) -> list[asyncpg.Record]:
    async with remit.host.database.read() as statements:
        await statements.execute("SELECT set_config('remit.network_id', $1, true)", str(chain_id))
        await statements.execute("SELECT set_config('remit.operator', 'on', true)")
        return await statements.fetch(ENTRIES, chain_id, code)


async def end_assignment(remit: Remit, domain: Domain, assignment_id: UUID | None) -> None:
    async def end(work: Work) -> None:
        epoch = await work.statements.fetchval("SELECT next_policy_epoch()")
        await work.statements.execute(END, assignment_id, epoch)

    await remit.host.perform_as_system(domain, MADE, end)
