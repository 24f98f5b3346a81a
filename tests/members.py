"""People from outside the networks: the operator's staff, the members of partner firms, and their visits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from uuid_utils.compat import uuid7

from domain.identity.models import Account
from domain.team.models import Assignment
from host import Host
from policies.scopes import OPERATOR, Domain, network
from tests.factories import MADE, open_bearer_session
from work import Work


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody with an account and no specialist anywhere, with the bearer token of a session that is open."""

    name: str
    account_id: UUID
    email: str
    assignment_id: UUID | None
    token: str


async def make_member(host: Host, name: str, role: str = "", domain: Domain = OPERATOR) -> Member:
    """Somebody who holds a role at the operator or a partner firm; without a role a stranger, who holds nothing."""
    account_id = uuid7()
    email = f"{name}.{account_id}@example.com"

    async def found(work: Work) -> str:
        await Account.create(id=account_id, email=email, email_key=email, name=name.title(), created_at=work.at)
        return await open_bearer_session(work, account_id)

    token = await host.perform_as_system(None, MADE, found)
    assignment_id = await assign_account(host, domain, account_id, role) if role else None
    return Member(name, account_id, email, assignment_id, token)


async def assign_account(
    host: Host,
    domain: Domain,
    account_id: UUID,
    role: str,
    *,
    location_id: UUID | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> UUID:
    """Write an assignment of an account, as it would stand after every check: from yesterday on unless `since` says."""

    async def write(work: Work) -> UUID:
        network_id, partner_id = domain.columns
        made = await Assignment.create(
            network_id=network_id,
            partner_id=partner_id,
            location_id=location_id,
            role_code=role,
            account_id=account_id,
            valid_from=since or work.at - timedelta(days=1),
            valid_until=until,
            created_epoch=await work.statements.fetchval("SELECT next_policy_epoch()"),
        )
        found: UUID = made.id
        return found

    return await host.perform_as_system(domain, MADE, write)


async def let_in(
    host: Host, member: Member, network_id: UUID, location_id: UUID, *, role: str = "viewer", hours: float = 8
) -> UUID:
    """Let a member in at a location from now on, for some hours."""
    now = host.clock()
    return await assign_account(
        host,
        network(network_id),
        member.account_id,
        role,
        location_id=location_id,
        since=now,
        until=now + timedelta(hours=hours),
    )
