"""Limits: how they are written, when they are met, and which is wider."""

from __future__ import annotations

from datetime import UTC, date, datetime
from ipaddress import ip_address, ip_network
from types import SimpleNamespace
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.catalogue import ALL, Capability, Level, Seat, acct, age, max_amount, own, pct
from policies.limit_syntax import (
    LimitInvalid,
    limits_from_json,
    limits_from_words,
    limits_to_json,
    limits_to_words,
)
from policies.limits import (
    ANY_OBJECT,
    NO_LIMITS,
    NO_OBJECT,
    OPTED_IN,
    Ceiling,
    Circumstances,
    Days,
    Hours,
    Limits,
    Object,
    Place,
    first_unmet,
    heeded,
    is_as_wide,
)
from policies.reasons import Reason

TILL = UUID("018f0000-0000-7000-8000-000000000001")
HOLDER = UUID("018f0000-0000-7000-8000-000000000002")
ATHENS = ZoneInfo("Europe/Athens")
NOW = datetime(2026, 3, 10, 8, 0, tzinfo=UTC)
HONOURING = Capability(
    "areas:change",
    "All",
    "Honours all.",
    level=Level.LOCATION,
    seat=Seat.FREE,
    limits=(own("owner"), *age("day"), max_amount("amount"), pct("discount"), acct("till")),
    immune=(),
)
READING = Capability(
    "areas:read", "Read", "Reads.", level=Level.LOCATION, seat=Seat.FREE, limits=age("day"), immune=("own",)
)
IMMUNE = Capability("names:read", "Names", "Reads.", level=Level.LOCATION, seat=Seat.FREE, limits=(), immune=ALL)
NEITHER = Capability(
    "tills:change", "Till", "Changes.", level=Level.LOCATION, seat=Seat.FREE, limits=(own("owner"),), immune=()
)


def unmet(
    words: str,
    of: Object = NO_OBJECT,
    *,
    capability: Capability = HONOURING,
    now: datetime = NOW,
    address: str | None = None,
    traits: frozenset[str] = frozenset(),
) -> Reason | None:
    """The first limit that is not met."""
    return first_unmet(
        limits_from_words(words),
        capability,
        holder_id=HOLDER,
        of=of,
        place=Place(None, ATHENS, traits),
        circumstances=Circumstances(now, ip_address(address) if address else None),
    )


def money(amount: int, currency: str = "EUR") -> SimpleNamespace:
    """An amount as the domain's money has it."""
    return SimpleNamespace(amount=amount, currency=currency)


@pytest.mark.parametrize(
    ("words", "limits"),
    [
        ("none", NO_LIMITS),
        ("own", Limits(own=True)),
        ("back=7", Limits(back=Days(7, 7))),
        ("back=read:30/change:0 ahead=14", Limits(back=Days(30, 0), ahead=Days(14, 14))),
        ("max=10000/EUR", Limits(max=Ceiling(10_000, "EUR"))),
        ("pct=500", Limits(pct=500)),
        (f"acct={TILL}", Limits(acct=frozenset({TILL}))),
        ("ip=2001:db8::/32|203.0.113.0/24", Limits(ip=(ip_network("2001:db8::/32"), ip_network("203.0.113.0/24")))),
        ("hours=12345/08:00-20:00", Limits(hours=Hours(frozenset({1, 2, 3, 4, 5}), 480, 1200))),
        ("hours=6/20:00-24:00", Limits(hours=Hours(frozenset({6}), 1200, 1440))),
        ("own opted_in", Limits(own=True, further=frozenset({OPTED_IN}))),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_words_and_json_say_the_same(words: str, limits: Limits) -> None:
    assert limits_from_words(words) == limits
    assert limits_to_words(limits) == words
    assert limits_from_json(limits_to_json(limits)) == limits


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ("", "Write the limits, or none."),
        ("own own", "The limit own is given twice."),
        ("own=yes", "The limit own takes no value."),
        ("back=", "'' is no whole number."),
        ("back=3661", "3661 is no number of days from 0 to 3660."),
        ("back", "True is no number of days from 0 to 3660."),
        ("max=10000", "'' is no currency: write three capital letters."),
        ("max=10.50/EUR", "'10.50' is no whole number."),
        ("pct=10001", "pct is in basis points, from 0 to 10000."),
        ("acct=till", "acct lists ids of cash accounts."),
        ("ip=203.0.113.9/24", "ip lists networks, such as 203.0.113.0/24, without bits behind the prefix."),
        ("hours=8/08:00-20:00", "The days of hours are numbers from 1, Monday, to 7, Sunday."),
        (
            "hours=1/08:00-08:00",
            "hours must begin before 24:00 and end at another time than they begin.",
        ),
        ("hours=1/8-20", "'8' is no time of day: write 08:00."),
        ("Opted", "'Opted' is no limit: further limits are small words that are true."),
    ],
)
def test_words_that_cannot_be_read_are_refused(words: str, problem: str) -> None:
    with pytest.raises(LimitInvalid) as refused:
        limits_from_words(words)

    assert refused.value.message == problem


