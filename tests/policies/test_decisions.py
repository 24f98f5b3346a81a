"""The golden decisions of policies.md 4.10, asked in three ways that must agree: decide, the viewer, Casbin."""

from __future__ import annotations

import tracemalloc
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest

from policies.canonical import canonical_json
from policies.decisions import Decision, Forbidden, decide
from policies.limits import NO_OBJECT
from policies.oracle import oracle_allows
from policies.reasons import Reason
from policies.scopes import OPERATOR, Domain, location_in, network
from policies.viewer import Viewer, ViewerKind, viewer_in, viewer_without_domain
from tests.policies.world import (
    EAST,
    N1,
    NORTH,
    NOW,
    PLACES,
    RELEASE,
    asking,
    assigned,
    called,
    golden_policy,
    operator_policy,
    own_role,
    policy_of,
)

TODAY = date(2026, 3, 10)
EVENING = datetime(2026, 3, 10, 18, 0, tzinfo=UTC)


def object_of(holder: str, what: str) -> dict[str, Any] | None:
    """The facts behind a word of the table: own, another's, or a date."""
    match what:
        case "":
            return None
        case "own":
            return {"specialist_id": called(holder), "starts_at": TODAY}
        case "another's":
            return {"specialist_id": called("somebody"), "starts_at": TODAY}
        case _:
            return {"specialist_id": called("somebody"), "starts_at": date.fromisoformat(what)}


# case, holder, capability, at, object, now, address, reason
GOLDEN = [
    ("an administrator books", "ana", "appointments:create", "north", "", NOW, None, "ALLOWED"),
    ("not at another location", "ana", "appointments:create", "south", "", NOW, None, "OTHER_SCOPE"),
    ("not at every location", "ana", "appointments:create", "n1", "", NOW, None, "OTHER_SCOPE"),
    ("shared data is read anywhere", "ana", "services:read", "n1", "", NOW, None, "ALLOWED"),
    ("shared data by a local manager", "rae", "services:read", "n1", "", NOW, None, "ALLOWED"),
    ("a local manager changes no network", "rae", "services:update", "n1", "", NOW, None, "OTHER_SCOPE"),
    ("nor when asked at the own location", "rae", "services:update", "north", "", NOW, None, "OTHER_SCOPE"),
    ("a network's manager does", "bo", "services:update", "n1", "", NOW, None, "ALLOWED"),
    ("and books everywhere", "bo", "appointments:create", "n1", "", NOW, None, "ALLOWED"),
    ("a manager changes no roles", "bo", "roles:change", "n1", "", NOW, None, "NO_LINE"),
    ("a deny beats another role", "cy", "payments:create", "north", "", NOW, None, "DENIED_BY_LINE"),
    ("a deny at the network holds everywhere", "cy", "payments:create", "south", "", NOW, None, "DENIED_BY_LINE"),
    ("an owner changes roles", "hal", "roles:change", "n1", "", NOW, None, "ALLOWED"),
    ("an owner refunds", "hal", "refunds:create", "n1", "", NOW, None, "ALLOWED"),
    ("an owner owns one network", "hal", "refunds:create", "east", "", NOW, None, "OTHER_SCOPE"),
    ("own appointments are read", "di", "appointments:read", "south", "own", NOW, None, "ALLOWED"),
    ("own appointments are changed", "di", "appointments:update", "south", "own", NOW, None, "ALLOWED"),
    ("another's are not read", "di", "appointments:read", "south", "another's", NOW, None, "OWN"),
    ("another's are not changed", "di", "appointments:update", "south", "another's", NOW, None, "OWN"),
    ("a specialist does not book", "di", "appointments:create", "south", "own", NOW, None, "NO_LINE"),
    ("the wider of two roles counts", "jo", "appointments:read", "south", "another's", NOW, None, "ALLOWED"),
    ("only where it is held", "jo", "appointments:read", "north", "another's", NOW, None, "OWN"),
    ("an accountant takes no payments", "eve", "payments:create", "north", "", NOW, None, "NO_LINE"),
    ("nor an SMM manager", "gus", "payments:create", "north", "", NOW, None, "NO_LINE"),
    ("a viewer reads payments", "ivy", "payments:read", "south", "", NOW, None, "ALLOWED"),
    ("a viewer reads appointments", "ivy", "appointments:read", "south", "", NOW, None, "ALLOWED"),
    ("today may be changed", "kim", "appointments:update", "north", "2026-03-10", NOW, None, "ALLOWED"),
    ("yesterday may not", "kim", "appointments:update", "north", "2026-03-09", NOW, None, "BACK"),
    ("thirty days back are read", "kim", "appointments:read", "north", "2026-02-08", NOW, None, "ALLOWED"),
    ("thirty-one are not", "kim", "appointments:read", "north", "2026-02-07", NOW, None, "BACK"),
    ("from the office", "lee", "payments:create", "north", "", NOW, "203.0.113.9", "ALLOWED"),
    ("from the office, mapped", "lee", "payments:create", "north", "", NOW, "::ffff:203.0.113.9", "ALLOWED"),
    ("from elsewhere", "lee", "payments:create", "north", "", NOW, "198.51.100.7", "IP"),
    ("without an address", "lee", "payments:create", "north", "", NOW, None, "IP"),
    ("in working hours", "ned", "appointments:create", "north", "", NOW, None, "ALLOWED"),
    ("at 20:00 local", "ned", "appointments:create", "north", "", EVENING, None, "HOURS"),
    ("own objects under own", "oz", "appointments:create", "north", "own", NOW, None, "ALLOWED"),
    ("own leaves the immune alone", "oz", "clients:create", "north", "", NOW, None, "ALLOWED"),
    ("own takes the till away", "oz", "cash_shifts:change", "north", "", NOW, None, "OWN"),
    ("a period has ended", "max", "appointments:read", "north", "", NOW, None, "NOT_NOW"),
    ("a requirement is denied", "vic", "appointments:create", "north", "", NOW, None, "REQUIREMENT_MISSING"),
    ("suspended", "sue", "appointments:create", "north", "", NOW, None, "NOT_ACTIVE"),
    ("the operator's staff is outside", "pam", "appointments:read", "north", "", NOW, None, "NO_LINE"),
    ("a visit", "tim", "appointments:read", "north", "", NOW, None, "ALLOWED"),
    (
        "a visit ends by itself",
        "tim",
        "appointments:read",
        "north",
        "",
        datetime(2026, 3, 10, 10, tzinfo=UTC),
        None,
        "NOT_NOW",
    ),
]
CASES = pytest.mark.parametrize(
    ("holder", "capability", "at", "what", "now", "address", "reason"),
    [case[1:] for case in GOLDEN],
    ids=[case[0] for case in GOLDEN],
)


