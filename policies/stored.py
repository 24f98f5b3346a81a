"""A network's own rows against today's release: what a plugin that is gone, or a newer catalogue, left without effect.

Nothing of it is an error while the server runs: such lines and assignments are kept and grant nothing. Whoever operates
the installation should know of them.
"""

from __future__ import annotations

from collections.abc import Iterator

from policies.catalogue import DomainKind
from policies.compile import Assignment, DomainPolicy
from policies.lines import Problem, line_problems
from policies.roles import Role
from policies.store import UNREADABLE


def stored_problems(policy: DomainPolicy) -> Iterator[Problem]:
    """What of a network's own roles and assignments has no effect, or would not be accepted any more."""
    release = policy.release
    for code, role in sorted(policy.roles.items()):
        known = {code: Role(code, role.title, "", DomainKind.NETWORK)}
        yield from line_problems(role.lines, release.catalogue, known, further=release.further)
    for held in policy.assignments.values():
        for assignment in held:
            yield from _wrong_assignment(policy, assignment)


def _wrong_assignment(policy: DomainPolicy, assignment: Assignment) -> Iterator[Problem]:
    source, role = f"assignment {assignment.id}", assignment.role
    if policy.role(role.code) is not role:
        yield Problem("UNKNOWN_ROLE", source, f"There is no role {role.code!r} any more: it grants nothing. End it.")
    unknown = sorted(assignment.limits.further - policy.release.further)
    if unknown and assignment.limits is not UNREADABLE:
        yield Problem("UNKNOWN_LIMIT", source, f"Nobody knows the limit {unknown[0]!r}: it is never met. Set others.")
    if assignment.limits is UNREADABLE:
        yield Problem("LIMIT_INVALID", source, "Its limits cannot be read: they are never met. Set others.")
