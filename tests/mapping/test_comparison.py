"""What a record is compared by."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mapping.comparison import Comparison, Origin, comparison, dump, load
from mapping.identity import Protection

PERSON = "person"


@pytest.mark.parametrize(
    "email", ["info@acme.com", "noemail@example.com", "bob@mailinator.com", "test@test.com", "bob@ours.example"]
)
def test_an_email_that_names_nobody_is_left_out(email: str) -> None:
    found = comparison(PERSON, {"email": email}, protection=Protection(internal=frozenset({"ours.example"})))
    assert found.emails == ()


def test_a_placeholder_phone_is_left_out() -> None:
    assert comparison(PERSON, {"phone": "+10000000000"}).phones == ()


def test_our_own_words_are_no_evidence() -> None:
    values = {"given_name": "Ann", "email": "ann@acme.com"}
    assert comparison(PERSON, values, echo=frozenset({"email"})).emails == ()
    assert comparison(PERSON, values, echo=frozenset({"email"})).given == "ann"


@pytest.mark.parametrize(
    "values",
    [
        {"given_name": "José", "family_name": "García"},
        {"name": "García, José"},
        {"name": "Dr. José García"},
        {"name": "JOSE GARCIA"},
    ],
)
def test_spellings_of_a_name_are_compared_as_one(values: dict[str, Any]) -> None:
    found = comparison(PERSON, values)
    assert (found.given, found.family) == ("jose", "garcia")


def test_junior_and_the_middle_name_stand_apart() -> None:
    found = comparison(PERSON, {"name": "John Q. Smith Jr."})
    assert (found.given, found.middle, found.family, found.generation) == ("john", "q", "smith", "jr")
    parts = comparison(PERSON, {"given_name": "John", "family_name": "Smith Sr"})
    assert (parts.family, parts.generation) == ("smith", "sr")


def test_an_email_loses_tag_and_dots_and_gives_the_companys_domain() -> None:
    found = comparison(PERSON, {"email": "j.doe+x@gmail.com", "emails": ["jane@mail.acme.co.uk"]})
    assert found.emails == ("jane@mail.acme.co.uk", "jdoe@gmail.com")
    assert found.domains == ("acme.co.uk",)


def test_a_role_mailbox_names_nobody_but_tells_the_company() -> None:
    found = comparison(PERSON, {"email": "info@acme.com"})
    assert (found.emails, found.domains) == ((), ("acme.com",))
    assert comparison(PERSON, {"email": "info@gmail.com"}).domains == ()
    for protection in (Protection(internal=frozenset({"acme.com"})), Protection(blocked=frozenset({"info@acme.com"}))):
        assert comparison(PERSON, {"email": "info@acme.com"}, protection=protection).domains == ()


def test_a_stream_says_what_names_one_person_alone() -> None:
    origin = Origin("crm/contacts", frozenset({"loyalty", "tax", "birth_date"}), deduplicated=True)
    values = {"ids": ["loyalty:7", "crm:1"], "tax_id": "DE 123", "birth_date": "1980-01-02"}
    found = comparison(PERSON, values, origin=origin)
    assert found.unique == ("loyalty:7", "tax:DE123")
    assert found.verified_birth
    assert found.deduplicated


def test_an_organization_is_compared_by_name_domain_and_tax_number() -> None:
    found = comparison("organization", {"name": "Acme Ltd.", "website": "https://www.acme.com/x", "tax_id": "gb-12"})
    assert (found.company, found.domains, found.tax) == ("acme", ("acme.com",), "GB12")
    assert not found.named


TEXTS = st.text(max_size=20)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "name": TEXTS,
            "given_name": TEXTS,
            "family_name": TEXTS,
            "company": TEXTS,
            "tax_id": TEXTS,
            "address": st.fixed_dictionaries({}, optional={"street": TEXTS, "locality": TEXTS, "postal_code": TEXTS}),
        },
    )
)
def test_whatever_it_holds_it_is_kept_as_json(values: dict[str, Any]) -> None:
    found = comparison(PERSON, values)
    assert load(json.loads(json.dumps(dump(found)))) == found


def test_an_empty_comparison_takes_no_room() -> None:
    assert dump(Comparison()) == {}


def test_a_stored_field_that_does_not_exist_is_refused() -> None:
    with pytest.raises(TypeError):
        load({"shoe_size": "43"})
