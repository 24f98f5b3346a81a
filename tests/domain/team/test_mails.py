"""The mails of the policy: every language says the same."""

from __future__ import annotations

from uuid import UUID

import pytest

from domain.notices.rules import MailText
from domain.team.mails import PolicyNews, policy_mail


def request(language: str = "en") -> MailText:
    """The mail in which Tim asks for eight hours at Aurora Athens."""
    return policy_mail(
        language,
        PolicyNews.VISIT_REQUESTED,
        network="Aurora",
        who="Tim",
        account=str(UUID(int=7)),
        role="Viewer",
        place="Aurora Athens",
        hours="8",
        reason="The till is stuck",
    )


def test_english_request_word_for_word() -> None:
    assert request() == MailText(
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
def test_a_request_is_in_the_owners_language_and_says_who_asks_for_what_and_why(language: str, subject: str) -> None:
    text = request(language)

    assert text.subject.startswith(subject)
    for part in ("Tim", " 8 ", "Viewer", "Aurora Athens", "The till is stuck", str(UUID(int=7))):
        assert text.body.count(part) == 1
    assert "{" not in text.subject + text.body


@pytest.mark.parametrize("news", PolicyNews)
@pytest.mark.parametrize("language", ["en", "hu", "el", "hu-HU", "fi"])
def test_every_text_says_everything_in_every_language(news: PolicyNews, language: str) -> None:
    words = {
        "network": "Salon {x}\nB",
        "who": "Bo",
        "whom": "Ana",
        "role": "desk",
        "since": "1 May",
        "until": "2 May",
        "details": "- d",
        "address": "",
        "account": "7",
        "place": "Salon {x}\nB",
        "hours": "8",
        "reason": "- d",
    }

    mail = policy_mail(language, news, **words)

    assert "\n" not in mail.subject
    assert "Salon {x} B" in mail.subject
    assert "- d" in mail.body
    assert not any(line.endswith(" ") for line in mail.body.split("\n"))
