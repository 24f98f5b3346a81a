"""Limits: what narrows a grant, on a role's line, on an assignment, or on both (then all must be met).

Order of evaluation, the first that is not met gives the reason: the request's address, the hours, then the object's
owner, its age and its values as the capability's own rules read them, last the further limits of topics and plugins.
Of own, back and ahead, a capability honours a limit (its object is compared), is immune (it is left alone), or
neither: then the limit takes the capability away. Value limits concern only capabilities that honour them.

Nothing here raises on odd facts: a fact that is missing or of a strange type does not meet its limit.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import Enum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Any, Final, Protocol
from uuid import UUID
from zoneinfo import ZoneInfo

from policies.catalogue import ACCT, AHEAD, ALL, BACK, MAX, OWN, PCT, Capability, Kind
from policies.reasons import Reason

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

OPTED_IN: Final = "opted_in"
"""The core's one further limit: met at a location that opted in for the call center (`locations.call_center`)."""
FURTHER: Final = frozenset({OPTED_IN})
"""The further limits that the core registers. One is met where the location has the trait of its name."""


_VALUED: Final = (BACK, AHEAD, MAX, PCT, ACCT, "ip", "hours")


class Facts(Protocol):
    """What a limit may ask of an object: a mapping or a database row of its facts."""

    def get(self, fact: str, /) -> Any:
        """The fact, or None."""


class Unknown(Enum):
    """Stands for an object that nobody named."""

    NO_OBJECT = "NO_OBJECT"
    """Object limits are not met: the question is about every object."""
    ANY_OBJECT = "ANY_OBJECT"
    """Object limits count as met: the question is whether some object might pass."""


NO_OBJECT: Final = Unknown.NO_OBJECT
ANY_OBJECT: Final = Unknown.ANY_OBJECT

Object = Facts | Unknown


@dataclass(frozen=True, slots=True)
class Days:
    """Whole days on one side of today, for reading and for changing; 0 is today only."""

    read: int
    change: int

    def of(self, capability: Capability) -> int:
        """The days that hold for this capability's kind."""
        return self.read if capability.kind is Kind.READ else self.change


@dataclass(frozen=True, slots=True)
class Ceiling:
    """The largest amount, in minor units of one currency; another currency is never within it."""

    amount: int
    currency: str


@dataclass(frozen=True, slots=True)
class Hours:
    """Local hours on weekdays (ISO, 1 is Monday), in minutes of the day, half-open.

    `start > until` runs over midnight and belongs to the day on which it began.
    """

    days: frozenset[int]
    start: int
    until: int

    def contain(self, local: datetime) -> bool:
        """Whether this local time lies within."""
        minute = local.hour * 60 + local.minute
        today = local.isoweekday()
        if self.start < self.until:
            return today in self.days and self.start <= minute < self.until
        yesterday = (local - timedelta(days=1)).isoweekday()
        return (today in self.days and minute >= self.start) or (yesterday in self.days and minute < self.until)


@dataclass(frozen=True, slots=True)
class Limits:
    """All limits of one line or one assignment; a limit that is None (or False, or empty) does not exist.

    `pct` is in basis points. `further` names limits of topics and plugins; an unknown one is never met.
    """

    own: bool = False
    back: Days | None = None
    ahead: Days | None = None
    max: Ceiling | None = None
    pct: int | None = None
    acct: frozenset[UUID] | None = None
    ip: tuple[Network, ...] | None = None
    hours: Hours | None = None
    further: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        # Asked for every line of every delta: spelled out, since `names` builds sets.
        return self.ask_the_object or self.ask_the_request or bool(self.further)

    @property
    def names(self) -> frozenset[str]:
        """The names of the limits that exist."""
        existing = {name for name in _VALUED if getattr(self, name) is not None}
        return frozenset(existing | ({OWN} if self.own else set())) | self.further

    @property
    def ask_the_request(self) -> bool:
        """Whether the address or the hour of the request matters."""
        return self.ip is not None or self.hours is not None

    @property
    def ask_the_object(self) -> bool:
        """Whether the object matters: its owner, its age, its values."""
        return (
            self.own
            or self.back is not None
            or self.ahead is not None
            or self.max is not None
            or self.pct is not None
            or self.acct is not None
        )

    def without(self, limit: str) -> Limits:
        """The same with this limit lifted."""
        if limit in self.further:
            return replace(self, further=self.further - {limit})
        lifted: dict[str, Any] = {limit: False if limit == OWN else None}
        return replace(self, **lifted)