def viewer(holder: str, now: datetime = NOW, address: str | None = None) -> Viewer:
    """Somebody of the first network, asking."""
    return viewer_in(
        golden_policy(),
        kind=ViewerKind.SPECIALIST,
        account_id=None,
        specialist_id=called(holder),
        now=now,
        address=asking(now, address).address,
        network_name="Thalassa",
    )


@CASES
def test_golden_decision(
    holder: str, capability: str, at: str, what: str, now: datetime, address: str | None, reason: str
) -> None:
    policy = golden_policy()

    ruling = decide(
        policy,
        policy.holding(called(holder)),
        capability,
        at=PLACES[at],
        of=object_of(holder, what) or NO_OBJECT,
        circumstances=asking(now, address),
    )

    assert ruling.reason is Reason(reason)
    assert ruling.allowed is (reason == "ALLOWED")
    assert ruling.missing == ("clients:read" if reason == "REQUIREMENT_MISSING" else None)


@CASES
def test_viewer_and_casbin_agree_with_the_golden_decision(
    holder: str, capability: str, at: str, what: str, now: datetime, address: str | None, reason: str
) -> None:
    policy = golden_policy()
    facts = object_of(holder, what)

    can = viewer(holder, now, address).can(capability, at=PLACES[at], of=facts)
    enforced = oracle_allows(
        policy,
        policy.holding(called(holder)),
        capability,
        at=PLACES[at],
        of=facts or NO_OBJECT,
        circumstances=asking(now, address),
    )

    assert can is enforced is (reason == "ALLOWED")


