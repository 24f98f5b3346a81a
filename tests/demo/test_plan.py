"""The plan: the same everywhere, with exact counts, and nothing in it that the business rules would refuse."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from itertools import combinations, pairwise
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

import phonenumbers
import pytest

from demo import rows
from demo.places import AURORA, PASSWORD
from demo.plan import NetworkPlan, Plan, demo_plan
from demo.visits import Visit
from domain.booking.rules import (
    TRANSITIONS,
    AppointmentState,
    BusyKind,
    BusyPart,
    SubjectKind,
    conflicts,
    is_late,
    is_occupying,
)
from domain.catalogue.rules import ServicePrice, price_of_line
from domain.clients.rules import name_key
from domain.identity.passwords import breached_passwords
from domain.identity.rules import email_key, require_strong_password
from domain.localtime import DateRange, Interval
from domain.money import Money, cash_amount
from domain.till.rules import PaymentState, Settlement, payment_state, require_within_remaining
from policies.catalogue import DomainKind
from policies.roles import BUILT_IN

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 6, 10, 12, 0, tzinfo=UTC)
DIGEST_IN_ANOTHER_PROCESS = """
from tests.demo.test_plan import NOW, digest
from demo.plan import demo_plan
print(digest(demo_plan(NOW)))
"""


def digest(plan: Plan) -> str:
    """All rows of a plan, in 64 characters."""
    return hashlib.sha256(repr(plan).encode()).hexdigest()


@pytest.fixture(scope="module")
def other_plan() -> Plan:
    """The plan of another day."""
    return demo_plan(NOW)


@pytest.fixture
def aurora(plan: Plan) -> NetworkPlan:
    """The larger network."""
    return plan.networks[0]


@pytest.fixture
def harbour(plan: Plan) -> NetworkPlan:
    """The smaller one."""
    return plan.networks[1]


# --- The same everywhere


def test_the_plan_is_the_same_in_another_process(other_plan: Plan) -> None:
    environment = {**os.environ, "PYTHONHASHSEED": "1"}

    other = subprocess.run(
        [sys.executable, "-c", DIGEST_IN_ANOTHER_PROCESS],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )

    assert other.stdout.strip() == digest(other_plan)


def test_ids_and_people_do_not_depend_on_the_day(aurora: NetworkPlan, other_plan: Plan) -> None:
    other = other_plan.networks[0]

    assert [account.id for account in aurora.accounts] == [account.id for account in other.accounts]
    assert [account.email for account in aurora.accounts] == [account.email for account in other.accounts]
    assert [known.client.id for known in aurora.clients] == [known.client.id for known in other.clients]
    assert [known.client.phone for known in aurora.clients] == [known.client.phone for known in other.clients]
    assert [visit.appointment.id for visit in aurora.visits] == [visit.appointment.id for visit in other.visits]


def test_a_naive_instant_is_refused() -> None:
    with pytest.raises(ValueError, match="without a zone"):
        demo_plan(datetime(2026, 6, 10, 12, 0))  # noqa: DTZ001  (the point of the test)


# --- Counts


def test_counts_are_those_of_the_demo(aurora: NetworkPlan, harbour: NetworkPlan) -> None:
    def counts(network: NetworkPlan) -> tuple[int, ...]:
        return (
            len(network.locations),
            len(network.team.members),
            len(network.services),
            len(network.clients),
            len(network.visits),
        )

    assert counts(aurora) == (3, 30, 12, 2000, 5000)
    assert counts(harbour) == (1, 2, 0, 0, 0)


def test_locations_are_in_three_zones_and_currencies(aurora: NetworkPlan) -> None:
    assert [(one.zone, one.country, one.currency, one.call_center) for one in aurora.locations] == [
        ("Europe/Budapest", "HU", "HUF", True),
        ("Europe/Athens", "GR", "EUR", True),
        ("America/New_York", "US", "USD", False),
    ]


def test_every_built_in_role_of_a_network_is_held(aurora: NetworkPlan, harbour: NetworkPlan) -> None:
    held = Counter(member.assignment.role_code for member in aurora.team.members)

    assert held == {
        "owner": 2,
        "manager": 3,
        "administrator": 4,
        "specialist": 16,
        "call_center": 1,
        "accountant": 1,
        "marketer": 1,
        "smm_manager": 1,
        "viewer": 1,
    }
    assert set(held) == {role.code for role in BUILT_IN if role.domain is DomainKind.NETWORK}
    assert [member.assignment.role_code for member in harbour.team.members] == ["owner", "administrator"]


def test_owners_and_whoever_works_for_all_places_hold_their_role_in_the_whole_network(aurora: NetworkPlan) -> None:
    everywhere = {member.post.role for member in aurora.team.members if member.assignment.location_id is None}
    at_a_place = {member.post.role for member in aurora.team.members if member.assignment.location_id is not None}

    assert everywhere == {"owner", "call_center", "accountant", "marketer", "smm_manager", "viewer"}
    assert at_a_place == {"manager", "administrator", "specialist"}


def test_ids_are_unique(plan: Plan) -> None:
    ids = Counter[UUID]()
    for network in plan.networks:
        ids.update(account.id for account in network.accounts)
        ids.update(row.id for row in network.setup())  # type: ignore[attr-defined]  # each of these tables has an id
        ids.update(known.client.id for known in network.clients)
        ids.update(row.id for visit in network.visits for row in visit)  # type: ignore[attr-defined]  # as above

    assert ids.most_common(1)[0][1] == 1


# --- People


def test_accounts_have_addresses_of_their_own_and_a_password_that_the_rules_take(plan: Plan) -> None:
    names = [network.network.name for network in plan.networks]
    accounts = [account for network in plan.networks for account in network.accounts]

    assert len({account.email_key for account in accounts}) == 32
    for account in accounts:
        assert account.email.endswith(".example")
        assert account.email_key == email_key(account.email)
        require_strong_password(PASSWORD, email=account.email, network_names=names, breached=breached_passwords())


def test_names_are_in_three_languages_at_every_location(aurora: NetworkPlan) -> None:
    languages: defaultdict[UUID, Counter[str]] = defaultdict(Counter)
    for known in aurora.clients:
        languages[known.location.location_id][known.client.language] += 1

    assert [max(of_one, key=lambda language: of_one[language]) for of_one in languages.values()] == ["hu", "el", "en"]
    assert all(set(of_one) == {"hu", "el", "en"} for of_one in languages.values())


def test_clients_can_be_called_and_written_to_without_reaching_anybody(aurora: NetworkPlan) -> None:
    countries = {location.id: location.country for location in aurora.locations}

    for known in aurora.clients:
        client = known.client
        assert client.name_key == name_key(client.name)
        if client.phone is not None:
            number = phonenumbers.parse(client.phone)
            assert phonenumbers.is_valid_number_for_region(number, countries[known.location.location_id])
            assert phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) == client.phone
        if client.email is not None:
            assert client.email.rpartition("@")[2] in {"example.com", "example.net", "example.org"}
            assert email_key(client.email) == client.email
    assert 0 < sum(known.client.phone is None for known in aurora.clients) < 200
    assert 0 < sum(known.client.email is None for known in aurora.clients) < 1000


# --- Offers


def test_every_service_is_provided_at_every_location(aurora: NetworkPlan) -> None:
    provided = {(link.location_id, link.service_id) for link in aurora.offering.links}

    assert provided == {(location.id, service.id) for location in aurora.locations for service in aurora.services}


def test_one_owner_provides_services_at_prices_of_her_own(aurora: NetworkPlan) -> None:
    owners = set(aurora.team.holders("owner"))
    providing = {link.specialist_id for link in aurora.offering.links} & owners

    assert len(owners) == 2
    assert len(providing) == 1
    assert {price.specialist_id for price in aurora.offering.prices} == {None, *providing}


def test_prices_are_in_the_locations_currency_and_whole_units(aurora: NetworkPlan) -> None:
    currencies = {location.id: location.currency for location in aurora.locations}

    assert len(aurora.offering.prices) == 3 * 12 + 6
    for price in aurora.offering.prices:
        money = Money(price.amount, price.currency)
        assert price.currency == currencies[price.location_id]
        assert price.amount > 0
        assert cash_amount(money) == money


# --- Visits in the calendar


def test_no_two_visits_of_a_specialist_meet(aurora: NetworkPlan) -> None:
    parts: defaultdict[tuple[UUID, object], list[BusyPart]] = defaultdict(list)
    for visit in aurora.visits:
        for row in visit.busy:
            parts[row.subject_id, row.starts_at.date()].append(
                BusyPart(
                    SubjectKind(row.kind), row.subject_id, BusyKind(row.part), Interval(row.starts_at, row.ends_at), 0
                )
            )

    assert not [pair for of_day in parts.values() for pair in combinations(of_day, 2) if conflicts(*pair)]


def test_visits_are_within_the_opening_hours_of_the_days_around_today(plan: Plan, aurora: NetworkPlan) -> None:
    today = {zone: plan.now.astimezone(ZoneInfo(zone)).date() for zone in {one.zone for one in aurora.locations}}

    for visit in aurora.visits:
        one = visit.appointment
        start, end = (instant.astimezone(ZoneInfo(one.zone)) for instant in (one.starts_at, one.ends_at))
        assert (start.hour, start.minute) >= (9, 0)
        assert (end.hour, end.minute) <= (19, 0)
        assert start.date() == end.date()
        assert timedelta(days=-60) <= start.date() - today[one.zone] <= timedelta(days=30)
        assert one.local_start == start.strftime("%Y-%m-%dT%H:%M")


def test_every_day_has_visits_at_every_location(aurora: NetworkPlan) -> None:
    days = {(visit.appointment.zone, visit.appointment.local_start[:10]) for visit in aurora.visits}

    assert len(days) == 3 * 91


def test_visits_have_one_to_three_lines_without_gaps(aurora: NetworkPlan) -> None:
    assert {len(visit.lines) for visit in aurora.visits} == {1, 2, 3}
    for visit in aurora.visits:
        assert visit.lines[0].starts_at == visit.appointment.starts_at
        assert visit.lines[-1].ends_at == visit.appointment.ends_at
        assert all(one.ends_at == other.starts_at for one, other in pairwise(visit.lines))
        assert [line.position for line in visit.lines] == list(range(len(visit.lines)))


def test_every_line_is_provided_by_its_specialist_for_the_price_of_the_day(aurora: NetworkPlan) -> None:
    links = {(link.specialist_id, link.service_id, link.location_id): link for link in aurora.offering.links}
    durations = {service.id: service.duration for service in aurora.services}
    prices: defaultdict[UUID, list[ServicePrice]] = defaultdict(list)
    for row in aurora.offering.prices:
        valid = DateRange(row.valid_from, None)
        prices[row.service_id].append(
            ServicePrice(Money(row.amount, row.currency), valid, row.location_id, row.specialist_id)
        )

    for visit in aurora.visits:
        location_id = visit.appointment.location_id
        day = visit.appointment.starts_at.astimezone(ZoneInfo(visit.appointment.zone)).date()
        for line in visit.lines:
            link = links[line.specialist_id, line.service_id, location_id]
            assert link.valid_from <= day
            minutes = link.duration or durations[line.service_id]
            assert line.ends_at - line.starts_at == timedelta(minutes=minutes)
            price = price_of_line(
                prices[line.service_id],
                location_id=location_id,
                specialist_id=line.specialist_id,
                service_date=day,
            )
            assert Money(line.amount, line.currency) == price.amount


def test_nobody_is_a_client_twice_on_a_day(aurora: NetworkPlan) -> None:
    visits = Counter((visit.appointment.client_id, visit.appointment.local_start[:10]) for visit in aurora.visits)

    assert visits.most_common(1)[0][1] == 1


def test_clients_come_to_the_location_that_knows_them(aurora: NetworkPlan) -> None:
    known_at = {known.client.id: known.location for known in aurora.clients}

    for visit in aurora.visits:
        known = known_at[visit.appointment.client_id]
        assert known.location_id == visit.appointment.location_id
        assert known.first_seen <= visit.appointment.created_at


# --- What became of them


def test_each_history_is_a_way_that_people_may_go(plan: Plan, aurora: NetworkPlan) -> None:
    moves = {(move.source, move.target) for move in TRANSITIONS}

    for visit in aurora.visits:
        states = [AppointmentState(row.state) for row in visit.history]
        times = [row.recorded_at for row in visit.history]
        assert states[0] in {AppointmentState.PENDING, AppointmentState.CONFIRMED}
        assert all(move in moves for move in pairwise(states))
        assert times == sorted(times)
        assert times[-1] <= plan.now


def test_the_last_of_the_history_is_the_appointment(aurora: NetworkPlan) -> None:
    for visit in aurora.visits:
        one, first, last = visit.appointment, visit.history[0], visit.history[-1]
        assert [row.version for row in visit.history] == list(range(1, one.version + 1))
        assert (last.state, last.reason) == (one.state, one.reason)
        assert (first.recorded_at, first.actor_id) == (one.created_at, one.created_by)


def test_states_go_with_the_time(plan: Plan, aurora: NetworkPlan) -> None:
    def states(which: list[Visit]) -> set[str]:
        return {visit.appointment.state for visit in which}

    over = [visit for visit in aurora.visits if visit.appointment.ends_at <= plan.now]
    to_come = [visit for visit in aurora.visits if visit.appointment.starts_at > plan.now + timedelta(minutes=20)]
    under_way = [
        visit for visit in aurora.visits if visit.appointment.starts_at <= plan.now < visit.appointment.ends_at
    ]

    assert states(over) == {"COMPLETED", "NO_SHOW", "CANCELLED"}
    assert states(to_come) == {"CONFIRMED", "PENDING", "CANCELLED"}
    assert states(under_way) == {"ARRIVED"}
    assert sum(visit.appointment.state == "COMPLETED" for visit in over) > 0.8 * len(over)


def test_whoever_cancels_says_why_and_is_late_by_the_rules(aurora: NetworkPlan) -> None:
    cancelled = [visit for visit in aurora.visits if visit.appointment.state == "CANCELLED"]

    assert {visit.appointment.cancelled_by for visit in cancelled} == {"CLIENT", "BUSINESS"}
    assert {visit.appointment.late for visit in cancelled} == {True, False}
    for visit in cancelled:
        assert visit.appointment.reason
        assert visit.appointment.late == is_late(visit.appointment.starts_at, now=visit.history[-1].recorded_at)


def test_the_call_center_books_only_where_it_was_let_in(aurora: NetworkPlan) -> None:
    opted_in = {location.id for location in aurora.locations if location.call_center}
    (call_center,) = aurora.team.holders("call_center")
    booked = [visit.appointment for visit in aurora.visits if visit.appointment.source == "CALL_CENTER"]

    assert {one.location_id for one in booked} == opted_in
    assert {one.created_by for one in booked if one.state != "PENDING"} == {call_center}


def test_time_is_taken_by_those_who_came_or_will(aurora: NetworkPlan) -> None:
    for visit in aurora.visits:
        takes_time = is_occupying(AppointmentState(visit.appointment.state), is_voided=False)
        assert {row.state for row in visit.busy} == {"booked" if takes_time else "released"}


# --- Money


def test_only_completed_visits_are_paid(aurora: NetworkPlan) -> None:
    assert {visit.appointment.state for visit in aurora.visits if visit.bill} == {"COMPLETED"}


def test_payments_settle_a_sale_in_full_in_part_or_not_yet(aurora: NetworkPlan) -> None:
    completed = [visit for visit in aurora.visits if visit.appointment.state == "COMPLETED"]
    states = Counter(_payment_state(visit) for visit in completed)

    assert set(states) == {PaymentState.PAID, PaymentState.PARTIAL, PaymentState.UNPAID}
    assert states[PaymentState.PAID] > 0.85 * len(completed)
    assert {row.method for visit in completed if visit.bill for row in visit.bill.payments} == {"CASH", "TERMINAL"}


def _payment_state(visit: Visit) -> PaymentState:
    """The state of a visit's payment; every payment must have been one that the sale could take."""
    currency = visit.lines[0].currency
    nothing = Money(0, currency)
    settlement = Settlement(Money(sum(line.amount for line in visit.lines), currency), nothing, nothing)
    for row in visit.bill.payments if visit.bill else ():
        amount = Money(row.amount, currency)
        require_within_remaining(amount, settlement)
        settlement = Settlement(settlement.due, settlement.captured + amount, nothing)
    return payment_state(settlement)


def test_sales_copy_the_lines_and_cash_is_payable(plan: Plan, aurora: NetworkPlan) -> None:
    for visit in aurora.visits:
        if visit.bill is None:
            continue
        assert [(one.appointment_line_id, one.served_by, one.amount) for one in visit.bill.lines] == [
            (line.id, line.specialist_id, line.amount) for line in visit.lines
        ]
        assert visit.bill.sale.currency == visit.lines[0].currency
        for payment in visit.bill.payments:
            assert visit.appointment.ends_at <= payment.captured_at <= plan.now
            assert _is_payable(payment, visit.bill.sale.currency)


def _is_payable(payment: rows.Payment, currency: str) -> bool:
    if payment.method != "CASH":
        return payment.tendered is None
    amount = Money(payment.amount, currency)
    return cash_amount(amount) == amount and payment.tendered is not None and payment.tendered >= payment.amount


def test_payments_are_taken_at_the_desk_of_the_location(aurora: NetworkPlan) -> None:
    places = {location.id: place.code for location, place in zip(aurora.locations, AURORA.places, strict=True)}

    for visit in aurora.visits:
        for payment in visit.bill.payments if visit.bill else ():
            assert payment.taken_by in aurora.team.holders("administrator", places[visit.appointment.location_id])
