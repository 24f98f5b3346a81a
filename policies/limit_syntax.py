"""How limits are written: as words on a Casbin line, and as JSON in a row; both ways, both strict.

Words, in any order, separated by blanks; `none` alone stands for no limits:
`own` · `back=7` or `back=read:30/change:0` · `ahead=14` · `max=10000/EUR` (minor units) · `pct=500` (basis points) ·
`acct=<id>|<id>` · `ip=203.0.113.0/24|2001:db8::/32` · `hours=12345/08:00-20:00` (ISO weekdays) · a further limit.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from ipaddress import ip_network
from typing import Any, Final
from uuid import UUID

from errors import InvalidInput
from policies.limits import NO_LIMITS, Ceiling, Days, Hours, Limits, Network

NONE: Final = "none"
LARGEST_DAYS: Final = 3660
"""Ten years: beyond it a limit of days says nothing."""

_FURTHER = re.compile(r"[a-z][a-z0-9_]*")
_CURRENCY = re.compile(r"[A-Z]{3}")
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])|24:00")
_SPLIT_DAYS = re.compile(r"read:([0-9]+)/change:([0-9]+)")


class LimitInvalid(InvalidInput):
    """A limit that cannot be read."""


def limits_from_words(text: str) -> Limits:
    """Read a line's limits. Raises LimitInvalid."""
    words = text.split()
    if words == [NONE]:
        return NO_LIMITS
    given: dict[str, Any] = {}
    for word in words:
        name, _, value = word.partition("=")
        if name in given:
            raise LimitInvalid(f"The limit {name} is given twice.")
        given[name] = _value_from_word(name, value) if "=" in word else True
    if not given:
        raise LimitInvalid("Write the limits, or none.")
    return limits_from_json(given)


def limits_from_json(given: Mapping[str, Any]) -> Limits:
    """Read an assignment's or a line's limits from a row or from input. Raises LimitInvalid."""
    known = {name: given[name] for name in given if name in _READERS}
    further = {name: given[name] for name in given if name not in _READERS}
    for name, value in further.items():
        if value is not True or not _FURTHER.fullmatch(name):
            raise LimitInvalid(f"{name!r} is no limit: further limits are small words that are true.")
    return Limits(**{name: _READERS[name](value) for name, value in known.items()}, further=frozenset(further))


def limits_to_json(limits: Limits) -> dict[str, Any]:
    """The JSON of these limits, as `limits_from_json` reads it; lists are sorted, so that equal limits are equal."""
    written = {name: _WRITERS[name](getattr(limits, name)) for name in _WRITERS if name in limits.names}
    return written | dict.fromkeys(sorted(limits.further), True)


def limits_to_words(limits: Limits) -> str:
    """The words of these limits, as `limits_from_words` reads them."""
    if not limits:
        return NONE
    return " ".join(_word(name, value) for name, value in limits_to_json(limits).items())


def _value_from_word(name: str, value: str) -> Any:
    match name:
        case "back" | "ahead":
            split = _SPLIT_DAYS.fullmatch(value)
            return {"read": int(split[1]), "change": int(split[2])} if split else _whole(value)
        case "max":
            amount, _, currency = value.partition("/")
            return {"amount": _whole(amount), "currency": currency}
        case "pct":
            return _whole(value)
        case "acct" | "ip":
            return value.split("|")
        case "hours":
            days, _, clock = value.partition("/")
            start, _, until = clock.partition("-")
            return {"days": [_whole(day) for day in days], "from": start, "until": until}
        case _:
            raise LimitInvalid(f"The limit {name} takes no value.")


def _word(name: str, value: Any) -> str:
    match name, value:
        case _, True:
            return name
        case (("back" | "ahead"), {"read": read, "change": change}):
            return f"{name}=read:{read}/change:{change}"
        case "max", {"amount": amount, "currency": currency}:
            return f"max={amount}/{currency}"
        case "hours", {"days": days, "from": start, "until": until}:
            return f"hours={''.join(map(str, days))}/{start}-{until}"
        case (("acct" | "ip"), list()):
            return f"{name}={'|'.join(value)}"
        case _:
            return f"{name}={value}"


