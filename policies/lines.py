"""Role lines: read from Casbin's CSV, and checked against the catalogue before anything is decided by them.

Casbin accepts a misspelt code, and it is silently dead; so every line is checked here, and each problem names the
line's source: `policies/roles/manager.csv:12`, `role night_desk v3`, `plugin rental: policies/roles.csv:4`.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from io import StringIO
from itertools import groupby
from pathlib import Path
from typing import Final

from errors import StartRefused, UserError
from policies.catalogue import ALL, LEVELS_OF, VALUES, Catalogue, names
from policies.limit_syntax import LimitInvalid, limits_from_words, limits_to_words
from policies.limits import FURTHER, Limits
from policies.roles import OWNERS, Role

MOST_WORDS: Final = 20
"""Words that a message lists at most."""

_COLUMNS: Final = "p, role:<role>, <capability>, allow or deny, <limits>"


class Effect(StrEnum):
    """What a line does; a deny beats every allow."""

    ALLOW = "allow"
    DENY = "deny"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a role: a capability (a deny's may be `area:*` or `*:verb`), its effect and limits, its source."""

    role: str
    capability: str
    effect: Effect
    limits: Limits
    source: str

    def __str__(self) -> str:
        limits = f" {limits_to_words(self.limits)}" if self.limits else ""
        return f"{self.role}: {self.effect} {self.capability}{limits}"


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a line: a code for programs, the source, a sentence, and the right word if one is near."""

    code: str
    source: str
    message: str
    suggestion: str | None = None

    def __str__(self) -> str:
        return f"{self.source}: {self.message}"


class LinesInvalid(StartRefused):
    """Role files contradict the catalogue or themselves; every problem names its file and line."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(["The role lines are invalid.", *map(str, self.problems)]))


class InvalidPolicy(UserError):
    """A change of policy that would not hold together; `problems` names each line."""

    code = "INVALID_POLICY"
    hint = "Correct the lines that are named and send the change again."

    def __init__(self, problems: Iterable[Problem], *, path: tuple[str | int, ...] = ()) -> None:
        self.problems = tuple(problems)
        super().__init__(" ".join(problem.message for problem in self.problems), path=path)


def read_lines(path: Path, *, label: str) -> tuple[Line, ...]:
    """The lines of one file. `label` names it in sources: `policies/roles/manager.csv`. Raises LinesInvalid."""
    read = [
        _line(written, f"{label}:{number}")
        for number, text in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if (written := text.strip()) and not written.startswith("#")
    ]
    problems = [one for one in read if isinstance(one, Problem)]
    if problems:
        raise LinesInvalid(problems)
    return tuple(one for one in read if isinstance(one, Line))


def line_problems(
    lines: Iterable[Line], catalogue: Catalogue, roles: Mapping[str, Role], *, further: frozenset[str] = FURTHER
) -> Iterator[Problem]:
    """Everything that is wrong with these lines, role by role. `further` are the registered further limits."""
    in_order = sorted(lines, key=lambda line: line.role)
    for code, group in groupby(in_order, key=lambda line: line.role):
        of_role = tuple(group)
        role = roles.get(code)
        if role is None:
            yield _unknown_role(of_role[0], roles)
            continue
        for line in of_role:
            yield from _wrong_line(line, role, catalogue, further)
        yield from _repeated(of_role)
        yield from _excluded(of_role)
        yield from _without_requirement(of_role, catalogue)


def lost_denies(lines: Iterable[Line], basis: Iterable[Line]) -> Iterator[Problem]:
    """The denies of a built-in role that a role based on it fails to keep."""
    of_role = tuple(lines)
    kept = {line.capability for line in of_role if line.effect is Effect.DENY}
    for line in basis:
        if line.effect is Effect.DENY and line.capability not in kept:
            source = of_role[0].source if of_role else line.role
            yield Problem(
                "ROLE_EXCLUDES", source, f"A role based on {line.role} keeps its denies: add deny {line.capability}."
            )


def _line(written: str, source: str) -> Line | Problem:
    # The csv module and not Casbin's adapter, which splits commas inside quotes.
    cells = [cell.strip() for cell in next(csv.reader(StringIO(written), skipinitialspace=True))]
    if len(cells) != 5 or cells[0] != "p" or not cells[1].startswith("role:") or cells[3] not in ("allow", "deny"):
        return Problem("SYNTAX", source, f"A line reads: {_COLUMNS}.")
    try:
        limits = limits_from_words(cells[4])
    except LimitInvalid as error:
        return Problem("LIMIT_INVALID", source, error.message)
    return Line(cells[1].removeprefix("role:"), cells[2], Effect(cells[3]), limits, source)


def _unknown_role(line: Line, roles: Mapping[str, Role]) -> Problem:
    near = next(iter(get_close_matches(line.role, roles, n=1)), None)
    message = f"There is no role {line.role!r}.{_did_you_mean(near, roles)}"
    return Problem("UNKNOWN_ROLE", line.source, message, near)