NO_LIMITS: Final = Limits()


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a limit may ask of the request: its instant, and its address behind trusted proxies (None in a job)."""

    now: datetime
    address: Address | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is asked: a location with its zone and traits, or a whole domain (`location_id` None)."""

    location_id: UUID | None
    zone: ZoneInfo
    traits: frozenset[str] = frozenset()


def first_unmet(
    limits: Limits,
    capability: Capability,
    *,
    holder_id: UUID,
    of: Object,
    place: Place,
    circumstances: Circumstances,
) -> Reason | None:
    """The reason of the first limit that is not met, in the order of the module's docstring; None if all are."""
    return (
        request_obstacle(limits, place, circumstances)
        or _own_obstacle(limits, capability, holder_id=holder_id, of=of)
        or _age_obstacle(limits, capability, of=of, place=place, now=circumstances.now)
        or _value_obstacle(limits, capability, of)
        or (None if limits.further <= place.traits else Reason.LIMIT)
    )


def request_obstacle(limits: Limits, place: Place, circumstances: Circumstances) -> Reason | None:
    """IP or HOURS if the request itself does not meet these limits there."""
    if limits.ip is not None and not _is_from(circumstances.address, limits.ip):
        return Reason.IP
    if limits.hours is not None and not limits.hours.contain(circumstances.now.astimezone(place.zone)):
        return Reason.HOURS
    return None


def heeded(limits: Limits, capability: Capability) -> Limits | None:
    """These limits as far as they concern the capability; None if one of them takes it away.

    Days are resolved to the capability's kind, so that two results can be compared.
    """
    if not limits:
        return limits
    if any(limit not in capability.immune and capability.rule(limit) is None for limit in limits.names & {*ALL}):
        return None
    honours = frozenset(rule.limit for rule in capability.limits)
    return Limits(
        own=limits.own and OWN in honours,
        back=_resolved(limits.back, capability) if BACK in honours else None,
        ahead=_resolved(limits.ahead, capability) if AHEAD in honours else None,
        max=limits.max if MAX in honours else None,
        pct=limits.pct if PCT in honours else None,
        acct=limits.acct if ACCT in honours else None,
        ip=limits.ip,
        hours=limits.hours,
        further=limits.further,
    )


def is_as_wide(wide: Limits, narrow: Collection[Limits]) -> bool:
    """Whether whatever meets all of `narrow` meets `wide` too, on every count; both as `heeded` gives them.

    Where it cannot be told (hours that overlap in parts), the answer is no: nobody grants by our doubt.
    """
    return (
        (not wide.own or any(one.own for one in narrow))
        and _is_longer(wide.back, [one.back for one in narrow])
        and _is_longer(wide.ahead, [one.ahead for one in narrow])
        and (wide.max is None or any(_is_under(one.max, wide.max) for one in narrow))
        and (wide.pct is None or any(one.pct is not None and one.pct <= wide.pct for one in narrow))
        and (wide.acct is None or any(one.acct is not None and one.acct <= wide.acct for one in narrow))
        and (wide.ip is None or any(one.ip is not None and _lie_in(one.ip, wide.ip) for one in narrow))
        and (wide.hours is None or any(one.hours is not None and _is_within(one.hours, wide.hours) for one in narrow))
        and all(any(name in one.further for one in narrow) for name in wide.further)
    )


def _resolved(days: Days | None, capability: Capability) -> Days | None:
    return None if days is None else Days(days.of(capability), days.of(capability))


