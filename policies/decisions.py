"""May they? The one algorithm, with its reason; masks, reaches and explanations are views of it.

Order of evaluation:
1. the holder is active;
2. assignments stand: their period holds and their scope covers the asked one (any scope, for SHARED);
3. a deny line of a standing role that names the capability: no, whatever its limits and whatever else allows it;
4. assignments act: standing, with their limits met;
5. an allow line of an acting role with its own limits met: yes so far, else no by the line that came furthest;
6. every requirement passes 1-6 where the capability is decided (a location, or the whole domain), the object's
   limits counted as met (it is another object);
7. narrowings take away.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Self
from uuid import UUID

from errors import UserError
from policies.catalogue import Capability, Level
from policies.compile import Assignment, DomainPolicy, Holding
from policies.limits import ANY_OBJECT, NO_OBJECT, Circumstances, Object, Place, first_unmet
from policies.lines import Effect, Line
from policies.narrowing import Taking
from policies.reasons import LIMITS_IN_ORDER, Reason

_FURTHEST_FIRST: Final = (*reversed(LIMITS_IN_ORDER), Reason.NOT_NOW, Reason.OTHER_SCOPE)


@dataclass(frozen=True, slots=True)
class Judged:
    """A line that names the capability in one of the holder's assignments, and what kept it from acting."""

    assignment: Assignment
    line: Line
    obstacle: Reason | None


@dataclass(frozen=True, slots=True)
class Ruling:
    """The answer of the algorithm: the deciding line (of a yes, or of a deny), or the requirement that is missing."""

    allowed: bool
    reason: Reason
    decisive: Judged | None = None
    missing: str | None = None
    sentence: str | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """A ruling with its question. One that is kept has an id, which stands in the error, the journal and the log.

    `scope` is where it was asked, `line` and `source` what decided, `missing` the requirement that was not held,
    `sentence` a restricting plugin's own words; `epoch` and `release` say by which policy. An explanation asks again
    and keeps nothing: the `id` is None.
    """

    id: UUID | None
    allowed: bool
    capability: str
    scope: str
    reason: Reason
    line: str | None
    source: str | None
    missing: str | None
    sentence: str | None
    epoch: int
    release: str

    @classmethod
    def of(
        cls, ruling: Ruling, *, capability: str, scope: str, epoch: int, release: str, decision_id: UUID | None = None
    ) -> Self:
        """The ruling on this question, by this policy."""
        decisive = ruling.decisive
        return cls(
            id=decision_id,
            allowed=ruling.allowed,
            capability=capability,
            scope=scope,
            reason=ruling.reason,
            line=str(decisive.line) if decisive else None,
            source=decisive.line.source if decisive else None,
            missing=ruling.missing,
            sentence=ruling.sentence,
            epoch=epoch,
            release=release,
        )

    @classmethod
    def from_json(cls, written: Mapping[str, Any], *, decision_id: UUID, capability: str) -> Self:
        """What `to_json` wrote, with the id and the capability that were written beside it."""
        return cls(
            id=decision_id,
            allowed=written["allowed"],
            capability=capability,
            scope=written["scope"],
            reason=Reason(written["reason"]),
            line=written.get("line"),
            source=written.get("source"),
            missing=written.get("missing"),
            sentence=written.get("sentence"),
            epoch=written["epoch"],
            release=written["release"],
        )

    def to_json(self) -> dict[str, str | int | None]:
        """What is kept of it beside its id and its capability. It names nobody."""
        return {
            "allowed": self.allowed,
            "scope": self.scope,
            "reason": self.reason.value,
            "line": self.line,
            "source": self.source,
            "missing": self.missing,
            "sentence": self.sentence,
            "epoch": self.epoch,
            "release": self.release,
        }


class Forbidden(UserError):
    """The viewer lacks a capability; carries the decision."""

    code = "FORBIDDEN"

    def __init__(self, decision: Decision, title: str, *, hint: str, path: tuple[str | int, ...] = ()) -> None:
        message = (
            decision.sentence or f"You may not do this here: it needs the right “{title}” ({decision.capability})."
        )
        super().__init__(message, hint=hint, path=path)
        self.decision = decision


def decide(
    policy: DomainPolicy,
    holding: Holding,
    code: str,
    *,
    circumstances: Circumstances,
    at: UUID | None = None,
    of: Object = NO_OBJECT,
    takings: Iterable[Taking] = (),
) -> Ruling:
    """Whether the holder may do this at a location (or, None, in the whole domain) to this object, and why."""
    if not holding.is_active:
        return Ruling(False, Reason.NOT_ACTIVE)
    capability = policy.release.catalogue[code]
    place = policy.asked_place(capability, at)
    judged = judge(holding, capability, place=place, of=of, circumstances=circumstances)
    passing = [one for one in judged if one.obstacle is None]
    deny = next((one for one in passing if one.line.effect is Effect.DENY), None)
    if deny is not None:
        return Ruling(False, Reason.DENIED_BY_LINE, deny)
    if not passing:
        return Ruling(False, furthest(judged))
    decided_at = place.location_id if place else None
    missing = missing_requirement(policy, holding, capability, at=decided_at, circumstances=circumstances)
    if missing is not None:
        return Ruling(False, Reason.REQUIREMENT_MISSING, missing=missing)
    for taking in takings:
        if taking.takes_away(capability, decided_at):
            return Ruling(False, taking.reason, sentence=taking.sentence)
    return Ruling(True, Reason.ALLOWED, passing[0])


def judge(
    holding: Holding, capability: Capability, *, place: Place | None, of: Object, circumstances: Circumstances
) -> tuple[Judged, ...]:
    """Every line that names the capability, in canonical order; `place` is None where nothing of the domain reaches."""
    return tuple(
        Judged(
            assignment, line, _obstacle(assignment, line, capability, place=place, of=of, circumstances=circumstances)
        )
        for assignment in holding.assignments
        for line in assignment.role.naming.get(capability.code, ())
    )


def furthest(judged: Iterable[Judged]) -> Reason:
    """The reason of the allow line that came furthest; NO_LINE if none names the capability."""
    obstacles = {one.obstacle for one in judged if one.line.effect is Effect.ALLOW}
    return next((reason for reason in _FURTHEST_FIRST if reason in obstacles), Reason.NO_LINE)


def missing_requirement(
    policy: DomainPolicy, holding: Holding, capability: Capability, *, at: UUID | None, circumstances: Circumstances
) -> str | None:
    """The first requirement that the holder lacks at a location, or (None) in the whole domain."""
    return next(
        (
            needed
            for needed in capability.requires
            if not decide(policy, holding, needed, at=at, of=ANY_OBJECT, circumstances=circumstances).allowed
        ),
        None,
    )


def _obstacle(
    assignment: Assignment,
    line: Line,
    capability: Capability,
    *,
    place: Place | None,
    of: Object,
    circumstances: Circumstances,
) -> Reason | None:
    if place is None or not _covers(assignment, capability, place):
        return Reason.OTHER_SCOPE
    if not assignment.stands(circumstances.now):
        return Reason.NOT_NOW
    if line.effect is Effect.DENY:
        return None
    unmet = {
        first_unmet(limits, capability, holder_id=assignment.holder_id, of=of, place=place, circumstances=circumstances)
        for limits in (assignment.limits, line.limits)
    }
    return next((reason for reason in LIMITS_IN_ORDER if reason in unmet), None)


def _covers(assignment: Assignment, capability: Capability, place: Place) -> bool:
    return assignment.location_id in (None, place.location_id) or capability.level is Level.SHARED
