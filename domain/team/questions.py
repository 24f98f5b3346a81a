"""Questions that owners ask of the policy as a whole: who may do something, and is a role free for sure."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from domain.network import reads as network
from domain.pages import Order, Page, Slice
from domain.team.history import policy_at
from domain.team.naming import named_capability
from errors import InvalidInput, NotFound
from policies.catalogue import DomainKind
from policies.compile import DomainPolicy
from policies.free_roles import FreeRoleCertificate
from policies.free_roles import prove_free as proof_of
from policies.limits import Circumstances
from policies.release import ClosedRole
from policies.seat_terms import SeatTerms, catalogue_terms, policy_terms
from policies.who import Able
from policies.who import who_can as everybody_who_can
from work import Work

BY_HOLDER = Order("who_can", "id", str)


@dataclass(frozen=True, slots=True)
class HolderShown:
    """Somebody who may, by the line that decides and the assignment through which it is held."""

    holder_id: UUID
    assignment_id: UUID
    role: str
    line: str
    source: str


async def who_can(work: Work, page: Page, *, capability: str, scope: UUID, epoch: int | None) -> Slice:
    """Everybody who may do something at a scope, whatever the object, by the holder's id; now, or when an epoch began.

    Raises NotFound for an unknown scope or epoch, Forbidden, UnknownCapability, BadCursor.
    """
    at = await network.place(work, scope, path=("scope",))
    work.require("policies:explain", at=at)
    named_capability(work, capability, path=("capability",))
    policy, circumstances = await _asked_policy(work, epoch)
    able = everybody_who_can(policy, capability, at=at, circumstances=circumstances)
    return Slice.of_list([(str(one.holder_id), one.holder_id, _shown(one)) for one in able], page, order=BY_HOLDER)


def prove_free(work: Work, role: str, policy: str | None) -> FreeRoleCertificate:
    """The proof that a role is free under a policy, or what stands against it. Raises NotFound, InvalidInput."""
    return proof_of(_role(work, role), work.host.release, seat_terms(work, policy))


def seat_terms(work: Work, policy: str | None = None) -> SeatTerms:
    """What costs a seat: by a published policy (`seats-2025-03@1`), or (None) by what each capability decided itself.

    Raises InvalidInput for a policy that nobody published.
    """
    release = work.host.release
    if policy is None:
        return catalogue_terms(release.catalogue, release.digest)
    known = {
        published.name: (published, family.free)
        for family in work.host.verdicts.values()
        if family.free is not None
        for published in family.published
    }
    if policy not in known:
        raise InvalidInput(
            f"There is no policy {policy!r} of what costs.", hint=f"There are: {', '.join(known)}.", path=("policy",)
        )
    found, free = known[policy]
    return policy_terms(found, free=free)


async def _asked_policy(work: Work, epoch: int | None) -> tuple[DomainPolicy, Circumstances]:
    if epoch is None:
        return work.access.policy, work.viewer.circumstances
    policy, since = await policy_at(work, epoch)
    return policy, Circumstances(since, work.caller.address)


def _role(work: Work, code: str) -> ClosedRole:
    policy, built_in = work.access.policy, work.host.release.roles.get(code)
    role = policy.role(code)
    if role is None or (built_in is not None and built_in.domain is not DomainKind.NETWORK):
        raise NotFound(path=("role",))
    return role


def _shown(able: Able) -> HolderShown:
    assignment, line = able.decisive.assignment, able.decisive.line
    return HolderShown(able.holder_id, assignment.id, assignment.role.code, str(line), line.source)
