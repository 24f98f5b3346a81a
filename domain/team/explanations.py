"""What the policy engine says, as people read it: capabilities, roles, own access, decisions explained."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.network import reads as network
from domain.team import reads
from domain.team.naming import named_capability
from domain.team.objects import named_object
from errors import NotFound
from policies.catalogue import LEVELS_OF, Capability, DomainKind, Level
from policies.compile import DomainPolicy
from policies.decisions import Decision
from policies.explain import ChangeSet, Explanation, MatchedLine, Suggestion, SuggestionKind, explain
from policies.limit_syntax import limits_to_words
from policies.limits import NO_OBJECT, Circumstances, Object
from policies.lines import Effect, Line
from policies.narrowing import Restriction, Taking
from policies.reasons import IgnoredBecause
from policies.viewer import Viewer
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
class ConditionalShown:
    """A capability that is held under limits; of each alternative in `under` all must be met, in words."""

    capability: str
    under: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AccessShown:
    """What the viewer may do at a place, at one epoch."""

    epoch: int
    codes: tuple[str, ...]
    conditional: tuple[ConditionalShown, ...]


@dataclass(frozen=True, slots=True)
class LineShown:
    """A matched line: of which role and assignment, what it says, and what became of it; `limits` are words."""

    role: str
    assignment_id: UUID
    effect: Effect
    capability: str
    limits: str
    source: str
    decisive: bool
    ignored_because: IgnoredBecause | None


@dataclass(frozen=True, slots=True)
class SuggestionShown:
    """One suggested change in words."""

    kind: SuggestionKind
    text: str
    role: str | None
    limit: str | None
    location_id: UUID | None
    assignment_id: UUID | None


@dataclass(frozen=True, slots=True)
class ChangeSetShown:
    """Suggested changes that belong together."""

    changes: tuple[SuggestionShown, ...]
    allowed_to_you: bool


@dataclass(frozen=True, slots=True)
class ExplanationShown:
    """An explanation of what a holder may, with those of the requirements that were missing."""

    holder_id: UUID
    decision: Decision
    matched_lines: tuple[LineShown, ...]
    requirements: tuple[ExplanationShown, ...]
    would_allow: tuple[ChangeSetShown, ...]
    complete: bool


def capabilities(work: Work, domain: DomainKind | None) -> tuple[Capability, ...]:
    """The catalogue, or what of it can be held in one kind of domain, by code."""
    levels = Level if domain is None else LEVELS_OF[domain]
    return tuple(capability for capability in work.host.release.catalogue if capability.level in levels)


async def roles(work: Work) -> tuple[RoleShown, ...]:
    """The built-in roles that the viewer's kind of domain knows, then the network's own."""
    release, policy = work.host.release, work.viewer.policy
    built_in = [
        RoleShown(role.code, role.title, role.description, True, _written(release.closed[role.code].lines))
        for role in release.roles.values()
        if role.domain is work.domain.kind
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
    conditional = (_conditional(viewer, known[code], at) for code in sorted(known.codes(could & ~can)))
    return AccessShown(viewer.epoch, tuple(sorted(known.codes(can))), tuple(conditional))


def _conditional(viewer: Viewer, capability: Capability, at: UUID | None) -> ConditionalShown:
    place = viewer.policy.asked_place(capability, at) if viewer.policy else None
    terms = viewer.grants.terms(capability, place) if place else ()
    under = (" and ".join(limits_to_words(limits) for limits in term) for term in terms if term)
    return ConditionalShown(capability.code, tuple(dict.fromkeys(under)))


async def roles_by_code(work: Work, keys: list[str]) -> dict[str, RoleShown]:
    """Roles by code, built in or the network's own."""
    return {role.code: role for role in await roles(work) if role.code in keys}


@dataclass(frozen=True, slots=True)
class AccessQuestion:
    """May the holder do this at a scope (a network's or a location's id), to an object, at an instant (None: now)?"""

    holder_id: UUID
    capability: str
    scope: UUID
    object_id: UUID | None = None
    at: datetime | None = None


async def explain_access(work: Work, asked: AccessQuestion) -> ExplanationShown:
    """Why a holder may or may not do something. Others' access asks for `policies:explain`.

    Raises NotFound for an unknown holder, scope or object, Forbidden, UnknownCapability.
    """
    place = await network.place(work, asked.scope, path=("scope",))
    await _require_explainable(work, asked.holder_id, place)
    policy, asker = work.viewer.policy, work.viewer.holder_id
    if policy is None or asker is None:
        raise NotFound(path=("scope",))
    capability = named_capability(work, asked.capability, path=("capability",))
    found = explain(
        policy,
        asked.holder_id,
        capability.code,
        circumstances=Circumstances(asked.at or work.at, work.caller.address),
        asker_id=asker,
        at=place,
        of=await _facts(work, capability, asked.object_id, place),
        takings=_takings(work, asked.holder_id),
    )
    return _shown(found, asked.holder_id, policy, place)


async def _require_explainable(work: Work, holder_id: UUID, place: UUID | None) -> None:
    """Let pass who asks about themselves, or may ask about others, visitors too. Raises NotFound, Forbidden."""
    if holder_id == work.viewer.holder_id:
        return
    policy = work.viewer.policy
    is_known = policy is not None and holder_id in policy.assignments and work.viewer.can("policies:explain", at=place)
    if not is_known:
        await reads.specialist(work, holder_id, path=("holder",))
    work.require("policies:explain", at=place)


async def _facts(work: Work, capability: Capability, object_id: UUID | None, place: UUID | None) -> Object:
    if object_id is None:
        return NO_OBJECT
    return (await named_object(work, capability, object_id, place=place, path=("object",))).facts


def _takings(work: Work, holder_id: UUID) -> tuple[Taking, ...]:
    """What takes away from the holder: a restriction concerns everybody, a token's bounds only who carries it."""
    is_own = holder_id == work.viewer.holder_id
    return tuple(one for one in work.viewer.takings if is_own or isinstance(one, Restriction))


def _written(lines: Iterable[Line]) -> tuple[str, ...]:
    return tuple(str(line) for line in lines)


def _shown(found: Explanation, holder_id: UUID, policy: DomainPolicy, place: UUID | None) -> ExplanationShown:
    return ExplanationShown(
        holder_id=holder_id,
        decision=Decision.of(
            found.ruling,
            capability=found.capability,
            scope=policy.domain.scope(place),
            epoch=policy.epoch,
            release=policy.release.digest,
        ),
        matched_lines=tuple(_line_shown(one) for one in found.matched),
        requirements=tuple(_shown(one, holder_id, policy, place) for one in found.requirements),
        would_allow=tuple(_change_set_shown(one) for one in found.would_allow),
        complete=found.complete,
    )


def _line_shown(one: MatchedLine) -> LineShown:
    return LineShown(
        role=one.assignment.role.code,
        assignment_id=one.assignment.id,
        effect=one.line.effect,
        capability=one.line.capability,
        limits=limits_to_words(one.line.limits),
        source=one.line.source,
        decisive=one.decisive,
        ignored_because=one.ignored_because,
    )


def _change_set_shown(one: ChangeSet) -> ChangeSetShown:
    return ChangeSetShown(tuple(_suggestion_shown(change) for change in one.changes), one.allowed_to_asker)


def _suggestion_shown(change: Suggestion) -> SuggestionShown:
    return SuggestionShown(
        change.kind, str(change), change.role, change.limit, change.location_id, change.assignment_id
    )
