"""Canonical JSON: the one spelling of a value, so that equal values have equal digests everywhere.

RFC 8785 (JSON Canonicalization Scheme) without its floating-point numbers, which Remit never digests.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

LARGEST_INTEGER = 2**53 - 1
"""RFC 8785 follows I-JSON (RFC 7493, 2.2): a larger integer is not the same number in every parser."""


def canonical_json(value: object) -> bytes:
    """The RFC 8785 JSON of `value` in UTF-8: null, booleans, integers, texts, sequences and mappings of them.

    Raises TypeError for any other type, floats included, and ValueError for an integer beyond 2^53 - 1
    or a text that is not Unicode (a lone surrogate).
    """
    return json.dumps(_ordered(value), ensure_ascii=False, separators=(",", ":")).encode()


def _ordered(value: object) -> Any:
    match value:
        case None | bool() | str():
            return value
        case int():
            return _portable(value)
        case Mapping():
            return {key: _ordered(value[key]) for key in sorted(value, key=_utf16)}
        case Sequence() if not isinstance(value, bytes | bytearray):
            return [_ordered(item) for item in value]
        case _:
            raise TypeError(f"{type(value).__name__} has no canonical JSON")


def _portable(number: int) -> int:
    if abs(number) > LARGEST_INTEGER:
        raise ValueError(f"{number} is beyond the integers that JSON carries exactly")
    return number


def _utf16(key: object) -> bytes:
    # RFC 8785, 3.2.3 orders by UTF-16 code units; code points order differently beyond U+FFFF.
    if not isinstance(key, str):
        raise TypeError(f"a key must be a text, not {type(key).__name__}")
    return key.encode("utf-16-be")
