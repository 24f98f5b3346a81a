"""Asking to be let in: members of the operator and of partner firms ask a customer's owners, who get it by mail.

The request belongs to the domain that asks, and the mail to the customer's: two Works, of which the second is a job's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from types import MappingProxyType
from typing import Final
from uuid import UUID

from asyncpg import Record
from tortoise.exceptions import IntegrityError

from audit.entries import OPERATOR_CHAIN, Area, EventType
from database.sqlstate import constraint_of
from domain.notices.rules import without_links
from domain.team.mails import PolicyNews
from domain.team.models import VisitRequest
from domain.team.telling import Told, name_told, tell
from domain.team.visits import LONGEST_HOURS
from domain.texts import typed_text
from errors import InvalidInput, NotFound
from host import Host
from jobs import Job
from policies.catalogue import DomainKind
from policies.delta import owners
from policies.roles import OWNER
from policies.scopes import OPERATOR, partner
from policies.store import load_network_policy
from work import Task, Work

VISIT_REQUESTED = EventType("visit.requested", Area.STAFF_CHANGES)
OWNERS_ASKED = EventType("visit.owners_asked", Area.STAFF_CHANGES)
EVENTS = (VISIT_REQUESTED, OWNERS_ASKED)

BETWEEN_REQUESTS: Final = timedelta(hours=1)
LONGEST_REASON: Final = 500
ASKING: Final[Mapping[DomainKind, str]] = MappingProxyType(
    {
        DomainKind.OPERATOR: "customer_visits:request",
        DomainKind.PARTNER: "visits:request",
        DomainKind.NETWORK: "visits:request",
    }
)
"""What asking requires; nobody holds it in a network."""
ABSENT: Final = MappingProxyType({"visit_requests_customer": "network", "visit_requests_location": "location"})
"""Which part of the input does not exist, by the foreign key that says so."""

LATELY = "SELECT max(asked_at) FROM visit_requests WHERE account_id = $1 AND customer_id = $2 AND asked_at > $3"
REQUEST = """
SELECT r.*, n.name FROM visit_requests r JOIN names_of_holders(ARRAY[r.account_id]) n ON n.id = r.account_id
WHERE r.id = $1
"""
PLACE = """
SELECT n.name || COALESCE(', ' || l.name, '') AS name
FROM networks n LEFT JOIN locations l ON l.network_id = n.id AND l.id = $2 WHERE n.id = $1
"""


@dataclass(frozen=True, slots=True)
class VisitAsked:
    """Whom to ask, and for what: a built-in role at a location, or wherever the owners want, for some hours."""

    network_id: UUID
    role: str
    hours: int
    reason: str
    location_id: UUID | None = None


async def request_visit(work: Work, asked: VisitAsked) -> UUID:
    """Ask a customer's owners to be let in; answers the request's id. Raises Forbidden, NotFound, InvalidInput."""
    work.require(ASKING[work.domain.kind])
    _require_known_role(work, asked.role)
    if not 1 <= asked.hours <= LONGEST_HOURS:
        raise InvalidInput(
            f"A visit lasts 1 to {LONGEST_HOURS} hours.", hint="Choose fewer hours.", path=("input", "hours")
        )
    await _require_first(work, asked)
    made = await _make(work, asked)
    work.touches("visit_request", made.id)
    await work.defer(ASK_OWNERS, request_id=made.id, chain_id=work.chain_id)
    return made.id


def _require_known_role(work: Work, code: str) -> None:
    role = work.host.release.roles.get(code)
    if role is None or role.domain is not DomainKind.NETWORK or code == OWNER:
        raise NotFound(path=("input", "role"))


async def _require_first(work: Work, asked: VisitAsked) -> None:
    """Let one request an hour through, of one account to one customer. Raises InvalidInput."""
    since = work.at - BETWEEN_REQUESTS
    if await work.statements.fetchval(LATELY, work.viewer.account_id, asked.network_id, since) is not None:
        raise InvalidInput(
            "You asked to enter this network less than an hour ago.",
            hint="Wait for the owners, who were told by mail, or ask again later.",
            path=("input", "network"),
        )


async def _make(work: Work, asked: VisitAsked) -> VisitRequest:
    try:
        return await VisitRequest.create(
            partner_id=work.domain.partner_id,
            account_id=work.viewer.account_id,
            customer_id=asked.network_id,
            location_id=asked.location_id,
            role_code=asked.role,
            hours=asked.hours,
            reason=typed_text(asked.reason, least=1, longest=LONGEST_REASON, path=("input", "reason")),
            asked_at=work.at,
        )
    except IntegrityError as error:
        part = ABSENT.get(constraint_of(error) or "")
        if part is None:
            raise
        raise NotFound(path=("input", part)) from error


async def ask_owners(host: Host, request_id: str, chain_id: str) -> None:
    """Mail each owner of the customer once what a member asks for; the journal's chain tells for whom."""
    home = OPERATOR if UUID(chain_id) == OPERATOR_CHAIN else partner(UUID(chain_id))

    async def read(work: Work) -> Record | None:
        return await work.statements.fetchrow(REQUEST, UUID(request_id))

    asked = await host.perform_as_system(home, Task(), read, name=ASK_OWNERS.name)
    if asked is None:
        return
    await tell(host, asked["customer_id"], partial(_requested, asked=asked))


ASK_OWNERS = Job("team.ask_owners", ask_owners)

JOBS = (ASK_OWNERS,)


async def _requested(work: Work, *, asked: Record) -> Told:
    work.touches("account", asked["account_id"], name=asked["name"], location_id=asked["location_id"])
    work.reason = asked["reason"]
    policy = await load_network_policy(work.statements.fetch, work.network_id, work.host.release)
    words = {
        "who": name_told(asked["name"]),
        "account": str(asked["account_id"]),
        "role": work.host.release.roles[asked["role_code"]].title,
        "place": await work.statements.fetchval(PLACE, work.network_id, asked["location_id"]),
        "hours": str(asked["hours"]),
        "reason": without_links(asked["reason"], longest=LONGEST_REASON),
    }
    return Told(PolicyNews.VISIT_REQUESTED, asked["id"], owners(policy), words, event=OWNERS_ASKED)
