"""The contract between Remit and what extends it: the manifest that can be read before anything else is imported,
and the contribution that is built once the manifest has passed.

May import `audit`, `policies`, `jobs`, `database` and below. The core registers through the same objects.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar
from uuid import UUID

from pydantic_settings import BaseSettings, SettingsConfigDict

from audit.entries import EventType
from database.apps import OrmApp
from database.statements import Statements
from errors import UserError
from jobs import Job
from policies.access_tests import AccessTest
from policies.catalogue import Capability, Level
from policies.compile import DomainPolicy
from policies.roles import OWNER, Role
from policies.verdicts import Verdict, VerdictPolicy, Vocabulary

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

F = TypeVar("F", bound="DataclassInstance")

API_VERSION = "1.0.0"
"""The host API's version: minor versions add, major ones remove (PEP 440)."""


class PluginSettings(BaseSettings):
    """The base of a plugin's settings: one `REMIT_<PLUGIN>_` variable each, named by `env_prefix`."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", frozen=True)


@dataclass(frozen=True, slots=True)
class Publisher:
    """Whom a plugin is from, and where its users find help."""

    name: str
    support: str
    url: str


@dataclass(frozen=True, slots=True)
class AccessView:
    """One network's policy at an instant, as consequences see it before and after a change.

    `newcomers` names the people whom the change itself made: their ids do not outlive a preview, so digests say
    `created:1`, `created:2`, ... in input order.
    """

    network_id: UUID
    policy: DomainPolicy
    at: datetime
    newcomers: Mapping[UUID, str] = field(default_factory=dict)

    def name_of(self, holder_id: UUID) -> str:
        """What digests call somebody: the id, or `created:1` for the first whom the change made."""
        return self.newcomers.get(holder_id, str(holder_id))

    def holder_named(self, name: str) -> UUID:
        """Whom `name_of` calls so."""
        created = {called: holder_id for holder_id, called in self.newcomers.items()}
        return created.get(name) or UUID(name)

    def is_active(self, holder_id: UUID) -> bool:
        """Whether somebody may use what they hold: neither suspended nor gone."""
        return holder_id not in self.policy.inactive

    def held(self, holder_id: UUID) -> frozenset[str]:
        """The capabilities that somebody holds anywhere in the network, conditional ones too; none while suspended."""
        catalogue = self.policy.release.catalogue
        anywhere = 0
        for mask in self.policy.held_by(holder_id, self.at).could.values():
            anywhere |= mask
        return catalogue.codes(anywhere)

    def has_full_access(self, holder_id: UUID) -> bool:
        """Whether somebody holds every capability of networks, at the network and at each location."""
        everything = self.policy.release.catalogue.level_mask(Level.LOCATION, Level.NETWORK, Level.SHARED)
        local = self.policy.release.catalogue.level_mask(Level.LOCATION)
        could = self.policy.held_by(holder_id, self.at).could
        places = [place.location_id for place in self.policy.locations]
        return could.get(None, 0) & everything == everything and all(
            could.get(place, 0) & local == local for place in places
        )

    def owner_since(self, holder_id: UUID) -> datetime | None:
        """Since when somebody has been an owner without a break; None for who is none now."""
        return min(
            (
                assignment.valid_from
                for assignment in self.policy.holding(holder_id).assignments
                if assignment.role.code == OWNER and assignment.stands(self.at)
            ),
            default=None,
        )


@dataclass(frozen=True, kw_only=True)
class Consequence:
    """What a change of policy entails in a plugin's world. A plugin's own is a subclass, the row of its GraphQL type.

    `digest` covers what people agree to, never what varies by the second. A consequence that `requires_capability`
    holds the change back from who lacks it; one that `refuses` stops it with the plugin's own error.
    """

    plugin: str
    digest: str
    title: str
    requires_consent: bool
    requires_capability: str | None = None
    refuses: UserError | None = None


class Consequences(Protocol):
    """A plugin's answer to a change of policy, inside the savepoint, read-only, within two seconds; None = nothing."""

    def __call__(
        self, before: AccessView, after: AccessView, statements: Statements
    ) -> Awaitable[Consequence | None]: ...


class Judge(Protocol[F]):
    """Gives everybody's verdict in a network at the view's instant, by a policy or (None) by the one in force there."""

    def __call__(
        self, view: AccessView, statements: Statements, policy: VerdictPolicy[F] | None
    ) -> Awaitable[Mapping[UUID, Verdict]]: ...


@dataclass(frozen=True, slots=True)
class VerdictFamily(Generic[F]):
    """What a plugin judges of each holder of a network, such as `seats`: access tests and simulations ask for it.

    `published` are the versions that it ships; once published, a version is never changed. `free` is the outcome of
    whoever costs nothing, None where the outcomes are not about money.
    """

    name: str
    title: str
    vocabulary: Vocabulary[F]
    published: tuple[VerdictPolicy[F], ...]
    judge: Judge[F]
    free: str | None = None


@dataclass(frozen=True, slots=True)
class Contribution:
    """What a plugin adds, in the words of the layers above: root fields, types, jobs, consequences, event types."""

    roots: Sequence[Any] = ()
    types: Sequence[type] = ()
    extends: Mapping[str, type] = field(default_factory=dict)
    jobs: Sequence[Job] = ()
    events: Sequence[EventType] = ()
    consequences: Consequences | None = None
    verdicts: Sequence[VerdictFamily[Any]] = ()


@dataclass(frozen=True, slots=True)
class Plugin:
    """A plugin's manifest: all that can be known without importing the rest of it.

    `name` is permanent and the prefix of everything the plugin brings. `api` is the range of host API versions that it
    was written for, with an upper bound. `lines` is its file of role lines for its own capabilities. `access_tests`
    hold in every network, and no network can end them. `contribute` is called only when the manifest has passed.
    """

    name: str
    version: str
    api: str
    title: str
    description: str
    publisher: Publisher
    contribute: Callable[[], Contribution]
    after: tuple[str, ...] = ()
    capabilities: tuple[Capability, ...] = ()
    roles: tuple[Role, ...] = ()
    lines: Path | None = None
    access_tests: tuple[AccessTest, ...] = ()
    settings: type[PluginSettings] | None = None
    orm: OrmApp | None = None
