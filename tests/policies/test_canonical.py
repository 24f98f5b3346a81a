"""Canonical JSON: RFC 8785 without its floats."""

from __future__ import annotations

import json
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.canonical import LARGEST_INTEGER, canonical_json


@pytest.mark.parametrize(
    ("case", "value", "expected"),
    [
        ("literals", [None, True, False, 0, -7], "[null,true,false,0,-7]"),
        ("a tuple is an array", ("a", ("b",)), '["a",["b"]]'),
        ("keys are sorted at each depth", {"b": {"d": 1, "c": 2}, "a": 3}, '{"a":3,"b":{"c":2,"d":1}}'),
        # RFC 8785, 3.2.3: by UTF-16 code units the smiley (D83D DE00) stands before U+FB33; by code points behind it.
        ("keys by UTF-16", {"\ufb33": 1, "\U0001f600": 2, "é": 3}, '{"é":3,"\U0001f600":2,"\ufb33":1}'),
        # RFC 8785, 3.2.2.2: only what must be escaped is, in its shortest form.
        ("escapes", "€$\x0f\nA'B\"\\/\x7f", '"€$\\u000f\\nA\'B\\"\\\\/\x7f"'),
        ("the largest integer", LARGEST_INTEGER, "9007199254740991"),
    ],
)
def test_values_have_one_spelling(case: str, value: object, expected: str) -> None:
    assert canonical_json(value) == expected.encode()


@pytest.mark.parametrize(
    ("case", "value", "error"),
    [
        ("a float", 1.0, TypeError),
        ("a float within", {"a": [0.5]}, TypeError),
        ("a set has no order", {1, 2}, TypeError),
        ("bytes", b"a", TypeError),
        ("a key that is no text", {1: "a"}, TypeError),
        ("an integer that not every parser carries", LARGEST_INTEGER + 1, ValueError),
        ("a lone surrogate", "\ud800", ValueError),
    ],
)
def test_what_has_no_canonical_spelling_is_refused(case: str, value: object, error: type[Exception]) -> None:
    with pytest.raises(error):
        canonical_json(value)


def test_the_golden_consent_of_the_specification() -> None:
    # Spec policies.md 4.10: c1.AM_Du3kCRoS6x-94UUs0KsDjL7rSEBQgJUHS9Tf7vc4, here in hexadecimal.
    agreed = {
        "domain": "network:n1",
        "changes": [{"assign": {"holder": "eve", "role": "administrator", "scope": "north"}}],
        "delta": [["eve", "north", "payments:create", "GAINED"]],
        "consequences": [["billing", "d41d"]],
    }

    assert (
        sha256(canonical_json(agreed)).hexdigest() == "00cfc3bb79024684bac7ef78514b342ac0e32fbad21014202541d2f537fbbdce"
    )


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-LARGEST_INTEGER, LARGEST_INTEGER) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(JSON_VALUES)
def test_the_spelling_is_json_of_the_same_value(value: object) -> None:
    assert json.loads(canonical_json(value)) == value
