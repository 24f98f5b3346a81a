"""Changes of policy that wait for a second person: stored instead of made, decided by who may, withdrawn, expired.

A proposal keeps the changes as they were asked for. Whoever approves applies them anew, under a fresh preview; what the
proposer may give is judged again at that moment.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, ClassVar, Final, get_args
from uuid import UUID

import orjson
from asyncpg import Record
from pydantic import TypeAdapter

from audit.entries import Area, EventType
from domain.network import reads as network
from domain.pages import Count, Order, Page, Slice
from domain.team.changes import PolicyChange
from domain.team.models import PolicyProposal
from domain.team.rules import OwnProposal, PolicyPreview, ProposalDecided
from domain.team.telling import TELL_OF_EXPIRY, TELL_OF_PROPOSAL
from errors import NotFound
from work import Work

PROPOSAL_DAYS = 14
CHANGE_POLICY = "changePolicy"

PROPOSED = EventType("policy.proposed", Area.SETTINGS)
DECIDED = EventType("proposal.decided", Area.SETTINGS)
WITHDRAWN = EventType("proposal.withdrawn", Area.SETTINGS)
EXPIRED = EventType("proposal.expired", Area.SETTINGS)
EVENTS = (PROPOSED, EXPIRED)

KINDS: Final[Mapping[str, type]] = MappingProxyType({kind.__name__: kind for kind in get_args(PolicyChange)})
"""Every kind of change by the name under which a proposal keeps it."""

BY_ID = "SELECT * FROM policy_proposals WHERE network_id = $1 AND id = ANY ($2)"
LOCKED = "SELECT * FROM policy_proposals WHERE network_id = $1 AND id = $2 FOR UPDATE"
DECIDE = """
UPDATE policy_proposals SET state = $3, decided_by = $4, decided_at = $5 WHERE network_id = $1 AND id = $2
"""
EXPIRE = """
UPDATE policy_proposals SET state = 'EXPIRED', decided_at = $2
WHERE network_id = $1 AND state = 'PROPOSED' AND expires_at <= $2 RETURNING id
"""
QUESTIONS = "SELECT DISTINCT capability, scope FROM policy_proposals WHERE network_id = $1"
# Everybody sees what they proposed, and what they may decide.
SHOWN = """
FROM policy_proposals WHERE network_id = $1 AND (
  proposed_by = $2
  OR (capability, COALESCE(scope, network_id)) IN (SELECT * FROM unnest($3::text[], $4::uuid[]))
)
"""
COUNTED = "SELECT count(*)" + SHOWN
LISTED = "SELECT *" + SHOWN
BEFORE = """
AND ($5::timestamptz IS NULL OR (proposed_at, id) < ($5, $6)) ORDER BY proposed_at DESC, id DESC LIMIT $7
"""

NEWEST_FIRST = Order("proposals", "proposed_at", datetime)


class ProposalRow(Record):
    """A row of `policy_proposals`."""


@dataclass(frozen=True, slots=True)
class ApprovalRequired:
    """The change is not made: it waits for somebody who holds `capability`. An answer, not an error: this is kept."""

    code: ClassVar[str] = "APPROVAL_REQUIRED"
    hint: ClassVar[str] = "Wait: those who may approve it were told. Who proposed it may withdraw it."
    path: ClassVar[tuple[str, ...]] = ()

    proposal_id: UUID
    capability: str
    preview: PolicyPreview

    @property
    def message(self) -> str:
        """What is wrong, for people."""
        return f"This change waits for somebody who holds {self.capability}."


@dataclass(frozen=True, slots=True)
class ProposalRejected:
    """A proposal that somebody decided against; nothing was changed."""

    proposal_id: UUID


@dataclass(frozen=True, slots=True)
class ProposalWithdrawn:
    """A proposal that whoever made it took back."""

    proposal_id: UUID


async def propose(work: Work, changes: Sequence[PolicyChange], preview: PolicyPreview, capability: str) -> UUID:
    """Keep the changes until a holder of the capability decides. Raises Forbidden for whoever is no specialist."""
    if work.viewer.specialist_id is None:
        work.viewer.refuse(capability)
    made = await PolicyProposal.create(
        network_id=work.network_id,
        operation=CHANGE_POLICY,
        input={"changes": kept_changes(changes)},
        preview={"consent": preview.consent, "gained": preview.gained, "lost": preview.lost},
        capability=capability,
        proposed_by=work.viewer.specialist_id,
        proposed_at=work.at,
        expires_at=work.at + timedelta(days=PROPOSAL_DAYS),
    )
    work.event, work.location_id = PROPOSED, None
    work.targets.clear()  # of the changes that were rolled back
    work.touches("proposal", made.id)
    await work.defer(TELL_OF_PROPOSAL, network_id=work.network_id, proposal_id=made.id)
    proposal_id: UUID = made.id
    return proposal_id


async def waiting(work: Work, proposal_id: UUID) -> ProposalRow:
    """A proposal that the viewer may decide, locked. Raises NotFound, ProposalDecided, OwnProposal."""
    row = await work.statements.fetchrow(LOCKED, work.network_id, proposal_id, record_class=ProposalRow)
    if row is None or not _is_shown(work, row):
        raise NotFound(path=("id",))
    _require_waiting(work, row)
    if row["proposed_by"] == work.viewer.specialist_id:
        raise OwnProposal
    work.require(row["capability"], at=row["scope"])
    return row


async def decide(work: Work, proposal: ProposalRow, *, approve: bool) -> None:
    """Write the decision down, with both people in the journal."""
    state = "APPROVED" if approve else "REJECTED"
    decided_by = work.viewer.specialist_id
    await work.statements.execute(DECIDE, work.network_id, proposal["id"], state, decided_by, work.at)
    work.touches("proposal", proposal["id"])
    work.touches("specialist", proposal["proposed_by"])


async def withdraw_proposal(work: Work, proposal_id: UUID) -> ProposalWithdrawn:
    """Take an own proposal back. Raises NotFound, ProposalDecided."""
    row = await work.statements.fetchrow(LOCKED, work.network_id, proposal_id, record_class=ProposalRow)
    if row is None or row["proposed_by"] != work.viewer.specialist_id:
        raise NotFound(path=("id",))
    _require_waiting(work, row)
    await work.statements.execute(DECIDE, work.network_id, proposal_id, "WITHDRAWN", None, work.at)
    work.touches("proposal", proposal_id)
    return ProposalWithdrawn(proposal_id)


async def expire_proposals(work: Work) -> None:
    """Let go what nobody decided in time, and tell whoever proposed it."""
    for row in await work.statements.fetch(EXPIRE, work.network_id, work.at):
        work.touches("proposal", row["id"])
        await work.defer(TELL_OF_EXPIRY, network_id=work.network_id, proposal_id=row["id"])


async def proposals_by_id(work: Work, keys: list[UUID]) -> dict[UUID, ProposalRow]:
    """Proposals that the viewer made or may decide, by id."""
    rows = await work.statements.fetch(BY_ID, work.network_id, keys, record_class=ProposalRow)
    return {row["id"]: row for row in rows if _is_shown(work, row)}


async def proposals(work: Work, page: Page, *, network_id: UUID) -> Slice:
    """What the viewer proposed or may decide, newest first. Raises NotFound, BadCursor."""
    network.require_network(work, network_id, path=("network",))
    questions = await work.statements.fetch(QUESTIONS, work.network_id)
    mine = [(row["capability"], row["scope"]) for row in questions if _may_decide(work, row)]
    shown = (
        work.network_id,
        work.viewer.specialist_id,
        [capability for capability, _ in mine],
        [scope or work.network_id for _, scope in mine],
    )
    since, last_id = page.start(NEWEST_FIRST)
    asked = (*shown, since, last_id, page.first + 1)
    rows = await work.statements.fetch(LISTED + BEFORE, *asked, record_class=ProposalRow)
    return Slice.cut(rows, page, order=NEWEST_FIRST, count=Count(COUNTED, shown))


def changes_of(proposal: ProposalRow) -> list[PolicyChange]:
    """The changes as they were asked for."""
    return read_changes(orjson.loads(proposal["input"])["changes"])


def kept_changes(changes: Sequence[PolicyChange]) -> list[dict[str, Any]]:
    """Changes as JSON, whole: unlike what a consent binds, it leads back to them."""
    return [
        {"kind": type(change).__name__, "change": TypeAdapter(type(change)).dump_python(change, mode="json")}
        for change in changes
    ]


def read_changes(kept: Sequence[Mapping[str, Any]]) -> list[PolicyChange]:
    """The changes that `kept_changes` wrote."""
    return [TypeAdapter(KINDS[one["kind"]]).validate_python(one["change"]) for one in kept]


def _is_shown(work: Work, row: ProposalRow) -> bool:
    return row["proposed_by"] == work.viewer.specialist_id or _may_decide(work, row)


def _may_decide(work: Work, row: Record) -> bool:
    """Whether the viewer holds what the proposal asks for; nobody holds what a plugin asked for that is gone."""
    capability = row["capability"]
    return capability in work.host.release.catalogue and work.viewer.can(capability, at=row["scope"])


def _require_waiting(work: Work, row: ProposalRow) -> None:
    if row["state"] != "PROPOSED":
        raise ProposalDecided(row["state"])
    if row["expires_at"] <= work.at:
        raise ProposalDecided("EXPIRED")
