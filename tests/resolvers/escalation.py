"""A network full of people who would like to have more, and all that must stay as it is when they try."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from app import Remit
from domain.team.models import Assignment, Role, RoleLine, Specialist
from policies.limit_syntax import limits_from_words, limits_to_json
from policies.scopes import partner
from tests.api import Api, Signed
from tests.factories import MADE, Salon, make_salon
from tests.members import Member, make_member
from work import Work

Change = Mapping[str, object]

PEOPLE = {
    "hal": ("owner", "network"),
    "ola": ("owner", "network"),
    "bo": ("manager", "network"),
    "vic": ("manager", "network"),
    "cy": ("manager", "network"),
    "rae": ("manager", "north"),
    "ana": ("administrator", "north"),
    "di": ("specialist", "south"),
    "suz": ("accountant", "network"),
    "bot": ("manager", "network"),
    **dict.fromkeys(["pat", "kay", "kim", "lee", "max", "nex", "fut", "gus", "aud"], ("", "network")),
}
"""Gus holds nothing and would take anything: everybody's accomplice. What the others hold besides is in GIVEN."""

KEEPER = ("roles:read", "roles:change", "services:read", "specialists:read", "assignments:read", "assignments:change")
OWN_ROLES: Mapping[str, tuple[str, ...]] = {
    "no_clients": ("deny clients:read",),
    "giver": ("roles:read", "specialists:read", "assignments:read", "assignments:change", "services:read"),
    "keeper": KEEPER,
    "auditor": (*KEEPER, "policies:explain", "access_tests:change"),
    "shut_out": ("deny assignments:change", "deny specialists:suspend", "deny roles:change"),
}
"""The network's own roles by their lines; those without a word before them allow."""

NOW = datetime.now(UTC)
TOMORROW, NEXT_WEEK, IN_A_MONTH = (NOW + timedelta(days=days) for days in (1, 7, 30))


@dataclass(frozen=True, slots=True)
class Given:
    """What somebody holds besides the role in PEOPLE."""

    name: str
    role: str
    at_north: bool = False
    limits: str = "none"
    begins: datetime | None = None
    until: datetime | None = None


GIVEN = (
    Given("vic", "no_clients"),
    Given("cy", "call_center"),
    Given("pat", "giver"),
    Given("pat", "administrator", at_north=True),
    Given("kay", "keeper"),
    Given("aud", "auditor"),
    Given("kim", "manager", limits="back=read:30/change:0"),
    Given("lee", "manager", limits="ip=127.0.0.0/8"),
    Given("max", "manager", until=TOMORROW),
    Given("nex", "manager"),
    Given("nex", "accountant", begins=NEXT_WEEK),
    Given("fut", "manager", begins=NEXT_WEEK),
)


@dataclass(frozen=True, slots=True)
class World:
    """The salon with a visitor who may be let in, and what people hold by `name role`."""

    salon: Salon
    tim: Member
    assignments: Mapping[str, UUID]

    def give(self, holder: str, role: str, at: UUID | None = None, **terms: object) -> Change:
        """Give a role to somebody, at the whole network unless `at` says where."""
        return {"assignRole": {"holder": self.salon[holder].specialist_id, "role": role, "location": at, **terms}}

    def end(self, held: str) -> Change:
        """Take away what somebody holds: `vic no_clients`."""
        return {"endAssignment": {"assignment": self.assignments[held]}}

    def limit(self, held: str, limits: str) -> Change:
        """Put what somebody holds under other limits."""
        return {"setLimits": {"assignment": self.assignments[held], "limits": limits}}

    def suspend(self, holder: str) -> Change:
        """Suspend somebody."""
        return {"suspendHolder": {"holder": self.salon[holder].specialist_id}}

    def resume(self, holder: str) -> Change:
        """Resume somebody."""
        return {"resumeHolder": {"holder": self.salon[holder].specialist_id}}

    def let_in(self, role: str, at: UUID | None = None, **terms: object) -> Change:
        """Let Tim in, at the north unless `at` says where, for eight hours unless the terms say otherwise."""
        terms = terms or {"hours": 8}
        return {
            "approveVisit": {"account": self.tim.account_id, "role": role, "location": at or self.salon.north, **terms}
        }


