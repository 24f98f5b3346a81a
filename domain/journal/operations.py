"""Operations of the topic `journal`: verifying a chain, and saying in it that somebody did."""

from __future__ import annotations

from uuid import UUID

from audit.entries import OPERATOR_CHAIN, Area, EventType
from audit.verification import Verification, verify_chain
from errors import NotFound
from host import Host
from work import Task, Work

JOURNAL_VERIFIED = EventType("journal.verified", Area.SYSTEM)
JOURNAL_BROKEN = EventType("journal.verification_failed", Area.SYSTEM)

EVENTS = (JOURNAL_VERIFIED, JOURNAL_BROKEN)

READ_CHAIN = "SELECT set_config('remit.network_id', $1, true), set_config('remit.identity', $2, true)"


async def verify_journal(host: Host, chain_id: UUID, *, from_seq: int = 1) -> Verification:
    """Recompute a network's chain (or OPERATOR_CHAIN) from an entry on, and journal the outcome in it.

    Raises NotFound for a chain without entries, and ValueError for a number below 1.
    """
    network_id = None if chain_id == OPERATOR_CHAIN else chain_id
    async with host.database.read() as statements:
        await statements.execute(READ_CHAIN, str(network_id or ""), "" if network_id else "on")
        verification = await verify_chain(statements, chain_id, from_seq=from_seq)
    if verification.is_sound and verification.last_seq == 0:
        raise NotFound

    async def note(work: Work) -> None:
        work.touches("journal", chain_id)
        work.counts["entries"] = verification.last_seq - from_seq + 1

    task = Task(JOURNAL_VERIFIED if verification.is_sound else JOURNAL_BROKEN)
    await host.perform_as_system(network_id, task, note, name="journal verify")
    return verification
