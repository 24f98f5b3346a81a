"""Reads of the topic `identity`: accounts, sessions, devices, and the networks that an account has a place in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from asyncpg import Record

from domain.identity.rules import KNOWN_DEVICE_LIFE, InvalidCredentials, require_credentials
from domain.network.reads import NetworkRow, own_networks
from errors import NotFound
from policies.catalogue import DomainKind
from policies.scopes import Domain
from work import Unauthenticated, Work

Row = TypeVar("Row", bound=Record)


class AccountRow(Record):
    """A row of `accounts`, without its secrets."""


class SessionRow(Record):
    """A row of `sessions`, without its token; `expires_at` is when it ends if it is not used meanwhile."""


class PlaceRow(Record):
    """What an account may act in: a row of `places_of`."""


class DeviceRow(Record):
    """A device of an account: a row of `devices` with what the account knows of it."""


ACCOUNT_COLUMNS = "SELECT id, email, name, language, state, email_verified_at, created_at FROM accounts "
ACCOUNTS = ACCOUNT_COLUMNS + "WHERE id = ANY ($1)"
CANDIDATE = """
SELECT a.id, a.name, a.state, a.password_hash, COALESCE(d.last_full_sign_in_at > $3, false) AS device_is_known
FROM accounts a LEFT JOIN account_devices d ON d.account_id = a.id AND d.device_id = $2
WHERE a.email_key = $1
"""
PLACES = """
SELECT p.*, n.name FROM places_of($1, $2) p LEFT JOIN networks n ON n.id = p.domain_id
ORDER BY p.domain_kind, n.name, p.domain_id
"""
NETWORKS_OF = "SELECT network_id FROM networks_of($1)"
SESSION_COLUMNS = """
SELECT id, account_id, device_id, kind, factors, created_at, last_seen_at, ends_at,
  LEAST(idle_until, ends_at) AS expires_at
FROM sessions
"""
SESSIONS = SESSION_COLUMNS + "WHERE id = ANY ($1)"
LIVE_SESSIONS = (
    SESSION_COLUMNS
    + """
WHERE account_id = ANY ($1) AND state <> 'ENDED' AND LEAST(idle_until, ends_at) > $2 ORDER BY last_seen_at DESC, id
"""
)
DEVICES = "SELECT * FROM devices WHERE id = ANY ($1)"
DEVICES_OF = """
SELECT d.*, k.account_id FROM account_devices k JOIN devices d ON d.id = k.device_id
WHERE k.account_id = ANY ($1) ORDER BY d.last_seen_at DESC, d.id
"""


@dataclass(frozen=True, slots=True)
class Candidate:
    """Whoever may be signing in under an address; without `account_id` nobody has it."""

    account_id: UUID | None
    name: str
    password_hash: str | None
    is_active: bool
    device_is_known: bool

    def proven(self, *, password_is_right: bool) -> UUID:
        """The account's id, for who knows its password. Raises InvalidCredentials, alike for all reasons."""
        if self.account_id is None:
            raise InvalidCredentials
        require_credentials(password_is_right=password_is_right, account_is_active=self.is_active)
        return self.account_id


NOBODY = Candidate(None, "", None, is_active=False, device_is_known=False)


@dataclass(frozen=True, slots=True)
class ViewerRow:
    """The viewer as the API shows it: whose account in which session, at which place of which domain."""

    account_id: UUID
    session_id: UUID
    domain: str | None
    network_id: UUID | None
    specialist_id: UUID | None
    language: str
    roles: tuple[str, ...]


def viewer(work: Work) -> ViewerRow:
    """Who is signed in. Raises Unauthenticated."""
    seen = work.viewer
    if seen.account_id is None or work.session is None:
        raise Unauthenticated("You are not signed in.")
    return ViewerRow(
        account_id=seen.account_id,
        session_id=work.session.id,
        domain=str(seen.policy.domain) if seen.policy else None,
        network_id=seen.network_id,
        specialist_id=seen.specialist_id,
        language=seen.language,
        roles=work.role_codes(),
    )


