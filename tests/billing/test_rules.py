"""Seats and money: spec `billing.md` 4.1 to 4.9, its golden tables and the properties of 9.1."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import TypeAlias
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing import rules
from billing.bill import (
    STANDARD_MONTH,
    STANDARD_YEAR,
    BillLine,
    EstimateLine,
    Interval,
    Period,
    PlanPrice,
    QuantityChange,
    SeatAgreement,
    agreement_digest,
    bill_lines,
    boundary,
    estimate,
    local_period,
    prorated,
    quantity,
    quantity_changes,
    statement_parts,
    unpriced_kinds,
)
from billing.rules import (
    ADMINISTRATOR,
    SEAT_VOCABULARY,
    SPECIALIST,
    CapabilityWitness,
    FactWitness,
    Person,
    Seat,
    SeatChange,
    SeatFacts,
    SeatPolicy,
    SeatVerdict,
    ServiceWitness,
    seat_changes,
    seat_remedies,
    seat_verdict,
    seat_verdicts,
    seats_of,
)
from remit.plugin import Change, Remove, SetTo, VerdictPolicyInvalid, changed, load_verdict_policy, read_verdict_policy
from tests.billing.people import EVERYTHING, ROWS, TEAM, held, person, role

POLICIES = Path(rules.__file__).parent / "policies"
PROVIDERS_ONLY, TERMS_2025, TERMS_2026 = VERSIONS = tuple(
    load_verdict_policy(POLICIES / f"{name}@1.csv", SEAT_VOCABULARY, members=ROWS.keys())
    for name in ("seats-providers-only", "seats-2025-03", "seats-2026-02")
)
Answer: TypeAlias = tuple[int, str, str, list[int]]
"""A verdict's line, outcome, kind and next lines."""

BY_NAME = {somebody.id: somebody for somebody in TEAM}


def judged(policy: SeatPolicy, *, max_free_owners: int | None = None) -> dict[str, SeatVerdict]:
    return {verdict.person: verdict for verdict in seat_verdicts(policy, TEAM, max_free_owners=max_free_owners)}


def summary(verdict: SeatVerdict) -> Answer:
    return verdict.line.number, verdict.verdict.outcome, verdict.kind, [line.number for line in verdict.next_lines]


# --- 4.5 the golden team, network mode ---

NOBODY: Answer = (90, "free", "none", [])
SPECIALIST_SEAT: Answer = (30, "billable", "specialist", [90])
VIEWER: Answer = (90, "free", "viewer", [])
SUSPENDED: Answer = (10, "free", "none", [])
INTEGRATION: Answer = (20, "free", "integration", [])


@pytest.mark.parametrize(
    ("case", "providers_only", "terms_2025", "terms_2026"),
    [
        ("hal", NOBODY, (40, "free", "owner", []), (40, "billable", "administrator", [50])),
        ("otto", SPECIALIST_SEAT, (30, "billable", "specialist", [40]), (30, "billable", "specialist", [40, 50])),
        ("una", NOBODY, (50, "billable", "administrator", [60, 90]), (40, "billable", "administrator", [50])),
        ("bo", NOBODY, (50, "billable", "administrator", [60, 90]), (40, "billable", "administrator", [50])),
        ("rae", NOBODY, (50, "billable", "administrator", [60, 90]), (40, "billable", "administrator", [50])),
        ("ana", NOBODY, (50, "billable", "administrator", [60, 90]), (40, "billable", "administrator", [90])),
        ("oz", NOBODY, (50, "billable", "administrator", [60, 90]), (40, "billable", "administrator", [90])),
        ("cy", NOBODY, (50, "billable", "administrator", [90]), (40, "billable", "administrator", [90])),
        ("nora", NOBODY, (50, "billable", "administrator", [90]), (40, "billable", "administrator", [90])),
        ("vic", NOBODY, (60, "billable", "administrator", [90]), (40, "billable", "administrator", [90])),
        ("pia", NOBODY, (60, "billable", "administrator", [90]), (40, "billable", "administrator", [90])),
        ("eve", NOBODY, NOBODY, (40, "billable", "administrator", [90])),
        ("fay", NOBODY, NOBODY, (40, "billable", "administrator", [90])),
        ("gus", NOBODY, NOBODY, (40, "billable", "administrator", [90])),
        ("ivy", NOBODY, NOBODY, VIEWER),
        ("rita", NOBODY, NOBODY, (50, "free", "system_manager", [])),
        ("di", SPECIALIST_SEAT, SPECIALIST_SEAT, (30, "billable", "specialist", [40, 90])),
        ("jo", SPECIALIST_SEAT, (30, "billable", "specialist", [50, 60, 90]), (30, "billable", "specialist", [40, 90])),
        ("ida", SPECIALIST_SEAT, SPECIALIST_SEAT, SPECIALIST_SEAT),
        ("kat", SPECIALIST_SEAT, SPECIALIST_SEAT, SPECIALIST_SEAT),
        ("nil", NOBODY, NOBODY, VIEWER),
        ("max", NOBODY, NOBODY, VIEWER),
        ("sue", SUSPENDED, SUSPENDED, SUSPENDED),
        ("bot", INTEGRATION, INTEGRATION, INTEGRATION),
    ],
)
def test_golden_team(
    case: str,
    providers_only: Answer,
    terms_2025: Answer,
    terms_2026: Answer,
) -> None:
    answers = [summary(judged(policy)[case]) for policy in VERSIONS]

    assert answers == [providers_only, terms_2025, terms_2026]


