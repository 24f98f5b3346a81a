"""Queueing mail: the sealed text and the job that sends it exist if and only if the Work commits."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from uuid_utils.compat import uuid7

from domain.notices.rules import MailText
from domain.notices.sealing import seal_text
from domain.notices.sending import SEND_MAIL
from work import Work

QUEUE = """
INSERT INTO mails (id, network_id, account_id, recipient, kind, sealed, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (id) DO NOTHING RETURNING id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A mail to be: its kind for statistics, to whose stored address, of which network or account.

    `id` makes it go out once, however often it is queued.
    """

    kind: str
    recipient: str
    text: MailText
    network_id: UUID | None = None
    account_id: UUID | None = None
    id: UUID | None = None


async def queue_mail(work: Work, letter: Letter) -> bool:
    """Queue a mail with the job that sends it; False where this very letter was queued before."""
    mail_id = letter.id or uuid7()
    sealed = seal_text(work.host.keys, mail_id, letter.text)
    queued = await work.statements.fetchval(
        QUEUE, mail_id, letter.network_id, letter.account_id, letter.recipient, letter.kind, sealed, work.at
    )
    if queued is None:
        return False
    await work.defer(SEND_MAIL, mail_id=mail_id)
    return True
