"""A domain's policy at one instant as Casbin's CSV, for `model/access.conf`: any enforcer can load it.

Lines (`p`) come from every role that somebody holds; `g2` are the assignments that stand. `g` are those of them that
act unasked; one with limits acts only while they are met, so it is a comment that says when. A SHARED capability is
asked at the scope of the assignment, and what a capability requires is asked by itself, as `oracle.py` does.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from policies.compile import Assignment, DomainPolicy
from policies.limit_syntax import limits_to_words
from policies.lines import Line


def casbin_lines(policy: DomainPolicy, *, now: datetime) -> Iterator[str]:
    """The lines of the CSV: roles by code, then assignments by holder. Who is not active has none."""
    standing = [
        one
        for holder_id in sorted(policy.assignments.keys() - policy.inactive)
        for one in policy.assignments[holder_id]
        if one.stands(now)
    ]
    yield f"# {policy.domain}, epoch {policy.epoch}, release {policy.release.digest}"
    for role in sorted({one.role for one in standing}, key=lambda role: role.code):
        for line in role.lines:
            yield casbin_line(line)
    for one in standing:
        yield from _links(policy, one)


def casbin_line(line: Line) -> str:
    """One role line as the files of `policies/roles` write it."""
    return f"p, role:{line.role}, {line.capability}, {line.effect}, {limits_to_words(line.limits)}"


def _links(policy: DomainPolicy, one: Assignment) -> Iterator[str]:
    link = f"holder:{one.holder_id}, role:{one.role.code}, {policy.domain.scope(one.location_id)}"
    yield f"g2, {link}"
    if one.limits:
        yield f"# while {limits_to_words(one.limits)}: g, {link}"
    else:
        yield f"g, {link}"
