"""What no field takes, whoever declared it: times that are no instants.

A field's arguments are looked through before its function is called, so no author of a field can forget it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from strawberry.utils.str_converters import to_camel_case

from domain.localtime import InvalidTime

Path = tuple[str | int, ...]

EARLIEST: Final = datetime.min.replace(tzinfo=UTC) + timedelta(days=2)
LATEST: Final = datetime.max.replace(tzinfo=UTC) - timedelta(days=2)
"""Two days from either end of the calendar: every zone's wall clock, and the day after, can still be told."""


def require_instants(arguments: Mapping[str, Any]) -> None:
    """Refuse a time without its offset, or at the end of the calendar, with its path. Raises InvalidTime."""
    for name, value in arguments.items():
        _require_instants(value, (to_camel_case(name),))


def _require_instants(value: object, path: Path) -> None:
    match value:
        case datetime():
            _require_instant(value, path)
        case list():
            for position, one in enumerate(value):
                _require_instants(one, (*path, position))
        case _ if is_dataclass(value):
            for found in fields(value):
                _require_instants(getattr(value, found.name), (*path, to_camel_case(found.name)))


def _require_instant(time: datetime, path: Path) -> None:
    if time.tzinfo is None:
        hint = "Write the offset from UTC too, such as 2026-03-29T10:00:00+02:00."
        raise InvalidTime("A time without its offset is no instant.", hint=hint, path=path)
    # Compared before anything is computed with it: at the calendar's ends the other zone's clock does not exist.
    if not EARLIEST <= time <= LATEST:
        raise InvalidTime("This is at the end of the calendar.", hint="Leave it out where no time is meant.", path=path)
