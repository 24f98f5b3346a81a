"""Names: each language's own order, and mailboxes that every mail server takes."""

from __future__ import annotations

import re

import pytest

from demo.ids import chance
from demo.names import TONGUES, PersonName, drawn_name, latin
from domain.identity.rules import email_key


@pytest.mark.parametrize(
    ("case", "name", "full", "mailbox"),
    [
        ("family name first", PersonName("hu", "Enikő", "Szűcs"), "Szűcs Enikő", "eniko.szucs"),
        ("given name first", PersonName("en", "Grace", "Abbott"), "Grace Abbott", "grace.abbott"),
        ("a woman's family name", PersonName("el", "Ζωή", "Παπαδοπούλου"), "Ζωή Παπαδοπούλου", "zoi.papadopoulou"),
    ],
)
def test_a_name_is_said_in_its_languages_order(case: str, name: PersonName, full: str, mailbox: str) -> None:
    assert (name.full, name.mailbox) == (full, mailbox)


@pytest.mark.parametrize(
    ("case", "name", "letters"),
    [
        ("two letters for one", "Θεοδώρα", "theodora"),
        ("ou is one sound", "Ιωάννου", "ioannou"),
        ("av", "Παυλίδης", "pavlidis"),
        ("ev and ng", "Ευαγγελία", "evangelia"),
        ("a final sigma", "Χρήστος", "christos"),
        ("double accents", "Szűcs", "szucs"),
    ],
)
def test_names_are_written_in_latin_letters(case: str, name: str, letters: str) -> None:
    assert latin(name) == letters


@pytest.mark.parametrize("language", list(TONGUES))
def test_every_name_makes_a_mailbox(language: str) -> None:
    tongue = TONGUES[language]

    for given in (*tongue.women, *tongue.men):
        for family in {family for pair in tongue.families for family in pair}:
            mailbox = PersonName(language, given, family).mailbox
            assert re.fullmatch(r"[a-z]{2,}\.[a-z]{2,}", mailbox), mailbox
            assert email_key(f"{mailbox}@example.com") == f"{mailbox}@example.com"


@pytest.mark.parametrize("language", list(TONGUES))
def test_no_language_repeats_a_name(language: str) -> None:
    tongue = TONGUES[language]

    for names in (tongue.women, tongue.men, tongue.families):
        assert len(set(names)) == len(names)


def test_a_greek_family_name_goes_with_the_given_one() -> None:
    women, men = TONGUES["el"].women, TONGUES["el"].men
    of_women = {woman for woman, _ in TONGUES["el"].families}
    of_men = {man for _, man in TONGUES["el"].families}
    draw = chance("names")

    names = [drawn_name(draw, "el") for _ in range(500)]

    assert all(name.family in of_women for name in names if name.given in women)
    assert all(name.family in of_men for name in names if name.given in men)
    assert {name.given in women for name in names} == {True, False}


def test_the_same_chance_draws_the_same_names() -> None:
    one, other = chance("names"), chance("names")

    assert [drawn_name(one, "hu") for _ in range(20)] == [drawn_name(other, "hu") for _ in range(20)]


def test_a_language_without_names_is_refused() -> None:
    with pytest.raises(KeyError):
        drawn_name(chance("names"), "fr")
