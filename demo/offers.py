"""What a demo network offers: who provides which service where, how long it takes them, and for how much."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from uuid import UUID

from demo import rows
from demo.ids import chance, demo_id, location_id, service_id
from demo.places import Business, Place, Treatment
from demo.team import Member, Team
from domain.booking.rules import ServiceTiming
from domain.catalogue.rules import ServicePrice, price_of_line
from domain.localtime import DateRange
from domain.money import Money, computed_money

IN_FORCE_FOR = timedelta(days=365)
"""How long before today prices and links began: before the oldest appointment."""
OWNERS_SURCHARGE = Fraction(13, 10)
"""An owner who provides services is dearer than the house."""
SLOWER_SHARE, SLOWER_MINUTES = 0.2, 15
"""Which share of the links has a duration of its own, and how much longer it is."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A service as one specialist provides it at one place."""

    service_id: UUID
    category: str
    timing: ServiceTiming
    price: Money


@dataclass(frozen=True, slots=True)
class Provider:
    """A specialist who serves clients at a place. `rest_days` are weekdays, Monday = 0."""

    specialist_id: UUID
    place: str
    offers: tuple[Offer, ...]
    rest_days: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Offering:
    """The dated rows of a network's prices and links, and its providers, who follow from them."""

    prices: tuple[rows.ServicePrice, ...]
    links: tuple[rows.ServiceLink, ...]
    providers: tuple[Provider, ...]


@dataclass(frozen=True, slots=True)
class _Provision:
    """That a member provides a service at a place."""

    member: Member
    place: Place
    treatment: Treatment


def planned_offering(business: Business, team: Team, now: datetime) -> Offering:
    """The offering of a business: every category of services by those whose post says so."""
    provisions = tuple(_provisions(business, team))
    since = (now - IN_FORCE_FOR).date()
    prices = (*_place_prices(business, since), *_own_prices(business, provisions, since))
    links = tuple(_links(business, provisions, since))
    return Offering(prices, links, tuple(_providers(provisions, links, prices)))


def _provisions(business: Business, team: Team) -> Iterator[_Provision]:
    places = {place.code: place for place in business.places}
    for member in team.members:
        if member.post.provides_at is None:
            continue
        for treatment in business.treatments:
            if treatment.category == member.post.provides:
                yield _Provision(member, places[member.post.provides_at], treatment)


def _place_prices(business: Business, since: date) -> Iterator[rows.ServicePrice]:
    for place in business.places:
        for treatment in business.treatments:
            amount = treatment.prices[place.currency]
            yield _price(business, treatment, place=place, specialist_id=None, amount=amount, since=since)


def _own_prices(business: Business, provisions: tuple[_Provision, ...], since: date) -> Iterator[rows.ServicePrice]:
    for one in provisions:
        if one.member.post.role != "owner":
            continue
        amount = computed_money(one.treatment.prices[one.place.currency] * OWNERS_SURCHARGE, one.place.currency).amount
        specialist_id = one.member.specialist.id
        yield _price(business, one.treatment, place=one.place, specialist_id=specialist_id, amount=amount, since=since)


def _price(
    business: Business, treatment: Treatment, *, place: Place, specialist_id: UUID | None, amount: int, since: date
) -> rows.ServicePrice:
    return rows.ServicePrice(
        network_id=demo_id(business.code),
        id=demo_id(business.code, "price", treatment.code, place.code, str(specialist_id)),
        service_id=service_id(business.code, treatment.code),
        location_id=location_id(business.code, place.code),
        specialist_id=specialist_id,
        amount=amount,
        currency=place.currency,
        valid_from=since,
    )


def _links(business: Business, provisions: tuple[_Provision, ...], since: date) -> Iterator[rows.ServiceLink]:
    draw = chance(business.code, "links")
    for one in provisions:
        is_slower = draw.random() < SLOWER_SHARE
        yield rows.ServiceLink(
            network_id=demo_id(business.code),
            id=demo_id(business.code, "link", str(one.member.specialist.id), one.treatment.code),
            specialist_id=one.member.specialist.id,
            service_id=service_id(business.code, one.treatment.code),
            location_id=location_id(business.code, one.place.code),
            duration=one.treatment.duration + SLOWER_MINUTES if is_slower else None,
            valid_from=since,
        )


def _providers(
    provisions: tuple[_Provision, ...], links: tuple[rows.ServiceLink, ...], prices: tuple[rows.ServicePrice, ...]
) -> Iterator[Provider]:
    offers: dict[tuple[UUID, str], list[Offer]] = {}
    for one, link in zip(provisions, links, strict=True):
        offers.setdefault((link.specialist_id, one.place.code), []).append(_offer(one.treatment, link, prices))
    for number, ((specialist_id, place), of_one) in enumerate(offers.items()):
        first_rest_day = 2 * number % 7
        yield Provider(specialist_id, place, tuple(of_one), (first_rest_day, (first_rest_day + 1) % 7))


def _offer(treatment: Treatment, link: rows.ServiceLink, prices: tuple[rows.ServicePrice, ...]) -> Offer:
    timing = ServiceTiming(
        link.duration or treatment.duration,
        buffer_before=treatment.buffer_before,
        buffer_after=treatment.buffer_after,
    )
    price = price_of_line(
        [_dated(row) for row in prices if row.service_id == link.service_id],
        location_id=link.location_id,
        specialist_id=link.specialist_id,
        service_date=link.valid_from,
    )
    return Offer(link.service_id, treatment.category, timing, price.amount)


def _dated(row: rows.ServicePrice) -> ServicePrice:
    valid = DateRange(row.valid_from, None)
    return ServicePrice(Money(row.amount, row.currency), valid, row.location_id, row.specialist_id)
