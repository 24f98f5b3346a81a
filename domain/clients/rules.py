"""Phones and names of clients: how they are stored, found, and shown to those who may not read contacts."""

from __future__ import annotations

import unicodedata

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, ValidationResult

from errors import UserError

SHOWN_DIGITS = 2
"""Digits at the end of a masked phone that stay readable."""


class InvalidPhone(UserError):
    """The text is not a phone number that somebody elsewhere in the world could dial."""

    code = "INVALID_PHONE"
    hint = "Write it with its area code, or with + and the country code."

    def __init__(self, *, path: tuple[str | int, ...] = ()) -> None:
        super().__init__("This is not a possible phone number.", path=path)


def phone_number(typed: str, *, country: str, path: tuple[str | int, ...] = ()) -> str:
    """The number in E.164, read as it is dialled in `country` (ISO 3166-1 alpha-2). Raises InvalidPhone."""
    try:
        number = phonenumbers.parse(typed, country)
    except NumberParseException:
        raise InvalidPhone(path=path) from None
    # A number that is possible only locally lacks its area code: written as E.164 it would be somebody else's.
    if phonenumbers.is_possible_number_with_reason(number) != ValidationResult.IS_POSSIBLE:
        raise InvalidPhone(path=path)
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def searched_phone(typed: str) -> str | None:
    """The E.164 number that a search text spells out, with its + and whatever spaces; None where it is no number."""
    digits = "".join(character for character in typed if character in "0123456789")
    is_spelled_out = typed.strip().startswith("+") and not any(character.isalpha() for character in typed)
    return f"+{digits}" if digits and is_spelled_out else None


def masked_phone(phone: str) -> str:
    """An E.164 number with all but the country code and its last two digits starred: "+36 ** *** **67"."""
    number = phonenumbers.parse(phone)
    prefix, _, national = phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL).partition(" ")
    starred = sum(character.isdigit() for character in national) - SHOWN_DIGITS
    masked = []
    for character in national:
        is_starred = character.isdigit() and starred > 0
        starred -= is_starred
        masked.append("*" if is_starred else character)
    return f"{prefix} {''.join(masked)}"


def name_key(name: str) -> str:
    """The name without case, accents and spare spaces: stored to sort by, to search in, and to compare.

    Order: compatibility decomposition (Unicode NFKD), marks away, case folding, and once more for what the folding
    composed. Letters that are no letter with a mark (ø, đ) stay themselves.
    """
    return " ".join(_without_marks(_without_marks(name).casefold()).split())


def _without_marks(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(character for character in decomposed if not unicodedata.category(character).startswith("M"))
