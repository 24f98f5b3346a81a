"""Suspending somebody, which takes all access away at once, and giving it back.

A specialist belongs to the whole network: who suspends must be allowed to at each place where the person holds
something, and at the network where they hold nothing.
"""

from __future__ import annotations

from domain.team import reads
from domain.team.assignments import LONGEST_REASON
from domain.team.changes import ResumeHolder, SuspendHolder
from domain.team.rules import OwnersOnly
from domain.texts import require_kept
from errors import InvalidInput
from policies.compile import DomainPolicy
from policies.delta import owners
from policies.explain import suspension_places
from policies.roles import OWNER
from work import Work

SET_STATE = "UPDATE specialists SET state = $3 WHERE network_id = $1 AND id = $2"


async def suspend(work: Work, change: SuspendHolder, policy: DomainPolicy, *, path: tuple[str | int, ...]) -> bool:
    """Suspend somebody; False where they are. Raises NotFound, Forbidden, InvalidInput, OwnersOnly."""
    return await _move(work, change, await _holder(work, change, policy, path), state="SUSPENDED")


async def resume(work: Work, change: ResumeHolder, policy: DomainPolicy, *, path: tuple[str | int, ...]) -> bool:
    """End a suspension; False where there is none. Raises NotFound, Forbidden, InvalidInput, OwnersOnly."""
    return await _move(work, change, await _holder(work, change, policy, path), state="ACTIVE")


async def _holder(
    work: Work, change: SuspendHolder | ResumeHolder, policy: DomainPolicy, path: tuple[str | int, ...]
) -> reads.SpecialistRow:
    holder = await reads.specialist(work, change.holder_id, path=(*path, "holder"))
    holding = policy.holding(change.holder_id)
    for location_id in suspension_places(holding, now=work.at):
        work.require(change.requires, at=location_id)
    if any(
        one.role.code == OWNER and not one.is_over(work.at) for one in holding.assignments
    ) and work.viewer.holder_id not in owners(policy):
        raise OwnersOnly
    require_kept(change.reason, longest=LONGEST_REASON, path=(*path, "reason"))
    if holder["state"] == "LEFT":
        raise InvalidInput(
            "This person has left the network.", hint="Choose somebody who works there.", path=(*path, "holder")
        )
    return holder


async def _move(work: Work, change: SuspendHolder | ResumeHolder, holder: reads.SpecialistRow, *, state: str) -> bool:
    if holder["state"] == state:
        return False
    await work.statements.execute(SET_STATE, work.network_id, change.holder_id, state)
    work.touches("specialist", change.holder_id, name=holder["name"])
    work.reason = change.reason or None
    return True