async def candidate(work: Work, email_key: str, *, device_id: UUID) -> Candidate:
    """Who signs in under this key; one statement, whether there is such an account or not."""
    row = await work.statements.fetchrow(CANDIDATE, email_key, device_id, work.at - KNOWN_DEVICE_LIFE)
    if row is None:
        return NOBODY
    return Candidate(
        row["id"],
        row["name"],
        row["password_hash"],
        is_active=row["state"] == "ACTIVE",
        device_is_known=row["device_is_known"],
    )


async def networks_of(work: Work, account_id: UUID | None) -> frozenset[UUID]:
    """The networks where the account has an active place, whichever of them is chosen; of nobody: none."""
    return frozenset(row["network_id"] for row in await work.statements.fetch(NETWORKS_OF, account_id))


async def account(work: Work, account_id: UUID) -> AccountRow:
    """An account in the Work's scope. Raises NotFound."""
    found = (await accounts_by_id(work, [account_id])).get(account_id)
    if found is None:
        raise NotFound
    return found


async def accounts_by_id(work: Work, keys: list[UUID]) -> dict[UUID, AccountRow]:
    """Accounts in the Work's scope: the viewer's own."""
    rows = await work.statements.fetch(ACCOUNTS, keys, record_class=AccountRow)
    return {row["id"]: row for row in rows}


async def sessions_by_id(work: Work, keys: list[UUID]) -> dict[UUID, SessionRow]:
    """Sessions of the viewer's own account, by id."""
    rows = await work.statements.fetch(SESSIONS, keys, record_class=SessionRow)
    return {row["id"]: row for row in rows}


async def live_sessions_of(work: Work, keys: list[UUID]) -> dict[UUID, list[SessionRow]]:
    """The sessions of the viewer's own account that are not over, the one used last first."""
    return _by_account(await work.statements.fetch(LIVE_SESSIONS, keys, work.at, record_class=SessionRow))


async def devices_by_id(work: Work, keys: list[UUID]) -> dict[UUID, DeviceRow]:
    """Devices by id."""
    rows = await work.statements.fetch(DEVICES, keys, record_class=DeviceRow)
    return {row["id"]: row for row in rows}


async def devices_of(work: Work, keys: list[UUID]) -> dict[UUID, list[DeviceRow]]:
    """The devices on which somebody signed in to each account, the one seen last first."""
    return _by_account(await work.statements.fetch(DEVICES_OF, keys, record_class=DeviceRow))


async def networks_by_id(work: Work, keys: list[UUID]) -> dict[UUID, NetworkRow]:
    """Networks in which the viewer's own account has a place, by id."""
    return {row["id"]: row for row in await own_networks(work) if row["id"] in keys}


async def networks_of_accounts(work: Work, keys: list[UUID]) -> dict[UUID, list[NetworkRow]]:
    """The networks in which the viewer's own account has a place, by name; `keys` hold that account alone."""
    networks = await own_networks(work)
    return dict.fromkeys(keys, networks)


async def places_of_accounts(work: Work, keys: list[UUID]) -> dict[UUID, list[PlaceRow]]:
    """What the viewer's own account may act in now, networks by name first; `keys` hold that account alone."""
    rows = await work.statements.fetch(PLACES, work.viewer.account_id, work.at, record_class=PlaceRow)
    return dict.fromkeys(keys, rows)


def network_of(place: PlaceRow) -> UUID | None:
    """The network that the place is in, if it is in one."""
    return domain_at(place).network_id


def domain_at(place: PlaceRow) -> Domain:
    """The domain that the place is in."""
    return Domain(DomainKind(place["domain_kind"]), place["domain_id"])


def _by_account(rows: Iterable[Row]) -> dict[UUID, list[Row]]:
    found: dict[UUID, list[Row]] = {}
    for row in rows:
        found.setdefault(row["account_id"], []).append(row)
    return found
