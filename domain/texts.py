"""Texts that people type: what is kept of them, and how long they may be."""

from __future__ import annotations

from errors import InvalidInput

LONGEST_NAME = 200


def typed_text(text: str, *, path: tuple[str | int, ...], least: int = 0, longest: int = LONGEST_NAME) -> str:
    """The text without white space around it. Raises InvalidInput if it is too short or long, or holds U+0000."""
    kept = text.strip()
    if "\x00" in kept:
        raise InvalidInput("A text cannot hold the character U+0000.", hint="Type the text again.", path=path)
    if not least <= len(kept) <= longest:
        range_ = f"{least} to {longest}" if least else f"at most {longest}"
        raise InvalidInput(f"This text has {len(kept)} characters; it may have {range_}.", path=path)
    return kept