def _wrong_line(line: Line, role: Role, catalogue: Catalogue, further: frozenset[str]) -> Iterator[Problem]:
    if "*" in line.capability:
        yield from _wrong_wildcard(line, role, catalogue)
    elif line.capability not in catalogue:
        near = catalogue.nearest(line.capability)
        message = f"There is no capability {line.capability!r}.{_did_you_mean(near, _of_area(line, catalogue))}"
        yield Problem("UNKNOWN_CAPABILITY", line.source, message, near)
    elif catalogue[line.capability].level not in LEVELS_OF[role.domain]:
        level = catalogue[line.capability].level
        message = (
            f"{line.capability} is asked at the level {level}; the role {role.code} acts in a {role.domain}: "
            "remove the line."
        )
        yield Problem("WRONG_DOMAIN", line.source, message)
    else:
        yield from _wrong_limits(line, catalogue, further)


def _wrong_wildcard(line: Line, role: Role, catalogue: Catalogue) -> Iterator[Problem]:
    if line.limits:
        yield Problem("WILDCARD", line.source, f"{line.capability} takes no limits: write none.")
    if line.effect is Effect.ALLOW and line.capability == "*" and role.code in OWNERS:
        return
    if line.effect is Effect.ALLOW or line.capability == "*":
        # A wildcard allow would grant, and may bill, whatever a later release adds.
        message = "Only the owner roles allow *; a deny may say area:* or *:verb. Name each capability."
        yield Problem("WILDCARD", line.source, message)
    elif not catalogue.named_by(line.capability):
        known = {f"{one.area}:*" for one in catalogue} | {f"*:{one.verb}" for one in catalogue}
        near = next(iter(get_close_matches(line.capability, known, n=1)), None)
        message = f"{line.capability} names no capability.{_did_you_mean(near, known)}"
        yield Problem("UNKNOWN_CAPABILITY", line.source, message, near)


def _wrong_limits(line: Line, catalogue: Catalogue, further: frozenset[str]) -> Iterator[Problem]:
    if line.effect is Effect.DENY and line.limits:
        yield Problem(
            "LIMIT_NOT_HONOURED", line.source, "A deny has no limits, for what is taken away stays away: write none."
        )
        return
    for limit in sorted(line.limits.further - further):
        known = further | {*ALL, *VALUES}
        near = next(iter(get_close_matches(limit, known, n=1)), None)
        message = f"There is no limit {limit!r}.{_did_you_mean(near, known)}"
        yield Problem("UNKNOWN_LIMIT", line.source, message, near)
    capability = catalogue[line.capability]
    for limit in sorted(line.limits.names & {*ALL, *VALUES}):
        if capability.rule(limit) is None:
            message = f"{line.capability} does not honour the limit {limit}: leave it out."
            yield Problem("LIMIT_NOT_HONOURED", line.source, message)


def _repeated(lines: tuple[Line, ...]) -> Iterator[Problem]:
    for position, line in enumerate(lines):
        for earlier in lines[:position]:
            if (earlier.capability, earlier.effect) == (line.capability, line.effect):
                message = f"{line.capability} stands at {earlier.source} already: remove one of the two."
                yield Problem("DUPLICATE_LINE", line.source, message)
                break
        for other in lines:
            if other is not line and other.effect is line.effect and _is_shadowed(line, other):
                message = f"{line.capability} has no effect beside {other.capability} at {other.source}: remove it."
                yield Problem("SHADOWED_LINE", line.source, message)
                break


def _is_shadowed(line: Line, other: Line) -> bool:
    return other.capability != line.capability and names(line.capability, other.capability)


def _excluded(lines: tuple[Line, ...]) -> Iterator[Problem]:
    denies = [line for line in lines if line.effect is Effect.DENY]
    for line in lines:
        deny = next((one for one in denies if names(line.capability, one.capability)), None)
        if line.effect is Effect.ALLOW and line.capability != "*" and deny:
            message = (
                f"{line.capability} is excluded from this role by {deny.capability} at {deny.source}: "
                "remove one of the two."
            )
            yield Problem("ROLE_EXCLUDES", line.source, message)


def _without_requirement(lines: tuple[Line, ...], catalogue: Catalogue) -> Iterator[Problem]:
    allowed = {line.capability for line in lines if line.effect is Effect.ALLOW}
    if "*" in allowed:
        return
    for line in lines:
        if line.effect is Effect.DENY or line.capability not in catalogue:
            continue
        for needed in catalogue[line.capability].requires:
            if needed not in allowed:
                message = f"{line.capability} requires {needed}: add a line that allows it."
                yield Problem("REQUIREMENT_MISSING", line.source, message, needed)


def _of_area(line: Line, catalogue: Catalogue) -> Iterable[str]:
    """The capabilities of the area that the line speaks of; if there is none such, all of them."""
    area = line.capability.partition(":")[0]
    return catalogue.named_by(f"{area}:*") or catalogue.by_code


def _did_you_mean(near: str | None, known: Iterable[str]) -> str:
    """What to write instead: the nearest word, or else those that there are, as far as they can be read."""
    if near:
        return f" Did you mean {near}?"
    words = sorted(known)
    return f" Write one of {', '.join(words[:MOST_WORDS])}{', …' if len(words) > MOST_WORDS else ''}."
