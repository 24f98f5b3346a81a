"""A release of the policy: the assembled catalogue and every built-in role, closed.

To close a role is to resolve its wildcards and its limits against the catalogue once, so that decisions only look up.
Closed roles are made once a process for the built-in ones and once an epoch for a network's own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import chain
from types import MappingProxyType

from policies.canonical import canonical_json
from policies.catalogue import ALL, LEVELS_OF, VALUES, Catalogue, DomainKind, Seat
from policies.limits import FURTHER, Limits, heeded
from policies.lines import Effect, Line, LinesInvalid, Problem, line_problems, read_lines
from policies.roles import BUILT_IN, FOLDER, Role


@dataclass(frozen=True, slots=True, eq=False)
class ClosedRole:
    """A role ready for decisions. Compared by identity: another version of a role is another one.

    `plain` are the capabilities it allows without limits, `limited` those it allows under limits (bit and limits, as
    heeded), `denies` what it takes away, `naming` its lines by the code they name, in their order. `dormant` lines
    belong to a plugin that is not there: kept and shown, without effect.
    """

    code: str
    title: str
    lines: tuple[Line, ...]
    plain: int
    limited: tuple[tuple[int, Limits], ...]
    denies: int
    naming: Mapping[str, tuple[Line, ...]]
    dormant: tuple[Line, ...] = ()

    @property
    def allows(self) -> int:
        """Everything that it allows, under limits or not; its own denies do not count here."""
        answer = self.plain
        for bit, _ in self.limited:
            answer |= bit
        return answer


@dataclass(frozen=True, slots=True)
class LimitEffect:
    """What an assignment's limits do to capabilities: some are taken away, some are compared with their object."""

    taken: int
    compared: int


@dataclass(frozen=True, slots=True, eq=False)
class Release:
    """The catalogue, the built-in roles with their closed lines, and the digest that names all of it."""

    catalogue: Catalogue
    roles: Mapping[str, Role]
    closed: Mapping[str, ClosedRole]
    further: frozenset[str]
    digest: str
    _limit_effects: dict[Limits, LimitEffect] = field(default_factory=dict)

    def effect_of(self, limits: Limits) -> LimitEffect:
        """What these limits do to every capability at once."""
        effect = self._limit_effects.get(limits)
        if effect is None:
            effect = self._limit_effects[limits] = _limit_effect(limits, self.catalogue)
        return effect

    def roles_allowing(self, code: str) -> tuple[str, ...]:
        """The built-in roles that allow this capability, owners last."""
        bit = self.catalogue.bits[code]
        allowing = [role.code for role in self.closed.values() if role.allows & bit and not role.denies & bit]
        return tuple(sorted(allowing, key=lambda role: ("owner" in role, role)))


def core_lines() -> tuple[Line, ...]:
    """The lines of the core's role files. Raises LinesInvalid naming file and line."""
    by_file = {role.code: read_lines(FOLDER / f"{role.code}.csv", label=_label(role.code)) for role in BUILT_IN}
    problems = [
        Problem("UNKNOWN_ROLE", line.source, f"This file holds lines of the role {code} alone: write role:{code}.")
        for code, lines in by_file.items()
        for line in lines
        if line.role != code
    ]
    if problems:
        raise LinesInvalid(problems)
    return tuple(chain.from_iterable(by_file.values()))


def assemble_release(
    catalogue: Catalogue,
    *,
    roles: Iterable[Role] = BUILT_IN,
    lines: Iterable[Line],
    further: frozenset[str] = FURTHER,
) -> Release:
    """Check and close the built-in roles: the core's lines and those that plugins bring for their own codes.

    Raises LinesInvalid with every problem: wrong lines, and roles that claim to be free and are not.
    """
    by_code = {role.code: role for role in roles}
    given = tuple(lines)
    problems = list(line_problems(given, catalogue, by_code, further=further))
    if problems:
        raise LinesInvalid(problems)
    closed = {
        code: close_role(code, role.title, [one for one in given if one.role == code], catalogue, domain=role.domain)
        for code, role in by_code.items()
    }
    problems = [problem for code, role in by_code.items() if role.free for problem in _paid(closed[code], catalogue)]
    if problems:
        raise LinesInvalid(problems)
    return Release(catalogue, MappingProxyType(by_code), MappingProxyType(closed), further, _digest(catalogue, given))


def close_role(
    code: str, title: str, lines: Iterable[Line], catalogue: Catalogue, *, domain: DomainKind = DomainKind.NETWORK
) -> ClosedRole:
    """Resolve a role's lines; those that name nothing in the catalogue are dormant."""
    of_role = tuple(lines)
    in_domain = catalogue.codes(catalogue.level_mask(*LEVELS_OF[domain]))
    named = {line: catalogue.named_by(line.capability) & in_domain for line in of_role}
    naming: dict[str, list[Line]] = {}
    for line in of_role:
        for capability in named[line]:
            naming.setdefault(capability, []).append(line)
    allows = [
        (capability, left)
        for line in of_role
        if line.effect is Effect.ALLOW
        for capability in named[line]
        if (left := heeded(line.limits, catalogue[capability])) is not None
    ]
    return ClosedRole(
        code=code,
        title=title,
        lines=of_role,
        plain=catalogue.mask(capability for capability, limits in allows if not limits),
        limited=tuple((catalogue.bits[capability], limits) for capability, limits in allows if limits),
        denies=catalogue.mask(chain.from_iterable(named[line] for line in of_role if line.effect is Effect.DENY)),
        naming=MappingProxyType({capability: tuple(found) for capability, found in naming.items()}),
        dormant=tuple(line for line in of_role if not named[line]),
    )


def paid_capabilities(role: ClosedRole, catalogue: Catalogue) -> frozenset[str]:
    """What the role allows, and does not deny, that costs its holder a seat: empty for a free role.

    No sequence of the holder's own actions adds to it: granting is bounded by what the granter holds (rule R1).
    """
    held = catalogue.codes(role.allows & ~role.denies)
    return frozenset(code for code in held if catalogue[code].seat != Seat.FREE)


def _label(code: str) -> str:
    return f"policies/roles/{code}.csv"


def _paid(role: ClosedRole, catalogue: Catalogue) -> Iterable[Problem]:
    for code in sorted(paid_capabilities(role, catalogue)):
        source = role.naming[code][0].source
        message = (
            f"The role {role.code} claims to be free; {code} costs a seat ({catalogue[code].seat}): "
            "remove the line, or the claim."
        )
        yield Problem("NOT_FREE", source, message, None)


def _limit_effect(limits: Limits, catalogue: Catalogue) -> LimitEffect:
    taken = compared = 0
    for limit in limits.names & {*ALL, *VALUES}:
        taken |= catalogue.losing(limit)
        compared |= catalogue.honouring(limit)
    return LimitEffect(taken, compared)


def _digest(catalogue: Catalogue, lines: Iterable[Line]) -> str:
    written = {
        "capabilities": [_spelled(code, catalogue) for code in catalogue.by_code],
        "lines": sorted([*map(str, lines)]),
    }
    return sha256(canonical_json(written)).hexdigest()


def _spelled(code: str, catalogue: Catalogue) -> list[object]:
    one = catalogue[code]
    limits = [[rule.limit, rule.fact] for rule in one.limits]
    return [code, one.level, one.seat, limits, list(one.immune), list(one.requires), one.escalates]
