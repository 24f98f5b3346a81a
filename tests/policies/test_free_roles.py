"""Free roles: what a certificate says, under the catalogue's decisions and under a verdict policy (policies.md 4.9)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.catalogue import Seat
from policies.compile import DomainPolicy
from policies.conditions import Changeable
from policies.delta import delta_between, missing_grants
from policies.free_roles import BOUNDS, Bound, Escalation, PaidCapability, prove_free
from policies.limits import Limits
from policies.lines import Effect, Line
from policies.release import close_role
from policies.roles import BUILT_IN, Role
from policies.seat_terms import catalogue_terms, policy_terms
from policies.verdicts import VerdictPolicy, Vocabulary, read_verdict_policy
from tests.policies.test_release import CATALOGUE as REAL_CATALOGUE
from tests.policies.test_release import RELEASE as REAL_RELEASE
from tests.policies.world import (
    CATALOGUE,
    NOW,
    RELEASE,
    assigned,
    called,
    own_role,
    rebuilt,
    with_assignment,
)
from tests.policies.worlds import HOLDERS, policies

TERMS = catalogue_terms(CATALOGUE, RELEASE.digest)
GIVEN_ROLES = ("manager", "administrator", "call_center", "viewer", "specialist", "owner")
REAL_TERMS = catalogue_terms(REAL_CATALOGUE, REAL_RELEASE.digest)


@dataclass(frozen=True, slots=True)
class Facts:
    """What the demo's terms ask."""

    provides: Annotated[bool, Changeable.DOWN]
    held: Annotated[frozenset[str], Changeable.DOWN]


def terms_of(*lines: str, sets: str | None = None) -> VerdictPolicy[Facts]:
    """Terms with these lines."""
    return read_verdict_policy(
        "demo@1",
        "\n".join(["line,outcome,when,text", *lines]),
        vocabulary=Vocabulary(Facts, frozenset({"free", "billable"}), sets_of="held"),
        sets=sets,
    )


BOOKING = terms_of(
    "10,billable,provides,Provides services",
    "20,billable,len(booking) > 0,Books",
    "30,billable,len(money) > 0,Takes money",
    "90,free,True,Neither",
    sets="set,capability\nbooking,appointments:create\nmoney,payments:create\nmoney,appointments:create",
)


@pytest.mark.parametrize("role", [role for role in BUILT_IN if role.free], ids=lambda role: role.code)
def test_every_role_that_claims_to_be_free_is_proved(role: Role) -> None:
    certificate = prove_free(REAL_RELEASE.closed[role.code], REAL_RELEASE, REAL_TERMS)

    assert certificate.is_proved
    assert certificate.paid == ()


def test_a_paid_role_names_what_costs_a_seat_and_by_which_line() -> None:
    certificate = prove_free(REAL_RELEASE.closed["call_center"], REAL_RELEASE, REAL_TERMS)
    (paid,) = certificate.paid

    assert not certificate.is_proved
    assert (paid.capability, paid.reason) == ("appointments:create", Seat.APPOINTMENTS)
    assert paid.source.startswith("policies/roles/call_center.csv:")


def test_what_a_role_denies_it_does_not_hold() -> None:
    role = own_role("desk", "allow payments:create", "allow appointments:read", "deny payments:*")

    assert prove_free(role, RELEASE, TERMS).is_proved


def test_what_is_allowed_under_a_limit_counts_as_held() -> None:
    line = Line("desk", "payments:create", Effect.ALLOW, Limits(own=True), "role desk v1")
    role = close_role("desk", "Desk", [line], CATALOGUE)

    assert [one.capability for one in prove_free(role, RELEASE, TERMS).paid] == ["payments:create"]


def test_each_escalating_capability_of_the_core_has_a_bound() -> None:
    assert {one.code for one in REAL_CATALOGUE if one.escalates} == BOUNDS.keys()


def test_held_escalations_are_listed_with_the_rule_that_bounds_them() -> None:
    role = own_role("people", "allow assignments:change", "allow roles:read", "allow roles:change")
    certificate = prove_free(role, RELEASE, TERMS)

    assert certificate.is_proved
    assert certificate.escalations == (
        Escalation("assignments:change", Bound.R1),
        Escalation("roles:change", Bound.R1),
    )


