"""Domains and scopes: whose business something is, and where in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from policies.catalogue import DomainKind


@dataclass(frozen=True, slots=True)
class Domain:
    """The operator (without an id), one network or one partner. Domains never contain each other."""

    kind: DomainKind
    id: UUID | None

    def __str__(self) -> str:
        return "operator" if self.id is None else f"{self.kind.lower()}:{self.id}"

    def scope(self, location_id: UUID | None = None) -> str:
        """The scope's name: the domain's own, or `network:<id>/location:<id>`."""
        return str(self) if location_id in (None, self.id) else f"{self}/location:{location_id}"

    @property
    def network_id(self) -> UUID | None:
        """Which network it is, if it is one."""
        return self.id if self.kind is DomainKind.NETWORK else None

    @property
    def partner_id(self) -> UUID | None:
        """Which partner firm it is, if it is one."""
        return self.id if self.kind is DomainKind.PARTNER else None


OPERATOR: Final = Domain(DomainKind.OPERATOR, None)


def network(network_id: UUID) -> Domain:
    """The domain of one network."""
    return Domain(DomainKind.NETWORK, network_id)


def partner(partner_id: UUID) -> Domain:
    """The domain of one partner firm."""
    return Domain(DomainKind.PARTNER, partner_id)


def location_of(scope: str) -> UUID | None:
    """The location in a scope's name; None where the name is a whole domain's."""
    _, _, location = scope.partition("/location:")
    return UUID(location) if location else None