@pytest.mark.parametrize(
    ("case", "policy", "specialists", "administrators"),
    [("providers only", PROVIDERS_ONLY, 5, 0), ("2025", TERMS_2025, 5, 9), ("2026", TERMS_2026, 5, 13)],
)
def test_golden_team_counts(case: str, policy: SeatPolicy, specialists: int, administrators: int) -> None:
    kinds = sorted(seat.kind for seat in seats_of(judged(policy).values()))

    assert kinds == ["administrator"] * administrators + ["specialist"] * specialists


@pytest.mark.parametrize(
    ("case", "limit", "seats", "beyond"),
    [("unlimited", None, 14, []), ("one", 1, 14, []), ("none", 0, 15, ["hal"])],
)
def test_free_owners_are_limited(case: str, limit: int | None, seats: int, beyond: list[str]) -> None:
    verdicts = judged(TERMS_2025, max_free_owners=limit)

    assert len(seats_of(verdicts.values())) == seats
    assert [name for name, verdict in verdicts.items() if verdict.beyond_free_owners] == beyond


def test_an_owner_beyond_the_limit_is_an_administrator_by_line_50() -> None:
    assert summary(judged(TERMS_2025, max_free_owners=0)["hal"]) == (50, "billable", "administrator", [60, 90])


def test_the_free_places_go_to_the_earliest_owners_then_by_id() -> None:
    day = datetime(2025, 5, 1, tzinfo=UTC)
    owners = [person(name, EVERYTHING, owner_since=since) for name, since in (("c", day), ("b", day), ("a", day))]
    first = person("z", EVERYTHING, owner_since=day - timedelta(days=1))

    verdicts = seat_verdicts(TERMS_2025, [*owners, first], max_free_owners=2)

    assert [verdict.person for verdict in verdicts] == ["c", "b", "a", "z"]
    assert [verdict.person for verdict in verdicts if verdict.beyond_free_owners] == ["c", "b"]


def test_one_owners_change_may_move_two_seats() -> None:
    day = datetime(2025, 5, 1, tzinfo=UTC)
    first, second = (person(name, EVERYTHING, owner_since=day) for name in "ab")
    providing = person("a", EVERYTHING, services=["north"], owner_since=day)

    before = seats_of(seat_verdicts(TERMS_2025, [first, second], max_free_owners=1))
    after = seats_of(seat_verdicts(TERMS_2025, [providing, second], max_free_owners=1))

    assert seat_changes(before, after) == (
        SeatChange("a", "n1", None, SPECIALIST),
        SeatChange("b", "n1", ADMINISTRATOR, None),
    )


