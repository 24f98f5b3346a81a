"""What the demo consists of, as tables to read: two businesses with their places, services and posts.

Durations and buffers are in minutes, prices in minor units. Everything is invented; phones are of the ranges that
regulators and libraries keep for examples, mail domains are those of RFC 2606.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

PASSWORD = "seven calm rivers at noon"  # noqa: S105  (the demo's, printed for whoever tries it)
"""The one password of every demo account."""

HAIR, NAILS, CARE = "Hair", "Nails", "Care"


@dataclass(frozen=True, slots=True)
class Place:
    """A location, with how many clients call it theirs, and what share of them speaks which language."""

    code: str
    name: str
    zone: str
    country: str
    currency: str
    address: str
    phone: str
    call_center: bool = False
    clients: int = 0
    languages: Mapping[str, float] | None = None


@dataclass(frozen=True, slots=True)
class Treatment:
    """A service and its price in each currency."""

    code: str
    category: str
    name: str
    duration: int
    buffer_before: int
    buffer_after: int
    prices: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Post:
    """A place in the team: the role, at a place or (None) in the whole network, and what its holder provides where.

    `language` is the holder's, and whose names the holder's is drawn from.
    """

    role: str
    place: str | None
    position: str
    language: str
    provides: str | None = None
    provides_at: str | None = None


@dataclass(frozen=True, slots=True)
class Business:
    """A network to be planned. `code` is the seed of all its ids; `mail_domain` that of its team."""

    code: str
    name: str
    legal_name: str
    country: str
    currency: str
    zone: str
    mail_domain: str
    places: tuple[Place, ...]
    treatments: tuple[Treatment, ...]
    posts: tuple[Post, ...]
    appointments: int


def _prices(huf: int, eur: int, usd: int) -> Mapping[str, int]:
    return {"HUF": huf * 100, "EUR": eur * 100, "USD": usd * 100}


def _provider(place: str, position: str, language: str, provides: str) -> Post:
    return Post("specialist", place, position, language, provides, place)


AURORA = Business(
    code="aurora",
    name="Aurora Studios",
    legal_name="Aurora Studios Kft.",
    country="HU",
    currency="HUF",
    zone="Europe/Budapest",
    mail_domain="aurora.example",
    places=(
        Place(
            "budapest",
            "Aurora Budapest",
            "Europe/Budapest",
            "HU",
            "HUF",
            "Virág utca 12, 1062 Budapest",
            "+3612345678",
            call_center=True,
            clients=850,
            languages={"hu": 0.85, "en": 0.11, "el": 0.04},
        ),
        Place(
            "athens",
            "Aurora Athens",
            "Europe/Athens",
            "GR",
            "EUR",
            "Οδός Ανθέων 40, 106 73 Αθήνα",
            "+302123456789",
            call_center=True,
            clients=550,
            languages={"el": 0.88, "en": 0.1, "hu": 0.02},
        ),
        Place(
            "new-york",
            "Aurora New York",
            "America/New_York",
            "US",
            "USD",
            "100 Blossom Street, New York, NY 10012",
            "+12125550100",
            clients=600,
            languages={"en": 0.86, "el": 0.09, "hu": 0.05},
        ),
    ),
    treatments=(
        Treatment("womens-cut", HAIR, "Women's cut", 60, 0, 5, _prices(12_900, 45, 85)),
        Treatment("mens-cut", HAIR, "Men's cut", 30, 0, 5, _prices(6_900, 22, 45)),
        Treatment("childrens-cut", HAIR, "Children's cut", 30, 0, 5, _prices(4_900, 16, 35)),
        Treatment("colour", HAIR, "Colour", 90, 0, 10, _prices(24_900, 78, 140)),
        Treatment("blow-dry", HAIR, "Blow-dry", 30, 0, 0, _prices(5_900, 20, 40)),
        Treatment("beard", HAIR, "Beard trim", 30, 0, 5, _prices(4_500, 15, 30)),
        Treatment("manicure", NAILS, "Manicure", 45, 0, 5, _prices(7_900, 25, 40)),
        Treatment("gel-nails", NAILS, "Gel nails", 90, 0, 10, _prices(13_900, 42, 70)),
        Treatment("pedicure", NAILS, "Pedicure", 60, 5, 10, _prices(9_900, 32, 55)),
        Treatment("facial", CARE, "Facial", 75, 5, 10, _prices(18_900, 60, 110)),
        Treatment("brows", CARE, "Brows and lashes", 30, 0, 5, _prices(6_500, 22, 40)),
        Treatment("massage", CARE, "Massage", 60, 5, 15, _prices(16_900, 50, 95)),
    ),
    posts=(
        Post("owner", None, "Founder, master stylist", "hu", HAIR, "budapest"),
        Post("owner", None, "Managing partner", "en"),
        Post("manager", "budapest", "Studio manager", "hu"),
        Post("manager", "athens", "Studio manager", "el"),
        Post("manager", "new-york", "Studio manager", "en"),
        Post("administrator", "budapest", "Front desk", "hu"),
        Post("administrator", "budapest", "Front desk", "hu"),
        Post("administrator", "athens", "Front desk", "el"),
        Post("administrator", "new-york", "Front desk", "en"),
        _provider("budapest", "Senior stylist", "hu", HAIR),
        _provider("budapest", "Stylist", "hu", HAIR),
        _provider("budapest", "Nail artist", "hu", NAILS),
        _provider("budapest", "Nail artist", "hu", NAILS),
        _provider("budapest", "Cosmetician", "hu", CARE),
        _provider("budapest", "Masseur", "en", CARE),
        _provider("athens", "Senior stylist", "el", HAIR),
        _provider("athens", "Stylist", "el", HAIR),
        _provider("athens", "Nail artist", "el", NAILS),
        _provider("athens", "Cosmetician", "el", CARE),
        _provider("athens", "Masseur", "el", CARE),
        _provider("new-york", "Senior stylist", "en", HAIR),
        _provider("new-york", "Stylist", "en", HAIR),
        _provider("new-york", "Nail artist", "en", NAILS),
        _provider("new-york", "Cosmetician", "en", CARE),
        _provider("new-york", "Masseur", "el", CARE),
        Post("call_center", None, "Call center", "en"),
        Post("accountant", None, "Accountant", "hu"),
        Post("marketer", None, "Marketing", "en"),
        Post("smm_manager", None, "Social media", "el"),
        Post("viewer", None, "Auditor", "en"),
    ),
    appointments=5_000,
)

HARBOUR = Business(
    code="harbour",
    name="Harbour Barbers",
    legal_name="Harbour Barbers Ltd.",
    country="IE",
    currency="EUR",
    zone="Europe/Dublin",
    mail_domain="harbour.example",
    places=(
        Place("dublin", "Harbour Dublin", "Europe/Dublin", "IE", "EUR", "5 Lantern Quay, Dublin 2", "+353221234567"),
    ),
    treatments=(),
    posts=(
        Post("owner", None, "Owner", "en"),
        Post("administrator", "dublin", "Front desk", "en"),
    ),
    appointments=0,
)

PHONE_RANGES: Mapping[str, tuple[str, ...]] = {
    "HU": ("+3620123####",),
    "GR": ("+30691234####",),
    "US": ("+120155501##", "+121255501##", "+134755501##", "+164655501##", "+171855501##", "+191755501##"),
}
"""By country; each # is any digit. The American ones are reserved for fiction (NANPA), the others libphonenumber's."""

CANCELLING_REASONS: Mapping[str, tuple[str, ...]] = {
    "hu": ("Lebetegedett", "Nem tud eljönni a munkahelyéről", "Elutazik"),
    "el": ("Αρρώστησε", "Δεν προλαβαίνει από τη δουλειά", "Θα ταξιδέψει"),
    "en": ("Fell ill", "Cannot leave work in time", "Travelling that week"),
}
