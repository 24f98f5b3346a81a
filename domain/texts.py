"""Texts that people type: what is kept of them, and how long they may be."""

from __future__ import annotations

from errors import InvalidInput

LONGEST_NAME = 200


class InvalidText(InvalidInput):
    """A text that is too short or too long, or holds a character that cannot be kept."""

    code = "INVALID_TEXT"
    hint = "Type the text again."


def typed_text(text: str, *, path: tuple[str | int, ...], least: int = 0, longest: int = LONGEST_NAME) -> str:
    """The text without white space around it. Raises InvalidText if it is too short or long, or cannot be kept."""
    kept = text.strip()
    require_kept(kept, path=path, least=least, longest=longest)
    return kept


def require_kept(text: str, *, path: tuple[str | int, ...], least: int = 0, longest: int) -> None:
    """Let a text through that is kept as it was given. Raises InvalidText."""
    if not is_storable(text):
        raise InvalidText("A text cannot hold U+0000, nor half a surrogate pair.", path=path)
    if not least <= len(text) <= longest:
        range_ = f"{least} to {longest}" if least else f"at most {longest}"
        raise InvalidText(f"This text has {len(text)} characters; it may have {range_}.", path=path)


def is_storable(text: str) -> bool:
    """Whether PostgreSQL can keep the text."""
    return "\x00" not in text and not any("\ud800" <= character <= "\udfff" for character in text)
