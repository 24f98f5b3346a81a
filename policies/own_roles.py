"""A network's own roles: what a draft of one must fulfil before it is saved.

Order of the problems: the code, the number of roles, the title, what it is based on, then its lines as those of files
are judged (`lines.py`), and last the denies of its basis that it lost.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from policies.catalogue import DomainKind
from policies.lines import InvalidPolicy, Line, Problem, line_problems, lost_denies
from policies.release import Release
from policies.roles import Role

MAX_OWN_ROLES: Final = 100
"""Active roles of a network's own at most (`max_own_roles`): more than that nobody oversees."""

ROLE_CODE: Final = re.compile(r"[a-z][a-z0-9_]{1,39}")
LONGEST_TITLE: Final = 100


@dataclass(frozen=True, slots=True)
class RoleDraft:
    """A role as somebody wants it: a new one, or the next version of an active one. `based_on` is a built-in's code."""

    code: str
    title: str
    lines: tuple[Line, ...]
    based_on: str | None = None
    version: int = 1

    @property
    def source(self) -> str:
        """How its lines and problems name it: `role night_desk v3`."""
        return f"role {self.code} v{self.version}"


def require_valid(
    draft: RoleDraft,
    release: Release,
    *,
    others: Collection[str],
    dormant: Collection[str] = (),
    path: tuple[str | int, ...] = (),
) -> None:
    """Pass, or raise InvalidPolicy with every problem of the draft, found at `path` of what was sent."""
    problems = tuple(role_problems(draft, release, others=others, dormant=dormant))
    if problems:
        raise InvalidPolicy(problems, path=path)


def role_problems(
    draft: RoleDraft, release: Release, *, others: Collection[str], dormant: Collection[str] = ()
) -> Iterator[Problem]:
    """Everything that is wrong with a draft.

    `others` are the codes of the network's other active roles. `dormant` are the capabilities of the earlier version
    whose plugin is not there: such lines are kept, new ones are misspelt.
    """
    yield from _wrong_code(draft, release, others)
    if len(others) >= MAX_OWN_ROLES:
        yield Problem("TOO_MANY", draft.source, f"A network has at most {MAX_OWN_ROLES} roles of its own; retire one.")
    if not 1 <= len(draft.title.strip()) <= LONGEST_TITLE:
        yield Problem("TITLE_INVALID", draft.source, f"A title has 1 to {LONGEST_TITLE} characters.")
    yield from _wrong_basis(draft, release)
    yield from _wrong_lines(draft, release, dormant)


def _wrong_code(draft: RoleDraft, release: Release, others: Collection[str]) -> Iterator[Problem]:
    if not ROLE_CODE.fullmatch(draft.code):
        message = f"{draft.code!r} is no code: 2 to 40 small letters, digits and _, a letter first."
        yield Problem("CODE_INVALID", draft.source, message)
    elif draft.code in release.roles:
        yield Problem("CODE_TAKEN", draft.source, f"{draft.code} is a built-in role; choose another code.")
    elif draft.code in others:
        yield Problem("CODE_TAKEN", draft.source, f"The network has a role {draft.code} already; choose another code.")


def _wrong_basis(draft: RoleDraft, release: Release) -> Iterator[Problem]:
    if draft.based_on is None or draft.based_on in _bases(release):
        return
    near = next(iter(get_close_matches(draft.based_on, _bases(release), n=1)), None)
    hint = f" Did you mean {near}?" if near else ""
    message = f"There is no built-in role {draft.based_on!r} of networks.{hint}"
    yield Problem("UNKNOWN_ROLE", draft.source, message, near)


def _wrong_lines(draft: RoleDraft, release: Release, dormant: Collection[str]) -> Iterator[Problem]:
    role = Role(draft.code, draft.title, "", DomainKind.NETWORK)
    asked = [line for line in draft.lines if line.capability not in dormant or line.capability in release.catalogue]
    yield from line_problems(asked, release.catalogue, {draft.code: role}, further=release.further)
    if draft.based_on in _bases(release):
        yield from lost_denies(draft.lines, release.closed[draft.based_on].lines)


def _bases(release: Release) -> list[str]:
    return [role.code for role in release.roles.values() if role.domain is DomainKind.NETWORK]
