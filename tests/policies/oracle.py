"""Casbin as the oracle: one enforcer for one question, as policies.md 4.5 says, sharing no code with the masks."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

import casbin

import policies
from policies.catalogue import LEVELS_OF, Capability, Level, names
from policies.compile import Assignment, DomainPolicy, Holding
from policies.limit_syntax import limits_from_words, limits_to_words
from policies.limits import ANY_OBJECT, Circumstances, Limits, Object, first_unmet

MODEL = Path(policies.__file__).parent / "model" / "access.conf"


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
    return all(
        oracle_allows(policy, holding, needed, at=at, of=ANY_OBJECT, circumstances=circumstances)
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
