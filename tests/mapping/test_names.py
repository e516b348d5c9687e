"""Names: their parts, and one key for all spellings of one name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mapping.normalize import fold, name_key, name_parts


@pytest.mark.parametrize("full", ["", "  ", ",", ", ,", "jane@example.com", "x" * 5000])
def test_what_is_no_name_has_no_parts(full: str) -> None:
    assert name_parts(full) == ("", "")


@pytest.mark.parametrize(
    ("full", "given_name", "family_name"),
    [
        ("Jane Doe", "Jane", "Doe"),
        ("Doe, Jane", "Jane", "Doe"),
        ("MÜLLER, ANNA", "ANNA", "MÜLLER"),
        ("Dr. Jane Doe, PhD", "Jane", "Doe"),
        ("Jane Doe PhD", "Jane", "Doe"),
        ("John Smith Jr.", "John", "Smith"),
        ("Smith, John, Jr.", "John", "Smith"),
        ("Ludwig van Beethoven", "Ludwig", "van Beethoven"),
        ("Jack Ma", "Jack", "Ma"),
        ("Don Smith", "Don", "Smith"),
        ("Mr. Smith", "", "Smith"),
        ("Madonna", "Madonna", ""),
        ("Jane Mary Doe", "Jane Mary", "Doe"),
    ],
)
def test_a_full_name_falls_into_its_parts(full: str, given_name: str, family_name: str) -> None:
    assert name_parts(full) == (given_name, family_name)


def test_different_people_keep_different_keys() -> None:
    assert name_key("John", "Smith", "John Smith Jr.") != name_key("John", "Smith")
    assert name_key(full="John Smith Sr.") != name_key(full="John Smith, Jr")
    assert name_key("Jan", "Doe") != name_key("Jane", "Doe")
    assert name_key(full="jane@example.com") == name_key() == ""


@pytest.mark.parametrize(
    "other",
    [
        ("Jane", "Doe", ""),
        ("", "", "Doe, Jane"),
        ("", "", "DOE, JANE"),
        ("", "", "Dr. Jane Doe"),
        ("JANE", "doe", "anything"),
        ("Jane", "Doe, PhD", ""),
        ("", "", "Jané Döe"),
        ("Doe", "Jane", ""),
    ],
)
def test_spellings_of_one_name_share_a_key(other: tuple[str, str, str]) -> None:
    assert name_key(*other) == name_key(full="Jane Doe")


def test_letters_that_do_not_decompose_are_folded_too() -> None:
    assert fold("Łukasz Østergård-Þór’s") == "lukasz ostergard thors"
    assert fold("STRAUSS") == fold("Strauß")


@given(st.text(max_size=80))
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)
    assert len(name_key(full=text)) <= 200
    name_parts(text)