def test_could_leaves_the_object_open_and_nothing_else() -> None:
    assert viewer("di").could("appointments:update", at=PLACES["south"])
    assert not viewer("di").can("appointments:update", at=PLACES["south"])
    assert not viewer("di").could("appointments:update", at=NORTH)
    assert not viewer("oz").could("cash_shifts:change", at=NORTH)
    assert not viewer("lee", address="198.51.100.7").could("payments:create", at=NORTH)
    assert viewer("di").could_anywhere("appointments:update")
    assert not viewer("di").could_anywhere("payments:create")


def test_network_scope_goes_by_its_id_or_by_none() -> None:
    bo = viewer("bo")

    assert bo.can("services:update", at=N1)
    assert bo.can("services:update")
    assert bo.network_id == N1
    assert bo.epoch == 7


def test_a_role_of_another_kind_of_domain_gives_nothing_in_a_network() -> None:
    policy = policy_of([assigned("pam", "account_manager", "n1"), assigned("pam", "operator_owner", "n1")])
    pam = viewer_in(policy, kind=ViewerKind.VISITOR, account_id=called("pam"), now=NOW)

    assert set(pam.grants.can.values()) == set(pam.grants.could.values()) == {0}
    assert pam.decision("customers:read", of={"specialist_id": called("pam")}).reason is Reason.OTHER_SCOPE


def test_operator_staff_acts_on_own_customers_in_the_operators_domain() -> None:
    policy = operator_policy()
    pam = viewer_in(policy, kind=ViewerKind.OPERATOR, account_id=called("pam"), now=NOW)

    assert pam.could("customers:read")
    assert pam.can("customers:read", of={"specialist_id": called("pam")})
    assert not pam.can("customers:read", of={"specialist_id": called("quinn")})
    assert not pam.could("appointments:read")
    assert str(policy.domain) == str(OPERATOR) == "operator"
    assert pam.network_id is None


def test_refusal_carries_the_decision_and_is_worded_for_people() -> None:
    with pytest.raises(Forbidden) as refused:
        viewer("cy").require("payments:create", at=NORTH)

    error = refused.value
    assert error.code == "FORBIDDEN"
    assert error.message == "You may not do this here: it needs the right “payments:create” (payments:create)."
    assert error.hint == "Ask an owner of Thalassa."
    assert error.decision.reason is Reason.DENIED_BY_LINE
    assert error.decision.line == "call_center: deny payments:*"
    assert error.decision.source == "call_center.csv"
    assert error.decision.scope == f"network:{N1}/location:{NORTH}"
    assert error.decision.epoch == 7
    assert error.decision.release == RELEASE.digest
    assert error.decision.id is not None
    assert error.decision.id.version == 7


def test_a_yes_keeps_the_line_that_allowed_it() -> None:
    decision = viewer("ana").decision("payments:create", at=NORTH)

    assert decision.allowed
    assert decision.line == "administrator: allow payments:create"


@pytest.mark.parametrize("holder", ["ana", "cy", "di", "jo", "kim", "vic", "sue", "eve"])
@pytest.mark.parametrize("capability", ["payments:create", "appointments:create", "clients:read", "roles:change"])
def test_what_is_kept_of_a_decision_says_all_of_it(holder: str, capability: str) -> None:
    decision = viewer(holder).decision(capability, at=NORTH)
    assert decision.id is not None

    kept = {name: value for name, value in decision.to_json().items() if value is not None}

    assert Decision.from_json(kept, decision_id=decision.id, capability=capability) == decision
    assert len(canonical_json(kept)) < 1024


@pytest.mark.parametrize(
    ("domain", "location"), [(network(N1), NORTH), (network(N1), None), (network(N1), N1), (OPERATOR, None)]
)
def test_the_location_of_a_scope_is_read_from_its_name(domain: Domain, location: UUID | None) -> None:
    assert location_in(domain.scope(location)) == (NORTH if location == NORTH else None)


def test_require_passes_silently() -> None:
    viewer("ana").require("payments:create", at=NORTH)
    viewer("di").require("appointments:update", at=PLACES["south"], of=object_of("di", "own"))


