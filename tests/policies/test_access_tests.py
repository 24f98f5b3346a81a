"""Customers' own access tests: the sentences of policies.md 4.8, before and after a change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.access_tests import (
    AccessTest,
    Evaluation,
    Group,
    HasVerdict,
    HoldersOf,
    Holds,
    Mode,
    OneHolder,
    Predicate,
    Quantifier,
    Staff,
    Who,
    access_test_outcomes,
    evaluate,
)
from policies.catalogue import Level
from policies.compile import DomainPolicy
from policies.decisions import decide
from policies.limits import OPTED_IN
from tests.policies.world import (
    NORTH,
    NOW,
    PEOPLE,
    SOUTH,
    all_assignments,
    asking,
    assigned,
    called,
    golden_policy,
    own_role,
    policy_of,
    rebuilt,
    with_assignment,
)
from tests.policies.worlds import HOLDERS, NETWORK_CODES, policies

GOLDEN = frozenset(called(name) for name, *_ in PEOPLE)
TOMORROW = NOW + timedelta(days=1)


def staff_of(
    policy: DomainPolicy, holders: frozenset[UUID] = GOLDEN, *, verdicts: Mapping[UUID, str] | None = None
) -> Staff:
    """These people; cy is a service account."""
    return Staff(policy, NOW, holders, frozenset({called("cy")}), {"seats": verdicts} if verdicts is not None else {})


def sentence(
    who: Who, quantifier: Quantifier, predicate: Predicate, *, number: int = 0, mode: Mode = Mode.BLOCK
) -> AccessTest:
    """An access test."""
    return AccessTest(called("test"), "a test", who, quantifier, predicate, mode, number)


@pytest.mark.parametrize(
    ("case", "test", "holds", "count", "offenders"),
    [
        (
            "no call center reads cash shifts",
            sentence(HoldersOf("call_center"), Quantifier.NOBODY, Holds("cash_shifts:read")),
            True,
            0,
            "",
        ),
        (
            "no administrator creates payments",
            sentence(HoldersOf("administrator"), Quantifier.NOBODY, Holds("payments:create")),
            False,
            7,
            "ana jo kim lee ned oz vic",
        ),
        (
            "nobody but at the north creates payments there",
            sentence(Group.EVERYBODY, Quantifier.AT_MOST, Holds("payments:create", SOUTH), number=3),
            True,
            3,
            "",
        ),
        (
            "at most two may refund",
            sentence(Group.EVERYBODY, Quantifier.AT_MOST, Holds("refunds:create"), number=2),
            False,
            3,
            "bo hal rae",
        ),
        (
            "at most three may refund",
            sentence(Group.EVERYBODY, Quantifier.AT_MOST, Holds("refunds:create"), number=3),
            True,
            3,
            "",
        ),
        (
            "a whole area is shut",
            sentence(HoldersOf("marketer"), Quantifier.NOBODY, Holds("payments:*")),
            True,
            0,
            "",
        ),
        (
            "a verb anywhere",
            sentence(HoldersOf("marketer"), Quantifier.NOBODY, Holds("*:update")),
            False,
            1,
            "fay",
        ),
        (
            "somebody changes roles",
            sentence(Group.EVERYBODY, Quantifier.AT_LEAST, Holds("roles:change"), number=1),
            True,
            1,
            "",
        ),
        (
            "two change roles",
            sentence(HoldersOf("owner"), Quantifier.AT_LEAST, Holds("roles:change"), number=2),
            False,
            1,
            "",
        ),
        (
            "every manager updates services, rae only runs the north",
            sentence(HoldersOf("manager"), Quantifier.EVERYBODY, Holds("services:update")),
            False,
            1,
            "rae",
        ),
        (
            "every manager takes payments at the north",
            sentence(HoldersOf("manager"), Quantifier.EVERYBODY, Holds("payments:create", NORTH)),
            True,
            2,
            "",
        ),
        ("of one person", sentence(OneHolder(called("ivy")), Quantifier.NOBODY, Holds("*:update")), True, 0, ""),
        (
            "of service accounts",
            sentence(Group.SERVICE_ACCOUNTS, Quantifier.NOBODY, Holds("clients:create")),
            False,
            1,
            "cy",
        ),
        (
            "whoever only may under a limit does not fulfil a demand",
            sentence(HoldersOf("specialist"), Quantifier.EVERYBODY, Holds("appointments:update", SOUTH)),
            False,
            1,
            "di",
        ),
        (
            "but offends a prohibition",
            sentence(OneHolder(called("di")), Quantifier.NOBODY, Holds("appointments:update")),
            False,
            1,
            "di",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_golden_sentences(case: str, test: AccessTest, holds: bool, count: int, offenders: str) -> None:
    found = evaluate(test, staff_of(golden_policy()))

    assert found == Evaluation(holds, count, tuple(sorted(called(name) for name in offenders.split()))), case


def test_every_smm_manager_is_free() -> None:
    test = sentence(HoldersOf("smm_manager"), Quantifier.EVERYBODY, HasVerdict("seats", "free"))

    assert evaluate(test, staff_of(golden_policy(), verdicts={called("gus"): "free"})).holds
    assert not evaluate(test, staff_of(golden_policy(), verdicts={called("gus"): "billable"})).holds


@pytest.mark.parametrize("quantifier", [Quantifier.NOBODY, Quantifier.EVERYBODY])
def test_an_unknown_verdict_passes_no_test(quantifier: Quantifier) -> None:
    test = sentence(HoldersOf("smm_manager"), quantifier, HasVerdict("seats", "free"))

    assert evaluate(test, staff_of(golden_policy())) == Evaluation(
        False, 1 if quantifier.forbids else 0, (called("gus"),)
    )


def test_people_without_a_role_are_people() -> None:
    test = sentence(Group.EVERYBODY, Quantifier.EVERYBODY, Holds("networks:read"))
    policy = policy_of([assigned("ana", "viewer", "n1")])

    found = evaluate(test, staff_of(policy, frozenset({called("ana"), called("nobody")})))

    assert found == Evaluation(False, 1, (called("nobody"),))


def test_somebody_suspended_is_no_subject() -> None:
    test = sentence(OneHolder(called("sue")), Quantifier.NOBODY, Holds("payments:create"))

    assert evaluate(test, staff_of(golden_policy())).holds


def test_an_assignment_for_tomorrow_is_forbidden_today_and_fulfils_nothing_yet() -> None:
    policy = policy_of([assigned("ana", "manager", "n1", since=TOMORROW)])
    staff = staff_of(policy, frozenset({called("ana")}))

    assert not evaluate(sentence(Group.EVERYBODY, Quantifier.NOBODY, Holds("refunds:create")), staff).holds
    assert not evaluate(sentence(Group.EVERYBODY, Quantifier.AT_LEAST, Holds("refunds:create"), number=1), staff).holds


@pytest.mark.parametrize(
    ("case", "since", "until"),
    [("a deny that ends", None, TOMORROW), ("a deny of tomorrow", TOMORROW, None)],
)
def test_what_is_shut_for_a_while_is_forbidden_all_the_same(
    case: str, since: datetime | None, until: datetime | None
) -> None:
    blind = own_role("blind", "deny refunds:create")
    shut = assigned("ana", "blind", "n1", since=since, until=until, own_roles=[blind])
    staff = staff_of(policy_of([assigned("ana", "manager", "n1"), shut], own_roles=[blind]), frozenset({called("ana")}))

    found = evaluate(sentence(Group.EVERYBODY, Quantifier.NOBODY, Holds("refunds:create")), staff)

    assert found == Evaluation(False, 1, (called("ana"),)), case


def test_a_deny_at_one_location_ends_holding_it_in_the_whole_network() -> None:
    blind = own_role("blind", "deny payments:create")
    people = [assigned("ana", "manager", "n1"), assigned("ana", "blind", "south", own_roles=[blind])]
    staff = staff_of(policy_of(people, own_roles=[blind]), frozenset({called("ana")}))

    assert not evaluate(sentence(Group.EVERYBODY, Quantifier.EVERYBODY, Holds("payments:create")), staff).holds
    assert evaluate(sentence(Group.EVERYBODY, Quantifier.EVERYBODY, Holds("payments:create", NORTH)), staff).holds


NO_CASH = (HoldersOf("smm_manager"), Quantifier.NOBODY, Holds("cash_shifts:read"))


@pytest.mark.parametrize(
    ("case", "mode", "was_broken", "is_broken_by_change", "blocks"),
    [
        ("a test that held blocks", Mode.BLOCK, False, True, True),
        ("a test that only warns", Mode.WARN, False, True, False),
        ("one that was broken already", Mode.BLOCK, True, False, False),
    ],
)
def test_a_change_that_breaks_a_test(
    case: str, mode: Mode, was_broken: bool, is_broken_by_change: bool, blocks: bool
) -> None:
    test = replace(sentence(*NO_CASH), mode=mode)
    before = golden_policy()
    if was_broken:
        before = with_assignment(before, assigned("gus", "accountant", "south"))
    after = with_assignment(before, assigned("gus", "administrator", "north"))

    (outcome,) = access_test_outcomes([test], staff_of(before), staff_of(after))

    assert outcome.before.holds is not was_broken, case
    assert outcome.after == Evaluation(False, 1, (called("gus"),))
    assert (outcome.is_broken_by_change, outcome.blocks) == (is_broken_by_change, blocks)


def test_a_change_that_repairs_a_test_passes() -> None:
    after = golden_policy()
    before = with_assignment(after, assigned("gus", "accountant", "south"))

    (outcome,) = access_test_outcomes([sentence(*NO_CASH)], staff_of(before), staff_of(after))

    assert not outcome.before.holds
    assert outcome.after.holds
    assert not outcome.blocks


@settings(max_examples=60, deadline=None)
@given(policies(), st.sampled_from(NETWORK_CODES), st.sampled_from([None, NORTH, SOUTH]))
def test_counts_agree_with_decisions(policy: DomainPolicy, code: str, at: UUID | None) -> None:
    # Everything stands now and each place has opted in: then what might be is what a decision on some object says.
    standing = [replace(one, valid_from=NOW, valid_until=None) for one in all_assignments(policy)]
    closed = rebuilt(policy, standing, inactive=())
    places = {place: replace(known, traits=frozenset({OPTED_IN})) for place, known in closed.places.items()}
    world = replace(closed, places=places)
    staff = staff_of(world, frozenset(map(called, HOLDERS)))
    is_local = policy.release.catalogue[code].level is Level.LOCATION
    asked = [None, NORTH, SOUTH] if at is None and is_local else [at]

    might = {one for one in staff.holders if any(_might(world, one, code, place) for place in asked)}
    may = {one for one in staff.holders if all(_may(world, one, code, place) for place in asked)}
    nobody = evaluate(sentence(Group.EVERYBODY, Quantifier.NOBODY, Holds(code, at)), staff)
    everybody = evaluate(sentence(Group.EVERYBODY, Quantifier.EVERYBODY, Holds(code, at)), staff)

    assert nobody == Evaluation(not might, len(might), tuple(sorted(might)))
    assert may >= staff.holders - set(everybody.offenders)


def _might(policy: DomainPolicy, holder_id: UUID, code: str, at: UUID | None) -> bool:
    return bool(policy.held_by(holder_id, NOW).could.get(at, 0) & policy.release.catalogue.bits[code])


def _may(policy: DomainPolicy, holder_id: UUID, code: str, at: UUID | None) -> bool:
    return decide(policy, policy.holding(holder_id), code, at=at, circumstances=asking()).allowed
