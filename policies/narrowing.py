"""What only takes away (step 7 of a decision): an API token's own bounds, and a plugin's restriction of a network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from policies.catalogue import Capability, Catalogue, Kind, Level
from policies.reasons import Reason


@dataclass(frozen=True, slots=True)
class Narrowing:
    """The capabilities and the locations to which an API token is bound; None leaves that side open."""

    reason: ClassVar[Reason] = Reason.NARROWED
    sentence: ClassVar[str | None] = None

    capabilities: frozenset[str] | None = None
    locations: frozenset[UUID] | None = None

    def takes_away(self, capability: Capability, location_id: UUID | None) -> bool:
        """Whether the capability is shut at this location, or (None) at the whole domain."""
        if self.capabilities is not None and capability.code not in self.capabilities:
            return True
        # What every colleague reads stays, for it has no place that could be left out; what concerns the whole domain
        # goes, even when it is asked at one of the token's locations.
        if self.locations is None or capability.level is Level.SHARED:
            return False
        return capability.level is not Level.LOCATION or location_id not in self.locations

    def mask(self, catalogue: Catalogue, location_id: UUID | None) -> int:
        """What it leaves at this location, or (None) at the whole domain."""
        return catalogue.mask(one.code for one in catalogue if not self.takes_away(one, location_id))


@dataclass(frozen=True, slots=True)
class Restriction:
    """A plugin's restriction of a network: CHANGE capabilities are shut but for those left open. Says why."""

    reason: ClassVar[Reason] = Reason.RESTRICTED

    plugin: str
    sentence: str
    left_open: frozenset[str] = frozenset()

    def takes_away(self, capability: Capability, location_id: UUID | None) -> bool:
        """Whether the capability is shut; a restriction is the same everywhere in its network."""
        return capability.kind is Kind.CHANGE and capability.code not in self.left_open

    def mask(self, catalogue: Catalogue, location_id: UUID | None) -> int:
        """What it leaves."""
        return catalogue.mask(one.code for one in catalogue if not self.takes_away(one, location_id))


Taking = Narrowing | Restriction