@pytest.mark.parametrize(
    "given_json",
    [
        {"own": False},
        {"back": True},
        {"back": {"read": 1}},
        {"max": {"amount": 1.5, "currency": "EUR"}},
        {"ip": []},
        {"ip": "203.0.113.0/24"},
        {"hours": {"days": [], "from": "08:00", "until": "20:00"}},
        {"opted_in": 1},
    ],
    ids=str,
)
def test_json_that_cannot_be_read_is_refused(given_json: dict[str, Any]) -> None:
    with pytest.raises(LimitInvalid):
        limits_from_json(given_json)


@pytest.mark.parametrize(
    ("case", "words", "of", "reason"),
    [
        ("no limits", "none", NO_OBJECT, None),
        ("own, no object", "own", NO_OBJECT, Reason.OWN),
        ("own, some object", "own", ANY_OBJECT, None),
        ("own, the holder's", "own", {"owner": HOLDER}, None),
        ("own, the holder is among them", "own", {"owner": [TILL, HOLDER]}, None),
        ("own, another's", "own", {"owner": TILL}, Reason.OWN),
        ("own, nobody's", "own", {}, Reason.OWN),
        ("back, today", "back=0", {"day": date(2026, 3, 10)}, None),
        ("back, yesterday", "back=0", {"day": date(2026, 3, 9)}, Reason.BACK),
        ("back, tomorrow", "back=0", {"day": date(2026, 3, 11)}, None),
        ("ahead, tomorrow", "ahead=0", {"day": date(2026, 3, 11)}, Reason.AHEAD),
        ("ahead, on the last day", "ahead=7", {"day": date(2026, 3, 17)}, None),
        ("back, by the change side", "back=read:30/change:1", {"day": date(2026, 3, 8)}, Reason.BACK),
        ("the local day of an instant", "back=0", {"day": datetime(2026, 3, 9, 22, 0, tzinfo=UTC)}, None),
        ("the day before, locally", "back=0", {"day": datetime(2026, 3, 9, 21, 59, tzinfo=UTC)}, Reason.BACK),
        ("an instant without a zone", "back=9", {"day": datetime(2026, 3, 10)}, Reason.BACK),  # noqa: DTZ001 - the case itself
        ("max, on it", "max=100/EUR", {"amount": money(100)}, None),
        ("max, over it", "max=100/EUR", {"amount": money(101)}, Reason.MAX),
        ("max, another currency", "max=100/EUR", {"amount": money(1, "HUF")}, Reason.MAX),
        ("max, no amount", "max=100/EUR", {"amount": None}, Reason.MAX),
        ("pct, on it", "pct=500", {"discount": 500}, None),
        ("pct, over it", "pct=500", {"discount": 501}, Reason.PCT),
        ("acct, listed", f"acct={TILL}", {"till": TILL}, None),
        ("acct, another", f"acct={TILL}", {"till": HOLDER}, Reason.ACCT),
        ("the first in order", "own back=0 max=1/EUR", {"owner": TILL, "day": date(2020, 1, 1)}, Reason.OWN),
        ("further, no trait", "opted_in", {"owner": HOLDER}, Reason.LIMIT),
        ("address before owner", "own ip=203.0.113.0/24", {"owner": TILL}, Reason.IP),
    ],
)
def test_object_limits(case: str, words: str, of: Object, reason: Reason | None) -> None:
    assert unmet(words, of) == reason, case


def test_further_limits_are_met_by_the_traits_of_the_place() -> None:
    assert unmet("opted_in", traits=frozenset({OPTED_IN})) is None
    assert unmet("forgotten", traits=frozenset({OPTED_IN})) is Reason.LIMIT


@pytest.mark.parametrize(
    ("case", "capability", "words", "reason"),
    [
        ("immune to own", IMMUNE, "own back=0 ahead=0", None),
        ("honoured, no object", READING, "own back=0", Reason.BACK),
        ("back takes away", NEITHER, "back=0", Reason.BACK),
        ("ahead takes away", NEITHER, "ahead=0", Reason.AHEAD),
        ("values do not concern others", IMMUNE, f"max=1/EUR pct=1 acct={TILL}", None),
    ],
)
def test_honoured_immune_or_taken_away(case: str, capability: Capability, words: str, reason: Reason | None) -> None:
    assert unmet(words, NO_OBJECT, capability=capability) == reason, case


def test_what_takes_away_does_so_for_any_object() -> None:
    assert unmet("back=0", ANY_OBJECT, capability=NEITHER) is Reason.BACK
    assert heeded(limits_from_words("back=0"), NEITHER) is None


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("203.0.113.9", None),
        ("::ffff:203.0.113.9", None),
        ("2001:db8::1", None),
        ("203.0.114.1", Reason.IP),
        ("2001:db9::1", Reason.IP),
        (None, Reason.IP),
    ],
)
def test_addresses(address: str | None, reason: Reason | None) -> None:
    assert unmet("ip=203.0.113.0/24|2001:db8::/32", address=address) == reason


