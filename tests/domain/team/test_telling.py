"""Names in mails: nobody calls himself a link."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from domain.team.telling import LONGEST_NAME, name_told

LINK = re.compile(r"://|www\.|[^\W\d_]\.[^\W\d_]|@")


@given(st.text(max_size=200))
def test_no_name_whatsoever_makes_a_link_or_a_line(name: str) -> None:
    told = name_told(name)

    assert LINK.search(told) is None
    assert len(told.splitlines()) <= 1
    assert len(told) <= LONGEST_NAME