def test_an_escalation_that_nobody_bounded_leaves_the_proof_open() -> None:
    role = own_role("people", "allow assignments:change")
    certificate = prove_free(role, RELEASE, TERMS, bounds={})

    assert certificate.paid == ()
    assert certificate.escalations == (Escalation("assignments:change", None),)
    assert not certificate.is_proved


def test_terms_of_a_verdict_policy_decide_instead_of_the_catalogue() -> None:
    role = own_role("desk", "allow payments:read", "allow payments:create", "allow refunds:create")
    certificate = prove_free(role, RELEASE, policy_terms(BOOKING))

    assert certificate.paid == (PaidCapability("payments:create", "Takes money", "role desk v1"),)
    assert certificate.terms == "demo@1"
    assert prove_free(own_role("desk", "allow refunds:create"), RELEASE, policy_terms(BOOKING)).is_proved


def test_providing_services_stands_beside_the_proof() -> None:
    certificate = prove_free(RELEASE.closed["specialist"], RELEASE, policy_terms(BOOKING))

    assert certificate.is_proved
    assert certificate.beside == ("Provides services",)


def test_the_first_paying_line_gives_the_reason() -> None:
    assert policy_terms(BOOKING).paid == {"appointments:create": "Books", "payments:create": "Takes money"}


@pytest.mark.parametrize(
    ("case", "line", "paid", "beside", "is_for_all"),
    [
        ("a code named in the line", "20,billable,'payments:create' in held,M", {"payments:create": "M"}, (), False),
        ("whoever holds anything", "20,billable,len(held) > 0,M", {}, (), True),
        ("whoever lacks something", "20,billable,'payments:create' not in held,M", {"payments:create": "M"}, (), True),
        ("a mixture", "20,billable,provides and 'a:b' in held,M", {"a:b": "M"}, ("M",), False),
        ("a line that frees", "20,free,len(held) > 0,M", {}, (), False),
    ],
)
def test_what_a_line_makes_of_terms(
    case: str, line: str, paid: dict[str, str], beside: tuple[str, ...], is_for_all: bool
) -> None:
    terms = policy_terms(terms_of(line, "90,free,True,Neither"))

    assert (dict(terms.paid), terms.beside, terms.is_for_all) == (paid, beside, is_for_all), case


def test_nobody_is_free_where_everybody_pays() -> None:
    terms = policy_terms(terms_of("90,billable,True,Everybody"))

    assert not prove_free(own_role("desk", "allow roles:read"), RELEASE, terms).is_proved


def test_the_digest_covers_role_release_and_terms() -> None:
    role = own_role("desk", "allow roles:read")
    digest = prove_free(role, RELEASE, TERMS).digest

    assert prove_free(own_role("desk", "allow roles:read"), RELEASE, TERMS).digest == digest
    assert prove_free(own_role("desk", "allow services:read"), RELEASE, TERMS).digest != digest
    assert prove_free(own_role("other", "allow roles:read"), RELEASE, TERMS).digest != digest
    assert prove_free(role, RELEASE, policy_terms(BOOKING)).digest != digest
    assert prove_free(role, REAL_RELEASE, TERMS).digest != digest


@settings(max_examples=150, deadline=None)
@given(st.frozensets(st.sampled_from(["appointments:create", "payments:create", "clients:read", "roles:read"])))
def test_a_proof_agrees_with_the_verdict_on_what_is_held(held: frozenset[str]) -> None:
    role = own_role("desk", *(f"allow {code}" for code in sorted(held)))

    is_free = BOOKING.outcome(Facts(provides=False, held=held)) == "free"

    assert prove_free(role, RELEASE, policy_terms(BOOKING)).is_proved is is_free


@settings(max_examples=100, deadline=None)
@given(policies(), st.sampled_from(HOLDERS), st.sampled_from(GIVEN_ROLES))
def test_whoever_holds_nothing_paid_may_give_himself_nothing_paid(policy: DomainPolicy, holder: str, role: str) -> None:
    before = rebuilt(policy, inactive=())
    if paid_of(before, holder):
        return

    after = with_assignment(before, assigned(holder, role, "n1", release=policy.release))

    if not missing_grants(called(holder), delta_between(before, after, now=NOW)):
        assert not paid_of(after, holder)


def paid_of(policy: DomainPolicy, holder: str) -> set[str]:
    """The paid capabilities that somebody holds anywhere."""
    could = policy.held_by(called(holder), NOW).could
    return {code for mask in could.values() for code in policy.release.catalogue.codes(mask)} & TERMS.paid.keys()
