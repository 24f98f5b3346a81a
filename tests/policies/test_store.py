"""Reading policies from rows, and keeping them by epoch. The rows are given; the statements run against the schema in
the tests of the operations that write them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from errors import NotFound
from policies.limits import NO_LIMITS, OPTED_IN, Days, Limits
from policies.scopes import OPERATOR, network, partner
from policies.store import UNREADABLE, PolicyCache, load_network_policy, load_operator_policy, load_partner_policy
from policies.viewer import ViewerKind, viewer_in
from tests.policies.test_release import RELEASE
from tests.policies.world import N1, N2, NORTH, NOW, SOUTH, called

SINCE = datetime(2026, 1, 1, tzinfo=UTC)


def assignment(**changed: Any) -> dict[str, Any]:
    """A row of assignments."""
    row = {
        "id": called("assignment"),
        "location_id": None,
        "role_code": None,
        "role_id": None,
        "specialist_id": None,
        "account_id": None,
        "limits": "{}",
        "valid_from": SINCE,
        "valid_until": None,
    }
    return row | changed


ROWS: dict[str, list[dict[str, Any]]] = {
    "policy_epochs": [{"epoch": 12}],
    "networks": [{"zone": "Europe/London"}],
    "roles": [{"id": called("role"), "code": "night_desk", "title": "Night desk", "version": 3}],
    "role_lines": [
        {"role_id": called("role"), "capability": "clients:read", "effect": "allow", "limits": '{"own": true}'},
        {"role_id": called("role"), "capability": "payments:*", "effect": "deny", "limits": "{}"},
        {"role_id": called("role"), "capability": "rental:sign", "effect": "allow", "limits": "{}"},
    ],
    "locations": [
        {"id": NORTH, "zone": "Europe/Athens", "call_center": True},
        {"id": SOUTH, "zone": "Europe/Budapest", "call_center": False},
    ],
    "specialists": [{"id": called("sue")}],
    "assignments": [
        assignment(id=called("1"), role_code="manager", specialist_id=called("bo")),
        assignment(id=called("2"), role_id=called("role"), specialist_id=called("di"), location_id=NORTH),
        assignment(id=called("3"), role_code="manager", specialist_id=called("sue")),
        assignment(id=called("4"), role_code="viewer", account_id=called("tim"), location_id=NORTH, valid_until=NOW),
        assignment(id=called("5"), role_code="rental_agent", specialist_id=called("di")),
        assignment(id=called("6"), role_code="administrator", specialist_id=called("kim"), limits={"back": 7}),
        assignment(id=called("7"), role_code="administrator", specialist_id=called("lee"), limits='{"back": "x"}'),
    ],
}


class Rows:
    """Answers each statement with the rows of its table, and remembers what was asked."""

    def __init__(self, rows: dict[str, list[dict[str, Any]]]) -> None:
        self.rows = rows
        self.asked: list[tuple[str, tuple[object, ...]]] = []

    async def __call__(self, sql: str, /, *args: object) -> Sequence[dict[str, Any]]:
        table = sql.split("FROM ")[1].split(maxsplit=1)[0]
        self.asked.append((table, args))
        return self.rows.get(table, [])


async def test_a_network_is_read() -> None:
    fetch = Rows(ROWS)

    policy = await load_network_policy(fetch, N1, RELEASE)

    assert sorted(fetch.asked) == sorted((table, (N1,)) for table in ROWS)
    assert (policy.domain, policy.epoch) == (network(N1), 12)
    assert policy.places[NORTH].traits == {OPTED_IN}
    assert policy.places[SOUTH].traits == set()
    assert policy.top.zone.key == "Europe/London"
    assert policy.inactive == {called("sue")}
    assert {holder: [one.limits for one in held] for holder, held in policy.assignments.items()} == {
        called("bo"): [NO_LIMITS],
        called("di"): [NO_LIMITS, NO_LIMITS],
        called("sue"): [NO_LIMITS],
        called("tim"): [NO_LIMITS],
        called("kim"): [Limits(back=Days(7, 7))],
        called("lee"): [UNREADABLE],
    }


async def test_a_network_that_is_not_there_is_not_found() -> None:
    with pytest.raises(NotFound):
        await load_network_policy(Rows(ROWS | {"networks": []}), N1, RELEASE)


async def test_an_own_role_is_closed_with_its_version_as_source_and_its_dormant_lines() -> None:
    policy = await load_network_policy(Rows(ROWS), N1, RELEASE)

    role = policy.role("night_desk")

    assert role is not None
    assert {line.source for line in role.lines} == {"role night_desk v3"}
    assert [line.capability for line in role.dormant] == ["rental:sign"]
    assert RELEASE.catalogue.codes(role.denies) == {"payments:read", "payments:create"}


async def test_what_was_read_decides() -> None:
    policy = await load_network_policy(Rows(ROWS), N1, RELEASE)

    def can(name: str, code: str) -> bool:
        viewer = viewer_in(policy, kind=ViewerKind.SPECIALIST, account_id=None, specialist_id=called(name), now=NOW)
        return viewer.can(code, at=NORTH, of={"specialist_id": called(name)})

    assert can("bo", "clients:read")
    assert can("di", "clients:read")
    assert not can("di", "payments:read")
    assert not can("sue", "clients:read")
    assert not can("tim", "clients:read")
    assert not can("lee", "clients:read")
    assert not can("nobody", "networks:read")


async def test_operator_and_partner_are_read_without_a_network() -> None:
    member = [assignment(role_code="account_manager", account_id=called("pam"))]
    fetch = Rows({"policy_epochs": [], "assignments": member})

    operator = await load_operator_policy(fetch, RELEASE)
    firm = await load_partner_policy(fetch, called("p1"), RELEASE)

    assert (operator.domain, operator.epoch) == (OPERATOR, 0)
    assert firm.domain == partner(called("p1"))
    assert operator.held_by(called("pam"), NOW).could[None] > 0
    assert set(firm.held_by(called("pam"), NOW).could.values()) == {0}


async def test_a_policy_is_read_once_an_epoch() -> None:
    fetch = Rows(ROWS)
    cache = PolicyCache(RELEASE)

    first = await cache.policy(fetch, network(N1), 12)
    again = await cache.policy(fetch, network(N1), 12)

    assert again is first
    assert len(fetch.asked) == len(ROWS)


async def test_a_moved_epoch_is_read_anew_and_an_older_one_does_not_push_it_out() -> None:
    cache = PolicyCache(RELEASE)
    old = await cache.policy(Rows(ROWS), network(N1), 12)
    newer = await cache.policy(Rows(ROWS | {"policy_epochs": [{"epoch": 13}]}), network(N1), 13)

    behind = await cache.policy(Rows(ROWS), network(N1), 12)

    assert old is not newer
    assert behind.epoch == 12
    assert await cache.policy(Rows({}), network(N1), 13) is newer


async def test_the_least_used_domain_is_forgotten() -> None:
    cache = PolicyCache(RELEASE, capacity=1)
    first = await cache.policy(Rows(ROWS), network(N1), 12)
    await cache.policy(Rows(ROWS), network(N2), 12)

    assert await cache.policy(Rows(ROWS), network(N1), 12) is not first
