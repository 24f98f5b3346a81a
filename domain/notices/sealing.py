"""A mail's text at rest: sealed for its row alone, so that a code is nowhere in plain."""

from __future__ import annotations

from uuid import UUID

import orjson

from audit.keys import Keys
from domain.notices.rules import MailText


def seal_text(keys: Keys, mail_id: UUID, text: MailText) -> bytes:
    """The text as the row of this mail keeps it."""
    return keys.mail.seal(orjson.dumps([text.subject, text.body]), mail_id.bytes)


def open_text(keys: Keys, mail_id: UUID, sealed: bytes) -> MailText:
    """The text of this mail's row. Raises SealBroken."""
    subject, body = orjson.loads(keys.mail.open(sealed, mail_id.bytes))
    return MailText(subject, body)
