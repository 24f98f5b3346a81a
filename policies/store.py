"""Reading a domain's policy from its rows, and keeping the policies that were read lately.

The statements run through the caller's `fetch`, inside the caller's snapshot: epoch and rows then belong together.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, Protocol
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson

from errors import NotFound
from policies.catalogue import DomainKind
from policies.compile import Assignment, DomainPolicy, build_policy
from policies.limit_syntax import LimitInvalid, limits_from_json
from policies.limits import NO_LIMITS, OPTED_IN, Limits, Place
from policies.lines import Effect, Line
from policies.release import ClosedRole, Release, close_role
from policies.scopes import OPERATOR, Domain, network, partner

POLICY_CACHE_NETWORKS: Final = 1000
"""How many domains' policies a process keeps (`policy_cache_networks`)."""

UNREADABLE: Final = Limits(further=frozenset({"unreadable"}))
"""Stands for limits that no release can read: like an unknown limit, it is never met."""

_EPOCH: Final[Mapping[DomainKind, str]] = MappingProxyType(
    {
        DomainKind.NETWORK: "SELECT epoch FROM policy_epochs WHERE network_id = $1",
        DomainKind.PARTNER: "SELECT epoch FROM policy_epochs WHERE partner_id = $1",
        DomainKind.OPERATOR: "SELECT epoch FROM policy_epochs WHERE network_id IS NULL AND partner_id IS NULL",
    }
)
_ASSIGNMENTS: Final[Mapping[DomainKind, str]] = MappingProxyType(
    {
        DomainKind.NETWORK: """
            SELECT id, location_id, role_code, role_id, specialist_id, account_id, limits, valid_from, valid_until
            FROM assignments WHERE network_id = $1 AND ended_epoch IS NULL
        """,
        DomainKind.PARTNER: """
            SELECT id, location_id, role_code, role_id, specialist_id, account_id, limits, valid_from, valid_until
            FROM assignments WHERE partner_id = $1 AND ended_epoch IS NULL
        """,
        DomainKind.OPERATOR: """
            SELECT id, location_id, role_code, role_id, specialist_id, account_id, limits, valid_from, valid_until
            FROM assignments WHERE network_id IS NULL AND partner_id IS NULL AND ended_epoch IS NULL
        """,
    }
)
_ROLES: Final = "SELECT id, code, title, version FROM roles WHERE network_id = $1 AND state = 'ACTIVE'"
_ROLE_LINES: Final = """
    SELECT role_id, capability, effect, limits FROM role_lines
    WHERE network_id = $1 AND ended_epoch IS NULL ORDER BY role_id, id
"""
_LOCATIONS: Final = "SELECT id, zone, call_center FROM locations WHERE network_id = $1 ORDER BY id"
_ZONE: Final = "SELECT zone FROM networks WHERE id = $1"
_NOT_ACTIVE: Final = "SELECT id FROM specialists WHERE network_id = $1 AND state <> 'ACTIVE'"


class Row(Protocol):
    """A row by its columns' names."""

    def __getitem__(self, column: str, /) -> Any:
        """The value of a column."""


class Fetch(Protocol):
    """Runs one statement with its arguments and answers the rows."""

    async def __call__(self, sql: str, /, *args: object) -> Sequence[Row]:
        """The rows of this statement."""


@dataclass(frozen=True, slots=True)
class NetworkRows:
    """The rows that a network's policy is made of, all of one epoch: `zone` is the network's, `inactive` are ids."""

    epoch: int
    zone: str
    roles: Sequence[Row]
    role_lines: Sequence[Row]
    locations: Sequence[Row]
    inactive: Sequence[UUID]
    assignments: Sequence[Row]


async def load_network_policy(fetch: Fetch, network_id: UUID, release: Release) -> DomainPolicy:
    """The current policy of a network: own roles, assignments, locations, and who is not active.

    Raises NotFound if the fetch's scope holds no such network.
    """
    found = await fetch(_ZONE, network_id)
    if not found:
        raise NotFound()
    rows = NetworkRows(
        epoch=_epoch(await fetch(_EPOCH[DomainKind.NETWORK], network_id)),
        zone=found[0]["zone"],
        roles=await fetch(_ROLES, network_id),
        role_lines=await fetch(_ROLE_LINES, network_id),
        locations=await fetch(_LOCATIONS, network_id),
        inactive=[row["id"] for row in await fetch(_NOT_ACTIVE, network_id)],
        assignments=await fetch(_ASSIGNMENTS[DomainKind.NETWORK], network_id),
    )
    return network_policy(network_id, rows, release)


def network_policy(network_id: UUID, rows: NetworkRows, release: Release) -> DomainPolicy:
    """The policy that these rows say."""
    roles = _close_roles(rows.roles, rows.role_lines, release)
    return build_policy(
        network(network_id),
        epoch=rows.epoch,
        release=release,
        own_roles=roles.values(),
        zone=ZoneInfo(rows.zone),
        locations=[_place(row) for row in rows.locations],
        inactive=rows.inactive,
        assignments=_assignments(rows.assignments, roles, release),
    )