def test_an_owner_who_is_billed_for_being_one_uses_up_no_free_place() -> None:
    policy = read_verdict_policy(
        "seats-x@1",
        "line,outcome,when,kind,text\n"
        "30,billable,is_owner and provides_services,specialist,Is an owner who provides services\n"
        "40,free,is_owner,owner,Is an owner\n"
        "90,billable,True,administrator,Is anybody else\n",
        vocabulary=SEAT_VOCABULARY,
    )
    day = datetime(2025, 5, 1, tzinfo=UTC)
    billed = person("a", services=["north"], owner_since=day)
    freed = person("b", owner_since=day)

    verdicts = seat_verdicts(policy, [billed, freed], max_free_owners=1)

    assert [(verdict.kind, verdict.beyond_free_owners) for verdict in verdicts] == [
        ("specialist", False),
        ("owner", False),
    ]


@pytest.mark.parametrize(
    ("case", "policy", "witnesses"),
    [
        ("ana", TERMS_2025, ["appointments:create"]),
        ("vic", TERMS_2025, ["deposits:create", "deposits:use", "payments:create"]),
        ("ida", TERMS_2025, ["service@north", "service@south"]),
        ("hal", TERMS_2025, ["is_owner", "full_access"]),
        ("sue", TERMS_2025, ["active"]),
        ("eve", TERMS_2025, []),
        (
            "eve",
            TERMS_2026,
            ["cash_movements:create", "cash_shifts:change", "payroll:calculate", "timesheets:update"],
        ),
        ("gus", TERMS_2026, ["pages:update", "reviews:answer", "templates:update"]),
    ],
)
def test_witnesses(case: str, policy: SeatPolicy, witnesses: list[str]) -> None:
    found = judged(policy)[case].witnesses

    assert [worded(witness) for witness in found] == witnesses


def worded(witness: rules.Witness) -> str:
    match witness:
        case CapabilityWitness(capability):
            return capability
        case ServiceWitness(service, location):
            return f"{service}@{location}"
        case FactWitness(fact):
            return fact


@pytest.mark.parametrize(
    ("case", "before", "after", "moved", "money"),
    [
        ("2025 to 2026", TERMS_2025, TERMS_2026, ["eve", "fay", "gus", "hal"], 60_00),
        (
            "providers only to 2025",
            PROVIDERS_ONLY,
            TERMS_2025,
            ["ana", "bo", "cy", "nora", "oz", "pia", "rae", "una", "vic"],
            135_00,
        ),
    ],
)
def test_a_change_of_terms_moves_exactly_these_people(
    case: str, before: SeatPolicy, after: SeatPolicy, moved: list[str], money: int
) -> None:
    seats_before, seats_after = (seats_of(judged(policy).values()) for policy in (before, after))

    assert seat_changes(seats_before, seats_after) == tuple(
        SeatChange(name, "n1", None, ADMINISTRATOR) for name in moved
    )
    bills = [
        sum(line.per_period for line in bill_lines(STANDARD_MONTH, seats)) for seats in (seats_before, seats_after)
    ]
    assert bills[1] - bills[0] == money


# --- the terms of 2025, as they were announced (seeds/altegio-service-terms.hu.txt) ---


@pytest.mark.parametrize(
    ("case", "capabilities", "services", "pays", "text"),
    [
        ("a specialist who provides services", role("specialist"), ["north"], True, "Provides services"),
        ("an administrator", role("administrator"), [], True, "Can create appointments"),
        ("the call center", role("call_center"), [], True, "Can create appointments"),
        (
            "whoever only takes payments",
            role("accountant") | {"payments:create"},
            [],
            True,
            "Can handle payments for appointments",
        ),
        (
            "an SMM manager",
            role("smm_manager"),
            [],
            False,
            "Neither creates appointments nor handles payments for them",
        ),
        ("a marketer", role("marketer"), [], False, "Neither creates appointments nor handles payments for them"),
        ("an accountant", role("accountant"), [], False, "Neither creates appointments nor handles payments for them"),
    ],
)
def test_who_pays_under_the_terms_of_2025(
    case: str, capabilities: frozenset[str], services: list[str], pays: bool, text: str
) -> None:
    verdict = seat_verdict(TERMS_2025, person("somebody", held(capabilities), services=services))

    assert (verdict.is_billable, verdict.line.text) == (pays, text)


