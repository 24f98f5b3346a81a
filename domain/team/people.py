"""Entering specialists. Somebody without an account and a role can be given services, and cannot sign in."""

from __future__ import annotations

from dataclasses import dataclass

from audit.entries import Area, EventType
from domain import idempotency
from domain.team import reads
from domain.team.models import Specialist
from domain.texts import typed_text
from work import Work

SPECIALIST_CREATED = EventType("specialist.created", Area.STAFF_CHANGES)


@dataclass(frozen=True, slots=True)
class NewSpecialist:
    """A person to be entered."""

    name: str
    position: str = ""


async def create_specialist(work: Work, new: NewSpecialist, *, idempotency_key: str) -> reads.SpecialistRow:
    """Enter a specialist, who holds nothing yet. Raises Forbidden, InvalidInput, IdempotencyMismatch."""
    work.require("specialists:update")
    claim = await idempotency.claim(work, key=idempotency_key, operation="createSpecialist", request=new)
    if claim.first_result is not None:
        return await reads.specialist(work, claim.first_result)
    made = await Specialist.create(
        network_id=work.network_id,
        name=typed_text(new.name, least=1, path=("input", "name")),
        position=typed_text(new.position, path=("input", "position")),
        created_at=work.at,
    )
    await claim.keep(work, made.id)
    work.touches("specialist", made.id, name=made.name)
    return await reads.specialist(work, made.id)
