"""Root fields of the topic `team`: people."""

from __future__ import annotations

from uuid import UUID

from domain.pages import Page
from domain.team import people, reads, visit_requests
from execution.declaration import mutation, query
from execution.rows import shown
from policies.catalogue import Level
from schema.connections import Connection
from schema.team import (
    Assignment,
    CreateSpecialistInput,
    CreateSpecialistResult,
    RequestVisitInput,
    RequestVisitResult,
    Specialist,
    SpecialistCreated,
    VisitRequested,
)
from work import Work


@query(requires="specialists:read", at=Level.SHARED)
async def specialists(work: Work, *, page: Page) -> Connection[Specialist]:
    """The network's specialists, by name."""
    return shown(await reads.specialists(work, page))


@query(requires="specialists:read", at=Level.SHARED)
async def specialist(work: Work, *, id: UUID) -> Specialist:
    """One specialist."""
    return shown(await reads.specialist(work, id, path=("id",)))


@query(requires="assignments:read", at=Level.LOCATION)
async def assignments(work: Work, *, network: UUID, holder: UUID | None = None, page: Page) -> Connection[Assignment]:
    """Who has which role where, until when and under which limits, oldest first.

    `holder` is a specialist's id, or that of the account of somebody who visits.
    """
    return shown(await reads.assignments(work, page, network_id=network, holder_id=holder))


@query(signed_in=True)
async def members(work: Work, *, page: Page) -> Connection[Assignment]:
    """Who has which role at the operator or the partner firm that you act for, oldest first.

    At the operator it requires `operator_members:change`, at a firm `partner_profile:read`.
    """
    return shown(await reads.members(work, page))


@mutation(event=people.SPECIALIST_CREATED, requires="specialists:update", at=Level.LOCATION)
async def create_specialist(work: Work, *, input: CreateSpecialistInput) -> CreateSpecialistResult:
    """Enter a specialist, who holds nothing yet: give roles by `changePolicy`."""
    new = people.NewSpecialist(input.name, input.position)
    row = await people.create_specialist(work, new, idempotency_key=input.idempotency_key)
    return SpecialistCreated(specialist=shown(row), journal_entry_id=work.entry_id)


@mutation(event=visit_requests.VISIT_REQUESTED, signed_in=True)
async def request_visit(work: Work, *, input: RequestVisitInput) -> RequestVisitResult:
    """Ask the owners of a network to be let in: they get a mail, and nothing is open before one of them approves.

    At the operator it requires `customer_visits:request`, at a partner firm `visits:request`.
    """
    asked = visit_requests.VisitAsked(input.network, input.role, input.hours, input.reason, input.location)
    return VisitRequested(id=await visit_requests.request_visit(work, asked), journal_entry_id=work.entry_id)
