"""Casbin's own answer, beside the compiled one: `enforce` on the very lines, sharing no code with the masks.

One enforcer for one question: 1 to 3 ms, so never on the path of a request. `remit doctor` and the tests ask both.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import casbin

from policies.catalogue import LEVELS_OF, Capability, DomainKind, Level, names
from policies.compile import Assignment, DomainPolicy, Holding, build_policy
from policies.decisions import decide
from policies.limit_syntax import limits_from_words, limits_to_words
from policies.limits import ANY_OBJECT, NO_LIMITS, NO_OBJECT, Circumstances, Limits, Object, first_unmet
from policies.release import Release
from policies.scopes import OPERATOR, Domain

MODEL: Final = Path(__file__).parent / "model" / "access.conf"


def disagreements(release: Release, *, now: datetime) -> Iterator[str]:
    """Where the compiled policy and Casbin differ on a built-in role: none, unless one of the two is broken.

    Each role is held by somebody at the whole domain, and asked for every capability that its lines name.
    """
    holder_id, circumstances = UUID(int=1), Circumstances(now)
    for role in release.closed.values():
        kind = release.roles[role.code].domain
        domain = OPERATOR if kind is DomainKind.OPERATOR else Domain(kind, UUID(int=2))
        held = Assignment(UUID(int=3), holder_id, role, None, NO_LIMITS, now, None)
        policy = build_policy(domain, epoch=0, release=release, assignments=[held])
        holding = policy.holding(holder_id)
        for code in sorted(role.naming):
            compiled = decide(policy, holding, code, of=NO_OBJECT, circumstances=circumstances).allowed
            if compiled is not oracle_allows(policy, holding, code, at=None, of=NO_OBJECT, circumstances=circumstances):
                yield f"{role.code}, {code}: compiled says {compiled}"


def oracle_allows(
    policy: DomainPolicy,
    holding: Holding,
    code: str,
    *,
    at: UUID | None,
    of: Object,
    circumstances: Circumstances,
) -> bool:
    """What Casbin's enforce answers, with the requirements asked in the same way."""
    capability = policy.release.catalogue[code]
    if not holding.is_active or capability.level not in LEVELS_OF[policy.domain.kind] or at not in policy.places:
        return False
    question = (policy, holding, capability, at)
    if not _enforce(*question, of=of, circumstances=circumstances):
        return False
    decided_at = at if capability.level is Level.LOCATION else None
    return all(
        oracle_allows(policy, holding, needed, at=decided_at, of=ANY_OBJECT, circumstances=circumstances)
        for needed in capability.requires
    )


def covers(asked: str, assigned: str) -> bool:
    """Domain matching: a network covers its locations. Must not raise: Casbin would read that as no."""
    return asked == assigned or asked.startswith(f"{assigned}/")


def _enforce(
    policy: DomainPolicy,
    holding: Holding,
    capability: Capability,
    at: UUID | None,
    *,
    of: Object,
    circumstances: Circumstances,
) -> bool:
    is_local = capability.level is Level.LOCATION
    place = policy.places[at] if is_local else policy.top
    enforcer = casbin.Enforcer(casbin.Enforcer.new_model(str(MODEL)))
    for relation in ("g", "g2"):
        enforcer.add_named_domain_matching_func(relation, covers)

    def met(limits: Limits) -> bool:
        return (
            first_unmet(
                limits, capability, holder_id=holding.holder_id, of=of, place=place, circumstances=circumstances
            )
            is None
        )

    enforcer.add_function("names", names)
    enforcer.add_function("within", lambda _object, words: met(limits_from_words(words)))
    for role in {assignment.role for assignment in holding.assignments}:
        for line in role.lines:
            enforcer.add_policy(f"role:{line.role}", line.capability, str(line.effect), limits_to_words(line.limits))
    for assignment in holding.assignments:
        if assignment.stands(circumstances.now):
            link = (
                f"holder:{holding.holder_id}",
                f"role:{assignment.role.code}",
                _scope(policy, assignment, capability),
            )
            enforcer.add_named_grouping_policy("g2", *link)
            if met(assignment.limits):
                enforcer.add_named_grouping_policy("g", *link)
    asked = policy.domain.scope(at if is_local else None)
    answer: Any = enforcer.enforce(f"holder:{holding.holder_id}", capability.code, asked, "object")
    return bool(answer)


def _scope(policy: DomainPolicy, assignment: Assignment, capability: Capability) -> str:
    """Where an assignment counts; SHARED is lifted to the network."""
    return policy.domain.scope(None if capability.level is Level.SHARED else assignment.location_id)