def test_an_owner_with_full_access_who_provides_no_services_is_free() -> None:
    verdict = judged(TERMS_2025)["hal"]

    assert (verdict.is_billable, verdict.kind) == (False, "owner")
    assert verdict.line.text == "Is an owner with full access who provides no services"


# --- 9.1 properties ---

CODES = st.frozensets(st.sampled_from(sorted(EVERYTHING)), max_size=25) | st.just(EVERYTHING)
FACTS = st.builds(
    SeatFacts,
    active=st.booleans(),
    account_kind=st.sampled_from(["human", "service"]),
    provides_services=st.booleans(),
    capabilities=CODES,
    is_owner=st.booleans(),
    full_access=st.booleans(),
)
POLICY = st.sampled_from(VERSIONS)


@settings(deadline=None)
@given(POLICY, FACTS, st.sampled_from(sorted(EVERYTHING)))
def test_one_more_capability_never_frees_except_by_full_access(policy: SeatPolicy, facts: SeatFacts, more: str) -> None:
    richer = replace(facts, capabilities=facts.capabilities | {more})

    assert (policy.outcome(facts), policy.outcome(richer)) != ("billable", "free")


def test_full_access_is_the_one_gain_that_frees() -> None:
    una = BY_NAME["una"].facts
    lifted = replace(una, capabilities=EVERYTHING, full_access=True)

    assert (TERMS_2025.outcome(una), TERMS_2025.outcome(lifted)) == ("billable", "free")


@settings(deadline=None)
@given(st.randoms(use_true_random=False), st.integers(0, 4) | st.none(), POLICY)
def test_the_order_of_people_does_not_matter(shuffle: random.Random, limit: int | None, policy: SeatPolicy) -> None:
    people = list(TEAM)
    shuffle.shuffle(people)

    verdicts = seat_verdicts(policy, people, max_free_owners=limit)

    expected = judged(policy, max_free_owners=limit)
    assert {verdict.person: verdict for verdict in verdicts} == expected


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 3) | st.none(), POLICY, st.sampled_from(TEAM))
def test_removing_a_person_never_raises_the_total(limit: int | None, policy: SeatPolicy, gone: Person) -> None:
    everybody = seats_of(seat_verdicts(policy, TEAM, max_free_owners=limit))
    rest = [somebody for somebody in TEAM if somebody != gone]

    assert len(seats_of(seat_verdicts(policy, rest, max_free_owners=limit))) <= len(everybody)


@settings(max_examples=60, deadline=None)
@given(POLICY, FACTS)
def test_remedies_make_the_seat_free(policy: SeatPolicy, facts: SeatFacts) -> None:
    since = datetime(2024, 1, 1, tzinfo=UTC) if facts.is_owner else None
    verdict = seat_verdict(policy, Person("p", "n1", facts, owner_since=since))

    remedies = seat_remedies(policy, verdict)

    assert {policy.outcome(changed(facts, changes)) for changes in remedies.sets} <= {"free"}


RIGHTS = {
    Remove("capabilities", right)
    for right in ("appointments:create", "deposits:create", "deposits:use", "payments:create")
}


@pytest.mark.parametrize(
    ("case", "remedies"),
    [
        ("otto", [{SetTo("provides_services", False)}]),
        ("una", [{SetTo("full_access", True)}, RIGHTS]),
        ("ana", [RIGHTS]),
        ("nora", [{Remove("capabilities", "appointments:create")}]),
        ("vic", [RIGHTS - {Remove("capabilities", "appointments:create")}]),
        ("eve", []),
    ],
)
def test_remedies_are_all_minimal_ways_to_be_free(case: str, remedies: list[set[Change]]) -> None:
    found = seat_remedies(TERMS_2025, judged(TERMS_2025)[case])

    assert [set(changes) for changes in found.sets] == remedies
    assert found.complete


def test_an_owner_without_an_instant_is_refused() -> None:
    with pytest.raises(ValueError, match="hal: owners, and only owners, have an instant since when they are"):
        replace(BY_NAME["hal"], owner_since=None)


# --- 4.2 files ---


