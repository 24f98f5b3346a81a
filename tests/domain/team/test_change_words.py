"""Changes of policy as sentences."""

from __future__ import annotations

from typing import Any

import pytest

from domain.team.change_words import Named, sentence_of

FAY = Named("Fay", "administrator", "at North")


@pytest.mark.parametrize(
    ("kind", "said", "sentence"),
    [
        ("assign", {}, "Fay got the role administrator at North."),
        (
            "assign",
            {"from": "2026-03-10T10:00:00+02:00", "until": "2026-03-12T08:00:00+00:00", "limits": {"own": True}},
            "Fay got the role administrator at North, from 2026-03-10 08:00 UTC, until 2026-03-12 08:00 UTC "
            "under the limits own.",
        ),
        ("end", {}, "Fay no longer has the role administrator at North."),
        ("limit", {"limits": {}}, "Fay has the role administrator at North without limits from now on."),
        ("suspend", {}, "Fay was suspended."),
        ("resume", {}, "The suspension of Fay was ended."),
    ],
)
def test_a_change_of_somebodys_access(kind: str, said: dict[str, Any], sentence: str) -> None:
    assert sentence_of(kind, said, FAY) == sentence


@pytest.mark.parametrize(
    ("kind", "said", "sentence"),
    [
        ("create", {"role": "desk", "lines": [1]}, "The role desk was made, with 1 line."),
        ("change", {"role": "desk", "lines": [1, 2]}, "The role desk was given other lines: it has 2 lines now."),
        ("retire", {"role": "desk"}, "The role desk was taken out of use."),
        (
            "retire",
            {"role": "desk", "replacement": "viewer"},
            "The role desk was taken out of use; its holders have viewer instead.",
        ),
    ],
)
def test_a_change_of_a_role(kind: str, said: dict[str, Any], sentence: str) -> None:
    assert sentence_of(kind, said, None) == sentence


@pytest.mark.parametrize(("kind", "named"), [("rent", FAY), ("rent", None), ("assign", None)])
def test_a_kind_without_words_for_it_is_named(kind: str, named: Named | None) -> None:
    assert sentence_of(kind, {}, named) == f"A change of the kind {kind}."
