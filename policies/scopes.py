"""Domains and scopes: whose business something is, and where in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from policies.catalogue import DomainKind

_AT_LOCATION: Final = "/location:"


@dataclass(frozen=True, slots=True)
class Domain:
    """The operator (without an id), one network or one partner. Domains never contain each other."""

    kind: DomainKind
    id: UUID | None

    def __str__(self) -> str:
        return "operator" if self.id is None else f"{self.kind.lower()}:{self.id}"

    def scope(self, location_id: UUID | None = None) -> str:
        """The scope's name: the domain's own, or `network:<id>/location:<id>`."""
        return str(self) if location_id in (None, self.id) else f"{self}{_AT_LOCATION}{location_id}"

    @property
    def network_id(self) -> UUID | None:
        """Which network it is, if it is one."""
        return self.id if self.kind is DomainKind.NETWORK else None

    @property
    def partner_id(self) -> UUID | None:
        """Which partner firm it is, if it is one."""
        return self.id if self.kind is DomainKind.PARTNER else None

    @property
    def columns(self) -> tuple[UUID | None, UUID | None]:
        """What rows of the domain hold as network_id and partner_id."""
        return self.network_id, self.partner_id


OPERATOR: Final = Domain(DomainKind.OPERATOR, None)


def network(network_id: UUID) -> Domain:
    """The domain of one network."""
    return Domain(DomainKind.NETWORK, network_id)


def partner(partner_id: UUID) -> Domain:
    """The domain of one partner firm."""
    return Domain(DomainKind.PARTNER, partner_id)


def location_in(scope: str) -> UUID | None:
    """The location that a scope's name names; None for a whole domain. Raises ValueError for a name that is none."""
    _, named, location_id = scope.partition(_AT_LOCATION)
    return UUID(location_id) if named else None


def domain_of(text: str) -> Domain:
    """The domain whose name this is: `operator`, `network:<id>` or `partner:<id>`. Raises ValueError for others."""
    if text == str(OPERATOR):
        return OPERATOR
    kind, _, domain_id = text.partition(":")
    made = {"network": network, "partner": partner}.get(kind)
    if made is None:
        raise ValueError(f"{text!r} names no domain: write operator, network:<id> or partner:<id>.")
    return made(UUID(domain_id))
