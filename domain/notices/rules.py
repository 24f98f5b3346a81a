"""The texts of mails, by language. A text holds no link, and names nothing secret in its subject."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

import idna

LONGEST_DEVICE_NAME = 80
ENGLISH = "en"
LANGUAGE_OF_COUNTRY = MappingProxyType({"HU": "hu", "GR": "el", "CY": "el"})
"""What people read who did not say it, where it is not English."""

_LINKING = re.compile(r"[^\w ().,+-]|(?<!\d)\.|\.(?!\d)|_")


@dataclass(frozen=True, slots=True)
class MailText:
    """A mail in one language, plain text."""

    subject: str
    body: str


_SIGN_IN_CODE = MappingProxyType(
    {
        "en": MailText(
            "Your sign-in code",
            "Your sign-in code is {code}. It is good for {minutes} minutes.\n\n"
            "Device: {device}\nAddress: {address_prefix}\n\n"
            "If this is not you, somebody knows your password: sign in and change it. "
            "Nobody from us ever asks for this code.\n",
        ),
        "hu": MailText(
            "Bejelentkezési kód",
            "A bejelentkezési kódja: {code}. A kód {minutes} percig érvényes.\n\n"
            "Eszköz: {device}\nCím: {address_prefix}\n\n"
            "Ha nem Ön az, valaki ismeri a jelszavát: jelentkezzen be, és változtassa meg. "
            "Munkatársaink soha nem kérik ezt a kódot.\n",
        ),
        "el": MailText(
            "Κωδικός σύνδεσης",
            "Ο κωδικός σύνδεσής σας είναι {code}. Ισχύει για {minutes} λεπτά.\n\n"
            "Συσκευή: {device}\nΔιεύθυνση: {address_prefix}\n\n"
            "Αν δεν είστε εσείς, κάποιος γνωρίζει τον κωδικό πρόσβασής σας: συνδεθείτε και αλλάξτε τον. "
            "Κανείς από εμάς δεν ζητά αυτόν τον κωδικό.\n",
        ),
    }
)


def sign_in_code_mail(language: str, *, code: str, device: str, address_prefix: str, minutes: int) -> MailText:
    """The mail with a sign-in code. An unknown language reads English; a region ("hu-HU") does not matter.

    `device` is what a stranger's browser says of itself, so whatever a mail program could turn into a link goes.
    """
    text = _SIGN_IN_CODE[written_language(language)]
    body = text.body.format(code=code, device=_device_name(device), address_prefix=address_prefix, minutes=minutes)
    return MailText(text.subject, body)


def _device_name(device: str) -> str:
    return without_links(device, longest=LONGEST_DEVICE_NAME)


def without_links(text: str, *, longest: int) -> str:
    """What a stranger says, on one line, without anything that a mail program could turn into a link."""
    return " ".join(_LINKING.sub(" ", text).split())[:longest]


def language_of(language: str | None, *, country: str) -> str:
    """The language to write to somebody in: their own, or that of the country (ISO 3166-1) they are served in."""
    return language or LANGUAGE_OF_COUNTRY.get(country, ENGLISH)


def deliverable_address(email: str) -> str:
    """A stored address as mail servers take it: its domain in A-labels (RFC 5890), its local part untouched."""
    local, _, domain = email.rpartition("@")
    return f"{local}@{idna.encode(domain, uts46=True).decode('ascii')}"


class AppointmentNews(StrEnum):
    """What a client is told of an appointment."""

    BOOKED = "booked"
    MOVED = "moved"
    CANCELLED = "cancelled"


def appointment_news(state: str, *, was_moved: bool) -> AppointmentNews | None:
    """What there is to tell of an appointment in this state; None: nothing."""
    if state in ("PENDING", "CONFIRMED"):
        return AppointmentNews.MOVED if was_moved else AppointmentNews.BOOKED
    return AppointmentNews.CANCELLED if state == "CANCELLED" else None


_APPOINTMENT: Mapping[str, Mapping[AppointmentNews, MailText]] = MappingProxyType(
    {
        "en": {
            AppointmentNews.BOOKED: MailText(
                "Your appointment: {when}",
                "Your appointment is booked.\n\nWhen: {when}\nWhere: {place}\n\n"
                "If you cannot come, please let us know in good time.\n",
            ),
            AppointmentNews.MOVED: MailText(
                "Your appointment has moved: {when}",
                "Your appointment has moved.\n\nNow: {when}\nWhere: {place}\n\n"
                "If you cannot come then, please let us know in good time.\n",
            ),
            AppointmentNews.CANCELLED: MailText(
                "Your appointment is cancelled: {when}",
                "Your appointment is cancelled.\n\nIt was: {when}\nWhere: {place}\n",
            ),
        },
        "hu": {
            AppointmentNews.BOOKED: MailText(
                "Foglalt időpontja: {when}",
                "Az időpontját lefoglaltuk.\n\nMikor: {when}\nHol: {place}\n\n"
                "Ha nem tud eljönni, kérjük, jelezze időben.\n",
            ),
            AppointmentNews.MOVED: MailText(
                "Megváltozott az időpontja: {when}",
                "Az időpontja megváltozott.\n\nAz új időpont: {when}\nHol: {place}\n\n"
                "Ha akkor nem tud eljönni, kérjük, jelezze időben.\n",
            ),
            AppointmentNews.CANCELLED: MailText(
                "Lemondott időpont: {when}",
                "Az időpontját töröltük.\n\nEz volt az: {when}\nHol: {place}\n",
            ),
        },
        "el": {
            AppointmentNews.BOOKED: MailText(
                "Το ραντεβού σας: {when}",
                "Το ραντεβού σας έχει κλειστεί.\n\nΠότε: {when}\nΠού: {place}\n\n"
                "Αν δεν μπορείτε να έρθετε, παρακαλούμε ενημερώστε μας εγκαίρως.\n",
            ),
            AppointmentNews.MOVED: MailText(
                "Το ραντεβού σας άλλαξε: {when}",
                "Το ραντεβού σας μεταφέρθηκε.\n\nΤώρα: {when}\nΠού: {place}\n\n"
                "Αν δεν μπορείτε να έρθετε τότε, παρακαλούμε ενημερώστε μας εγκαίρως.\n",
            ),
            AppointmentNews.CANCELLED: MailText(
                "Το ραντεβού σας ακυρώθηκε: {when}",
                "Το ραντεβού σας ακυρώθηκε.\n\nΉταν: {when}\nΠού: {place}\n",
            ),
        },
    }
)

_MONTHS = MappingProxyType(
    {
        "en": [
            "January",
            "February",
            "March",
            "April",
            "May",
            "June",
            "July",
            "August",
            "September",
            "October",
            "November",
            "December",
        ],
        "hu": [
            "január",
            "február",
            "március",
            "április",
            "május",
            "június",
            "július",
            "augusztus",
            "szeptember",
            "október",
            "november",
            "december",
        ],
        "el": [
            "Ιανουαρίου",
            "Φεβρουαρίου",
            "Μαρτίου",
            "Απριλίου",
            "Μαΐου",
            "Ιουνίου",
            "Ιουλίου",
            "Αυγούστου",
            "Σεπτεμβρίου",
            "Οκτωβρίου",
            "Νοεμβρίου",
            "Δεκεμβρίου",
        ],
    }
)
_WEEKDAYS = MappingProxyType(
    {
        "en": ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
        "hu": ["hétfő", "kedd", "szerda", "csütörtök", "péntek", "szombat", "vasárnap"],
        "el": ["Δευτέρα", "Τρίτη", "Τετάρτη", "Πέμπτη", "Παρασκευή", "Σάββατο", "Κυριακή"],
    }
)
_ORDER: Mapping[str, Callable[[datetime, str, str], str]] = MappingProxyType(
    {
        "en": lambda at, month, weekday: f"{weekday} {at.day} {month} {at.year}, {at:%H:%M}",
        "hu": lambda at, month, weekday: f"{at.year}. {month} {at.day}., {weekday}, {at:%H:%M}",
        "el": lambda at, month, weekday: f"{weekday} {at.day} {month} {at.year}, {at:%H:%M}",
    }
)


def wall_time(language: str, at: datetime) -> str:
    """A date with its weekday, and a time of day, as clocks of `at`'s own zone show it."""
    written = written_language(language)
    return _ORDER[written](at, _MONTHS[written][at.month - 1], _WEEKDAYS[written][at.weekday()])


def appointment_mail(language: str, news: AppointmentNews, *, starts_at: datetime, place: str) -> MailText:
    """The mail that tells a client of an appointment; `starts_at` is in the zone of the location."""
    text = _APPOINTMENT[written_language(language)][news]
    when = wall_time(language, starts_at)
    return MailText(text.subject.format(when=when), text.body.format(when=when, place=place))


def written_language(language: str) -> str:
    """The language that mails are written in for somebody who reads `language`: a region does not matter."""
    known = language.partition("-")[0].lower()
    return known if known in _APPOINTMENT else ENGLISH
