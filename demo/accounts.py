"""Sessions for whoever tries the demo: a bearer token of one account of each role in each network.

A token is shown once, since the database keeps only its hash; asking again ends the sessions of before.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from uuid import UUID

from audit.devices import Device
from audit.user_agents import DeviceClass, Traits
from demo.events import DEMO_SESSION_OPENED
from demo.generate import IS_DEMO
from demo.ids import demo_id
from demo.places import PASSWORD, Business
from demo.plan import BUSINESSES
from demo.team import Member, first_of_each_role, planned_team
from domain.identity.rules import SessionEnding, SessionKind
from domain.identity.sessions import know_device, open_session
from errors import StartRefused
from host import Host
from work import Task, Work

OPEN_SESSION = Task(DEMO_SESSION_OPENED)

DEVICE = Device(
    demo_id("device"),
    is_new=False,
    traits=Traits(device_class=DeviceClass.DESKTOP, app="remit demo"),
    user_agent="",
)
"""The command line, as a device: by it the sessions of before are found."""

END_EARLIER = """
UPDATE sessions SET state = 'ENDED', ended_at = $3, ended_reason = $4
WHERE account_id = $1 AND device_id = $2 AND state <> 'ENDED'
"""


class DemoOnly(StartRefused):
    """Sessions without a sign-in are opened in a demo alone."""

    def __init__(self) -> None:
        super().__init__(
            "The database is no demo: here people sign in for themselves. Run `remit demo` on an empty one."
        )


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """One account to try Remit with: `token` goes into the header `Authorization: Bearer`."""

    network: str
    role: str
    name: str
    email: str
    password: str
    token: str


async def demo_accounts(host: Host) -> list[DemoAccount]:
    """A fresh session for the first holder of each role, network by network. Raises DemoOnly."""
    async with host.database.read() as statements:
        if not await statements.fetchval(IS_DEMO):
            raise DemoOnly
    return [
        await _signed_in(host, business, member)
        for business in BUSINESSES
        for member in first_of_each_role(planned_team(business, host.clock()))
    ]


async def _signed_in(host: Host, business: Business, member: Member) -> DemoAccount:
    token = await host.perform_as_system(
        None, OPEN_SESSION, partial(_open, member=member, network_id=demo_id(business.code)), name="demo"
    )
    return DemoAccount(business.name, member.post.role, member.account.name, member.account.email, PASSWORD, token)


async def _open(work: Work, *, member: Member, network_id: UUID) -> str:
    account = member.account
    work.account = (account.id, account.name)
    work.also_chains.add(network_id)
    await work.statements.execute(END_EARLIER, account.id, DEVICE.id, work.at, SessionEnding.ENDED_BY_OWNER.value)
    await know_device(work, account.id, DEVICE)
    session = await open_session(work, account.id, device=DEVICE, kind=SessionKind.BEARER, factors=("PASSWORD",))
    return session.token
