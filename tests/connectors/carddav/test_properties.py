"""A card changed property by property: what is meant is said, and nothing else moves."""

from __future__ import annotations

from typing import Any

import pytest
import vobject
from hypothesis import given
from hypothesis import strategies as st

from connectors.carddav.mapping import RULES, body
from connectors.carddav.properties import PROPERTIES, changed, values
from connectors.core import vcards
from mapping.errors import RecordError
from mapping.mapper import Mapper
from tests.connectors.carddav.books import card

RICH = card(
    "u-1",
    "item1.EMAIL;TYPE=INTERNET;TYPE=pref:kim@plum.example",
    "item1.X-ABLabel:_$!<Work>!$_",
    "EMAIL;TYPE=HOME:kim@home.example",
    "TEL;TYPE=CELL:+44 20 7946 0001",
    "item2.TEL:020 7946 0002",
    "item2.X-ABLabel:Boat",
    "ORG:Plum\\, BV;Buying;Fruit",
    "ADR;TYPE=WORK:Box 1;2nd floor;Allee 1;Köln;;50667;Deutschland",
    "URL;TYPE=WORK:https://plum.example",
    "CATEGORIES:Wine,Fair",
    "CATEGORIES:Friends",
    "PHOTO;ENCODING=b;TYPE=JPEG:" + "QUFB" * 12,
    "X-PET;X-KIND=small:a newt",
    "NOTE:one\\ntwo\\, three",
)
TEXT_PROPERTIES = [name for name, one in PROPERTIES.items() if one.write and one.field.type == "string"]
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["C"]), min_size=1, max_size=60).filter(str.strip)


def edit(text: str, clear: tuple[str, ...] = (), /, **set_: Any) -> str:
    """The card's text once it is changed."""
    return vcards.write(changed(vcards.read(text), set_, clear))


def moved(before: str, after: str) -> tuple[set[str], set[str]]:
    """The lines that are no longer there, and those that are new."""
    old, new = before.replace("\r\n ", "").split("\r\n"), after.replace("\r\n ", "").split("\r\n")
    return set(old) - set(new), set(new) - set(old)


def test_what_is_wrong_with_a_value_is_told_by_the_name_of_its_property_alone() -> None:
    for name, value, why in (
        ("colour", "secret red", "contacts have no property colour"),
        ("uid", "secret", "uid cannot be written"),
        ("bday", "secret", "bday: it is no date"),
        ("email", "secret", "email: it is no email address"),
        ("title", ["secret"], "title: it takes a text"),
        ("categories", "secret", "categories: it takes a list of texts"),
        ("fn", " ", "fn: every card has a name, so it cannot be cleared"),
    ):
        with pytest.raises(ValueError, match="^" + why) as refused:
            edit(RICH, **{name: value})
        assert "secret" not in str(refused.value)


def test_a_card_that_says_it_all_already_is_the_very_same() -> None:
    held = vcards.read(RICH)
    writable = {name: value for name, value in values(held).items() if PROPERTIES[name].write}
    assert changed(held, {**writable, "tel": "+442079460001", "email": "KIM@plum.example"}, ("nickname",)) is held


@given(st.dictionaries(st.sampled_from(TEXT_PROPERTIES), TEXTS, min_size=1, max_size=8))
def test_every_text_comes_back_and_moves_no_other_property(wanted: dict[str, str]) -> None:
    wanted = {name: text if name != "url" else "".join(text.split()) for name, text in wanted.items()}
    before = values(vcards.read(RICH))
    after = values(vcards.read(edit(RICH, **wanted)))
    stripped = {name: text.strip() for name, text in after.items() if isinstance(text, str)}
    assert {name: stripped.get(name, "") for name in wanted} == {name: text.strip() for name, text in wanted.items()}
    assert {name: after.get(name) for name in before if name not in wanted} == {
        name: value for name, value in before.items() if name not in wanted
    }
    gone, new = moved(RICH, edit(RICH, **wanted))
    touched = {PROPERTIES[name].line for name in wanted}
    assert {line.partition(":")[0].partition(";")[0] for line in gone | new} <= touched


@given(TEXTS)
def test_no_value_becomes_a_property(text: str) -> None:
    for name in TEXT_PROPERTIES:
        evil = f"{text}\r\nX-EVIL:1\nX-EVIL:2\u2028X-EVIL:3\r\nEND:VCARD\r\nBEGIN:VCARD"
        if name != "url":
            theirs = vobject.readOne(edit(RICH, **{name: evil}))
            assert "x-evil" not in theirs.contents
            assert theirs.x_pet.value == "a newt"


def test_the_preferred_email_gives_way_to_ours_and_stays_in_the_card() -> None:
    once = edit(RICH, email="new@plum.example")
    gone, new = moved(RICH, once)
    assert gone == {"item1.EMAIL;TYPE=INTERNET;TYPE=pref:kim@plum.example"}
    assert new == {
        "item1.EMAIL;TYPE=INTERNET:kim@plum.example",
        "EMAIL;TYPE=INTERNET;X-CONCORD=1;TYPE=PREF:new@plum.example",
    }
    twice = edit(once, email="newer@plum.example")
    assert "new@plum" not in twice
    assert values(vcards.read(twice))["email"] == "newer@plum.example"
    back = edit(twice, email="kim@home.example")
    assert "newer@plum" not in back, "what Concord added goes when Concord says something else"
    assert "EMAIL;TYPE=HOME;TYPE=PREF:kim@home.example" in back
    cleared = edit(twice, ("email",))
    assert moved(RICH, cleared)[1] == {"item1.EMAIL;TYPE=INTERNET:kim@plum.example"}


