"""What if other lines were in force? Answered over everybody at an instant; nothing is changed by asking."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, islice
from typing import Any, Final

from domain.pages import Order, Page, Slice
from domain.team.changes import LineAsked
from domain.team.consequences import ask_verdicts
from domain.team.delta_pages import entries_page
from domain.team.naming import named_family, named_policy
from domain.team.roles import LONGEST_WORD, require_typed_lines
from domain.texts import require_kept
from errors import InvalidInput
from plugins.contract import AccessView, VerdictFamily
from policies.delta import Change
from policies.lines import InvalidPolicy, Line, Problem, line_problems
from policies.release import ClosedRole, close_role
from policies.roles import Role
from policies.simulation import VerdictSimulation, compare_verdicts, simulate_roles
from policies.verdicts import VerdictPolicy, VerdictPolicyInvalid, read_verdict_policy
from work import Work

MOST_ROLES: Final = 20
MOST_PROBLEMS: Final = 100
"""Each takes a search for the nearest right word."""
LONGEST_FILE: Final = 100_000
DRAFT: Final = "draft@1"
TRIED: Final = ("input", "tried")

BY_OUTCOME = Order("verdicts", "outcome", str)


@dataclass(frozen=True, slots=True)
class RoleAsked:
    """Lines to try for a role, in place of those that it has."""

    role: str
    lines: tuple[LineAsked, ...]


@dataclass(frozen=True, slots=True)
class TermsAsked:
    """A verdict policy to try: a published one (`seats-2026-02@1`), or the text of a draft with its sets."""

    family: str
    published: str | None = None
    draft: str | None = None
    sets: str | None = None


@dataclass(frozen=True, slots=True)
class ChangeCount:
    """How many accesses would change in one way."""

    change: Change
    count: int


@dataclass(frozen=True, slots=True)
class AccessSimulated:
    """Whose access would differ under other lines of roles."""

    at: datetime
    holders: int
    holders_concerned: int
    totals: tuple[ChangeCount, ...]
    rows: Slice


@dataclass(frozen=True, slots=True)
class OutcomeCount:
    """How many holders have an outcome now, and how many would."""

    outcome: str
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class VerdictsSimulated:
    """Whose verdict would differ under another verdict policy."""

    at: datetime
    before: str
    after: str
    totals: tuple[OutcomeCount, ...]
    rows: Slice


async def simulate_roles_of(
    work: Work, asked: Sequence[RoleAsked], page: Page, *, at: datetime | None
) -> AccessSimulated:
    """Everybody's access with other lines of some roles, built-in ones too. Raises InvalidInput, InvalidPolicy."""
    if not 1 <= len(asked) <= MOST_ROLES:
        raise InvalidInput(f"{len(asked)} roles were sent; 1 to {MOST_ROLES} can be tried.", path=(*TRIED, "roles"))
    instant = at or work.at
    found = simulate_roles(work.access.policy, _tried(work, asked), at=instant)
    return AccessSimulated(
        at=instant,
        holders=found.holders,
        holders_concerned=found.holders_concerned,
        totals=tuple(ChangeCount(change, found.totals[change]) for change in Change if found.totals.get(change)),
        rows=entries_page(found.rows, page),
    )


async def simulate_verdicts_of(work: Work, asked: TermsAsked, page: Page, *, at: datetime | None) -> VerdictsSimulated:
    """Everybody's verdict under another policy of the family. Raises InvalidInput."""
    family = named_family(work, asked.family, path=(*TRIED, "verdicts", "name"))
    view = AccessView(work.network_id, work.access.policy, at or work.at)
    other = _terms(work, family, asked)
    before, after = [await ask_verdicts(work, view, family, policy) for policy in (None, other)]
    found = compare_verdicts(before, after)
    return VerdictsSimulated(
        at=view.at,
        before=next((one.policy_name for one in before.values()), family.name),
        after=other.name,
        totals=_totals(found),
        rows=Slice.of_list(
            sorted(((row.after.outcome, row.holder_id, row) for row in found.rows), key=lambda one: one[:2]),
            page,
            order=BY_OUTCOME,
        ),
    )


def _terms(work: Work, family: VerdictFamily[Any], asked: TermsAsked) -> VerdictPolicy[Any]:
    path = (*TRIED, "verdicts")
    if (asked.published is None) is (asked.draft is None):
        raise InvalidInput(
            "One policy is tried at a time.", hint="Send either `published` or `draft`.", path=(*path, "draft")
        )
    if asked.draft is None:
        return named_policy(family, asked.published or "", path=(*path, "published"))
    for field, text in (("draft", asked.draft), ("sets", asked.sets or "")):
        require_kept(text, longest=LONGEST_FILE, path=(*path, field))
    try:
        return read_verdict_policy(
            DRAFT,
            asked.draft,
            vocabulary=family.vocabulary,
            sets=asked.sets,
            members=work.host.release.catalogue.by_code.keys(),
        )
    except VerdictPolicyInvalid as error:
        raise InvalidInput(error.message, hint=error.hint, path=(*path, "draft")) from error


def _tried(work: Work, asked: Sequence[RoleAsked]) -> list[ClosedRole]:
    """The roles as they would be. Raises InvalidText, InvalidPolicy with the first hundred problems."""
    _require_typed(asked)
    release, policy = work.host.release, work.access.policy
    known = {code: role.title for code, role in {**release.closed, **policy.roles}.items()}
    roles = {one.role: Role(one.role, known.get(one.role, one.role), "", policy.domain.kind) for one in asked}
    lines = [
        Line(one.role, line.capability, line.effect, line.limits, f"role {one.role}, line {number}")
        for one in asked
        for number, line in enumerate(one.lines, start=1)
    ]
    unknown = (
        Problem("UNKNOWN_ROLE", f"role {one.role}", f"There is no role {one.role!r} in this network.")
        for one in asked
        if policy.role(one.role) is None
    )
    wrong = line_problems(lines, release.catalogue, roles, further=release.further)
    problems = tuple(islice(chain(unknown, wrong), MOST_PROBLEMS))
    if problems:
        raise InvalidPolicy(problems, path=(*TRIED, "roles"))
    return [
        close_role(code, role.title, [line for line in lines if line.role == code], release.catalogue)
        for code, role in roles.items()
    ]


def _require_typed(asked: Sequence[RoleAsked]) -> None:
    """Let roles through that could be kept: each once, with as many lines as a role may have.

    Raises InvalidInput, InvalidText, InvalidPolicy.
    """
    if len({one.role for one in asked}) < len(asked):
        raise InvalidInput(
            "A role is tried with one set of lines.", hint="Send each role once.", path=(*TRIED, "roles")
        )
    for position, one in enumerate(asked):
        path = (*TRIED, "roles", position)
        require_kept(one.role, longest=LONGEST_WORD, path=(*path, "role"))
        require_typed_lines(one.lines, path=(*path, "lines"))


def _totals(found: VerdictSimulation) -> tuple[OutcomeCount, ...]:
    return tuple(
        OutcomeCount(outcome, found.before.get(outcome, 0), found.after.get(outcome, 0))
        for outcome in sorted({*found.before, *found.after})
    )