def test_the_sets_of_2025_are_the_catalogues_paying_capabilities() -> None:
    assert dict(TERMS_2025.sets) == {
        "appointments": {row.code for row in ROWS.values() if row.seat == "APPOINTMENTS"},
        "payments": {row.code for row in ROWS.values() if row.seat == "PAYMENTS"},
    }


def test_each_change_capability_of_a_network_is_in_exactly_one_set_of_2026() -> None:
    changing = [row.code for row in ROWS.values() if row.is_change and row.code in EVERYTHING]

    in_sets = [code for codes in TERMS_2026.sets.values() for code in codes]
    assert sorted(in_sets) == sorted(changing)
    assert sorted(TERMS_2026.sets) == ["administration", "changing", "looking"]


def test_a_seat_policy_may_not_say_or() -> None:
    with pytest.raises(VerdictPolicyInvalid, match=r"row 2: `or` may not stand here"):
        read_verdict_policy(
            "seats-x@1",
            "line,outcome,when,kind,text\n30,billable,is_owner or active,specialist,x\n90,free,True,none,x\n",
            vocabulary=SEAT_VOCABULARY,
        )


def test_a_capability_that_came_after_the_terms_is_free_under_them() -> None:
    facts = replace(BY_NAME["eve"].facts, capabilities=frozenset({"novelties:create"}))

    assert [policy.outcome(facts) for policy in VERSIONS] == ["free", "free", "free"]


@pytest.mark.parametrize(
    ("case", "policy", "digest"),
    [
        ("providers only", PROVIDERS_ONLY, "9e4d2938c2ddab41f67a7e24209fefdd23d1b505add645e4aafb032d6e0d6b94"),
        ("2025", TERMS_2025, "5f96cab7da59df3bc296d908ac8da9729e745fb23a1d757af3e9bef15c3092c3"),
        ("2026", TERMS_2026, "72df2ba58380c2f24252ba9b0f825a8cddcce4f23577a3bc229f8b03c8498358"),
    ],
)
def test_a_published_revision_is_never_changed(case: str, policy: SeatPolicy, digest: str) -> None:
    # When this fails, restore the file and publish the change as the next revision.
    assert policy.digest == digest


# --- 4.7 quantities, plan and price ---


@pytest.mark.parametrize(
    ("case", "seats", "included", "minimum", "expected"),
    [
        ("above the included", 5, 2, 0, 3),
        ("within the included, with a minimum", 2, 2, 1, 1),
        ("below the included", 1, 2, 0, 0),
        ("nothing included", 4, 0, 0, 4),
        ("the minimum is not added", 5, 2, 3, 3),
    ],
)
def test_quantity_goldens(case: str, seats: int, included: int, minimum: int, expected: int) -> None:
    price = PlanPrice(SPECIALIST, 15_00, "key", included=included, min_quantity=minimum)

    assert quantity(price, seats) == expected


def test_the_bill_of_the_golden_team() -> None:
    lines = bill_lines(STANDARD_MONTH, seats_of(judged(TERMS_2025).values()))

    assert lines == (
        BillLine(SPECIALIST, seats=5, included=0, quantity=5, unit_amount=15_00),
        BillLine(ADMINISTRATOR, seats=9, included=0, quantity=9, unit_amount=15_00),
    )
    assert [line.per_period for line in lines] == [75_00, 135_00]


def test_an_override_replaces_the_quantity_and_is_listed() -> None:
    seats = [Seat("a", "n1", SPECIALIST), Seat("b", "n1", SPECIALIST)]

    lines = bill_lines(STANDARD_MONTH, seats, overrides={SPECIALIST: 0})

    assert [(line.seats, line.quantity, line.per_period, line.is_overridden) for line in lines] == [
        (2, 0, 0, True),
        (0, 0, 0, False),
    ]


def test_a_seat_that_the_plan_does_not_price_is_refused() -> None:
    with pytest.raises(ValueError, match="standard-month has no price for chair"):
        bill_lines(STANDARD_MONTH, [Seat("a", "n1", "chair")])