def test_preferences_are_said_in_the_words_of_the_cards_own_version() -> None:
    new = card("u-4", "TEL;PREF=1;TYPE=voice:1234567", "TEL;PREF=2:7654321", version="4.0")
    assert moved(new, edit(new, tel="+44 20 7946 0001", bday="--03-07"))[1] == {
        "TEL;TYPE=voice;PREF=2:1234567",
        "TEL;X-CONCORD=1;PREF=1:+44 20 7946 0001",
        "BDAY:--0307",
    }
    assert moved(RICH, edit(RICH, bday="--03-07"))[1] == {"BDAY;X-APPLE-OMIT-YEAR=1604:1604-03-07"}
    assert values(vcards.read(edit(RICH, bday="--03-07")))["bday"] == "--03-07"


def test_parts_of_names_addresses_and_organizations_change_alone() -> None:
    after = edit(RICH, n_given="Kimberly", adr_street="Gasse; 2", adr_locality="Bonn", org="Pear", org_unit="Selling")
    assert moved(RICH, after)[1] == {
        "N:Plum;Kimberly;;;",
        "ADR;TYPE=WORK:Box 1;;Gasse\\; 2;Bonn;;50667;Deutschland",
        "ORG:Pear;Selling",
    }
    emptied = edit(RICH, ("n_given", "n_family", *(name for name in PROPERTIES if name.startswith("adr_")), "org_unit"))
    assert moved(RICH, emptied)[1] == {"N:;;;;", "ORG:Plum\\, BV"}
    assert "ADR" not in emptied


def test_a_label_goes_with_the_property_it_was_for_and_no_other() -> None:
    assert moved(RICH, edit(edit(RICH, tel="020 7946 0002"), ("tel",)))[0] >= {
        "item2.TEL:020 7946 0002",
        "item2.X-ABLabel:Boat",
    }
    assert "Boat" in edit(RICH, ("tel",))


def test_categories_are_one_list() -> None:
    after = edit(RICH, categories=["a,b", "c;d"])
    assert moved(RICH, after) == ({"CATEGORIES:Wine,Fair", "CATEGORIES:Friends"}, {"CATEGORIES:a\\,b,c\\;d"})
    assert "CATEGORIES" not in edit(RICH, ("categories",))


def test_a_long_note_is_left_whole_where_something_else_is_written_or_its_own_beginning() -> None:
    note = "word and again\n" * 70_000
    big = edit(RICH, note=note)
    read = body(big)["properties"]["note"]
    assert len(read) == 65_536
    assert edit(big, note=read) == big
    assert vcards.read(edit(big, title="Buyer")).text("NOTE") == note.strip()


def test_a_body_holds_all_that_a_card_says_but_its_photo() -> None:
    found = body(RICH)
    assert found["emails"] == [
        {"value": "kim@plum.example", "label": "Work"},
        {"value": "kim@home.example", "types": ["home"]},
    ]
    assert found["phones"][1] == {"value": "020 7946 0002", "label": "Boat"}
    assert found["photo"] == {"octets": 36}
    assert found["other"] == {"X-PET": "a newt"}
    assert "QUFB" not in str(found)
    (person,) = Mapper(RULES, default_country="GB").map(found)
    assert person.values["emails"] == ["kim@home.example"]
    assert person.values["company"] == "Plum, BV"
    assert person.values["department"] == "Buying, Fruit"
    assert person.values["ids"] == ["vcard:u-1"]
    with pytest.raises(RecordError, match="not a readable vCard"):
        body("kim@plum.example")


def test_people_organizations_and_groups_are_told_apart() -> None:
    told = {
        "org": [
            card("1", "ORG:Plum BV", name="Plum BV").replace("N:BV;Plum;;;", "N:;;;;"),
            card("2", "X-ABShowAs:COMPANY", "ORG:Plum BV"),
            card("3", "KIND:org", version="4.0"),
        ],
        "group": [
            card("4", "X-ADDRESSBOOKSERVER-KIND:group", "X-ADDRESSBOOKSERVER-MEMBER:urn:uuid:u-1"),
            card("5", "KIND:group", "MEMBER:urn:uuid:u-1", version="4.0"),
        ],
        "individual": [RICH, card("6", "ORG:Plum BV")],
    }
    mapper = Mapper(RULES)
    for kind, cards in told.items():
        for text in cards:
            assert body(text)["kind"] == kind
            kinds = [str(entity.kind) for entity in mapper.map(body(text))]
            assert kinds == {"org": ["organization"], "group": [], "individual": ["person"]}[kind]
    assert body(told["group"][0])["members"] == ["urn:uuid:u-1"]
