"""What each kind of change requires: who may change somebody's access is always somebody whom rule R1 bounds."""

from __future__ import annotations

from typing import get_args

import pytest
from uuid_utils.compat import uuid7

from domain.team.changes import GIVING_ROLES, EndAccessTest, PolicyChange, SaveAccessTest
from policies.capabilities import CORE
from policies.catalogue import Catalogue, DomainKind, Level
from policies.scopes import OPERATOR, Domain, network, partner
from resolvers.policy_changes import KINDS

CATALOGUE = Catalogue(CORE)
RULES = {SaveAccessTest, EndAccessTest}
"""The network's own rules: they open nothing by themselves."""
LEVELS = {
    DomainKind.NETWORK: {Level.LOCATION, Level.NETWORK},
    DomainKind.OPERATOR: {Level.OPERATOR},
    DomainKind.PARTNER: {Level.PARTNER},
}


@pytest.mark.parametrize("kind", get_args(PolicyChange), ids=lambda kind: kind.__name__)
def test_each_kind_of_change_requires_what_can_change_somebodys_access(kind: type[PolicyChange]) -> None:
    capability = CATALOGUE[kind.requires]

    assert capability.escalates is (kind not in RULES)
    assert capability.level in LEVELS[DomainKind.NETWORK]


@pytest.mark.parametrize("domain", [network(uuid7()), OPERATOR, partner(uuid7())], ids=lambda domain: domain.kind)
def test_giving_roles_requires_what_can_change_somebodys_access(domain: Domain) -> None:
    capability = CATALOGUE[GIVING_ROLES[domain.kind]]

    assert capability.escalates
    assert capability.level in LEVELS[domain.kind]


def test_every_kind_of_change_can_be_asked_for() -> None:
    assert len(KINDS) == len(get_args(PolicyChange))