def test_a_version_with_an_unpriced_kind_cannot_be_offered_with_the_plan() -> None:
    specialists_only = replace(STANDARD_MONTH, prices=STANDARD_MONTH.prices[:1])

    assert [unpriced_kinds(specialists_only, policy) for policy in VERSIONS] == [
        frozenset(),
        {ADMINISTRATOR},
        {ADMINISTRATOR},
    ]
    assert unpriced_kinds(STANDARD_MONTH, TERMS_2025) == frozenset()


def test_shipped_prices() -> None:
    plans = (STANDARD_MONTH, STANDARD_YEAR)

    assert [(plan.code, plan.currency, plan.interval) for plan in plans] == [
        ("standard-month", "EUR", Interval.MONTH),
        ("standard-year", "EUR", Interval.YEAR),
    ]
    assert [{price.kind: price.unit_amount for price in plan.prices} for plan in plans] == [
        {SPECIALIST: 15_00, ADMINISTRATOR: 15_00},
        {SPECIALIST: 150_00, ADMINISTRATOR: 150_00},
    ]
    assert {(plan.policy_code, plan.policy_version, plan.max_free_owners, plan.trial_days) for plan in plans} == {
        ("seats-2025-03", 1, None, 14)
    }


# --- 4.9 money ---


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


MARCH = Period(utc("2026-03-01"), utc("2026-04-01"))
JUNE = Period(utc("2026-06-01"), utc("2026-07-01"))
YEAR = Period(utc("2026-01-01"), utc("2027-01-01"))
FEBRUARY_TENTH = Period(utc("2026-02-10T09:15"), utc("2026-03-10T09:15"))


@pytest.mark.parametrize(
    ("case", "unit", "before", "after", "period", "at", "lines", "next_invoice", "per_period"),
    [
        ("a rise", 1500, 2, 3, MARCH, utc("2026-03-21"), [-1065, 1597], 532, 1500),
        ("its fall", 1500, 3, 2, MARCH, utc("2026-03-21"), [-1597, 1065], -532, -1500),
        ("the first seat", 1500, 0, 1, JUNE, utc("2026-06-20"), [550], 550, 1500),
        ("at the start", 1500, 2, 3, MARCH, MARCH.start, [-3000, 4500], 1500, 1500),
        ("at the end", 1500, 2, 3, MARCH, MARCH.end, [0, 0], 0, 1500),
        ("each line is rounded for itself", 1500, 9, 10, MARCH, utc("2026-03-21"), [-4790, 5323], 533, 1500),
        ("half goes away from zero", 1, 1, 2, JUNE, utc("2026-06-16"), [-1, 1], 0, 1),
        ("a year", 18000, 4, 6, YEAR, utc("2026-09-15T12:30"), [-21201, 31802], 10601, 36000),
        ("odd seconds", 1990, 7, 5, FEBRUARY_TENTH, utc("2026-02-17T21:00:07"), [-10204, 7288], -2916, -3980),
        ("the last second", 900, 5, 6, MARCH, utc("2026-03-31T23:59:59"), [0, 0], 0, 900),
        ("before the period is its start", 1500, 2, 3, MARCH, utc("2026-02-01"), [-3000, 4500], 1500, 1500),
        ("after the period is its end", 1500, 2, 3, MARCH, utc("2026-05-01"), [0, 0], 0, 1500),
        ("parts of a second are dropped", 900, 5, 6, MARCH, utc("2026-03-31T23:59:59.9"), [0, 0], 0, 900),
        ("the last seat", 1500, 1, 0, JUNE, utc("2026-06-20"), [-550], -550, -1500),
    ],
)
def test_estimate_goldens(
    case: str,
    unit: int,
    before: int,
    after: int,
    period: Period,
    at: datetime,
    lines: list[int],
    next_invoice: int,
    per_period: int,
) -> None:
    found = estimate(period, at, [QuantityChange(ADMINISTRATOR, unit, before, after)])

    assert [line.amount for line in found.lines] == lines
    assert (found.on_next_invoice, found.per_period) == (next_invoice, per_period)


