"""The mail that asks a customer's owners for a visit, by language."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final
from uuid import UUID

from domain.notices.rules import ENGLISH, MailText, without_links

LONGEST_NAME: Final = 80
LONGEST_REASON: Final = 500

_REQUESTED: Final = MappingProxyType(
    {
        "en": MailText(
            "Somebody asks to be let in: {place}",
            "{visitor} asks to be let into your network for {hours} hours.\n\n"
            "As: {role}\nWhere: {place}\nWhy: {reason}\nAccount: {account}\n\n"
            "Nothing is open yet. To let them in, approve a visit of this account; else do nothing.\n",
        ),
        "hu": MailText(
            "Belépést kérnek: {place}",
            "{visitor} {hours} órára belépést kér a hálózatukba.\n\n"
            "Szerepkör: {role}\nHol: {place}\nMiért: {reason}\nFiók: {account}\n\n"
            "Még semmi sincs nyitva. Ha beengedi, engedélyezzen látogatást ennek a fióknak; különben nincs teendője.\n",
        ),
        "el": MailText(
            "Ζητείται πρόσβαση: {place}",
            "Ο χρήστης {visitor} ζητά πρόσβαση στο δίκτυό σας για {hours} ώρες.\n\n"
            "Ρόλος: {role}\nΠού: {place}\nΓιατί: {reason}\nΛογαριασμός: {account}\n\n"
            "Τίποτα δεν έχει ανοίξει ακόμη. Για πρόσβαση εγκρίνετε επίσκεψη αυτού του λογαριασμού· "
            "αλλιώς μην κάνετε τίποτα.\n",
        ),
    }
)


def visit_requested_mail(
    language: str, *, visitor: str, account: UUID, role: str, place: str, hours: int, reason: str
) -> MailText:
    """The mail that tells an owner who asks to be let in, for how many hours and why. No link is made of it.

    An unknown language reads English; a region ("hu-HU") does not matter.
    """
    text = _REQUESTED.get(language.partition("-")[0].lower(), _REQUESTED[ENGLISH])
    body = text.body.format(
        visitor=without_links(visitor, longest=LONGEST_NAME),
        account=account,
        role=role,
        place=place,
        hours=hours,
        reason=without_links(reason, longest=LONGEST_REASON),
    )
    return MailText(text.subject.format(place=place), body)