@pytest.mark.parametrize(
    ("case", "words", "local", "is_met"),
    [
        ("at the beginning", "hours=2/08:00-20:00", "2026-03-10T08:00", True),
        ("a second before the end", "hours=2/08:00-20:00", "2026-03-10T19:59:59", True),
        ("at the end", "hours=2/08:00-20:00", "2026-03-10T20:00", False),
        ("another day", "hours=1/08:00-20:00", "2026-03-10T10:00", False),
        ("over midnight, before it", "hours=2/22:00-02:00", "2026-03-10T23:00", True),
        ("over midnight, after it", "hours=2/22:00-02:00", "2026-03-11T01:59", True),
        ("over midnight, at the end", "hours=2/22:00-02:00", "2026-03-11T02:00", False),
        ("over midnight of the day before", "hours=2/22:00-02:00", "2026-03-10T01:00", False),
        ("to the end of the day", "hours=2/08:00-24:00", "2026-03-10T23:59:59", True),
    ],
)
def test_hours_are_local_and_half_open(case: str, words: str, local: str, is_met: bool) -> None:
    now = datetime.fromisoformat(local).replace(tzinfo=ATHENS)

    assert unmet(words, now=now) == (None if is_met else Reason.HOURS), case


@pytest.mark.parametrize(
    ("case", "wide", "narrow", "answer"),
    [
        ("nothing covers all", "none", "own", True),
        ("own does not cover all", "own", "none", False),
        ("more days", "back=30", "back=7", True),
        ("fewer days", "back=7", "back=30", False),
        ("days against none", "back=7", "none", False),
        ("another count", "back=7", "own", False),
        ("a higher ceiling", "max=200/EUR", "max=100/EUR", True),
        ("another currency", "max=200/EUR", "max=100/HUF", False),
        ("a higher percentage", "pct=500", "pct=500", True),
        ("an account less", f"acct={TILL}", f"acct={TILL}|{HOLDER}", False),
        ("an account more", f"acct={TILL}|{HOLDER}", f"acct={TILL}", True),
        ("a network within", "ip=203.0.113.0/24", "ip=203.0.113.128/25", True),
        ("a network beyond", "ip=203.0.113.0/24", "ip=203.0.112.0/23", False),
        ("networks of two families", "ip=203.0.113.0/24", "ip=2001:db8::/32", False),
        ("hours within", "hours=12345/08:00-20:00", "hours=12/09:00-17:00", True),
        ("hours beyond", "hours=12345/08:00-20:00", "hours=12/07:00-17:00", False),
        ("a day more", "hours=12345/08:00-20:00", "hours=6/09:00-17:00", False),
        ("equal hours over midnight", "hours=1/22:00-02:00", "hours=1/22:00-02:00", True),
        ("opted in", "opted_in", "none", False),
    ],
)
def test_which_is_wider(case: str, wide: str, narrow: str, answer: bool) -> None:
    assert is_as_wide(limits_from_words(wide), [limits_from_words(narrow)]) is answer, case


DAYS = st.one_of(st.none(), st.builds(lambda days: Days(days, days), st.integers(0, 5)))
SOME_LIMITS = st.builds(
    Limits,
    own=st.booleans(),
    back=DAYS,
    ahead=DAYS,
    max=st.one_of(st.none(), st.builds(Ceiling, st.integers(0, 3), st.sampled_from(["EUR", "HUF"]))),
    pct=st.one_of(st.none(), st.integers(0, 3)),
    hours=st.sampled_from([None, Hours(frozenset({2}), 480, 1200), Hours(frozenset({1, 2}), 420, 1200)]),
)
OBJECTS = st.fixed_dictionaries(
    {
        "owner": st.sampled_from([HOLDER, TILL]),
        "day": st.dates(date(2026, 3, 4), date(2026, 3, 16)),
        "amount": st.builds(money, st.integers(0, 4), st.sampled_from(["EUR", "HUF"])),
        "discount": st.integers(0, 4),
    }
)


@given(SOME_LIMITS)
def test_every_limit_can_be_written_and_read_again(limits: Limits) -> None:
    assert limits_from_words(limits_to_words(limits)) == limits
    assert limits_from_json(limits_to_json(limits)) == limits


@given(SOME_LIMITS, SOME_LIMITS, OBJECTS, st.integers(0, 47))
def test_whatever_meets_the_narrower_meets_the_wider(
    wide: Limits, narrow: Limits, of: dict[str, object], hour: int
) -> None:
    now = NOW.replace(day=9 + hour // 24, hour=hour % 24)

    def is_met(limits: Limits) -> bool:
        reason = first_unmet(
            limits,
            HONOURING,
            holder_id=HOLDER,
            of=of,
            place=Place(None, ATHENS),
            circumstances=Circumstances(now),
        )
        return reason is None

    if is_as_wide(wide, [narrow]) and is_met(narrow):
        assert is_met(wide)
