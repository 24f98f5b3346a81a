"""The job that sends a queued mail: no transaction is open while the mail server is asked.

A refusal for good (5xx of sender, recipient or text) makes the mail FAILED; anything else is raised, and the
queue tries again. A worker that dies between the sending and its note sends once more.
"""

from __future__ import annotations

from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Any
from urllib.parse import unquote, urlsplit
from uuid import UUID

import aiosmtplib

from audit.entries import Area, EventType
from domain.notices.rules import MailText, deliverable_address
from domain.notices.sealing import open_text
from host import Host
from jobs import Job
from settings import Settings
from work import Task, Work

MAIL_SENT = EventType("mail.sent", Area.SYSTEM)
MAIL_FAILED = EventType("mail.failed", Area.SYSTEM)

TIMEOUT_SECONDS = 10
PORTS = {"smtp": 587, "smtps": 465}

QUEUED_MAIL = "SELECT id, recipient, sealed FROM mails WHERE id = $1 AND state = 'QUEUED'"
MARK_SENT = """
UPDATE mails SET state = 'SENT', sent_at = $2, sealed = CASE WHEN $3 THEN sealed END WHERE id = $1 AND state = 'QUEUED'
"""
MARK_FAILED = "UPDATE mails SET state = 'FAILED', why = $2, sealed = NULL WHERE id = $1 AND state = 'QUEUED'"


class NoMailServer(Exception):
    """There is a mail to send and REMIT_MAIL_URL is not set. Setting it helps: the queue tries again."""


class MailRefused(Exception):
    """The mail server refused the mail for good; trying again does not help."""


@dataclass(frozen=True, slots=True)
class OpenedMail:
    """A queued mail with its text opened."""

    id: UUID
    recipient: str
    text: MailText


async def send_mail(host: Host, mail_id: str) -> None:
    """Send a queued mail and note it; one that is not queued any more is left alone.

    A demo has no need of a mail server: its mails count as sent, and keep their text for the mailbox page. Raises
    NoMailServer, and aiosmtplib's and the system's errors that another time may not bring.
    """
    mail = await host.perform_as_system(None, Task(), lambda work: _queued(work, UUID(mail_id)), name=SEND_MAIL.name)
    if mail is None:
        return
    try:
        await _deliver(host, mail)
    except MailRefused as refusal:
        await _note(host, MAIL_FAILED, mail.id, MARK_FAILED, str(refusal))
    else:
        await _note(host, MAIL_SENT, mail.id, MARK_SENT, host.clock(), host.is_demo)


SEND_MAIL = Job("notices.send_mail", send_mail)


async def _queued(work: Work, mail_id: UUID) -> OpenedMail | None:
    row = await work.statements.fetchrow(QUEUED_MAIL, mail_id)
    if row is None:
        return None
    return OpenedMail(mail_id, row["recipient"], open_text(work.host.keys, mail_id, row["sealed"]))


async def _note(host: Host, event: EventType, mail_id: UUID, sql: str, *values: object) -> None:
    async def note(work: Work) -> None:
        await work.statements.execute(sql, mail_id, *values)
        work.touches("mail", mail_id)

    await host.perform_as_system(None, Task(event), note, name=SEND_MAIL.name)


async def _deliver(host: Host, mail: OpenedMail) -> None:
    url = host.settings.mail_url
    if url is not None:
        await _hand_over(_message(host, mail), server_of(url.get_secret_value()))
    elif not host.is_demo:
        raise NoMailServer("Set REMIT_MAIL_URL, such as smtps://user:password@mail.example.com: a mail is waiting.")


async def _hand_over(message: EmailMessage, server: dict[str, Any]) -> None:
    try:
        await aiosmtplib.send(message, timeout=TIMEOUT_SECONDS, **server)
    except aiosmtplib.SMTPRecipientsRefused as error:
        _refuse_for_good(error.recipients[0])
        raise
    except (aiosmtplib.SMTPSenderRefused, aiosmtplib.SMTPDataError) as error:
        _refuse_for_good(error)
        raise


def _refuse_for_good(error: aiosmtplib.SMTPResponseException) -> None:
    if 500 <= error.code < 600:
        raise MailRefused(f"{error.code} {error.message}"[:500]) from error


def server_of(url: str) -> dict[str, Any]:
    """REMIT_MAIL_URL in aiosmtplib's words. Over smtp:// the connection turns to TLS where the server offers it."""
    parts = urlsplit(url)
    return {
        "hostname": parts.hostname,
        "port": parts.port or PORTS.get(parts.scheme),
        "use_tls": parts.scheme == "smtps",
        "username": unquote(parts.username) if parts.username else None,
        "password": unquote(parts.password) if parts.password else None,
    }


def _message(host: Host, mail: OpenedMail) -> EmailMessage:
    message = EmailMessage(SMTP)
    message["From"] = host.settings.mail_from
    message["To"] = deliverable_address(mail.recipient)
    message["Subject"] = mail.text.subject
    message["Date"] = format_datetime(host.clock())
    # The same at every try, so that a mailbox that got it twice can tell.
    message["Message-ID"] = f"<{mail.id}@{_sender_domain(host.settings)}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.text.body)
    return message


def _sender_domain(settings: Settings) -> str:
    return settings.mail_from.rpartition("@")[2].strip("> ")