def test_an_estimate_of_two_kinds_has_the_lines_of_each() -> None:
    changes = [QuantityChange(SPECIALIST, 1500, 3, 2), QuantityChange(ADMINISTRATOR, 1500, 0, 1)]

    found = estimate(MARCH, utc("2026-03-21"), changes)

    assert found.lines == (
        EstimateLine(SPECIALIST, 3, -1597),
        EstimateLine(SPECIALIST, 2, 1065),
        EstimateLine(ADMINISTRATOR, 1, 532),
    )
    assert (found.on_next_invoice, found.per_period) == (0, 0)


def test_only_changed_quantities_are_estimated() -> None:
    before = bill_lines(STANDARD_MONTH, [Seat("a", "n1", SPECIALIST)])
    after = bill_lines(STANDARD_MONTH, [Seat("a", "n1", SPECIALIST), Seat("b", "n1", ADMINISTRATOR)])

    assert quantity_changes(before, after) == (QuantityChange(ADMINISTRATOR, 1500, 0, 1),)
    assert quantity_changes(after, after) == ()


@given(st.integers(0, 10**6), st.integers(0, 500), st.integers(0, 500), st.integers(-10, 10**7))
def test_a_change_and_its_reversal_at_the_same_instant_cancel(unit: int, before: int, after: int, seconds: int) -> None:
    at = MARCH.start + timedelta(seconds=seconds)

    there = estimate(MARCH, at, [QuantityChange(SPECIALIST, unit, before, after)])
    back = estimate(MARCH, at, [QuantityChange(SPECIALIST, unit, after, before)])

    assert there.on_next_invoice + back.on_next_invoice == 0
    assert there.per_period + back.per_period == 0


@pytest.mark.parametrize(
    ("case", "amount", "at"),
    [("a negative amount", -1, MARCH.start), ("a naive instant", 1, MARCH.start.replace(tzinfo=None))],
)
def test_what_cannot_be_prorated_is_refused(case: str, amount: int, at: datetime) -> None:
    with pytest.raises(ValueError, match=r"without their sign|needs a time zone"):
        prorated(amount, MARCH, at)


def test_a_period_ends_after_it_starts() -> None:
    with pytest.raises(ValueError, match="a period ends after it starts"):
        Period(MARCH.start, MARCH.start)


@pytest.mark.parametrize(
    ("case", "anchor", "interval", "boundaries"),
    [
        (
            "the 31st, monthly",
            "2026-01-31",
            Interval.MONTH,
            ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30", "2026-05-31"],
        ),
        (
            "29 February, yearly",
            "2024-02-29",
            Interval.YEAR,
            ["2024-02-29", "2025-02-28", "2026-02-28", "2027-02-28", "2028-02-29"],
        ),
        ("over the year's end", "2026-11-30", Interval.MONTH, ["2026-11-30", "2026-12-30", "2027-01-30", "2027-02-28"]),
    ],
)
def test_local_boundaries_are_counted_from_the_anchor(
    case: str, anchor: str, interval: Interval, boundaries: list[str]
) -> None:
    found = [boundary(utc(anchor), interval, count) for count in range(len(boundaries))]

    assert found == [utc(day) for day in boundaries]


@pytest.mark.parametrize(
    ("case", "at", "start", "end"),
    [
        ("inside", "2026-02-10T00:00", "2026-01-31T10:00", "2026-02-28T10:00"),
        ("at a boundary", "2026-02-28T10:00", "2026-02-28T10:00", "2026-03-31T10:00"),
        ("just before it", "2026-02-28T09:59:59", "2026-01-31T10:00", "2026-02-28T10:00"),
        ("after a clamped one", "2026-03-01T00:00", "2026-02-28T10:00", "2026-03-31T10:00"),
        ("before the anchor", "2026-01-01T00:00", "2025-12-31T10:00", "2026-01-31T10:00"),
    ],
)
def test_the_local_period_of_an_instant(case: str, at: str, start: str, end: str) -> None:
    found = local_period(utc("2026-01-31T10:00"), Interval.MONTH, utc(at))

    assert found == Period(utc(start), utc(end))


SECONDS = st.integers(0, 20 * 366 * 24 * 3600)
ZONES = st.sampled_from([UTC, ZoneInfo("Asia/Tokyo")])


