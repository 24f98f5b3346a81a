"""What the policy engine says, as people read it: capabilities, roles, own access, decisions explained."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.network import reads as network
from domain.team import reads
from errors import NotFound
from policies.catalogue import Capability, DomainKind
from policies.explain import ChangeSet, Explanation, MatchedLine, Suggestion, SuggestionKind, explain
from policies.limits import Circumstances
from policies.lines import Line
from work import Work


@dataclass(frozen=True, slots=True)
class RoleShown:
    """A role with its lines as they are written."""

    code: str
    title: str
    description: str
    is_built_in: bool
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AccessShown:
    """What the viewer may do at a place, at one epoch."""

    epoch: int
    codes: tuple[str, ...]
    conditional: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DecisionShown:
    """A ruling with its question."""

    allowed: bool
    capability: str
    scope: str
    reason: str
    missing: str | None


@dataclass(frozen=True, slots=True)
class LineShown:
    """A matched line with its source."""

    role: str
    line: str
    source: str
    decisive: bool
    ignored_because: str | None


@dataclass(frozen=True, slots=True)
class SuggestionShown:
    """One suggested change in words."""

    kind: SuggestionKind
    text: str
    role: str | None
    limit: str | None
    location_id: UUID | None


@dataclass(frozen=True, slots=True)
class ChangeSetShown:
    """Suggested changes that belong together."""

    changes: tuple[SuggestionShown, ...]
    allowed_to_you: bool


@dataclass(frozen=True, slots=True)
class ExplanationShown:
    """An explanation, with those of the requirements that were missing."""

    decision: DecisionShown
    matched_lines: tuple[LineShown, ...]
    requirements: tuple[ExplanationShown, ...]
    would_allow: tuple[ChangeSetShown, ...]
    complete: bool


def capabilities(work: Work) -> tuple[Capability, ...]:
    """The whole catalogue, by code."""
    return tuple(work.host.release.catalogue)


async def roles(work: Work) -> tuple[RoleShown, ...]:
    """The built-in roles of networks, then the network's own."""
    release, policy = work.host.release, work.viewer.policy
    built_in = [
        RoleShown(role.code, role.title, role.description, True, _written(release.closed[role.code].lines))
        for role in release.roles.values()
        if role.domain is DomainKind.NETWORK
    ]
    descriptions = await reads.role_descriptions(work)
    own = [
        RoleShown(role.code, role.title, descriptions[role.code], False, _written(role.lines))
        for role in (policy.roles.values() if policy else ())
    ]
    return (*built_in, *own)


async def my_access(work: Work, scope: UUID | None) -> AccessShown:
    """What the viewer may do at the network (None) or a location. Raises NotFound."""
    at = None if scope is None else await network.place(work, scope, path=("scope",))
    viewer = work.viewer
    could, can = viewer.grants.could.get(at, 0), viewer.grants.can.get(at, 0)
    known = viewer.release.catalogue
    return AccessShown(viewer.epoch, tuple(sorted(known.codes(can))), tuple(sorted(known.codes(could & ~can))))


async def explain_access(
    work: Work, *, holder_id: UUID, capability: str, scope: UUID, at: datetime | None
) -> ExplanationShown:
    """Why a holder may or may not do something at a scope. Others' access asks for `policies:explain`.

    Raises NotFound for an unknown holder, scope or capability, and Forbidden.
    """
    place = await network.place(work, scope, path=("scope",))
    holder = await reads.specialist(work, holder_id, path=("holder",))
    if holder["id"] != work.viewer.specialist_id:
        work.viewer.require("policies:explain", at=place)
    policy, asker = work.viewer.policy, work.viewer.holder_id
    if capability not in work.host.release.catalogue or policy is None or asker is None:
        raise NotFound(path=("capability",))
    circumstances = Circumstances(at or work.at, work.caller.address)
    found = explain(policy, holder_id, capability, circumstances=circumstances, asker_id=asker, at=place)
    return _shown(found, scope=policy.domain.scope(place))


def _written(lines: Iterable[Line]) -> tuple[str, ...]:
    return tuple(str(line) for line in lines)


def _shown(found: Explanation, *, scope: str) -> ExplanationShown:
    ruling = found.ruling
    return ExplanationShown(
        decision=DecisionShown(ruling.allowed, found.capability, scope, ruling.reason.value, ruling.missing),
        matched_lines=tuple(_line_shown(one) for one in found.matched),
        requirements=tuple(_shown(one, scope=scope) for one in found.requirements),
        would_allow=tuple(_change_set_shown(one) for one in found.would_allow),
        complete=found.complete,
    )


def _line_shown(one: MatchedLine) -> LineShown:
    ignored = one.ignored_because.value if one.ignored_because is not None else None
    return LineShown(one.assignment.role.code, str(one.line), one.line.source, one.decisive, ignored)


def _change_set_shown(one: ChangeSet) -> ChangeSetShown:
    return ChangeSetShown(tuple(_suggestion_shown(change) for change in one.changes), one.allowed_to_asker)


def _suggestion_shown(change: Suggestion) -> SuggestionShown:
    return SuggestionShown(change.kind, str(change), change.role, change.limit, change.location_id)
