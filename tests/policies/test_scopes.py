"""The names of scopes, written and read."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.scopes import OPERATOR, location_in, network, partner


@given(st.uuids(), st.uuids())
def test_a_location_is_found_in_the_name_of_its_scope(network_id: UUID, location_id: UUID) -> None:
    assert location_in(network(network_id).scope(location_id)) == (location_id if location_id != network_id else None)


@pytest.mark.parametrize("scope", ["", str(OPERATOR), str(network(UUID(int=1))), str(partner(UUID(int=1)))])
def test_a_whole_domain_names_no_location(scope: str) -> None:
    assert location_in(scope) is None


def test_a_scope_with_another_word_for_an_id_is_refused() -> None:
    with pytest.raises(ValueError, match="badly formed"):
        location_in("network:1/location:north")
