"""Two records as a row of levels."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mapping.comparison import Comparison, comparison
from mapping.features import FEATURES, compare
from mapping.statistics import EMPTY, Count, Snapshot, counted, snapshot


def said(one: dict[str, Any], other: dict[str, Any], counts: Snapshot = EMPTY) -> dict[str, str]:
    row = compare(comparison("person", one), comparison("person", other), counts)
    return {feature.name: feature.levels[level] for feature, level in zip(FEATURES, row, strict=True)}


def test_two_empty_records_have_nothing_in_common() -> None:
    row = compare(Comparison(), Comparison(), EMPTY)
    assert set(row) == {0}


@pytest.mark.parametrize(
    ("one", "other", "level"),
    [
        ("Ann", "", "not known in both"),
        ("Ann", "Ann", "same"),
        ("Bob", "Robert", "nickname of it"),
        ("J.", "John", "initial fits"),
        ("J.", "Mary", "differs"),
        ("Jonathan", "Jonahtan", "one or two letters off"),
        ("Ann", "Amy", "differs"),
    ],
)
def test_given_names(one: str, other: str, level: str) -> None:
    found = said({"given_name": one, "family_name": "Quill"}, {"given_name": other, "family_name": "Quill"})
    assert found["given name"] == level


@pytest.mark.parametrize(
    ("one", "other", "level"),
    [
        ("Smith", "Smith", "same"),
        ("Smith", "Smiht", "one or two letters off"),
        ("Smith-Jones", "Jones", "one of its parts"),
        ("Meyer", "Maier", "sounds the same"),
        ("Smith", "Papadopoulos", "differs"),
    ],
)
def test_family_names(one: str, other: str, level: str) -> None:
    found = said({"given_name": "Ann", "family_name": one}, {"given_name": "Ann", "family_name": other})
    assert found["family name"] == level


def test_a_name_written_crosswise_is_seen() -> None:
    found = said({"given_name": "Anna", "family_name": "Kowalska"}, {"given_name": "Kowalska", "family_name": "Anna"})
    assert found["given name"] == "stands as family name"
    assert found["name as a whole"] == "same, crosswise"


@pytest.mark.parametrize(
    ("one", "other", "level"),
    [
        ("1980-03-04", "1980-03-04", "same"),
        ("1980-03-04", "1980-04-03", "day and month swapped"),
        ("1980-03-04", "1980-03-05", "one or two digits off"),
        ("1980-03-04", "1971-11-23", "differs"),
        ("--03-04", "1980-03-04", "only day and month known, same"),
        ("--03-04", "1980-03-05", "differs"),
        ("1980-03-04", "", "not known in both"),
    ],
)
def test_birth_dates(one: str, other: str, level: str) -> None:
    assert said({"birth_date": one}, {"birth_date": other})["birth date"] == level


def test_an_email_under_many_names_says_less() -> None:
    values = {"email": "smiths@acme.com"}
    many = Snapshot({("email", "smiths@acme.com"): Count(40, 7)})
    assert said(values, values)["email"] == "same, held under one name"
    assert said(values, values, many)["email"] == "same, held under many names"
    assert said(values, values, many)["how many share the email or phone"] == "held by 17 to 64"


@pytest.mark.parametrize(
    ("other", "level"),
    [
        ("jane.doe@web.de", "same before the sign"),
        ("jane.deo@acme.com", "one or two letters off"),
        ("somebody@else.com", "differs"),
    ],
)
def test_emails(other: str, level: str) -> None:
    assert said({"email": "jane.doe@acme.com"}, {"email": other})["email"] == level


@pytest.mark.parametrize(
    ("one", "other"), [("ak@firm.de", "am@firm.de"), ("j@firm.de", "j2@firm.de"), ("ak@ab.de", "am@ac.de")]
)
def test_another_letter_in_initials_is_another_mailbox(one: str, other: str) -> None:
    assert said({"email": one}, {"email": other})["email"] == "differs"


def test_a_name_is_found_in_the_others_email() -> None:
    found = said({"name": "Bob Miller"}, {"email": "robert.miller@acme.com"})
    assert found["name in the other's email"] == "given and family name"
    assert (
        said({"name": "Jane Doe"}, {"email": "jdoe@acme.com"})["name in the other's email"] == "family name and initial"
    )


@pytest.mark.parametrize(
    ("other", "level"),
    [("+12025550143", "same, held under one name"), ("+12025550148", "one digit off"), ("+13105559999", "differs")],
)
def test_phones(other: str, level: str) -> None:
    assert said({"phone": "+12025550143"}, {"phone": other})["phone"] == level


def test_father_and_son_differ_in_generation() -> None:
    assert said({"name": "John Smith Sr."}, {"name": "John Smith Jr."})["generation"] == "differs"


def test_how_common_a_name_is_comes_from_the_snapshot() -> None:
    people = [comparison("person", {"given_name": "Ann", "family_name": "Smith"}) for _ in range(9)]
    counts = snapshot(people)
    found = compare(people[0], people[1], counts)
    names = {feature.name: feature.levels[level] for feature, level in zip(FEATURES, found, strict=True)}
    assert names["how common the full name is"] == "held by 9 to 16"


def test_a_spelling_that_occurs_once_is_seen() -> None:
    """Luisa and Lisa are two names that many have; Lusia beside Luisa is a slip."""
    counts = Snapshot({("given", "luisa"): Count(40), ("given", "lisa"): Count(90)})
    luisa = {"given_name": "Luisa", "family_name": "Quill"}
    assert said(luisa, luisa | {"given_name": "Lisa"}, counts)["how common the given name is"] == "held by 17 to 64"
    assert said(luisa, luisa | {"given_name": "Lusia"}, counts)["how common the given name is"] == "held once"


def test_a_name_in_the_email_of_a_nameless_record_is_as_telling_as_it_is_rare() -> None:
    counts = Snapshot({("name", "ann quill"): Count(3), ("family", "quill"): Count(30)})
    found = said({"name": "Ann Quill"}, {"email": "ann.quill@web.de"}, counts)
    assert found["how common the full name is"] == "held by 3 or 4"
    assert found["how common the family name is"] == "held by 17 to 64"
    found = said({"name": "Ann Quill"}, {"email": "ann@web.de"}, counts)
    assert found["how common the family name is"] == "not compared"


@pytest.mark.parametrize(
    ("one", "other", "level"),
    [
        ({"company": "Smith Foods Ltd."}, {"email": "ann@smithfoods.de"}, "the company's name stands in the domain"),
        ({"company": "Smith Foods"}, {"email": "ann@smith-foods.co.uk"}, "the company's name stands in the domain"),
        ({"company": "Smith Foods"}, {"email": "smithfoods@web.de"}, "not known in both"),
        ({"email": "bob@acme.com"}, {"email": "ann@acme.com"}, "same"),
        ({"email": "bob@acme.com", "company": "Acme"}, {"email": "ann@other.com"}, "differs"),
    ],
)
def test_companies_domains(one: dict[str, Any], other: dict[str, Any], level: str) -> None:
    assert said(one, other)["company's domain"] == level


def test_the_snapshot_counts_names_by_their_root() -> None:
    people = [comparison("person", {"given_name": name, "phone": "+12025550143"}) for name in ("Bob", "Robert", "Rob")]
    assert snapshot(people).of("phone", "+12025550143") == Count(3, 1)
    people.append(comparison("person", {"given_name": "Mary", "phone": "+12025550143"}))
    assert snapshot(people).of("phone", "+12025550143") == Count(4, 2)


RECORDS = st.builds(
    lambda **values: comparison("person", {name: value for name, value in values.items() if value}),
    given_name=st.sampled_from(["", "Bob", "Robert", "Ann", "J"]),
    family_name=st.sampled_from(["", "Smith", "Smyth", "Lee-Smith", "Ann"]),
    email=st.sampled_from(["", "bob@acme.com", "bob@web.de", "ann.smith@acme.com"]),
    phone=st.sampled_from(["", "+12025550143", "+12025550144"]),
    birth_date=st.sampled_from(["", "1980-03-04", "1980-04-03", "--03-04"]),
    tax_id=st.sampled_from(["", "123456", "123457", "987"]),
)


@given(RECORDS, RECORDS)
def test_which_record_comes_first_makes_no_difference(one: Comparison, other: Comparison) -> None:
    counts = snapshot([one, other])
    row = compare(one, other, counts)
    assert row == compare(other, one, counts)
    assert all(0 <= level < len(feature.levels) for feature, level in zip(FEATURES, row, strict=True))


@given(RECORDS)
def test_what_is_counted_is_only_what_is_there(one: Comparison) -> None:
    assert all(value for _, value in counted(one))
