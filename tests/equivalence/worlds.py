"""Random networks in a real database, those who look at them, and the values that their documents may send.

Order: two salons and people from outside; the salon's business as rows; then what people do through the API, so that
there are journal entries, policy changes, visits, suspensions and refusals. Nothing is written afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from random import Random
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from uuid_utils.compat import uuid7

from demo import rows
from demo.rows import TABLES, Row, columns
from domain.booking.rules import AppointmentState
from domain.clients.rules import name_key
from domain.team.jobs import fold_uses_of_network
from execution.context import RequestContext
from host import Host
from policies import scopes
from policies.roles import BUILT_IN
from policies.scopes import OPERATOR, Domain, partner
from schema.builder import RemitSchema
from tests.api import Signed
from tests.equivalence.values import PLAIN_POOLS, Json, Values
from tests.factories import MADE, Salon, make_salon
from tests.installation import Clock
from tests.members import let_in, make_member
from tests.resolvers.staff import STAFF
from tests.resolvers.test_proposals import entail as need_owners
from work import Caller, Work

FURTHER_STAFF: Final = {
    "rae": ("manager", "north"),
    "jo": ("specialist", "north"),
    "lex": ("", "network"),
    "max": ("", "network"),
    "sue": ("manager", "network"),
    "tia": ("call_center", "north"),
    "uma": ("specialist", "network"),
}
PROVIDERS: Final = ("otto", "di", "jo", "uma")
LIMITED: Final = {
    "lex": ("manager", ("own", "own back=7", "back=7", "ahead=3", "back=read:9/change:0", "max=1000/EUR")),
    "max": ("specialist", ("back=3 ahead=3", "hours=12345/08:00-20:00", "ip=203.0.113.0/24", "pct=500")),
}
"""Who gets a role only under limits: the role, and the limits of which one is chosen."""

SUSPENDED: Final = ("sue", "uma")
SEEN_AS: Final = {
    "hal": 30,
    "otto": 12,
    "bo": 12,
    "rae": 6,
    "ivy": 6,
    "cy": 4,
    "lex": 4,
    "ana": 3,
    "max": 2,
    "di": 2,
    "eve": 2,
    "fay": 2,
    "visitor": 2,
    "gus": 1,
    "jo": 1,
    "tia": 1,
    "sue": 1,
    "uma": 1,
    "zoe": 1,
    "operator": 1,
    "partner": 1,
    "stranger": 1,
    "nobody": 1,
    "bad token": 1,
}
"""How often each looks: mostly those who see much, since a refused root field leaves nothing to compare."""

LIKELY: Final = {
    "appointments": 6,
    "appointment": 4,
    "clients": 3,
    "client": 3,
    "specialists": 3,
    "assignments": 3,
    "nodes": 3,
    "edges": 2,
    "payments": 2,
    "sale": 2,
    "lines": 2,
    "phone": 3,
    "email": 3,
    "seat": 2,
}
"""How many times as likely as others these fields are selected: those of which the data has most to say."""

SOURCES: Final = ("STAFF", "ONLINE", "CALL_CENTER", "IMPORT")
NAMES: Final = ("Nikos Pappas", "Ωραία Ελένη", "Ann “Bo” O'Hara", "Ő", "anna")
ATHENS: Final = ZoneInfo("Europe/Athens")
UNKNOWN: Final = str(UUID(int=1 << 120))
MALFORMED: Final = "no such id"

CHANGE = """
mutation ($input: PolicyChangesInput!, $consent: String) {
  changePolicy(input: $input, consent: $consent) {
    __typename ... on ConsentRequired { preview { consent } } ... on UserError { code message path }
  }
}
"""
BOOK = """
mutation ($input: BookAppointmentInput!) {
  bookAppointment(input: $input) {
    __typename ... on Forbidden { decisionId } ... on UserError { code message path }
  }
}
"""
KNOWN = """
query ($network: ID!) {
  appointments(first: 100) { nodes { id lines { id } sale { id } payments { id } } edges { cursor } }
  clients { nodes { id } edges { cursor } }
  locations { nodes { id } edges { cursor } }
  services { nodes { id } edges { cursor } }
  specialists { nodes { id } edges { cursor } }
  assignments(network: $network) { nodes { id } edges { cursor } }
  journal(first: 100) { nodes { id decisionId } edges { cursor } }
  policyChanges(network: $network) {
    nodes { epoch delta { entries(first: 5) { edges { cursor } } } } edges { cursor }
  }
  policyProposals(network: $network) { nodes { id } edges { cursor } }
  unusedCapabilities(network: $network) { nodes { holderId } edges { cursor } }
  whoCan(scope: $network, capability: "appointments:read") { nodes { holderId } edges { cursor } }
  capabilities { code }
  roles { code }
}
"""


@dataclass(frozen=True, slots=True)
class World:
    """A host whose clock stands, those who may look by name, and what they may send."""

    host: Host
    viewers: Mapping[str, Caller]
    values: Values

    def random_viewer(self, rng: Random) -> str:
        """The name of somebody who looks."""
        return rng.choices(list(SEEN_AS), weights=list(SEEN_AS.values()))[0]


async def make_world(running: Host, schema: RemitSchema, rng: Random) -> World:
    """A world of its own in the database of a running host, in which people act through the schema."""
    host = replace(running, clock=Clock(), is_demo=True)
    salon = await make_salon(host, STAFF | FURTHER_STAFF, provides=PROVIDERS)
    other = await make_salon(host, {"zoe": ("owner", "network")}, provides=("zoe",))
    outsiders = {
        "operator": await make_member(host, "olga", "operator_owner", OPERATOR),
        "partner": await make_member(host, "petra", "partner_owner", firm := partner(uuid7())),
        "visitor": await make_member(host, "tim", "technician", firm),
        "stranger": await make_member(host, "sam"),
    }
    await let_in(host, outsiders["visitor"], salon.network_id, salon.north, role="viewer")
    await _write(host, salon, list(_business(rng, salon, host)))
    await _live(schema, host, salon, rng)
    await fold_uses_of_network(host, str(salon.network_id))
    domains = {"operator": OPERATOR, "partner": firm, "visitor": scopes.network(salon.network_id)}
    return World(
        host,
        {name: caller_of(person) for name, person in (salon.people | other.people).items()}
        | {name: caller_of(member, domains.get(name)) for name, member in outsiders.items()}
        | {"nobody": Caller(), "bad token": Caller(token="no session's")},
        await _values(schema, host, salon, other),
    )


def caller_of(person: Signed, domain: Domain | None = None) -> Caller:
    """What a request of this person comes with."""
    return Caller(token=person.token, domain=domain)


async def ask(schema: RemitSchema, host: Host, caller: Caller, document: str, **variables: Json) -> Any:
    """The data of a document that is answered without errors."""
    result = await schema.execute(document, variable_values=variables, context_value=RequestContext(host, caller))
    assert result.errors is None, result.errors
    return result.data


# --- The business, as rows


async def _write(host: Host, salon: Salon, written: list[Row]) -> None:
    async def run(work: Work) -> None:
        for table in TABLES:
            if of_table := [row for row in written if type(row) is table]:
                await work.statements.execute(table.INSERT, *columns(of_table))

    await host.perform_as_system(salon.network_id, MADE, run)


def _business(rng: Random, salon: Salon, host: Host) -> Iterator[Row]:
    """Clients of either location, and their visits of a month around now."""
    clients = [uuid7() for _ in range(rng.randrange(5, 12))]
    for client_id in clients:
        yield _client(rng, salon, host, client_id)
        for location_id in rng.sample((salon.north, salon.south), rng.choice((1, 1, 2))):
            yield rows.ClientLocation(
                network_id=salon.network_id, client_id=client_id, location_id=location_id, first_seen=host.clock()
            )
    for _ in range(rng.randrange(20, 40)):
        yield from _visit(rng, salon, host, rng.choice(clients))


def _client(rng: Random, salon: Salon, host: Host, client_id: UUID) -> Row:
    name = rng.choice(NAMES)
    return rows.Client(
        network_id=salon.network_id,
        id=client_id,
        name=name,
        name_key=name_key(name),
        phone=rng.choice((None, f"+30210{rng.randrange(10**6, 10**7)}")),
        email=rng.choice((None, f"{client_id.hex}@example.com")),
        language=rng.choice(("el", "en", "hu")),
        created_at=host.clock(),
    )


def _visit(rng: Random, salon: Salon, host: Host, client_id: UUID) -> Iterator[Row]:
    """An appointment in any state, with its lines and mostly a sale."""
    starts_at = host.clock() + timedelta(days=rng.randrange(-20, 15), minutes=15 * rng.randrange(-8, 30))
    minutes = [45] * rng.choice((1, 1, 2, 3))
    is_cancelled = (state := rng.choice(list(AppointmentState))) is AppointmentState.CANCELLED
    people = [person.specialist_id for person in salon.people.values()]
    visit = rows.Appointment(
        network_id=salon.network_id,
        id=uuid7(),
        location_id=rng.choice((salon.north, salon.south)),
        client_id=client_id,
        state=state.value,
        version=rng.randrange(1, 5),
        starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=sum(minutes)),
        local_start=starts_at.astimezone(ATHENS).strftime("%Y-%m-%dT%H:%M"),
        zone=ATHENS.key,
        source=rng.choice(SOURCES),
        created_by=rng.choice((None, *people)),
        cancelled_by=rng.choice(("CLIENT", "BUSINESS")) if is_cancelled else None,
        late=rng.choice((True, False)) if is_cancelled else None,
        reason=rng.choice(("", "Ill")) if is_cancelled else None,
        created_at=starts_at - timedelta(days=30),
    )
    lines = [_line(rng, salon, visit, position) for position in range(len(minutes))]
    yield visit
    yield from lines
    if rng.random() < 0.6:
        yield from _bill(rng, visit, lines)


def _line(rng: Random, salon: Salon, visit: rows.Appointment, position: int) -> rows.AppointmentLine:
    starts_at = visit.starts_at + timedelta(minutes=45 * position)
    return rows.AppointmentLine(
        network_id=salon.network_id,
        id=uuid7(),
        appointment_id=visit.id,
        position=position,
        service_id=salon.service_id,
        specialist_id=salon[rng.choice(PROVIDERS)].specialist_id,
        starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=45),
        amount=rng.choice((0, 50_00, 99_99)),
        currency="EUR",
    )


def _bill(rng: Random, visit: rows.Appointment, lines: list[rows.AppointmentLine]) -> Iterator[Row]:
    sale = rows.Sale(
        network_id=visit.network_id,
        id=uuid7(),
        location_id=visit.location_id,
        appointment_id=visit.id,
        currency="EUR",
        opened_at=visit.starts_at,
    )
    yield sale
    for line in lines:
        yield rows.SaleLine(
            network_id=visit.network_id,
            id=uuid7(),
            sale_id=sale.id,
            position=line.position,
            appointment_line_id=line.id,
            served_by=line.specialist_id,
            amount=line.amount,
        )
    for _ in range(rng.choice((0, 1, 1, 2))):
        yield rows.Payment(
            network_id=visit.network_id,
            id=uuid7(),
            sale_id=sale.id,
            method=rng.choice(("CASH", "TERMINAL", "TRANSFER")),
            amount=rng.choice((10_00, 50_00)),
            tendered=None,
            captured_at=visit.ends_at,
            taken_by=rng.choice(lines).specialist_id,
        )


# --- What people do


async def _live(schema: RemitSchema, host: Host, salon: Salon, rng: Random) -> None:
    for change in _policy_changes(salon, rng):
        await _change_policy(schema, host, salon, change)
    await _propose(schema, host, salon)
    # One booking that is made, and one that the policy refuses: its decision can be asked for.
    for name, outcome in (("ana", "AppointmentBooked"), ("eve", "Forbidden")):
        asked = {"idempotencyKey": str(uuid7()), "locationId": str(salon.north), "startsAt": _tomorrow(host)}
        line = {"serviceId": str(salon.service_id), "specialistId": str(salon["di"].specialist_id)}
        found = await ask(schema, host, caller_of(salon[name]), BOOK, input={**asked, "lines": [line]})
        assert found["bookAppointment"]["__typename"] == outcome, found


def _policy_changes(salon: Salon, rng: Random) -> Iterator[dict[str, Json]]:
    for name, (role, limits) in LIMITED.items():
        holder = str(salon[name].specialist_id)
        yield {"assignRole": {"holder": holder, "role": role, "limits": rng.choice(limits)}}
    lines = [{"capability": code, "effect": "ALLOW"} for code in ("roles:read", "services:read")]
    yield {"createRole": {"code": "trainee", "title": "Trainee", "lines": lines}}
    yield {"assignRole": {"holder": str(salon["lex"].specialist_id), "role": "trainee", "location": str(salon.south)}}
    yield {
        "saveAccessTest": {
            "title": "At most 2 may refund",
            "who": {"group": "EVERYBODY"},
            "quantifier": "AT_MOST",
            "number": 2,
            "predicate": {"holds": {"capability": "refunds:create"}},
            "mode": "WARN",
        }
    }
    for name in SUSPENDED:
        yield {"suspendHolder": {"holder": str(salon[name].specialist_id), "reason": "On leave"}}


async def _change_policy(schema: RemitSchema, host: Host, salon: Salon, change: dict[str, Json]) -> None:
    """Change the policy as an owner, who agrees to what it costs."""
    asked = {"network": str(salon.network_id), "changes": [change]}
    consent = None
    for _ in range(2):
        data = await ask(schema, host, caller_of(salon["hal"]), CHANGE, input=asked, consent=consent)
        found = data["changePolicy"]
        if found["__typename"] == "PolicyChanged":
            return
        consent = found.get("preview", {}).get("consent")
    raise AssertionError(found)


async def _propose(schema: RemitSchema, host: Host, salon: Salon) -> None:
    """Propose a change as a manager, where a plugin wants owners to approve."""
    guarded = replace(host, consequences={"toy": need_owners})
    change = {"assignRole": {"holder": str(salon["di"].specialist_id), "role": "viewer"}}
    asked = {"network": str(salon.network_id), "changes": [change]}
    found = await ask(schema, guarded, caller_of(salon["bo"]), CHANGE, input=asked)
    assert found["changePolicy"]["__typename"] == "ApprovalRequired", found


def _tomorrow(host: Host) -> str:
    return (host.clock() + timedelta(days=1)).isoformat()


# --- What documents send


async def _values(schema: RemitSchema, host: Host, salon: Salon, other: Salon) -> Values:
    known = await ask(schema, host, caller_of(salon["hal"]), KNOWN, network=str(salon.network_id))
    foreign = await ask(schema, host, caller_of(other["zoe"]), KNOWN, network=str(other.network_id))
    pools = (
        dict(PLAIN_POOLS)
        | _plain_pools(host)
        | _id_pools(known, foreign)
        | _place_pools(salon, other)
        | _holder_pools(salon)
        | _word_pools(known)
        | _cursor_pools(known)
    )
    return Values(pools, given={"first": 0.97, "after": 0.2})


def _plain_pools(host: Host) -> dict[str, list[Json]]:
    days = [(host.clock() + timedelta(days=days)) for days in (-30, -7, -1, 0, 1, 7, 30)]
    return {
        "DateTime": [*(day.isoformat() for day in days)] * 4 + ["0001-01-01T00:00:00Z", "2026-03-02T09:00:00"],
        "Date": [day.date().isoformat() for day in days],
        "MinorUnits": [0, 50_00, 10**12],
        "first": [1, 2, 3, 3, 4, 5] * 8 + [0, 100, 101],
        "days": [1, 7, 90],
        "epoch": [1, 2, 10**6],
        "number": [0, 1, 2],
        "hours": [1, 8, 72, 0],
    }


def _place_pools(salon: Salon, other: Salon) -> dict[str, list[Json]]:
    networks = [str(salon.network_id)] * 20 + [str(other.network_id), UNKNOWN, MALFORMED]
    locations = [str(salon.north), str(salon.south)]
    return {
        "network": networks,
        "location": mostly(locations, str(other.north)),
        "location.id": mostly(locations, str(other.north)),
        "locationId": mostly(locations, str(other.north)),
        "scope": [str(salon.network_id)] * 10 + mostly(locations, str(other.network_id)),
    }


def _holder_pools(salon: Salon) -> dict[str, list[Json]]:
    specialists = [str(person.specialist_id) for person in salon.people.values()]
    return {
        "holder": mostly(specialists, str(salon["hal"].account_id)),
        "assignment": mostly([str(person.assignment_id) for person in salon.people.values() if person.role]),
        "actorId": mostly(specialists),
    }


def _id_pools(known: Json, foreign: Json) -> dict[str, list[Json]]:
    def ids(name: str) -> list[Json]:
        found, others = ([node["id"] for node in asked[name]["nodes"]] for asked in (known, foreign))
        return mostly(found, *others[:1])

    visits = known["appointments"]["nodes"]
    decisions = [node["decisionId"] for node in known["journal"]["nodes"] if node["decisionId"]]
    sales = [visit["sale"]["id"] for visit in visits if visit["sale"]]
    return {
        "appointment.id": ids("appointments"),
        "client.id": ids("clients"),
        "clientId": ids("clients"),
        "service.id": ids("services"),
        "specialist.id": ids("specialists"),
        "specialistId": ids("specialists"),
        "journalEntry.id": ids("journal"),
        "decision.id": mostly(decisions),
        "previewProposal.id": ids("policyProposals"),
        "object": [*ids("appointments"), *ids("clients"), *sales],
        "ID": [UNKNOWN, MALFORMED],
    }


def _word_pools(known: Json) -> dict[str, list[Json]]:
    capabilities = [one["code"] for one in known["capabilities"]]
    roles = [one["code"] for one in known["roles"]]
    return {
        "capability": capabilities * 5 + ["no:such"],
        "role": roles * 5 + [role.code for role in BUILT_IN] + ["nobody"],
        "limits": ["none"] * 4 + ["own", "back=7", "wrong"],
        "outcomes": ["ok", "denied", "failed"],
        "areas": ["policy", "booking", "team", "nowhere"],
        "codes": ["policy.changed", "appointment.booked", "no.such"],
        "search": ["nik", "Ωρ", "+30210", "", "zzz"],
        "policy": ["seats-2025-03@1", "seats-2026-02@1", "seats-2025-03@1", "none@1"],
        "published": ["seats-2025-03@1", "seats-2026-02@1", "none@1"],
        "SimulatedVerdictsInput.name": ["seats"] * 9 + ["none"],
        "SimulatedVerdictsInput.draft": ["line,outcome,when,kind,text\n90,free,True,none,Everybody\n", "wrong"],
        "SimulatedVerdictsInput.sets": [""],
        "HasVerdictInput.name": ["seats"],
        "HasVerdictInput.outcome": ["free", "billable"],
    }


def _cursor_pools(known: Json) -> dict[str, list[Json]]:
    """The cursors of each list; at times another list's, or no cursor at all."""
    lists = {name: page for name, page in known.items() if isinstance(page, dict)}
    lists["entries"] = lists["simulatePolicy"] = known["policyChanges"]["nodes"][0]["delta"]["entries"]
    own = {name: [edge["cursor"] for edge in page["edges"]] for name, page in lists.items()}
    wrong = ["", "no cursor", *(cursor for cursors in own.values() for cursor in cursors[:1])]
    return {f"{name}.after": [*cursors * 9, *wrong[:1]] for name, cursors in own.items()} | {"after": wrong}


def mostly(good: list[str], *odd: str) -> list[Json]:
    """Mostly ids of the data; at times a foreign one, an unknown and a malformed one."""
    return good * (30 // max(1, len(good)) + 1) + [*odd, UNKNOWN, MALFORMED]
