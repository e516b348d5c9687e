"""Phone numbers: E.164, and the same answer on the quick way as on the library's own."""

from __future__ import annotations

import phonenumbers
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mapping.normalize import phone, placeholder_phone

COUNTRIES = sorted(phonenumbers.SUPPORTED_REGIONS)


@pytest.mark.parametrize(
    ("text", "country"),
    [("", "GB"), ("abc", "GB"), ("+", ""), ("12", "GB"), ("+0447911123456", ""), ("020 7183 8750", ""),
     ("+999123456789", ""),
     ("0" * 500, "GB"), ("+44" + "1" * 30, "GB"), ("٠" * 12, "XX"), ("020 7183 8750", "XX"), ("n/a", "US")],
)  # fmt: skip
def test_what_cannot_be_dialled_gives_none(text: str, country: str) -> None:
    assert phone(text, country) is None


@pytest.mark.parametrize(
    ("text", "country", "number"),
    [
        ("+44 20 7183 8750", "", "+442071838750"),
        ("(020) 7183-8750", "GB", "+442071838750"),
        ("020 7183 8750 ext. 12", "GB", "+442071838750"),
        ("0044 20 7183 8750", "GB", "+442071838750"),
        ("+44 (0)20 7183 8750", "", "+442071838750"),
        ("+49 0151 23456789", "", "+4915123456789"),
        ("tel:+1-415-555-2671", "", "+14155552671"),
        ("(415) 555-2671", "US", "+14155552671"),
        ("415.555.2671", "us", "+14155552671"),
        ("'+31612345678", "", "+31612345678"),
        ("089 1234567", "DE", "+49891234567"),
        ("06 698 12345", "IT", "+390669812345"),
        ("\u202a+49 89 1234567\u202c", "", "+49891234567"),
    ],
)
def test_every_way_to_write_a_number_gives_one_number(text: str, country: str, number: str) -> None:
    assert phone(text, country) == number


@given(
    st.sampled_from(["GB", "US", "IT", "DE", "FR", "NO"]) | st.sampled_from(COUNTRIES),
    st.sampled_from(["", "+", "0", "00", "1", "+0"]),
    st.booleans(),
    st.text("0123456789", min_size=3, max_size=14),
)
@example("IT", "00", False, "6039177710")
@example("IT", "0", False, "0223")
@example("GB", "+0", True, "2071838750")
def test_the_quick_way_answers_as_the_library_does(country: str, prefix: str, with_code: bool, digits: str) -> None:
    code = str(phonenumbers.country_code_for_region(country)) if with_code else ""
    text = f"{prefix}{code}{digits}"
    try:
        number = phonenumbers.parse(text, country)
        possible = phonenumbers.is_possible_number_with_reason(number) == phonenumbers.ValidationResult.IS_POSSIBLE
        expected = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) if possible else None
    except phonenumbers.NumberParseException:
        expected = None
    assert phone(text, country) == expected


@given(st.text(max_size=30), st.sampled_from(["", *COUNTRIES]))
def test_a_number_in_e164_stays_as_it_is(text: str, country: str) -> None:
    found = phone(text, country)
    if found is not None:
        assert phone(found) == found


def test_real_numbers_are_no_placeholders() -> None:
    for number in ("+442071838750", "+14155552671", "+4915112223333"):
        assert not placeholder_phone(number)


def test_numbers_typed_to_get_past_a_form_are_known() -> None:
    for number in ("+10000000000", "+11234567890", "+14155550100", "+441111111111"):
        assert placeholder_phone(number)