@given(SECONDS, st.sampled_from(Interval), SECONDS, ZONES)
def test_every_instant_lies_in_its_local_period(anchored: int, interval: Interval, asked: int, zone: tzinfo) -> None:
    anchor, at = (utc("2015-01-01") + timedelta(seconds=seconds) for seconds in (anchored, asked))

    period = local_period(anchor, interval, at.astimezone(zone))

    assert period.start <= at < period.end


@pytest.mark.parametrize(
    ("case", "amount", "seconds", "parts"),
    [
        ("three full months", 3000, {"a": 5, "b": 5, "c": 5}, {"a": 1000, "b": 1000, "c": 1000}),
        ("two to one", 2000, {"a": 2, "b": 1}, {"a": 1333, "b": 667}),
        ("ties go by id", 100, {"c": 1, "b": 1, "a": 1}, {"a": 34, "b": 33, "c": 33}),
        ("a credit", -2000, {"a": 2, "b": 1}, {"a": -1333, "b": -667}),
    ],
)
def test_statement_goldens(case: str, amount: int, seconds: dict[str, int], parts: dict[str, int]) -> None:
    assert statement_parts(amount, seconds) == parts


@given(
    st.integers(-(10**7), 10**7),
    st.dictionaries(st.text(min_size=1), st.integers(0, 10**7), min_size=1).filter(lambda s: sum(s.values()) > 0),
)
def test_statement_parts_sum_to_the_line(amount: int, seconds: dict[str, int]) -> None:
    assert sum(statement_parts(amount, seconds).values()) == amount


def test_a_line_without_seats_cannot_be_divided() -> None:
    with pytest.raises(ValueError, match="at least one second of a seat"):
        statement_parts(3000, {"a": 0})


# --- 4.8 the consequence's digest ---

CONSEQUENCE = SeatAgreement(
    account="acc",
    policy_code="seats-2025-03",
    policy_version=1,
    policy_digest="d1",
    plan="standard-month",
    changes=(SeatChange("created:1", "n1", None, ADMINISTRATOR), SeatChange("ana", "n1", ADMINISTRATOR, SPECIALIST)),
    quantity_changes=(QuantityChange(SPECIALIST, 1500, 4, 5),),
    guard="notify",
)


def test_consequence_golden() -> None:
    # SHA-256 of {"account":"acc","delta":[["ana","n1","administrator","specialist"],["created:1","n1",null,
    # "administrator"]],"guard":"notify","per_period":1500,"plan":"standard-month","policy":["seats-2025-03",1,"d1"],
    # "quantities":{"specialist":1}}
    assert agreement_digest(CONSEQUENCE) == "f86e3ffaee319bfc746e775fa346c3d90cf7900443287ff095c6093049c42091"


def test_the_order_of_changes_does_not_alter_the_digest() -> None:
    turned = replace(CONSEQUENCE, changes=CONSEQUENCE.changes[::-1])

    assert agreement_digest(turned) == agreement_digest(CONSEQUENCE)


def test_seats_of_others_do_not_alter_the_digest() -> None:
    one_more_before = replace(CONSEQUENCE, quantity_changes=(QuantityChange(SPECIALIST, 1500, 5, 6),))

    assert agreement_digest(one_more_before) == agreement_digest(CONSEQUENCE)


@pytest.mark.parametrize(
    ("case", "altered"),
    [
        ("another account", replace(CONSEQUENCE, account="acc2")),
        ("another version", replace(CONSEQUENCE, policy_version=2)),
        ("another file", replace(CONSEQUENCE, policy_digest="d2")),
        ("another plan", replace(CONSEQUENCE, plan="standard-year")),
        ("another delta", replace(CONSEQUENCE, changes=CONSEQUENCE.changes[:1])),
        ("another price", replace(CONSEQUENCE, quantity_changes=(QuantityChange(SPECIALIST, 1600, 4, 5),))),
        ("an included-seats boundary", replace(CONSEQUENCE, quantity_changes=())),
        ("another guard outcome", replace(CONSEQUENCE, guard="approve")),
    ],
)
def test_what_people_agree_to_alters_the_digest(case: str, altered: SeatAgreement) -> None:
    assert agreement_digest(altered) != agreement_digest(CONSEQUENCE)