@pytest.mark.parametrize(
    ("account_id", "kind", "hint"),
    [
        (None, ViewerKind.ANONYMOUS, "Sign in first."),
        (
            called("ana"),
            ViewerKind.ACCOUNT,
            "Send the header Remit-Domain with one of `viewer { domains { domain } }`.",
        ),
    ],
    ids=["nobody", "an account without a network"],
)
def test_a_viewer_without_a_domain_holds_nothing(account_id: UUID | None, kind: ViewerKind, hint: str) -> None:
    nobody = viewer_without_domain(RELEASE, now=NOW, account_id=account_id)

    assert nobody.kind is kind
    assert not nobody.can("networks:read")
    assert not nobody.could("networks:read", at=N1)
    assert not nobody.can("appointments:read", at=NORTH, of=object_of("ana", "own"))
    assert nobody.scope("appointments:read").is_never
    with pytest.raises(Forbidden) as refused:
        nobody.require("networks:read")
    assert refused.value.hint == hint
    assert refused.value.decision.reason is Reason.NO_LINE


def test_an_unknown_code_is_a_mistake_in_our_code() -> None:
    with pytest.raises(KeyError):
        viewer("ana").can("apointments:create", at=NORTH)


def test_a_foreign_location_is_never_covered() -> None:
    assert not viewer("hal").can("appointments:read", at=EAST)
    assert not viewer("hal").could("services:read", at=EAST)


def test_a_period_boundary_is_passed_within_one_policy() -> None:
    policy = golden_policy()
    tim = called("tim")

    def reads(hour: int) -> bool:
        now = datetime(2026, 3, 10, hour, tzinfo=UTC)
        return viewer_in(policy, kind=ViewerKind.VISITOR, account_id=tim, now=now).can("appointments:read", at=NORTH)

    assert [reads(hour) for hour in (6, 7, 9, 10, 8)] == [False, True, True, False, True]


def test_holders_of_the_same_grants_share_one_compiled_form() -> None:
    policy = policy_of(assigned(f"person {n}", "administrator", "north") for n in range(50))

    grants = {id(policy.grants_of(called(f"person {n}"), asking())) for n in range(50)}

    assert len(grants) == 1


def test_what_a_holder_can_do_takes_less_than_a_hundred_bytes_a_place() -> None:
    people = [f"person {n}" for n in range(1000)]
    policy = policy_of(assigned(one, "administrator", "north") for one in people)
    holders = [called(one) for one in people]

    tracemalloc.start()
    for holder_id in holders:
        policy.grants_of(holder_id, asking())
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert taken / (len(holders) * len(policy.places)) < 100


def test_a_deny_at_one_location_takes_shared_data_away_everywhere() -> None:
    no_services = own_role("no_services", "deny services:read")
    policy = policy_of(
        [
            assigned("vic", "manager", "n1", own_roles=[no_services]),
            assigned("vic", "no_services", "south", own_roles=[no_services]),
        ],
        own_roles=[no_services],
    )
    vic = viewer_in(policy, kind=ViewerKind.SPECIALIST, account_id=None, specialist_id=called("vic"), now=NOW)

    assert not vic.can("services:read", at=NORTH)
    assert vic.decision("services:update").missing == "services:read"


def test_what_the_network_needs_is_asked_of_the_whole_network_wherever_one_asks() -> None:
    no_payroll = own_role("no_payroll", "deny payroll:calculate")
    policy = policy_of(
        [assigned("hal", "owner", "n1"), assigned("hal", "no_payroll", "south", own_roles=[no_payroll])],
        own_roles=[no_payroll],
    )
    hal = viewer_in(policy, kind=ViewerKind.SPECIALIST, account_id=None, specialist_id=called("hal"), now=NOW)

    assert not hal.can("payroll:calculate", at=PLACES["south"])
    assert [hal.can("payroll:confirm", at=PLACES[at]) for at in ("n1", "north", "south")] == [True, True, True]
    assert hal.decision("payroll:confirm", at=PLACES["south"]).reason is Reason.ALLOWED
    assert hal.scope("payroll:confirm").is_always
