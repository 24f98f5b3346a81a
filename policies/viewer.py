"""Viewer: who asks, from where and when, and what they may do. The one object that other layers ask.

`can` is a lookup and a test of one bit: no I/O, and nothing of the algorithm unless the answer depends on the object.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final, NoReturn
from uuid import UUID

from uuid_utils.compat import uuid7

from policies.compile import DomainPolicy, Grants
from policies.decisions import Decision, Forbidden, Ruling, decide
from policies.limits import NO_OBJECT, Address, Circumstances, Facts, first_unmet
from policies.narrowing import Taking
from policies.reach import NEVER, Reach, reach_of
from policies.reasons import Reason
from policies.release import Release

CHOOSE: Final = "Send the header Remit-Domain with one of `viewer { domains { domain } }`."
"""What to do for whoever may act in several domains and has named none."""

_NOWHERE: Final[Mapping[UUID | None, int]] = MappingProxyType({})


class ViewerKind(StrEnum):
    """What somebody is in the domain that they act in."""

    ANONYMOUS = "ANONYMOUS"
    """Nobody is signed in."""
    ACCOUNT = "ACCOUNT"
    """Signed in, and no domain chosen yet."""
    SPECIALIST = "SPECIALIST"
    SERVICE = "SERVICE"
    """A service account of a network, behind an API token or a plugin."""
    VISITOR = "VISITOR"
    """An account from outside the network, let in for some hours."""
    OPERATOR = "OPERATOR"
    PARTNER = "PARTNER"


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """Somebody asking, at one instant and one epoch. Made by `viewer_in` or `viewer_without_domain`.

    `network_name` is for hints; `takings` only take away (an API token's bounds, restrictions of the network).
    """

    kind: ViewerKind
    account_id: UUID | None
    specialist_id: UUID | None
    session_id: UUID | None
    language: str
    address: Address | None
    now: datetime
    release: Release
    policy: DomainPolicy | None
    grants: Grants
    network_name: str | None = None
    takings: tuple[Taking, ...] = ()

    @property
    def network_id(self) -> UUID | None:
        """The network in which the viewer acts, if it is one."""
        in_network = self.kind in (ViewerKind.SPECIALIST, ViewerKind.SERVICE, ViewerKind.VISITOR)
        return self.policy.domain.id if self.policy and in_network else None

    @property
    def holder_id(self) -> UUID | None:
        """Who holds the grants: the specialist, or the account where there is none."""
        return self.specialist_id or self.account_id

    @property
    def epoch(self) -> int:
        """The epoch of the policy by which the viewer is judged; 0 without a domain."""
        return self.policy.epoch if self.policy else 0

    @property
    def circumstances(self) -> Circumstances:
        """What limits ask of the request."""
        return Circumstances(self.now, self.address)

    @property
    def asks_no_facts(self) -> bool:
        """Whether each capability reaches every object or none, so that no fact of an object is ever asked for."""
        return self.grants.is_even

    def can(self, capability: str, *, at: UUID | None = None, of: Facts | None = None) -> bool:
        """Whether the viewer may do this at a location (the domain: its id, or None), to this object if one is given.

        Without an object only what needs none counts. Raises KeyError for a code that is not in the catalogue.
        """
        grants = self.grants
        bit = grants.bits[capability]
        if grants.can.get(at, 0) & bit:
            return True
        return of is not None and bool(grants.could.get(at, 0) & bit) and self._meets(capability, at, of)

    def could(self, capability: str, *, at: UUID | None = None) -> bool:
        """Whether some object might pass there."""
        return bool(self.grants.could.get(at, 0) & self.grants.bits[capability])

    def could_anywhere(self, capability: str) -> bool:
        """Whether some object at some place might pass: the gate before any statement runs."""
        bit = self.grants.bits[capability]
        return any(mask & bit for mask in self.grants.could.values())

    def scope(self, capability: str) -> Reach:
        """The objects to which the viewer may do this, for lists."""
        if self.policy is None or self.holder_id is None:
            return NEVER
        return reach_of(self.policy, self.grants, capability, holder_id=self.holder_id, now=self.now)

    def require(self, capability: str, *, at: UUID | None = None, of: Facts | None = None) -> None:
        """Pass, or raise Forbidden with the decision."""
        if not self.can(capability, at=at, of=of):
            self.refuse(capability, at=at, of=of)

    def refuse(self, capability: str, *, at: UUID | None = None, of: Facts | None = None) -> NoReturn:
        """Raise the Forbidden that words why the viewer may not do this."""
        raise Forbidden(
            self.decision(capability, at=at, of=of),
            self.release.catalogue[capability].title,
            hint=self._hint(capability, at),
        )

    def decision(self, capability: str, *, at: UUID | None = None, of: Facts | None = None) -> Decision:
        """The decision with its reason and an id: for a refusal, and for the yes that a Work keeps."""
        return Decision.of(
            self._ruling(capability, at, of),
            capability=capability,
            scope=self.policy.domain.scope(at) if self.policy else "none",
            epoch=self.epoch,
            release=self.release.digest,
            decision_id=uuid7(),
        )

    def _meets(self, code: str, at: UUID | None, of: Facts) -> bool:
        if self.policy is None or self.holder_id is None:
            return False
        capability = self.release.catalogue[code]
        place = self.policy.asked_place(capability, at)
        if place is None:
            return False
        circumstances, holder_id = self.circumstances, self.holder_id
        return any(
            all(
                first_unmet(limits, capability, holder_id=holder_id, of=of, place=place, circumstances=circumstances)
                is None
                for limits in term
            )
            for term in self.grants.terms(capability, place)
        )

    def _ruling(self, code: str, at: UUID | None, of: Facts | None) -> Ruling:
        if self.policy is None or self.holder_id is None:
            return Ruling(False, Reason.NO_LINE)
        return decide(
            self.policy,
            self.policy.holding(self.holder_id),
            code,
            at=at,
            of=NO_OBJECT if of is None else of,
            circumstances=self.circumstances,
            takings=self.takings,
        )

    def _hint(self, code: str, at: UUID | None) -> str:
        if self.kind is ViewerKind.ANONYMOUS:
            return "Sign in first."
        if self.policy is None:
            return CHOOSE
        if "policies:explain" in self.release.catalogue and self.can("policies:explain", at=at):
            return f"Roles that may: {', '.join(self.release.roles_allowing(code))}."
        return f"Ask an owner of {self.network_name or 'your organisation'}."


def viewer_in(
    policy: DomainPolicy,
    *,
    kind: ViewerKind,
    account_id: UUID | None,
    now: datetime,
    specialist_id: UUID | None = None,
    session_id: UUID | None = None,
    language: str = "en",
    address: Address | None = None,
    network_name: str | None = None,
    takings: tuple[Taking, ...] = (),
) -> Viewer:
    """Somebody acting in a domain, with what they hold there now. Raises ValueError without a holder."""
    holder_id = specialist_id or account_id
    if holder_id is None:
        raise ValueError("A viewer in a domain is a specialist or an account.")
    grants = policy.grants_of(holder_id, Circumstances(now, address))
    if takings:
        grants = grants.narrowed(takings, policy.release.catalogue, policy.domain)
    return Viewer(
        kind=kind,
        account_id=account_id,
        specialist_id=specialist_id,
        session_id=session_id,
        language=language,
        address=address,
        now=now,
        release=policy.release,
        policy=policy,
        grants=grants,
        network_name=network_name,
        takings=takings,
    )


def viewer_without_domain(
    release: Release,
    *,
    now: datetime,
    account_id: UUID | None = None,
    session_id: UUID | None = None,
    language: str = "en",
    address: Address | None = None,
) -> Viewer:
    """Somebody who holds nothing: not signed in (no account), or signed in with no domain chosen."""
    return Viewer(
        kind=ViewerKind.ANONYMOUS if account_id is None else ViewerKind.ACCOUNT,
        account_id=account_id,
        specialist_id=None,
        session_id=session_id,
        language=language,
        address=address,
        now=now,
        release=release,
        policy=None,
        grants=Grants((), release.catalogue.bits, can=_NOWHERE, could=_NOWHERE),
    )
