"""Rule R1 is closed: by no changes whatever does anybody gain what none of those who made them held (policies.md 9, 5).

The small worlds are searched through: every sequence of permitted changes, with the evening falling at any moment.
"""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.policies import small_worlds
from tests.policies.small_worlds import DESK, DESKS, PEOPLE, WORLDS, Held, State, is_permitted, may_change, violation

FAST, DEEP = 2, 4
"""Changes in a row."""


@pytest.mark.parametrize("name", WORLDS)
def test_nobody_gains_what_the_changers_did_not_hold(name: str) -> None:
    assert violation(WORLDS[name], depth=FAST) is None


@pytest.mark.slow
@pytest.mark.parametrize("name", WORLDS)
def test_nobody_gains_it_by_longer_ways_either(name: str) -> None:
    assert violation(WORLDS[name], depth=DEEP) is None


def test_the_search_finds_a_hole_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(small_worlds, "is_permitted", lambda before, after, actor: True)

    found = violation(WORLDS["owners and visitors: one asleep, one from outside"], depth=1)

    assert found is not None
    assert "gained" in found


HELD = st.builds(
    Held,
    st.sampled_from(["clerk", "planner", DESK]),
    st.sampled_from(["network", "north", "south"]),
    st.sampled_from(["none", "own", "back=0", "ip=203.0.113.0/24", "opted_in"]),
    st.sampled_from(["open", "until noon", "from noon", "visit"]),
)
STATES = st.builds(
    State,
    st.tuples(*[st.frozensets(HELD, max_size=3)] * len(PEOPLE)),
    st.integers(0, len(DESKS) - 1),
    st.frozensets(st.sampled_from(PEOPLE), max_size=1),
    st.booleans(),
)


@settings(max_examples=150, deadline=None)
@given(STATES, st.sampled_from(PEOPLE), st.sampled_from(sorted(WORLDS)), st.data())
def test_bystanders_make_no_difference(state: State, actor: int, name: str, data: st.DataObject) -> None:
    changes = list(WORLDS[name].changes(state, actor))
    if not changes:
        return
    after = data.draw(st.sampled_from(changes))

    assert is_permitted(state, after, actor) is may_change(state, after, actor)
