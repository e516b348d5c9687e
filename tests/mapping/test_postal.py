"""Street addresses and postal codes in one form."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mapping.postal import Street, postcode, street


@pytest.mark.parametrize("nothing", ["", "  ", "\n", "#", ",.-"])
def test_nothing_is_no_street(nothing: str) -> None:
    assert street(nothing) in (Street("", "", ""), Street("", "unit", ""))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("12 High Street", "12 HIGH ST."),
        ("Hauptstraße 12", "Hauptstr. 12"),
        ("Hauptstrasse 12a", "12a Hauptstr."),
        ("3/12 Main Road", "Unit 3, 12 Main Rd"),
        ("12 Main Rd Apt 4", "12 Main Road #4"),
        ("99 North First Avenue", "99 N 1st Ave"),
    ],
)
def test_spellings_of_one_address_are_equal(one: str, other: str) -> None:
    assert street(one) == street(other)


def test_number_street_and_unit_come_apart() -> None:
    assert street("Flat 2, 12 High Street") == Street("12", "high st", "2")
    assert street("Rue de la Paix 7") == Street("7", "r de la paix", "")


def test_another_number_is_another_address() -> None:
    assert street("12 High Street") != street("21 High Street")


@given(st.text(max_size=60))
def test_no_text_breaks_it(text: str) -> None:
    assert len(street(text)) == 3


@pytest.mark.parametrize(
    ("text", "code"),
    [("", ""), ("ls1 1aa", "LS11AA"), ("94103-1234", "94103"), ("D-10115", "D10115"), ("01234", "01234")],
)
def test_postal_codes_have_one_form(text: str, code: str) -> None:
    assert postcode(text) == code
