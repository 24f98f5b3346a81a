"""The texts of mails: identity.md 4.2 (a code's names device and address prefix, holds no link); booking.md 4.11."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.notices.rules import (
    AppointmentNews,
    MailText,
    appointment_mail,
    appointment_news,
    deliverable_address,
    language_of,
    sign_in_code_mail,
    wall_time,
)

LINK = re.compile(r"://|www\.|[^\W\d_]\.[^\W\d_]|@")


def mail(language: str = "en", *, device: str = "Firefox 140.0 on Windows 11") -> MailText:
    """A mail with the code 01234567."""
    return sign_in_code_mail(language, code="01234567", device=device, address_prefix="203.0.113.0/24", minutes=10)


def test_english_mail_word_for_word() -> None:
    assert mail() == MailText(
        "Your sign-in code",
        "Your sign-in code is 01234567. It is good for 10 minutes.\n\n"
        "Device: Firefox 140.0 on Windows 11\nAddress: 203.0.113.0/24\n\n"
        "If this is not you, somebody knows your password: sign in and change it. "
        "Nobody from us ever asks for this code.\n",
    )


@pytest.mark.parametrize(
    ("language", "subject"),
    [
        ("en", "Your sign-in code"),
        ("hu", "Bejelentkezési kód"),
        ("hu-HU", "Bejelentkezési kód"),
        ("el", "Κωδικός σύνδεσης"),
        ("EL", "Κωδικός σύνδεσης"),
        ("fr", "Your sign-in code"),
        ("", "Your sign-in code"),
    ],
)
def test_mail_is_in_the_person_s_language(language: str, subject: str) -> None:
    assert mail(language).subject == subject


@pytest.mark.parametrize("language", ["en", "hu", "el"])
def test_every_language_names_code_life_device_and_address_and_holds_no_link(language: str) -> None:
    text = mail(language)

    for part in ("01234567", " 10 ", "Firefox 140.0 on Windows 11", "203.0.113.0/24"):
        assert text.body.count(part) == 1
    assert LINK.search(text.subject + text.body) is None
    assert not any(character.isdigit() for character in text.subject)


@pytest.mark.parametrize(
    ("case", "device", "shown"),
    [
        ("an address of a site", "https://evil.example/login now", "https evil example login now"),
        ("an address without a scheme", "www.evil.example", "www evil example"),
        ("lines of its own", "Firefox\r\n\r\nYour code is 1", "Firefox Your code is 1"),
        ("a placeholder", "{code}{minutes}", "code minutes"),
        ("too long", "x" * 500, "x" * 80),
    ],
)
def test_what_a_browser_says_of_itself_makes_no_link_and_no_line(case: str, device: str, shown: str) -> None:
    assert mail(device=device).body.splitlines()[2] == f"Device: {shown}"


@given(st.text(max_size=200))
def test_no_device_name_whatsoever_makes_a_link_or_a_line(device: str) -> None:
    text = mail(device=device)

    assert LINK.search(text.body) is None
    assert len(text.body.split("\n")) == len(mail().body.split("\n"))


MONDAY = datetime(2026, 3, 2, 9, 5, tzinfo=ZoneInfo("Europe/Budapest"))


@pytest.mark.parametrize(
    ("language", "written"),
    [
        ("en", "Monday 2 March 2026, 09:05"),
        ("hu", "2026. március 2., hétfő, 09:05"),
        ("el-CY", "Δευτέρα 2 Μαρτίου 2026, 09:05"),
        ("fr", "Monday 2 March 2026, 09:05"),
    ],
)
def test_a_date_is_written_as_people_of_the_language_do(language: str, written: str) -> None:
    assert wall_time(language, MONDAY) == written


@pytest.mark.parametrize("language", ["en", "hu", "el"])
def test_each_month_and_each_weekday_has_its_own_word(language: str) -> None:
    days = [datetime(2026, month, day, tzinfo=UTC) for month in range(1, 13) for day in range(1, 8)]

    words = {word for day in days for word in re.findall(r"[^\W\d]+", wall_time(language, day))}

    assert len(words) == 12 + 7


def test_english_mail_of_a_booking_word_for_word() -> None:
    assert appointment_mail("en", AppointmentNews.BOOKED, starts_at=MONDAY, place="Aurora, Budapest") == MailText(
        "Your appointment: Monday 2 March 2026, 09:05",
        "Your appointment is booked.\n\nWhen: Monday 2 March 2026, 09:05\nWhere: Aurora, Budapest\n\n"
        "If you cannot come, please let us know in good time.\n",
    )


@pytest.mark.parametrize("language", ["en", "hu", "el"])
@pytest.mark.parametrize("news", list(AppointmentNews))
def test_every_mail_of_an_appointment_says_when_and_where_and_holds_no_link(
    language: str, news: AppointmentNews
) -> None:
    text = appointment_mail(language, news, starts_at=MONDAY, place="{when} Aurora")

    assert wall_time(language, MONDAY) in text.subject
    assert text.body.count(wall_time(language, MONDAY)) == 1
    assert text.body.count("{when} Aurora") == 1
    assert LINK.search(text.subject + text.body) is None


def test_every_mail_of_an_appointment_is_a_text_of_its_own() -> None:
    texts = {
        appointment_mail(language, news, starts_at=MONDAY, place="").subject
        for language in ("en", "hu", "el")
        for news in AppointmentNews
    }

    assert len(texts) == 9


@pytest.mark.parametrize(
    ("state", "was_moved", "news"),
    [
        ("PENDING", False, AppointmentNews.BOOKED),
        ("CONFIRMED", False, AppointmentNews.BOOKED),
        ("CONFIRMED", True, AppointmentNews.MOVED),
        ("CANCELLED", False, AppointmentNews.CANCELLED),
        ("CANCELLED", True, AppointmentNews.CANCELLED),
        ("ARRIVED", False, None),
        ("COMPLETED", True, None),
        ("NO_SHOW", False, None),
        ("DECLINED", False, None),
        ("EXPIRED", False, None),
    ],
)
def test_what_there_is_to_tell_of_an_appointment(state: str, was_moved: bool, news: AppointmentNews | None) -> None:
    assert appointment_news(state, was_moved=was_moved) is news


@pytest.mark.parametrize(
    ("case", "language", "country", "read"),
    [
        ("one's own", "en", "HU", "en"),
        ("the country's", None, "HU", "hu"),
        ("the country's", None, "GR", "el"),
        ("the country's", None, "CY", "el"),
        ("no language of ours", None, "US", "en"),
        ("left empty", "", "HU", "hu"),
    ],
)
def test_people_are_written_to_in_their_language_or_the_country_s(
    case: str, language: str | None, country: str, read: str
) -> None:
    assert language_of(language, country=country) == read


@pytest.mark.parametrize(
    ("stored", "delivered"),
    [
        ("Anna@example.hu", "Anna@example.hu"),
        ("Anna@PÉLDA.hu", "Anna@xn--plda-bpa.hu"),
    ],
)
def test_mail_servers_get_the_domain_in_ascii_and_the_mailbox_as_it_is(stored: str, delivered: str) -> None:
    assert deliverable_address(stored) == delivered