async def make_world(remit: Remit) -> World:
    """The salon, written as it would stand after every check; Suz is suspended, Bot is a service account."""
    salon = await make_salon(remit.host, PEOPLE)
    tim = await make_member(remit.host, "tim", "technician", partner(uuid7()))

    async def write(work: Work) -> dict[str, UUID]:
        epoch: int = await work.statements.fetchval("SELECT next_policy_epoch()")
        roles = {code: await _make_role(work, salon, code, epoch) for code in OWN_ROLES}
        made = {f"{one.name} {one.role}": await _give(work, salon, one, roles.get(one.role), epoch) for one in GIVEN}
        await Specialist.filter(id=salon["bot"].specialist_id).update(kind="SERVICE")
        await Specialist.filter(id=salon["suz"].specialist_id).update(state="SUSPENDED")
        return made

    made = await remit.host.perform_as_system(salon.network_id, MADE, write)
    first = {f"{name} {person.role}": person.assignment_id for name, person in salon.people.items() if person.role}
    return World(salon, tim, first | made)


async def _make_role(work: Work, salon: Salon, code: str, epoch: int) -> UUID:
    role = await Role.create(network_id=salon.network_id, code=code, title=code)
    for said in OWN_ROLES[code]:
        effect, _, capability = said.rpartition(" ")
        await RoleLine.create(
            network_id=salon.network_id,
            role_id=role.id,
            capability=capability,
            effect=effect or "allow",
            limits={},
            created_epoch=epoch,
        )
    found: UUID = role.id
    return found


async def _give(work: Work, salon: Salon, one: Given, role_id: UUID | None, epoch: int) -> UUID:
    made = await Assignment.create(
        network_id=salon.network_id,
        location_id=salon.north if one.at_north else None,
        role_code=None if role_id else one.role,
        role_id=role_id,
        specialist_id=salon[one.name].specialist_id,
        limits=limits_to_json(limits_from_words(one.limits)),
        valid_from=one.begins or work.at - timedelta(days=1),
        valid_until=one.until,
        created_epoch=epoch,
    )
    found: UUID = made.id
    return found


CHANGE = """
mutation ($input: PolicyChangesInput!, $consent: String) {
  changePolicy(input: $input, consent: $consent) {
    __typename
    ... on PolicyChanged { epoch unchanged preview { consent gained lost } }
    ... on ConsentRequired { preview { consent } }
    ... on ConsequencesChanged { preview { consent } }
    ... on GrantExceedsOwn { missing }
    ... on UserError { code message path hint }
  }
}
"""


async def change(api: Api, salon: Salon, by: Signed, changes: Iterable[Change]) -> Any:
    """The answer to changes, agreed to where that is asked for."""
    asked = {"network": salon.network_id, "changes": list(changes)}
    answer = (await api.ask(CHANGE, by, network=salon.network_id, input=asked)).data["changePolicy"]
    if answer.get("code") != "CONSENT_REQUIRED":
        return answer
    consent = answer["preview"]["consent"]
    agreed = await api.ask(CHANGE, by, network=salon.network_id, input=asked, consent=consent)
    return agreed.data["changePolicy"]


SCOPE = "SELECT set_config('remit.network_id', $1, true)"
ROWS = (
    "SELECT md5(COALESCE(string_agg(one::text, chr(10) ORDER BY one::text), '')) FROM {} AS one WHERE network_id = $1"
)
EPOCH = "SELECT epoch FROM policy_epochs WHERE network_id = $1"
JOBS = "SELECT count(*) FROM jobs.procrastinate_jobs WHERE args ->> 'network_id' = $1"
TABLES = ("specialists", "assignments", "roles", "role_lines", "access_tests", "policy_changes", "policy_proposals")


async def written(remit: Remit, salon: Salon) -> dict[str, object]:
    """All that a change of policy could write, but for the journal: digests of the tables, the epoch, the jobs."""
    async with remit.host.database.read() as statements:
        await statements.execute(SCOPE, str(salon.network_id))
        found = {table: await statements.fetchval(ROWS.format(table), salon.network_id) for table in TABLES}
        found["epoch"] = await statements.fetchval(EPOCH, salon.network_id)
    async with remit.host.database.owner_connection() as owner:
        found["jobs"] = await owner.fetchval(JOBS, str(salon.network_id))
    return found


ACCESS = """
query ($north: ID!, $south: ID!) {
  network: myAccess { ...held } north: myAccess(scope: $north) { ...held } south: myAccess(scope: $south) { ...held }
}
fragment held on Access { codes conditional { capability under } }
"""


async def access(api: Api, salon: Salon, person: Signed) -> Any:
    """What somebody may do in the salon: at the whole network, in the north, in the south."""
    answer = await api.ask(ACCESS, person, network=salon.network_id, north=salon.north, south=salon.south)
    return answer.body
