"""Did and can: what is held and was not used, and what taking it away would free."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import pytest

from policies.catalogue import Kind
from policies.compile import DomainPolicy
from policies.seat_terms import SeatTerms, catalogue_terms
from policies.uses import UnusedCapability, UnusedOfHolder, Use, unused_capabilities
from tests.policies.world import CATALOGUE, NORTH, NOW, RELEASE, SOUTH, assigned, called, own_role, policy_of

TERMS = catalogue_terms(CATALOGUE, RELEASE.digest)
SINCE = date(2026, 1, 1)
BEFORE, AFTER = date(2025, 12, 31), date(2026, 1, 1)
CASHIER = own_role(
    "cashier",
    "allow appointments:read",
    "allow payments:read",
    "allow payments:create",
    "allow cash_shifts:read",
    "allow cash_shifts:change",
)


def unused(*uses: Use, scope: str = "north", terms: SeatTerms = TERMS) -> tuple[UnusedOfHolder, ...]:
    """What ana, a cashier, has not used."""
    return unused_capabilities(cashier(scope), uses, terms=terms, now=NOW, since=SINCE)


def cashier(scope: str) -> DomainPolicy:
    return policy_of([assigned("ana", "cashier", scope, own_roles=[CASHIER])], own_roles=[CASHIER])


def use(code: str, at: UUID | None, on: date) -> Use:
    return Use(called("ana"), code, at, on)


def test_reading_is_not_recorded_and_not_missed() -> None:
    (ana,) = unused()

    assert ana.holder_id == called("ana")
    assert ana.unused == (
        UnusedCapability("cash_shifts:change", NORTH, None, None),
        UnusedCapability("payments:create", NORTH, None, "PAYMENTS"),
    )
    assert ana.to_free == ("payments:create",)


@pytest.mark.parametrize(
    ("case", "uses", "left", "to_free"),
    [
        ("used on the day", [use("payments:create", NORTH, AFTER)], ["cash_shifts:change"], ()),
        (
            "used before",
            [use("payments:create", NORTH, BEFORE)],
            ["cash_shifts:change", "payments:create"],
            ("payments:create",),
        ),
        (
            "used elsewhere",
            [use("payments:create", SOUTH, AFTER)],
            ["cash_shifts:change", "payments:create"],
            ("payments:create",),
        ),
        ("used in the whole network", [use("payments:create", None, AFTER)], ["cash_shifts:change"], ()),
        (
            "by somebody else",
            [Use(called("bo"), "payments:create", NORTH, AFTER)],
            ["cash_shifts:change", "payments:create"],
            ("payments:create",),
        ),
    ],
)
def test_a_use(case: str, uses: list[Use], left: list[str], to_free: tuple[str, ...]) -> None:
    (ana,) = unused(*uses)

    assert [one.capability for one in ana.unused] == left, case
    assert ana.to_free == to_free


def test_the_last_use_before_the_day_is_told() -> None:
    (ana,) = unused(use("payments:create", NORTH, date(2025, 3, 1)), use("payments:create", NORTH, BEFORE))

    assert {one.capability: one.last_used_on for one in ana.unused} == {
        "cash_shifts:change": None,
        "payments:create": BEFORE,
    }


def test_what_is_held_in_the_whole_network_is_used_at_any_location() -> None:
    (ana,) = unused(use("payments:create", SOUTH, AFTER), scope="n1")

    assert ana.unused == (UnusedCapability("cash_shifts:change", None, None, None),)


def test_somebody_who_uses_everything_is_not_listed() -> None:
    assert unused(use("payments:create", NORTH, AFTER), use("cash_shifts:change", NORTH, AFTER)) == ()


def test_one_used_paid_capability_keeps_the_seat() -> None:
    policy = policy_of([assigned("bo", "manager", "north")], own_roles=())
    used = Use(called("bo"), "payments:create", NORTH, AFTER)

    (bo,) = unused_capabilities(policy, [used], terms=TERMS, now=NOW, since=SINCE)
    (idle,) = unused_capabilities(policy, [], terms=TERMS, now=NOW, since=SINCE)

    assert {one.capability for one in bo.unused if one.seat} == {"appointments:create", "refunds:create"}
    assert bo.to_free == ()
    assert idle.to_free == ("appointments:create", "payments:create", "refunds:create")


def test_a_paid_capability_that_only_reads_can_not_be_called_unused() -> None:
    terms = SeatTerms("t", "d", {"payments:read": "Sees payments", "payments:create": "Takes money"})

    (ana,) = unused(terms=terms)

    assert ana.to_free == ()


def test_nothing_is_held_by_somebody_suspended() -> None:
    policy = policy_of([assigned("sue", "manager", "n1")], own_roles=())

    assert unused_capabilities(policy, [], terms=TERMS, now=NOW, since=SINCE) == ()


def test_an_owner_is_told_of_every_change_that_there_is() -> None:
    (hal,) = unused_capabilities(
        policy_of([assigned("hal", "owner", "n1")], own_roles=()), [], terms=TERMS, now=NOW, since=SINCE
    )

    assert {one.capability for one in hal.unused} == {
        one.code for one in CATALOGUE if one.kind is Kind.CHANGE and one.level != "OPERATOR"
    }
