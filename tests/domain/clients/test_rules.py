"""Golden phones and the mask: booking.md 4.7."""

from __future__ import annotations

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.clients.rules import InvalidPhone, masked_phone, name_key, phone_number

HUNGARIAN = "aábcdeéfghiíjklmnoóöőpqrstuúüűvwxyz"
GREEK = "αάβγδεέζηήθιίϊΐκλμνξοόπρσςτυύϋΰφχψωώ"
names = st.text(alphabet=HUNGARIAN + GREEK + " -'", max_size=40)


@pytest.mark.parametrize(
    ("case", "country", "typed", "phone"),
    [
        ("Hungarian mobile", "HU", "06 30 123 4567", "+36301234567"),
        ("Greek landline", "GR", "210 748 9589", "+302107489589"),
        ("foreign number in Hungary", "HU", "+44 20 7946 0958", "+442079460958"),
        ("dialled with 00", "HU", "00 44 20 7946 0958", "+442079460958"),
        ("brackets and hyphens", "HU", "(06-30) 123-4567", "+36301234567"),
    ],
)
def test_phone_is_stored_as_e164(case: str, country: str, typed: str, phone: str) -> None:
    assert phone_number(typed, country=country) == phone


@pytest.mark.parametrize(
    ("case", "typed"),
    [
        ("too short", "12345"),
        ("without its area code", "1234567"),
        ("too long", "06 30 123 4567 8901 2345"),
        ("no number", "call me"),
        ("nothing", ""),
        ("no such country", "+999 123 4567"),
        ("very long", "1" * 1000),
    ],
)
def test_phone_that_cannot_be_dialled_is_refused(case: str, typed: str) -> None:
    with pytest.raises(InvalidPhone) as refusal:
        phone_number(typed, country="HU")

    assert refusal.value.code == "INVALID_PHONE"


@given(st.text(max_size=40))
def test_any_text_is_a_phone_or_refused(typed: str) -> None:
    try:
        phone = phone_number(typed, country="HU")
    except InvalidPhone:
        return

    assert phone_number(phone, country="GR") == phone


@pytest.mark.parametrize(
    ("phone", "masked"),
    [
        ("+36301234567", "+36 ** *** **67"),
        ("+442079460958", "+44 ** **** **58"),
        ("+12025550123", "+1 ***-***-**23"),
    ],
)
def test_masked_phone(phone: str, masked: str) -> None:
    assert masked_phone(phone) == masked


@pytest.mark.parametrize("region", sorted(phonenumbers.SUPPORTED_REGIONS))
def test_masked_phone_of_any_country_shows_the_country_code_and_two_digits(region: str) -> None:
    example = phonenumbers.example_number(region)
    assert example is not None
    phone = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)

    masked = masked_phone(phone)

    shown = "".join(character for character in masked if character.isdigit())
    assert shown == f"{example.country_code}{phone[-2:]}"
    assert masked.count("*") == len(phone) - 1 - len(shown)


@pytest.mark.parametrize(
    ("case", "name", "key"),
    [
        ("Hungarian", "Őszi Ágnes", "oszi agnes"),
        ("all Hungarian accents", "ÁÉÍÓÖŐÚÜŰ", "aeiooouuu"),
        ("Greek with tonos and final sigma", "Γιώργος Παπαδόπουλος", "γιωργοσ παπαδοπουλοσ"),
        ("Greek capitals", "ΓΙΩΡΓΟΣ ΠΑΠΑΔΟΠΟΥΛΟΣ", "γιωργοσ παπαδοπουλοσ"),
        ("Greek with dialytika", "Μαΐου", "μαιου"),
        ("English", "Anne-Marie O'Neill", "anne-marie o'neill"),
        ("composed by hand", "A\N{COMBINING ACUTE ACCENT}gi", "agi"),
        ("spaces", "  Kovács \t Anna\N{NO-BREAK SPACE}Mária ", "kovacs anna maria"),
        ("a capital that only decomposition shows", "℡", "tel"),
        ("sharp s", "Strauß", "strauss"),
        ("no name", " ", ""),
    ],
)
def test_name_key(case: str, name: str, key: str) -> None:
    assert name_key(name) == key


@given(names)
def test_name_key_does_not_depend_on_case_and_is_its_own_key(name: str) -> None:
    key = name_key(name)

    assert name_key(name.upper()) == name_key(name.title()) == key
    assert name_key(key) == key


@given(st.text(max_size=40))
def test_name_key_of_any_text_is_its_own_key(name: str) -> None:
    assert name_key(name_key(name)) == name_key(name)
