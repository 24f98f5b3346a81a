"""In which media types an operation may come and its answer goes (GraphQL over HTTP, draft, sections 4 and 6).

The answer's: ranges by their quality, then by their place in the header; quality 0 excludes. None fits: 406.
"""

from __future__ import annotations

from email.message import Message
from typing import Final

from schema.refusals import RequestRefused

JSON: Final = "application/json"
GRAPHQL: Final = "application/graphql-response+json"
"""The type whose statuses tell request errors from answers; with plain JSON those are 200 too."""

MEANT_BY: Final = {GRAPHQL: GRAPHQL, JSON: JSON, "application/*": JSON, "*/*": JSON}


def answer_type(accept: str | None) -> str:
    """The type of the answer for an Accept header. Raises RequestRefused (406) where neither type will do."""
    if not accept or not accept.strip():
        return JSON
    ranges = [_quality_and_type(item) for item in accept.split(",")]
    wanted = [(quality, MEANT_BY[name]) for quality, name in ranges if quality > 0 and name in MEANT_BY]
    if not wanted:
        raise RequestRefused(406, "NOT_ACCEPTABLE", f"Answers are {GRAPHQL} or {JSON}; accept one of them.")
    # Of equal qualities the first: `max` keeps it
    return max(wanted, key=lambda each: each[0])[1]


def check_body_type(content_type: str | None, content_encoding: str | None) -> None:
    """Raise RequestRefused (415) unless the body is `application/json` in UTF-8, as it is.

    Parsed as a type, never searched: `text/plain; x=application/json` needs no preflight and must not pass.
    """
    name, charset = _parsed(content_type or "")
    if name != JSON or charset not in (None, "utf-8", "utf8"):
        raise RequestRefused(415, "BODY_TYPE_UNKNOWN", "Send the body as Content-Type: application/json, in UTF-8.")
    if content_encoding not in (None, "", "identity"):
        raise RequestRefused(415, "BODY_ENCODED", "Send the body as it is, without Content-Encoding.")


def _quality_and_type(item: str) -> tuple[float, str]:
    name, *parameters = (part.strip().lower() for part in item.split(";"))
    quality = next((part.removeprefix("q=") for part in parameters if part.startswith("q=")), "1")
    try:
        return float(quality), name
    except ValueError:
        return 0.0, name


def _parsed(content_type: str) -> tuple[str, str | None]:
    header = Message()
    header["content-type"] = content_type
    charset = header.get_param("charset")
    name = content_type.partition(";")[0].strip().lower()
    return name, charset.lower() if isinstance(charset, str) else None
