"""The export as Casbin CSV: its words, and that an enforcer which loads it answers what Remit answers."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

import casbin
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.casbin_export import casbin_lines
from policies.catalogue import Level, names
from policies.compile import DomainPolicy
from policies.lines import Effect
from policies.oracle import MODEL, covers
from tests.policies.world import N1, NORTH, NOW, RELEASE, SOUTH, assigned, called, own_role, policy_of
from tests.policies.worlds import CATALOGUE, HOLDERS, NETWORK_CODES, policies

LOCAL = [code for code in NETWORK_CODES if CATALOGUE[code].level is Level.LOCATION]


def enforcer_of(policy: DomainPolicy, file: Path) -> casbin.Enforcer:
    """An enforcer that has loaded the export from a file."""
    file.write_text("\n".join(casbin_lines(policy, now=NOW)), encoding="utf-8")
    enforcer = casbin.Enforcer(str(MODEL), str(file))
    enforcer.add_function("names", names)
    enforcer.add_function("within", lambda _object, words: words == "none")
    for relation in ("g", "g2"):
        enforcer.add_named_domain_matching_func(relation, covers)
    enforcer.build_role_links()
    return enforcer


def test_the_export_of_three_people() -> None:
    desk = own_role("desk", "allow clients:read", "deny payroll:*")
    policy = policy_of(
        [
            assigned("ana", "desk", "north", own_roles=[desk]),
            assigned("ana", "marketer", "n1", {"own": True, "back": 7}),
            assigned("sue", "manager", "n1"),
            assigned("max", "manager", "n1", until=NOW),
        ],
        own_roles=[desk],
    )
    ana = called("ana")

    assert list(casbin_lines(policy, now=NOW)) == [
        f"# network:{N1}, epoch 7, release {RELEASE.digest}",
        "p, role:desk, clients:read, allow, none",
        "p, role:desk, payroll:*, deny, none",
        "p, role:marketer, networks:read, allow, none",
        "p, role:marketer, services:read, allow, none",
        "p, role:marketer, clients:read, allow, none",
        "p, role:marketer, templates:update, allow, none",
        f"g2, holder:{ana}, role:marketer, network:{N1}",
        f"# while own back=7: g, holder:{ana}, role:marketer, network:{N1}",
        f"g2, holder:{ana}, role:desk, network:{N1}/location:{NORTH}",
        f"g, holder:{ana}, role:desk, network:{N1}/location:{NORTH}",
    ]


@settings(max_examples=40, deadline=None)
@given(policies(), st.lists(st.sampled_from(LOCAL), min_size=4, max_size=4), st.sampled_from([NORTH, SOUTH]))
def test_an_enforcer_that_loads_it_answers_by_the_lines_without_limits(
    policy: DomainPolicy, codes: list[str], at: UUID
) -> None:
    with TemporaryDirectory() as folder:
        enforcer = enforcer_of(policy, Path(folder) / "policy.csv")

    for name in HOLDERS:
        for code in codes:
            enforced = enforcer.enforce(f"holder:{called(name)}", code, policy.domain.scope(at), "object")
            assert enforced is is_allowed_by_lines(policy, called(name), code, at), (name, code)


def is_allowed_by_lines(policy: DomainPolicy, holder_id: UUID, code: str, at: UUID) -> bool:
    """The sentence of policies.md 4.1 for lines and assignments without limits; requirements left out."""
    standing = [
        one
        for one in policy.holding(holder_id).assignments
        if holder_id not in policy.inactive and one.stands(NOW) and one.location_id in (None, at)
    ]
    speaking = [(one, line) for one in standing for line in one.role.lines if names(code, line.capability)]
    denied = any(line.effect is Effect.DENY for _, line in speaking)
    allowed = any(line.effect is Effect.ALLOW and not line.limits and not one.limits for one, line in speaking)
    return allowed and not denied
