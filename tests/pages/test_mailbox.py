"""The mailbox of demo mode."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette

from pages.mailbox import Mail, mailbox_routes, newest_mails
from tests.pages.asking import ask

NOON = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)


def mail(to: str = "ana@example.com", subject: str = "Hello", body: str = "Text", *, minutes: int = 0) -> Mail:
    return Mail(to, subject, body, NOON + timedelta(minutes=minutes))


def application(*mails: Mail) -> Starlette:
    async def load_mails() -> tuple[Mail, ...]:
        return mails

    return Starlette(routes=mailbox_routes(load_mails))


@pytest.mark.parametrize(
    ("case", "body", "code"),
    [
        ("eight digits", "Your code is 01234567.", "01234567"),
        ("on a line of its own", "Your code:\n\n01234567\n\nIt is valid for ten minutes.", "01234567"),
        ("in two halves", "Your code is 0123 4567.", "01234567"),
        ("with a hyphen", "Your code is 0123-4567, for ten minutes.", "01234567"),
        ("the first of two", "01234567 and 76543210", "01234567"),
        ("six digits", "Your code is 012345.", None),
        ("nine digits", "Your number is 012345678.", None),
        ("a telephone number", "Call +36301234567 or +12345678.", None),
        ("a date and time", "On 2026-03-10 at 12:00:01", None),
        ("in a link", "https://app.example.com/12345678", None),
        ("an amount", "12345678.50 Ft, 1,23456789", None),
        ("digits of another script", "０１２３４５６７", None),
        ("nothing", "", None),
    ],
)
def test_the_code_is_found_in_the_body(case: str, body: str, code: str | None) -> None:
    assert mail(body=body).code == code, case


@given(st.integers(min_value=0, max_value=99_999_999))
def test_every_code_in_a_sentence_is_found(number: int) -> None:
    assert mail(body=f"Hello Ana,\n\nyour code is {number:08}. It is valid for ten minutes.").code == f"{number:08}"


def test_the_newest_hundred_come_newest_first() -> None:
    mails = [mail(subject=str(minutes), minutes=minutes) for minutes in range(120)]

    assert [each.subject for each in newest_mails(mails)] == [str(minutes) for minutes in range(119, 19, -1)]


def test_a_search_looks_past_the_newest_hundred() -> None:
    mails = [mail("hal@example.com", "old"), *(mail(minutes=minutes) for minutes in range(1, 101))]

    assert [each.subject for each in newest_mails(mails, recipient=" HAL@ ")] == ["old"]


async def test_a_mail_is_shown_with_its_code_and_as_text() -> None:
    shown = mail("o'ana@example.com", "<b>Code</b>", "Your code is 0123 4567 <script>alert(1)</script>")

    response = await ask(application(shown), "/dev/mail")

    assert response.status_code == 200
    assert "<h2>&lt;b&gt;Code&lt;/b&gt;</h2>" in response.text
    assert "to o&#39;ana@example.com" in response.text
    assert "<code>01234567</code>" in response.text
    assert "<pre>Your code is 0123 4567 &lt;script&gt;alert(1)&lt;/script&gt;</pre>" in response.text
    assert '<time class="quiet" datetime="2026-03-10T12:00:00+00:00">10 Mar 2026, 12:00:00 UTC</time>' in response.text


async def test_a_mail_without_a_code_has_no_button() -> None:
    response = await ask(application(mail()), "/dev/mail")

    assert 'class="copy"' not in response.text


async def test_the_search_is_by_recipient() -> None:
    mails = [mail("ana@example.com", "for Ana"), mail("hal@example.com", "for Hal", minutes=1)]

    response = await ask(application(*mails), "/dev/mail?to=ANA")

    assert re.findall(r"<h2>(.*)</h2>", response.text) == ["for Ana"]
    assert 'value="ANA"' in response.text


@pytest.mark.parametrize(
    ("case", "path", "sentence"),
    [
        ("no mail at all", "/dev/mail", "No mail yet."),
        ("none to somebody", "/dev/mail?to=<b>", "No mail to “&lt;b&gt;” yet."),
    ],
)
async def test_an_empty_mailbox_says_so(case: str, path: str, sentence: str) -> None:
    response = await ask(application(), path)

    assert sentence in response.text, case


async def test_the_revision_changes_with_the_mails_that_are_shown() -> None:
    one = await ask(application(mail()), "/dev/mail", method="HEAD")
    same = await ask(application(mail()), "/dev/mail")
    two = await ask(application(mail(), mail("hal@example.com", minutes=1)), "/dev/mail")
    two_searched = await ask(application(mail(), mail("hal@example.com", minutes=1)), "/dev/mail?to=ana")

    revision = one.headers["etag"]
    assert re.fullmatch(r'"[0-9a-f]{32}"', revision)
    assert same.headers["etag"] == two_searched.headers["etag"] == revision
    assert two.headers["etag"] != revision
    assert f'<body data-revision="{revision.replace(chr(34), "&#34;")}">' in same.text