def _is_from(address: Address | None, networks: tuple[Network, ...]) -> bool:
    if address is None:
        return False
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return any((mapped or address) in network for network in networks)


def _own_obstacle(limits: Limits, capability: Capability, *, holder_id: UUID, of: Object) -> Reason | None:
    if not limits.own or OWN in capability.immune:
        return None
    rule = capability.rule(OWN)
    if rule is None:
        return Reason.OWN
    if isinstance(of, Unknown):
        return None if of is ANY_OBJECT else Reason.OWN
    owner = of.get(rule.fact)
    is_own = holder_id in owner if isinstance(owner, frozenset | set | list | tuple) else owner == holder_id
    return None if is_own else Reason.OWN


def _age_obstacle(limits: Limits, capability: Capability, *, of: Object, place: Place, now: datetime) -> Reason | None:
    if limits.back is None and limits.ahead is None:
        return None
    for limit, days, reason, sign in ((BACK, limits.back, Reason.BACK, 1), (AHEAD, limits.ahead, Reason.AHEAD, -1)):
        if days is None or limit in capability.immune:
            continue
        rule = capability.rule(limit)
        if rule is None:
            return reason
        if isinstance(of, Unknown):
            if of is ANY_OBJECT:
                continue
            return reason
        day = _local_day(of.get(rule.fact), place.zone)
        today = now.astimezone(place.zone).date()
        if day is None or sign * (today - day).days > days.of(capability):
            return reason
    return None


def _local_day(fact: object, zone: ZoneInfo) -> date | None:
    if isinstance(fact, datetime):
        return None if fact.tzinfo is None else fact.astimezone(zone).date()
    return fact if isinstance(fact, date) else None


def _value_obstacle(limits: Limits, capability: Capability, of: Object) -> Reason | None:
    if of is ANY_OBJECT or (limits.max is None and limits.pct is None and limits.acct is None):
        return None
    for limit, value, reason in (
        (MAX, limits.max, Reason.MAX),
        (PCT, limits.pct, Reason.PCT),
        (ACCT, limits.acct, Reason.ACCT),
    ):
        rule = capability.rule(limit)
        if value is None or rule is None:
            continue
        if isinstance(of, Unknown) or not _is_within_value(of.get(rule.fact), value):
            return reason
    return None


def _is_within_value(fact: object, value: Ceiling | int | frozenset[UUID]) -> bool:
    match value:
        case Ceiling(amount, currency):
            asked = getattr(fact, "amount", None)
            return isinstance(asked, int) and asked <= amount and getattr(fact, "currency", None) == currency
        case int():
            return isinstance(fact, int) and fact <= value
        case frozenset():
            return isinstance(fact, UUID) and fact in value


def _is_longer(wide: Days | None, narrow: list[Days | None]) -> bool:
    return wide is None or any(
        one is not None and one.read <= wide.read and one.change <= wide.change for one in narrow
    )


def _is_under(narrow: Ceiling | None, wide: Ceiling) -> bool:
    return narrow is not None and narrow.currency == wide.currency and narrow.amount <= wide.amount


def _lie_in(narrow: tuple[Network, ...], wide: tuple[Network, ...]) -> bool:
    return all(any(_is_subnet(inner, outer) for outer in wide) for inner in narrow)


def _is_subnet(inner: Network, outer: Network) -> bool:
    if isinstance(inner, IPv4Network) and isinstance(outer, IPv4Network):
        return inner.subnet_of(outer)
    return isinstance(inner, IPv6Network) and isinstance(outer, IPv6Network) and inner.subnet_of(outer)


def _is_within(narrow: Hours, wide: Hours) -> bool:
    if narrow == wide:
        return True
    both_end_on_their_day = narrow.start < narrow.until and wide.start < wide.until
    return (
        both_end_on_their_day and narrow.days <= wide.days and wide.start <= narrow.start and narrow.until <= wide.until
    )
