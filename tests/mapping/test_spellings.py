"""Spellings of a word: other scripts, what sounds the same, nicknames."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mapping.spellings import letters, nicknames, root, sound


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("", ""),
        ("José", "jose"),
        ("Müller", "muller"),
        ("Ольга", "olga"),
        ("Βασίλης", "vasilis"),
        ("O'Brien-Smith", "obrien smith"),
        ("Łukasz", "lukasz"),
    ],
)
def test_every_script_becomes_plain_letters(text: str, plain: str) -> None:
    assert letters(text) == plain


@given(st.text(max_size=40))
def test_plain_letters_are_ascii_and_stay_as_they_are(text: str) -> None:
    assert letters(text).isascii()
    assert letters(letters(text)) == letters(text)


@pytest.mark.parametrize(
    ("one", "other"),
    [("meyer", "maier"), ("smith", "smyth"), ("philip", "filip"), ("schmidt", "shmit"), ("catherine", "katherine")],
)
def test_what_sounds_alike_shares_a_code(one: str, other: str) -> None:
    assert sound(one) == sound(other)


@pytest.mark.parametrize(("one", "other"), [("smith", "jones"), ("anna", "maria"), ("miller", "muster")])
def test_what_sounds_different_does_not(one: str, other: str) -> None:
    assert sound(one) != sound(other)


def test_nothing_has_no_sound() -> None:
    assert sound("") == ""


@pytest.mark.parametrize(("one", "other"), [("bob", "robert"), ("bob", "rob"), ("liz", "betty"), ("bill", "william")])
def test_nicknames_of_one_name_stand_for_each_other(one: str, other: str) -> None:
    assert nicknames(one, other)
    assert nicknames(other, one)


def test_other_names_do_not() -> None:
    assert not nicknames("robert", "william")


def test_every_nickname_has_one_root() -> None:
    assert root("bob") == root("rob") == root("robert") == "robert"
    assert root("zebulonia") == "zebulonia"
    assert root("bill") == root("william") == "william"
