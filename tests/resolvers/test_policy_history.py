"""The history of a policy: its changes told to people, and the policy of an earlier epoch made again from its rows."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from uuid_utils.compat import uuid7

from app import Remit
from domain.team.history import policy_at
from errors import NotFound
from policies.compile import DomainPolicy
from policies.store import load_network_policy
from tests.api import Api
from tests.factories import Salon, make_salon
from tests.members import let_in, make_member
from tests.resolvers import visits
from tests.resolvers.test_own_roles import assign, change, change_lines, create, line, retire
from work import Task, Work

PEOPLE = {
    "hal": ("owner", "network"),
    "bo": ("manager", "network"),
    "rae": ("manager", "north"),
    "ana": ("administrator", "north"),
    "fay": ("marketer", "network"),
    "nil": ("", "network"),
}
CHANGES = """
query ($of: ID!, $first: Int! = 5, $after: String) {
  policyChanges(network: $of, first: $first, after: $after) {
    totalCount
    nodes {
      epoch madeAt origin journalEntryId consent actor { type name roles } madeBy { name }
      changes { kind sentence holder { name } account { name } location { name } }
      consequences { plugin digest }
      delta {
        gained lost
        entries(first: 2) { totalCount nodes { capability change holder { name } location { name } } }
      }
    }
    pageInfo { hasNextPage endCursor }
  }
}
"""


@pytest.fixture
async def salon(remit: Remit) -> Salon:
    return await make_salon(remit.host, PEOPLE)


async def history(api: Api, salon: Salon, *, by: str = "hal", **further: Any) -> Any:
    return (await api.ask(CHANGES, salon[by], of=salon.network_id, **further)).data["policyChanges"]


async def test_the_end_of_a_visit_names_the_visitor(api: Api, remit: Remit, salon: Salon) -> None:
    tim = await make_member(remit.host, "tim", "account_manager")
    visit = await let_in(remit.host, tim, salon.network_id, salon.north)

    await change(api, salon, "hal", {"endAssignment": {"assignment": visit}})

    (told,) = (await history(api, salon))["nodes"][0]["changes"]
    assert told == {
        "kind": "end",
        "sentence": "Tim no longer has the role viewer at North.",
        "holder": None,
        "account": {"name": "Tim"},
        "location": {"name": "North"},
    }


async def test_a_change_says_who_made_it_what_it_did_and_to_whom(api: Api, salon: Salon) -> None:
    made = await change(api, salon, "hal", assign(salon, "fay", "administrator", location=salon.north))

    (found,) = (await history(api, salon))["nodes"]

    assert (found["epoch"], found["origin"]) == (made["epoch"], "REQUEST")
    assert found["actor"] == {"type": "specialist", "name": "Hal", "roles": ["owner"]}
    assert found["madeBy"] == {"name": "Hal"}
    assert found["changes"] == [
        {
            "kind": "assign",
            "sentence": "Fay got the role administrator at North.",
            "holder": {"name": "Fay"},
            "account": None,
            "location": {"name": "North"},
        }
    ]
    assert [one["plugin"] for one in found["consequences"]] == ["billing"]
    assert found["consent"].startswith("c1.")
    assert (found["delta"]["gained"], found["delta"]["lost"]) == (made["preview"]["gained"], 0)
    entries = found["delta"]["entries"]
    assert entries["totalCount"] == made["preview"]["gained"]
    assert [one["change"] for one in entries["nodes"]] == ["GAINED", "GAINED"]
    assert {(one["holder"]["name"], one["location"]["name"]) for one in entries["nodes"]} == {("Fay", "North")}


async def test_each_kind_of_change_is_a_sentence(api: Api, salon: Salon) -> None:
    fay, ana = salon["fay"].specialist_id, salon["ana"].assignment_id
    for asked in (
        [create("desk", [line("services:read")])],
        [change_lines([line("services:read"), line("locations:read")], role="desk")],
        [assign(salon, "nil", "desk", validUntil="2031-03-01T10:00:00+02:00", limits="back=7")],
        [{"setLimits": {"assignment": ana, "limits": "own"}}],
        [{"suspendHolder": {"holder": fay}}, {"resumeHolder": {"holder": fay}}],
        [retire("viewer", role="desk")],
        [{"endAssignment": {"assignment": salon["rae"].assignment_id}}],
    ):
        assert (await change(api, salon, "hal", *asked))["__typename"] == "PolicyChanged", asked

    told = [one["sentence"] for node in (await history(api, salon, first=9))["nodes"] for one in node["changes"]]

    assert told == [
        "Rae no longer has the role manager at North.",
        "The role desk was taken out of use; its holders have viewer instead.",
        "Fay was suspended.",
        "The suspension of Fay was ended.",
        "Ana has the role administrator at North under the limits own from now on.",
        "Nil got the role desk in the whole network, until 2031-03-01 08:00 UTC under the limits back=7.",
        "The role desk was given other lines: it has 2 lines now.",
        "The role desk was made, with 1 line.",
    ]


async def test_the_pages_go_back_to_the_first_change(api: Api, salon: Salon) -> None:
    made = [(await change(api, salon, "hal", create(f"desk_{n}", [line("services:read")])))["epoch"] for n in range(5)]

    seen: list[int] = []
    after: str | None = None
    for has_more in (True, True, False):
        page = await history(api, salon, first=2, after=after)
        assert (page["totalCount"], page["pageInfo"]["hasNextPage"]) == (5, has_more)
        seen += [one["epoch"] for one in page["nodes"]]
        after = page["pageInfo"]["endCursor"]

    assert seen == sorted(made, reverse=True)


async def test_a_delta_is_paged_to_its_end(api: Api, salon: Salon) -> None:
    made = await change(api, salon, "hal", assign(salon, "nil", "viewer"))
    document = """
    query ($of: ID!, $after: String) {
      policyChanges(network: $of) { nodes { delta { entries(first: 7, after: $after) {
        nodes { capability } pageInfo { hasNextPage endCursor }
      } } } }
    }
    """
    seen: list[str] = []
    after: str | None = None
    while True:
        answer = await api.ask(document, salon["hal"], of=salon.network_id, after=after)
        (node,) = answer.data["policyChanges"]["nodes"]
        page = node["delta"]["entries"]
        seen += [one["capability"] for one in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break

    assert len(seen) == made["preview"]["gained"] > 7
    assert seen == sorted(set(seen))


@pytest.mark.parametrize(("by", "codes"), [("hal", []), ("bo", []), ("rae", ["FORBIDDEN"]), ("ana", ["FORBIDDEN"])])
async def test_the_history_is_for_who_may_explain_the_whole_network(
    api: Api, salon: Salon, by: str, codes: list[str]
) -> None:
    assert (await api.ask(CHANGES, salon[by], of=salon.network_id)).codes == codes


async def test_the_history_of_another_network_is_not_found(api: Api, remit: Remit, salon: Salon) -> None:
    other = await make_salon(remit.host, {"hal": ("owner", "network")})

    foreign = await api.ask(CHANGES, salon["hal"], of=other.network_id)
    unknown = await api.ask(CHANGES, salon["hal"], of=uuid7())

    assert foreign.body == unknown.body
    assert foreign.codes == ["NOT_FOUND"]


# --- As of an earlier epoch


def state_of(policy: DomainPolicy) -> dict[str, object]:
    """All that a policy says, comparable."""
    return {
        "epoch": policy.epoch,
        "zone": policy.top.zone.key,
        "roles": {role.code: (role.title, sorted(map(repr, role.lines))) for role in policy.roles.values()},
        "places": sorted((place.location_id, place.zone.key, sorted(place.traits)) for place in policy.locations),
        "inactive": sorted(policy.inactive),
        "assignments": sorted(
            (one.id, one.holder_id, one.role.code, str(one.location_id), repr(one.limits), one.valid_from)
            for held in policy.assignments.values()
            for one in held
        ),
    }


async def current(remit: Remit, salon: Salon) -> dict[str, object]:
    async def load(work: Work) -> DomainPolicy:
        return await load_network_policy(work.statements.fetch, work.network_id, work.host.release)

    return state_of(await remit.host.perform_as_system(salon.network_id, Task(), load))


async def as_of(remit: Remit, salon: Salon, epoch: int) -> dict[str, object]:
    async def load(work: Work) -> DomainPolicy:
        policy, _ = await policy_at(work, epoch)
        return policy

    return state_of(await remit.host.perform_as_system(salon.network_id, Task(), load))


holders = st.sampled_from(["bo", "rae", "ana", "fay", "nil"])
limits = st.sampled_from(["none", "own", "back=3", "hours=12345/08:00-20:00"])
some_lines = st.lists(
    st.sampled_from(["services:read", "locations:read", "clients:read", "specialists:read"]), min_size=1, unique=True
)


@st.composite
def requests(draw: st.DrawFn, salon: Salon, current_ids: list[str]) -> dict[str, object]:
    """One change of policy that may or may not be possible."""
    kind = draw(st.sampled_from(["assign", "end", "limit", "suspend", "resume", "create", "lines", "retire"]))
    role = draw(st.sampled_from(["desk", "night"]))
    holder = draw(holders)
    match kind:
        case "assign":
            given = draw(st.sampled_from(["viewer", "accountant", "administrator", role]))
            at = draw(st.sampled_from([None, salon.north, salon.south]))
            return assign(salon, holder, given, location=at, limits=draw(limits))
        case "end":
            return {"endAssignment": {"assignment": draw(st.sampled_from(current_ids))}}
        case "limit":
            return {"setLimits": {"assignment": draw(st.sampled_from(current_ids)), "limits": draw(limits)}}
        case "suspend" | "resume":
            return {f"{kind}Holder": {"holder": salon[holder].specialist_id}}
        case "create":
            return create(role, [line(code) for code in draw(some_lines)])
        case "lines":
            return change_lines([line(code) for code in draw(some_lines)], role=role)
        case _:
            return retire(draw(st.sampled_from([None, "viewer"])), role=role)


AROUND = (
    "UPDATE locations SET call_center = NOT call_center WHERE network_id = $1",
    "UPDATE locations SET zone = CASE zone WHEN 'Europe/Athens' THEN 'Europe/Sofia' ELSE 'Europe/Athens' END "
    "WHERE network_id = $1",
    "UPDATE networks SET zone = CASE zone WHEN 'Europe/Athens' THEN 'Europe/Sofia' ELSE 'Europe/Athens' END "
    "WHERE id = $1",
    "INSERT INTO locations (network_id, id, code, name, zone, country, currency) "
    "SELECT $1, id, id::text, 'New', 'Europe/Athens', 'GR', 'EUR' FROM gen_random_uuid() AS id",
    "INSERT INTO specialists (network_id, id, name, state) VALUES ($1, gen_random_uuid(), 'New', 'SUSPENDED')",
)
"""What moves a policy's epoch beside its changes."""


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
async def test_an_earlier_epoch_is_what_it_was_when_it_was_current(api: Api, remit: Remit, data: st.DataObject) -> None:
    salon = await make_salon(remit.host, PEOPLE)
    recorded: dict[int, dict[str, object]] = {}

    for _ in range(10):
        held = [str(one) for one in await current_ids(remit, salon)]
        answer = await change(api, salon, "hal", data.draw(requests(salon, held)))
        if answer["__typename"] == "PolicyChanged" and not answer["unchanged"]:
            recorded[answer["epoch"]] = await current(remit, salon)
        if data.draw(st.booleans()):
            await visits.change(remit, salon, data.draw(st.sampled_from(AROUND)), salon.network_id)

    for epoch, state in recorded.items():
        assert await as_of(remit, salon, epoch) == state


async def current_ids(remit: Remit, salon: Salon) -> list[object]:
    """The ids of the current assignments of all but the owner."""
    async with remit.host.database.read() as statements:
        await statements.execute("SELECT set_config('remit.network_id', $1, true)", str(salon.network_id))
        found = await statements.fetch(
            "SELECT id FROM assignments WHERE ended_epoch IS NULL AND role_code IS DISTINCT FROM 'owner' ORDER BY id"
        )
        return [row["id"] for row in found] or [salon["ana"].assignment_id]


async def test_an_epoch_that_no_change_made_has_no_policy(remit: Remit, salon: Salon) -> None:
    with pytest.raises(NotFound):
        await as_of(remit, salon, 10**12)