async def load_operator_policy(fetch: Fetch, release: Release) -> DomainPolicy:
    """The current policy of the operator."""
    return build_policy(
        OPERATOR,
        epoch=_epoch(await fetch(_EPOCH[DomainKind.OPERATOR])),
        release=release,
        assignments=_assignments(await fetch(_ASSIGNMENTS[DomainKind.OPERATOR]), {}, release),
    )


async def load_partner_policy(fetch: Fetch, partner_id: UUID, release: Release) -> DomainPolicy:
    """The current policy of a partner firm."""
    return build_policy(
        partner(partner_id),
        epoch=_epoch(await fetch(_EPOCH[DomainKind.PARTNER], partner_id)),
        release=release,
        assignments=_assignments(await fetch(_ASSIGNMENTS[DomainKind.PARTNER], partner_id), {}, release),
    )


async def load_policy(fetch: Fetch, domain: Domain, release: Release) -> DomainPolicy:
    """The current policy of a domain. Raises NotFound if the fetch's scope holds no such network."""
    if domain.id is None:
        return await load_operator_policy(fetch, release)
    if domain.kind is DomainKind.PARTNER:
        return await load_partner_policy(fetch, domain.id, release)
    return await load_network_policy(fetch, domain.id, release)


class PolicyCache:
    """The policies that were used lately, one a domain, swapped by reference when the epoch moved.

    An entry answers only for its own epoch, which the caller read in its snapshot: a stale one is never used.
    """

    def __init__(self, release: Release, *, capacity: int = POLICY_CACHE_NETWORKS) -> None:
        self._release = release
        self._capacity = capacity
        self._policies: OrderedDict[Domain, DomainPolicy] = OrderedDict()

    async def policy(self, fetch: Fetch, domain: Domain, epoch: int) -> DomainPolicy:
        """The domain's policy at this epoch: the one kept, or read anew."""
        kept = self._policies.get(domain)
        if kept is not None and kept.epoch == epoch:
            self._policies.move_to_end(domain)
            return kept
        return await self.read(fetch, domain)

    async def read(self, fetch: Fetch, domain: Domain) -> DomainPolicy:
        """The domain's policy as the fetch's snapshot has it; kept from now on."""
        loaded = await load_policy(fetch, domain, self._release)
        self._keep(loaded)
        return loaded

    def kept_since(self, domain: Domain, epoch: int) -> DomainPolicy | None:
        """The policy that is kept, where it is of this epoch or a later one."""
        kept = self._policies.get(domain)
        return kept if kept is not None and kept.epoch >= epoch else None

    def _keep(self, loaded: DomainPolicy) -> None:
        kept = self._policies.get(loaded.domain)
        if kept is not None and kept.epoch > loaded.epoch:
            # An older snapshot must not push out what newer requests need.
            return
        self._policies[loaded.domain] = loaded
        self._policies.move_to_end(loaded.domain)
        while len(self._policies) > self._capacity:
            self._policies.popitem(last=False)


def _epoch(rows: Sequence[Row]) -> int:
    return int(rows[0]["epoch"]) if rows else 0


def _place(row: Row) -> Place:
    return Place(row["id"], ZoneInfo(row["zone"]), frozenset({OPTED_IN}) if row["call_center"] else frozenset())


def _close_roles(roles: Sequence[Row], lines: Sequence[Row], release: Release) -> dict[UUID, ClosedRole]:
    by_role: dict[UUID, list[Row]] = {}
    for line in lines:
        by_role.setdefault(line["role_id"], []).append(line)
    return {
        role["id"]: close_role(
            role["code"], role["title"], _lines(role, by_role.get(role["id"], ())), release.catalogue
        )
        for role in roles
    }


def _lines(role: Row, rows: Iterable[Row]) -> list[Line]:
    source = f"role {role['code']} v{role['version']}"
    return [
        Line(role["code"], row["capability"], Effect(row["effect"]), stored_limits(row["limits"]), source)
        for row in rows
    ]


def _assignments(rows: Sequence[Row], own: Mapping[UUID, ClosedRole], release: Release) -> list[Assignment]:
    dormant: dict[str, ClosedRole] = {}

    def role(row: Row) -> ClosedRole:
        known = own.get(row["role_id"]) if row["role_code"] is None else release.closed.get(row["role_code"])
        # The role of a plugin that is not there: the assignment stands and grants nothing.
        code = str(row["role_code"] or row["role_id"])
        return known or dormant.setdefault(code, close_role(code, code, (), release.catalogue))

    return [
        Assignment(
            id=row["id"],
            holder_id=row["specialist_id"] or row["account_id"],
            role=role(row),
            location_id=row["location_id"],
            limits=stored_limits(row["limits"]),
            valid_from=row["valid_from"],
            valid_until=row["valid_until"],
        )
        for row in rows
    ]


def stored_limits(value: str | bytes | Mapping[str, Any]) -> Limits:
    """The limits of a row; those that this release cannot read are never met."""
    given = orjson.loads(value) if isinstance(value, str | bytes) else value
    if not given:
        return NO_LIMITS
    try:
        return limits_from_json(given)
    except LimitInvalid:
        return UNREADABLE
