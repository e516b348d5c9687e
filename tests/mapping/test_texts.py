"""Texts, numbers, truth values, codes: hostile input costs nothing, and every form is its own canonical form."""

from __future__ import annotations

import time
from decimal import Decimal
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mapping import functions, moments, names, normalize
from mapping.normalize import boolean, clean, clean_json, country, currency, integer, language, number
from mapping.texts import TEXT_LIMIT

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


def test_control_characters_and_invisible_marks_are_taken_out() -> None:
    assert clean("a\x00b\x1bc\u202a\ufeff\ud800d\r\ne\x7f") == "abcd\ne"
    assert clean("  \u00a0Jane\u2003 ") == "Jane"
    assert clean("e\u0301") == "é"
    assert len(clean("x" * (TEXT_LIMIT + 5))) == TEXT_LIMIT


@given(st.text(st.characters(), max_size=60))
def test_a_clean_text_is_clean_and_can_be_stored(text: str) -> None:
    found = clean(text)
    assert clean(found) == found
    assert "\x00" not in found
    found.encode()


@pytest.mark.parametrize(
    "value",
    ["", "abc", "1.2.3,4", "12,34,5", "--5", "1e999999999", "NaN", "Infinity", float("nan"), float("inf"), True,
     None, [], {},
     "1" * 100, "5-3", "1,2,3", 10**100],
)  # fmt: skip
def test_what_is_no_number_gives_none(value: Any) -> None:
    assert number(value) is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("49.90", "49.90"),
        (49.9, "49.9"),
        (1000, "1000"),
        ("1e3", "1000"),
        ("1,234.56", "1234.56"),
        ("1.234,56", "1234.56"),
        ("1 234,56", "1234.56"),
        ("1'234.50", "1234.50"),
        ("12,34,567.8", "1234567.8"),
        ("1,234", "1234"),
        ("49,90", "49.90"),
        ("€ 49.90", "49.90"),
        ("49,90 €", "49.90"),
        ("$1,234", "1234"),
        ("-5", "-5"),
        ("\u22125,5", "-5.5"),
        ("(12.50)", "-12.50"),
        (Decimal("1E+3"), "1000"),
        ("+7", "7"),
    ],
)
def test_a_number_is_read_in_both_notations(value: Any, expected: str) -> None:
    assert number(value) == expected


def test_whole_numbers_are_whole_and_fit_into_a_database() -> None:
    assert integer("12.5") is None
    assert integer(2**63) is None
    assert integer("11-50") is None
    assert integer("1,000") == 1000
    assert integer(12.0) == 12


def test_truth_has_many_words_and_doubt_none() -> None:
    doubtful: tuple[Any, ...] = ("maybe", "", None, 2, [], "x" * 50)
    assert all(boolean(value) is None for value in doubtful)
    assert all(boolean(value) is True for value in (True, 1, "1", "Yes", "ja", "OUI", "true", 1.0))
    assert all(boolean(value) is False for value in (False, 0, "0", "No", "nein", "FALSE"))


def test_countries_currencies_and_languages_are_known_by_many_names() -> None:
    assert country("Narnia") is None
    assert country("x" * 500) is None
    assert [country(name) for name in ("gb", "GBR", "Deutschland", "ÉTATS-UNIS", "u.s.a.", "Suisse", "España")] == [
        "GB", "GB", "DE", "US", "US", "CH", "ES",
    ]  # fmt: skip
    assert currency("$") is None
    assert currency("abc") is None
    assert [currency(code) for code in ("eur", "€", " GBP ")] == ["EUR", "EUR", "GBP"]
    assert language("klingonese tongue") is None
    assert [language(tag) for tag in ("EN", "en_us", "zh-hant-tw", "Deutsch")] == ["en", "en-US", "zh-Hant-TW", "de"]


@given(ANYTHING)
def test_any_json_becomes_json_that_can_be_stored(value: Any) -> None:
    found = clean_json(value)
    assert clean_json(found) == found
    orjson.dumps(found)


def test_json_that_nests_for_ever_is_refused() -> None:
    deep: Any = "x"
    for _ in range(100):
        deep = [deep]
    with pytest.raises(ValueError, match="deep"):
        clean_json(deep)


@given(st.text(max_size=60))
def test_every_code_is_its_own_canonical_form(text: str) -> None:
    for read in (country, currency, language, number, normalize.domain):
        found = read(text)
        assert found is None or read(found) == found


HOSTILE = [
    "a" * 100_000,
    "a." * 50_000 + "@",
    "a@" + "a-" * 50_000,
    "@" * 100_000,
    "<" * 50_000 + ">" * 50_000,
    "1," * 50_000,
    "1 " * 30 + "x",
    " " * 100_000 + "x",
    "(" * 100_000,
    "+" + "1" * 100_000,
    "Dr. " * 25_000,
    "A, " * 30_000,
    "\u0301" * 50_000,
    "12/31/2025" + " " * 50_000,
    "xn--" * 20_000 + ".com",
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_no_text_makes_a_normaliser_slow(text: str) -> None:
    before = time.process_time()
    for read in (clean, normalize.email, normalize.domain, country, currency, language, number, moments.instant):
        read(text)
    normalize.phone(text, "GB")
    names.name_parts(text)
    names.name_key(full=text)
    for function in functions.OURS.values():
        if function.fewest == 1:
            function.call(text)
    assert time.process_time() - before < 0.5