def _whole(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise LimitInvalid(f"{text!r} is no whole number.")
    return int(text)


def _own(value: Any) -> bool:
    if value is not True:
        raise LimitInvalid("own is true, or left out.")
    return True


def _days(value: Any) -> Days:
    if isinstance(value, Mapping) and value.keys() == {"read", "change"}:
        return Days(_day_count(value["read"]), _day_count(value["change"]))
    return Days(_day_count(value), _day_count(value))


def _day_count(value: Any) -> int:
    if not _is_whole(value) or not 0 <= value <= LARGEST_DAYS:
        raise LimitInvalid(f"{value!r} is no number of days from 0 to {LARGEST_DAYS}.")
    return int(value)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _ceiling(value: Any) -> Ceiling:
    if not isinstance(value, Mapping) or value.keys() != {"amount", "currency"}:
        raise LimitInvalid("max has an amount in minor units and a currency.")
    amount, currency = value["amount"], value["currency"]
    if not _is_whole(amount) or amount < 0:
        raise LimitInvalid("max needs a whole amount in minor units, 0 or more.")
    if not isinstance(currency, str) or not _CURRENCY.fullmatch(currency):
        raise LimitInvalid(f"{currency!r} is no currency: write three capital letters.")
    return Ceiling(amount, currency)


def _points(value: Any) -> int:
    if not _is_whole(value) or not 0 <= value <= 10_000:
        raise LimitInvalid("pct is in basis points, from 0 to 10000.")
    return int(value)


def _accounts(value: Any) -> frozenset[UUID]:
    try:
        accounts = frozenset(UUID(text) for text in _texts("acct", value))
    except ValueError as error:
        raise LimitInvalid("acct lists ids of cash accounts.") from error
    return accounts


def _networks(value: Any) -> tuple[Network, ...]:
    try:
        networks = {ip_network(text) for text in _texts("ip", value)}
    except ValueError as error:
        raise LimitInvalid("ip lists networks, such as 203.0.113.0/24, without bits behind the prefix.") from error
    return tuple(sorted(networks, key=str))


def _texts(name: str, value: Any) -> Iterable[str]:
    if not isinstance(value, list) or not value or not all(isinstance(text, str) for text in value):
        raise LimitInvalid(f"{name} is a list of texts, at least one.")
    return value


def _hours(value: Any) -> Hours:
    if not isinstance(value, Mapping) or value.keys() != {"days", "from", "until"}:
        raise LimitInvalid("hours have days, from and until.")
    days = value["days"]
    if not isinstance(days, list) or not days or not all(_is_whole(day) and 1 <= day <= 7 for day in days):
        raise LimitInvalid("The days of hours are numbers from 1, Monday, to 7, Sunday.")
    start, until = _minute(value["from"]), _minute(value["until"])
    if start == until or start == 1440:
        raise LimitInvalid("hours must begin before 24:00 and end at another time than they begin.")
    return Hours(frozenset(days), start, until)


def _minute(text: Any) -> int:
    clock = _CLOCK.fullmatch(text) if isinstance(text, str) else None
    if clock is None:
        raise LimitInvalid(f"{text!r} is no time of day: write 08:00.")
    return 1440 if clock[1] is None else int(clock[1]) * 60 + int(clock[2])


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


_READERS: Final[Mapping[str, Any]] = {
    "own": _own,
    "back": _days,
    "ahead": _days,
    "max": _ceiling,
    "pct": _points,
    "acct": _accounts,
    "ip": _networks,
    "hours": _hours,
}
_WRITERS: Final[Mapping[str, Any]] = {
    "own": lambda own: own,
    "back": lambda days: days.read if days.read == days.change else {"read": days.read, "change": days.change},
    "ahead": lambda days: days.read if days.read == days.change else {"read": days.read, "change": days.change},
    "max": lambda ceiling: {"amount": ceiling.amount, "currency": ceiling.currency},
    "pct": lambda points: points,
    "acct": lambda accounts: sorted(map(str, accounts)),
    "ip": lambda networks: [str(network) for network in networks],
    "hours": lambda hours: {"days": sorted(hours.days), "from": _clock(hours.start), "until": _clock(hours.until)},
}
