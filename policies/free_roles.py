"""Proof that a role is free: whatever its holder does with it, no capability within reach costs a seat.

The proof has three parts. (a) No capability that the role holds costs a seat under the terms. (b) Each held capability
that can change somebody's access is bounded by a rule: what its holder can give, himself included, lies within what he
holds. (c) Hence no sequence of his own actions reaches a capability that costs one. A capability that escalates and
whose bound nobody stated leaves the proof open: better no certificate than a wrong one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from types import MappingProxyType
from typing import Final

from policies.canonical import canonical_json
from policies.catalogue import Catalogue
from policies.release import ClosedRole, Release
from policies.seat_terms import SeatTerms


class Bound(StrEnum):
    """What keeps somebody who can change access from changing his own for the better; worded for people."""

    R1 = "R1: nobody grants what they do not hold; lines of a role must be held at the whole network."
    R4 = "R4: only an owner suspends or resumes an owner, and resuming gives nothing that the changer does not hold."
    R5 = "R5: a service account gets at most what its granter holds, and gives no roles."
    SWITCH = (
        "R1: what switching a plugin gives to anybody, the switcher must hold; a plugin's role holds no core codes."
    )
    SIGN_IN = "Recovery gives an account back to its person; it changes nobody's assignments."


BOUNDS: Final[Mapping[str, Bound]] = MappingProxyType(
    {
        "assignments:change": Bound.R1,
        "installed_plugins:change": Bound.SWITCH,
        "operator_members:change": Bound.R1,
        "partner_members:change": Bound.R1,
        "plugins:change": Bound.SWITCH,
        "roles:change": Bound.R1,
        "service_accounts:change": Bound.R5,
        "sign_ins:recover": Bound.SIGN_IN,
        "specialists:invite": Bound.R1,
        "specialists:suspend": Bound.R4,
        "visits:approve": Bound.R1,
    }
)
"""The rule that bounds each escalating capability of the core."""


@dataclass(frozen=True, slots=True)
class PaidCapability:
    """A capability that the role holds and that costs a seat: why, and by which line it is held."""

    capability: str
    reason: str
    source: str


@dataclass(frozen=True, slots=True)
class Escalation:
    """A held capability that can change somebody's access, and the rule that bounds it; None if nobody stated one."""

    capability: str
    bound: Bound | None


@dataclass(frozen=True, slots=True)
class FreeRoleCertificate:
    """The proof for one role under some terms, or what stands against it.

    `beside` are the reasons for which its holder may pay all the same, such as providing services. `digest` is SHA-256,
    in hexadecimal, over the role's lines, the release (which covers the catalogue) and the terms: another digest means
    that the proof must be made again.
    """

    role: str
    terms: str
    paid: tuple[PaidCapability, ...]
    escalations: tuple[Escalation, ...]
    is_for_all: bool
    beside: tuple[str, ...]
    digest: str

    @property
    def is_proved(self) -> bool:
        """Whether the role is free."""
        return not self.paid and not self.is_for_all and all(one.bound is not None for one in self.escalations)

    @property
    def sentence(self) -> str:
        """The answer for people, with what no role decides: somebody free by their role may pay for what they do."""
        answer = "is free" if self.is_proved else "is not proved free"
        return f"The role {self.role} {answer}. Whoever holds it may still pay for providing services."


def prove_free(
    role: ClosedRole, release: Release, terms: SeatTerms, *, bounds: Mapping[str, Bound] = BOUNDS
) -> FreeRoleCertificate:
    """Prove that a role (built in, or a network's own) is free under the terms, or name what costs a seat.

    What the role allows under a limit counts as held, and so does what lacks a requirement: another role may bring it.
    """
    held = sorted(release.catalogue.codes(role.allows & ~role.denies))
    return FreeRoleCertificate(
        role=role.code,
        terms=terms.name,
        paid=tuple(
            PaidCapability(code, terms.paid[code], role.naming[code][0].source) for code in held if code in terms.paid
        ),
        escalations=tuple(_escalations(held, release.catalogue, bounds)),
        is_for_all=terms.is_for_all,
        beside=terms.beside,
        digest=_digest(role, release, terms),
    )


def _escalations(held: Iterable[str], catalogue: Catalogue, bounds: Mapping[str, Bound]) -> Iterable[Escalation]:
    return (Escalation(code, bounds.get(code)) for code in held if catalogue[code].escalates)


def _digest(role: ClosedRole, release: Release, terms: SeatTerms) -> str:
    said = {
        "lines": sorted(map(str, role.lines)),
        "release": release.digest,
        "role": role.code,
        "terms": [terms.name, terms.digest],
    }
    return sha256(canonical_json(said)).hexdigest()
