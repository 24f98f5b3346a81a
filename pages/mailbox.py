"""The mailbox of demo mode: the mail that would have been sent, so that sign-in codes can be read.

It shows everybody's mail to everybody. It is mounted in demo mode only, and never on data of real people.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from itertools import islice
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from pages.rendering import render_page

MAILBOX_PATH: Final = "/dev/mail"
MAILS_SHOWN: Final = 100

# Not `\b`: a code touches neither letters nor the signs of phone numbers, times, links and amounts.
CODE: Final = re.compile(r"(?<![\w+.,:/=-])([0-9]{4})[ -]?([0-9]{4})(?![\w:/=-]|[.,][0-9])")


@dataclass(frozen=True, slots=True)
class Mail:
    """One outgoing mail, as text."""

    to: str
    subject: str
    body: str
    written_at: datetime

    @property
    def code(self) -> str | None:
        """The sign-in code of eight digits in the body (`identity.md` 4.2); None for a mail without one."""
        found = CODE.search(self.body)
        return found and found[1] + found[2]


LoadMails = Callable[[], Awaitable[Iterable[Mail]]]


def newest_mails(mails: Iterable[Mail], *, recipient: str = "") -> tuple[Mail, ...]:
    """The newest 100 mails, newest first, whose address contains `recipient`, in capitals or not."""
    sought = recipient.strip().casefold()
    found = (mail for mail in mails if sought in mail.to.casefold())
    newest_first = sorted(found, key=lambda mail: mail.written_at, reverse=True)
    return tuple(islice(newest_first, MAILS_SHOWN))


def mailbox_routes(load_mails: LoadMails) -> list[BaseRoute]:
    """The mailbox page over what `load_mails` answers.

    The page asks by HEAD for its ETag and reloads when mail has come.
    """

    async def mailbox(request: Request) -> Response:
        recipient = request.query_params.get("to", "")
        mails = newest_mails(await load_mails(), recipient=recipient)
        revision = _revision(mails)
        root = request.scope.get("root_path", "")
        page = render_page("mailbox.html", root=root, mails=mails, recipient=recipient, revision=revision)
        page.headers["ETag"] = revision
        return page

    return [Route(MAILBOX_PATH, mailbox)]


def _revision(mails: tuple[Mail, ...]) -> str:
    return f'"{sha256(repr(mails).encode()).hexdigest()[:32]}"'
