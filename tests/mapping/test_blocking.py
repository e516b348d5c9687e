"""Under which keys records find one another."""

from __future__ import annotations

from typing import Any

import pytest

from mapping.blocking import (
    LARGEST,
    LARGEST_COARSE,
    LARGEST_LOOSE,
    LARGEST_SOUND,
    coarse,
    keys,
    most,
    narrower,
    sought,
)
from mapping.comparison import Comparison, comparison


def keyed(**values: Any) -> set[int]:
    return set(keys(comparison("person", values)))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"email": "j.doe+x@gmail.com"}, {"email": "jdoe@googlemail.com"}),
        ({"name": "Bob Meyer"}, {"name": "Robert Maier"}),
        ({"given_name": "Anna", "family_name": "Kowalska"}, {"given_name": "Kowalska", "family_name": "Anna"}),
        ({"name": "Jane Doe"}, {"email": "jane.doe77@web.de"}),
        ({"name": "Jane Doe"}, {"email": "jdoe@acme.com"}),
        ({"name": "Ann Lee-Smith"}, {"name": "Ann Smith"}),
        ({"tax_id": "123"}, {"tax_id": "123"}),
        (
            {"given_name": "Jo", "tax_id": "4137877", "address": {"postal_code": "4869"}},
            {"given_name": "Max", "tax_id": "4137787", "address": {"postal_code": "4869"}},
        ),
        (
            {"given_name": "Ann", "address": {"street": "3 Low Rd", "locality": "Leeds", "postal_code": "LS1 1AA"}},
            {"given_name": "Bo", "address": {"street": "3 Low Road", "locality": "Leds", "postal_code": "LS1 1AA"}},
        ),
        (
            {"name": "Ann Quill", "address": {"locality": "Leeds", "postal_code": "LS1 1AA"}},
            {"given_name": "Ann", "address": {"locality": "Leeds"}},
        ),
        ({"name": "Tom Quill", "email": "tq1@acme.com"}, {"name": "Ann Quill", "email": "info@acme.com"}),
        ({"ids": ["shop:1"]}, {"ids": ["shop:1"]}),
        ({"name": "Ann Smith", "phone": "+12025550143"}, {"name": "A Smith", "phone": "+13035550143"}),
    ],
)
def test_records_that_may_be_one_find_each_other(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert sought(keyed(**one)) & keyed(**other)
    assert sought(keyed(**other)) & keyed(**one)


NAMES_AND_ADDRESSES = (
    {"name": "Jane Smith"}, {"name": "J Smith"}, {"name": "Joan Smith"}, {"email": "jsmith4@web.de"},
    {"email": "jane.smith@web.de"}, {"name": "Zoe Smith", "email": "jsmith@acme.com"}, {"name": "Smith Jane"},
)  # fmt: skip


@pytest.mark.parametrize("one", NAMES_AND_ADDRESSES)
@pytest.mark.parametrize("other", NAMES_AND_ADDRESSES)
def test_who_is_compared_with_whom_is_so_both_ways(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert bool(sought(keyed(**one)) & keyed(**other)) == bool(sought(keyed(**other)) & keyed(**one))


def test_names_are_looked_for_among_addresses_and_not_among_names_for_the_address_they_might_have() -> None:
    jane, joan = keyed(given_name="Jane", family_name="Smith"), keyed(given_name="Jacob", family_name="Smith")
    (initial,) = {key for key in jane & joan if key not in keyed(family_name="Smith") and most(key) == LARGEST_LOOSE}
    met = sought(jane) & joan - keyed(family_name="Smith")
    assert met == {initial}, "the initial with the family name, as long as few share it"
    assert sought(jane) & keyed(email="jsmith@web.de")
    assert not sought(keyed(name="Zoe Smith", email="zoe@web.de")) & keyed(email="jsmith@web.de")
    assert narrower(comparison("person", {"name": "Jane Smith"}), jane & joan) == frozenset()


def test_addresses_that_begin_alike_meet_only_as_long_as_few_do() -> None:
    one, other = keyed(email="smith12@web.de"), keyed(email="smith88@aol.com")
    (shared,) = sought(one) & other
    assert most(shared) == LARGEST_LOOSE
    assert narrower(comparison("person", {"email": "smith12@web.de"}), one & other) == frozenset()


def test_an_initial_is_looked_for_as_a_name_and_as_an_address() -> None:
    initial = keyed(name="J Smith")
    assert sought(initial) & keyed(name="Jane Smith") - keyed(family_name="Smith")
    assert sought(initial) & keyed(email="jsmith4@web.de")


@pytest.mark.parametrize(
    "slip",
    ["Annabel Tuillforde", "Annabel Quillmarte", "Annabel Uqillforde", "Xnnabel Quillforde", "Tnabel Quillforde"],
)
def test_a_slip_in_one_name_that_makes_it_sound_another_hides_nothing(slip: str) -> None:
    one, other = keyed(name="Annabel Quillforde"), keyed(name=slip)
    met = {key for key in sought(one) & other if most(key) == LARGEST_LOOSE}
    assert met
    assert all(coarse(key) for key in met)
    assert not {key for key in one & other if most(key) == LARGEST_SOUND}


def test_names_that_sound_alike_give_way_sooner_than_what_tells_one_apart() -> None:
    one, other = (
        comparison("person", {"name": name, "birth_date": "1980-03-04"}) for name in ("Bob Meyer", "Bob Maier")
    )
    (sounds,) = {key for key in set(keys(one)) & set(keys(other)) if most(key) == LARGEST_SOUND}
    assert not coarse(sounds)
    narrow = narrower(one, frozenset({sounds}))
    assert narrow & narrower(other, frozenset({sounds}))
    assert {most(key) for key in narrow} == {LARGEST_SOUND}


def test_strangers_share_none() -> None:
    one = keyed(name="Ann Smith", email="ann@acme.com", phone="+12025550143", birth_date="1980-03-04")
    other = keyed(name="Igor Petrov", email="igor@web.de", phone="+13105559876", birth_date="1971-11-23")
    assert not sought(one) & other


def test_a_record_without_anything_has_no_key() -> None:
    assert keys(Comparison()) == ()


def test_keys_are_signed_64_bit_sorted_and_the_same_every_time() -> None:
    one = comparison("person", {"name": "Ann Smith", "email": "ann.smith@acme.com"})
    found = keys(one)
    assert list(found) == sorted(set(found))
    assert all(-(2**63) <= key < 2**63 for key in found)
    assert found == keys(one)


def test_a_person_and_an_organization_never_meet() -> None:
    values = {"name": "Acme Smith", "email": "ann@acme.com", "tax_id": "12", "phone": "+12025550143"}
    assert not set(keys(comparison("person", values))) & set(keys(comparison("organization", values)))


def test_an_oversized_key_gives_way_to_narrower_ones() -> None:
    one = comparison("person", {"name": "Ann Smith", "email": "ann@acme.com", "birth_date": "1980-03-04"})
    other = comparison("person", {"name": "Bob Lee", "email": "ann@acme.com", "birth_date": "1971-11-23"})
    (shared,) = set(keys(one)) & set(keys(other))
    assert most(shared) == LARGEST
    wide = frozenset({shared})
    assert shared not in keys(one, wide)
    assert not set(keys(one, wide)) & set(keys(other, wide)) - {shared}
    again = comparison("person", {"name": "Ann Smith", "email": "ann@acme.com"})
    assert set(keys(one, wide)) - set(keys(one)) & set(keys(again, wide))


def test_a_narrowed_key_that_is_oversized_too_is_left_out() -> None:
    one = comparison("person", {"name": "Ann Smith", "email": "ann@acme.com"})
    wide = frozenset(key for key in keys(one) if most(key) == LARGEST)
    narrow = frozenset(keys(one, wide)) - frozenset(keys(one))
    assert not set(keys(one, wide | narrow)) & narrow


def test_a_coarse_key_is_only_left_out() -> None:
    one = comparison("person", {"given_name": "Ann"})
    (shared,) = (key for key in keys(one) if most(key) == LARGEST_COARSE)
    assert coarse(shared)
    assert set(keys(one, frozenset({shared}))) == set(keys(one)) - {shared}
