"""Identity rules: what a profile can be recognised by, and how the holders of one value are linked."""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mapping.identity import (
    EMAIL,
    ID,
    PHONE,
    Holder,
    Link,
    Protection,
    agree,
    components,
    identifiers,
    links,
    name_of,
    references,
)

GUARD = Protection(blocked=frozenset({"blocked@home.example", "+442079460999"}), internal=frozenset({"acme.example"}))
NONE: frozenset[str] = frozenset()


def _holders(*names: str) -> list[Holder]:
    return [Holder(number, ("shop", "people", "", str(number), "person"), name) for number, name in enumerate(names, 1)]


def _groups(kind: str, *names: str, protection: Protection = GUARD) -> set[frozenset[int]]:
    holders = _holders(*names)
    found = components([one.entity_id for one in holders], links(kind, "value", holders, protection))
    return {frozenset(group) for group in found}


@pytest.mark.parametrize(
    "email",
    ["info@home.example", "no-reply@home.example", "noemail@home.example", "ann@acme.example", "blocked@home.example"],
)
def test_an_email_that_is_nobodys_own_identifies_nobody(email: str) -> None:
    assert identifiers("person", {"email": email}, NONE, GUARD) == frozenset()


@pytest.mark.parametrize("phone", ["+442011111111", "+441234567890", "+442079460999"])
def test_a_phone_that_is_nobodys_own_identifies_nobody(phone: str) -> None:
    assert identifiers("person", {"phone": phone}, NONE, GUARD) == frozenset()


def test_a_fact_is_recognised_by_nothing() -> None:
    assert identifiers("order", {"email": "ann@home.example", "ids": ["x:1"]}, NONE, GUARD) == frozenset()


def test_an_echo_identifies_nobody() -> None:
    values = {
        "email": "ann@home.example",
        "emails": ["lee@home.example"],
        "phone": "+442079460958",
        "phones": ["+442079460123"],
        "ids": ["crm:1"],
        "domain": "y.example",
    }
    assert len(identifiers("organization", values, NONE, GUARD)) == 6
    assert identifiers("organization", values, frozenset(values), GUARD) == frozenset()
    assert identifiers("organization", values, frozenset(values) - {"email"}, GUARD) == {(EMAIL, "ann@home.example")}


def test_spellings_of_one_mailbox_are_one_identifier() -> None:
    one = identifiers("person", {"email": "ann.lee+shop@googlemail.com"}, NONE, GUARD)
    assert one == identifiers("person", {"emails": ["annlee@gmail.com"]}, NONE, GUARD)


def test_a_domain_names_a_company_and_no_person() -> None:
    assert identifiers("organization", {"domain": "y.example"}, NONE, GUARD) == {(ID, "domain:y.example")}
    assert identifiers("person", {"domain": "y.example"}, NONE, GUARD) == frozenset()


def test_one_holder_is_linked_to_nobody() -> None:
    assert links(EMAIL, "value", _holders("ann lee"), GUARD) == []


def test_a_value_held_by_more_than_the_limit_links_nobody() -> None:
    few = Protection(max_group=3, max_records=3)
    for kind in (EMAIL, PHONE, ID):
        assert len(links(kind, "value", _holders(*["ann lee"] * 3), few)) == 2
        assert links(kind, "value", _holders(*["ann lee"] * 4), few) == []


def test_a_company_may_have_more_records_than_a_mailbox() -> None:
    holders = _holders(*["plum bv"] * 600)
    assert len(links(ID, "shopify:company:1", holders, Protection())) == 599
    assert links(EMAIL, "orders@plum.example", holders, Protection()) == []


@pytest.mark.parametrize("kind", [EMAIL, PHONE])
def test_a_value_under_more_names_than_allowed_links_nobody(kind: str) -> None:
    family = ("ann lee", "a lee", "bob ray")
    assert _groups(kind, *family) == {frozenset({1, 2}), frozenset({3})}
    assert _groups(kind, *family, "cy orr") == {frozenset({number}) for number in (1, 2, 3, 4)}
    assert _groups(kind, *family, protection=Protection(max_names=1)) == {frozenset({number}) for number in (1, 2, 3)}


def test_spellings_of_one_name_count_as_one() -> None:
    assert _groups(EMAIL, "ann lee", "a lee", "ann", "bob ray") == {frozenset({1, 2, 3}), frozenset({4})}


@pytest.mark.parametrize("kind", [EMAIL, PHONE])
def test_an_email_or_phone_links_only_names_that_agree(kind: str) -> None:
    assert _groups(kind, "ann lee", "bob lee", "a lee") == {frozenset({1, 3}), frozenset({2})}


@pytest.mark.parametrize("kind", [EMAIL, PHONE])
def test_a_nameless_holder_joins_one_name_and_bridges_no_two(kind: str) -> None:
    assert _groups(kind, "ann lee", "") == {frozenset({1, 2})}
    assert _groups(kind, "", "") == {frozenset({1, 2})}
    assert _groups(kind, "ann lee", "bob ray", "") == {frozenset({1}), frozenset({2}), frozenset({3})}


def test_an_id_links_whatever_the_names() -> None:
    assert _groups(ID, "ann lee", "bob ray", "cy orr", "") == {frozenset({1, 2, 3, 4})}


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("ann lee", "ann lee", True),
        ("ann lee", "a lee", True),
        ("ann lee", "lee", True),
        ("ann lee", "ann marie lee", True),
        ("ann lee", "bob lee", False),
        ("ann lee", "anna lee", False),
        ("a l", "ann lee", True),
        ("ann ann", "ann lee", False),
        ("jr lee", "lee sr", False),
    ],
)
def test_names_agree_when_words_are_missing_or_initials(one: str, other: str, expected: bool) -> None:
    assert agree(one, other) is expected
    assert agree(other, one) is expected


@given(st.lists(st.sampled_from(["ann lee", "a lee", "bob lee", "b lee", "lee", ""]), min_size=2, max_size=5))
def test_the_order_of_holders_decides_nothing(names: list[str]) -> None:
    holders = _holders(*names)
    for kind in (EMAIL, PHONE, ID):
        expected = links(kind, "value", holders, GUARD)
        for order in list(permutations(holders))[:24]:
            assert links(kind, "value", order, GUARD) == expected


def test_components_join_what_links_touch_and_leave_out_strangers() -> None:
    found = components([1, 2, 3, 4], [Link(1, 2, "r", ""), Link(2, 3, "r", ""), Link(4, 99, "r", "")])
    assert {frozenset(group) for group in found} == {frozenset({1, 2, 3}), frozenset({4})}


def test_references_keep_who_is_meant_apart() -> None:
    values = {
        "participants": [
            {"role": "from", "email": "Ann@home.example".lower(), "ids": ["crm:1", "crm:2"]},
            {"role": "to", "phone": "+442079460958", "name": "Bob"},
            {"role": "cc", "name": "Only a name"},
        ]
    }
    assert references(values) == [
        (0, "from", ID, "crm:1"),
        (0, "from", ID, "crm:2"),
        (0, "from", EMAIL, "ann@home.example"),
        (1, "to", PHONE, "+442079460958"),
    ]
    assert references({}) == []


def test_a_name_is_told_by_its_parts_before_the_whole() -> None:
    assert name_of({"name": "Ms Ann Lee"}) == name_of({"given_name": "Ann", "family_name": "Lee"}) == "ann lee"
    assert name_of({"email": "ann@home.example"}) == ""
