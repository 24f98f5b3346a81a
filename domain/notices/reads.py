"""Reads of the topic `notices`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.notices.sealing import open_text
from host import Host
from work import Task, Work

MAILS_SHOWN = 100

RECENT = """
SELECT id, recipient, sealed, created_at FROM mails WHERE sealed IS NOT NULL ORDER BY created_at DESC, id DESC LIMIT $1
"""


@dataclass(frozen=True, slots=True)
class ReadableMail:
    """A mail whose text is still kept."""

    to: str
    subject: str
    body: str
    written_at: datetime


async def recent_mails(host: Host) -> Sequence[ReadableMail]:
    """The newest 100 mails that can be read: those that wait, and in a demo those that were sent.

    Everybody's mail: for the mailbox page of a demo alone.
    """
    return await host.perform_as_system(None, Task(), _recent, name="mailbox")


async def _recent(work: Work) -> list[ReadableMail]:
    mails = []
    for row in await work.statements.fetch(RECENT, MAILS_SHOWN):
        text = open_text(work.host.keys, row["id"], row["sealed"])
        mails.append(ReadableMail(row["recipient"], text.subject, text.body, row["created_at"]))
    return mails
