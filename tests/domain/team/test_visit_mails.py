"""The mail in which somebody asks to be let in: every language says the same, and nothing in it makes a link."""

from __future__ import annotations

import re
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.notices.rules import MailText
from domain.team.visit_mails import visit_requested_mail

LINK = re.compile(r"://|www\.|[^\W\d_]\.[^\W\d_]|@")


def mail(language: str = "en", *, visitor: str = "Tim", reason: str = "The till is stuck") -> MailText:
    """The mail in which Tim asks for eight hours at Aurora Athens."""
    return visit_requested_mail(
        language, visitor=visitor, account=UUID(int=7), role="Viewer", place="Aurora Athens", hours=8, reason=reason
    )


def test_english_mail_word_for_word() -> None:
    assert mail() == MailText(
        "Somebody asks to be let in: Aurora Athens",
        "Tim asks to be let into your network for 8 hours.\n\n"
        "As: Viewer\nWhere: Aurora Athens\nWhy: The till is stuck\n"
        "Account: 00000000-0000-0000-0000-000000000007\n\n"
        "Nothing is open yet. To let them in, approve a visit of this account; else do nothing.\n",
    )


@pytest.mark.parametrize(
    ("language", "subject"),
    [
        ("en", "Somebody asks"),
        ("hu-HU", "Belépést kérnek"),
        ("EL", "Ζητείται πρόσβαση"),
        ("fr", "Somebody asks"),
        ("", "Somebody asks"),
    ],
)
def test_mail_is_in_the_owners_language_and_says_who_asks_for_what_and_why(language: str, subject: str) -> None:
    text = mail(language)

    assert text.subject.startswith(subject)
    for part in ("Tim", " 8 ", "Viewer", "Aurora Athens", "The till is stuck", str(UUID(int=7))):
        assert text.body.count(part) == 1
    assert "{" not in text.subject + text.body


@given(st.text(max_size=200), st.text(max_size=200))
def test_no_name_and_no_reason_makes_a_link_or_a_line(visitor: str, reason: str) -> None:
    text = mail(visitor=visitor, reason=reason)

    assert LINK.search(text.body) is None
    assert len(text.body.split("\n")) == len(mail().body.split("\n"))
