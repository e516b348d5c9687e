"""vCards: read as they come, written so that what was not touched stays, and no value that becomes a property."""

from __future__ import annotations

from dataclasses import replace
from time import process_time

import pytest
import vobject
from hypothesis import given
from hypothesis import strategies as st

from connectors.core import vcards
from connectors.core.vcard_values import address_of, bulk_octets, name_of, number_of
from connectors.core.vcards import Card, Line

APPLE = (
    "BEGIN:VCARD\r\n"
    "VERSION:3.0\r\n"
    "N:Plum;Kim;;;\r\n"
    "item1.EMAIL;type=INTERNET;type=pref:kim@plum.example\r\n"
    "item1.X-ABLabel:_$!<School>!$_\r\n"
    'X-ODD;x-note="a:b;c,d";VALUE=text:what  \r\n'
    "  nobody\r\n"
    " \t knows\r\n"
    "PHOTO;ENCODING=b;TYPE=JPEG:AAAA\r\n"
    " BBBB==\r\n"
    "a line that is no property\r\n"
    "X-LAST:\r\n"
    "END:VCARD\r\n"
)

NAMES = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ-0123456789", min_size=1, max_size=12).map("X-{}".format)
TEXTS = st.text(max_size=400)
WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=200)


def test_what_is_no_card_is_refused_without_being_quoted() -> None:
    for text in ("", "kim", "BEGIN:VCARD\r\nFN:kim", "BEGIN:VCALENDAR\r\nFN:kim\r\nEND:VCALENDAR\r\n", "END:VCARD\r\n"):
        with pytest.raises(ValueError, match="not a readable vCard") as refused:
            vcards.read(text)
        assert "kim" not in str(refused.value)


def test_a_card_that_is_not_changed_is_written_as_it_was_read() -> None:
    assert vcards.write(vcards.read(APPLE)) == APPLE


def test_a_changed_property_leaves_every_other_as_it_stood() -> None:
    card = vcards.read(APPLE)
    changed = Card(tuple(line.holding("new@plum.example") if line.name == "EMAIL" else line for line in card.lines))
    assert vcards.write(changed) == APPLE.replace("kim@plum.example", "new@plum.example")


@given(TEXTS)
def test_no_text_becomes_a_property_of_its_own(text: str) -> None:
    for given_ in (text, f"{text}\r\nEMAIL:evil@example.com", f"{text}\u2028X:1\x0bX:2\x85X:3\rEND:VCARD"):
        written = vcards.write(Card((Line("VERSION", "3.0"), Line("NOTE", vcards.escaped(given_)))))
        assert [line.name for line in vcards.read(written).lines] == ["VERSION", "NOTE"]
        assert len(written.splitlines()) == written.count("\r\n")


@given(WORDS)
def test_a_text_comes_back_as_it_was_written(word: str) -> None:
    for text in (word, f"{word}\n{word}", f" {word};{word},{word}\\n\\{word}:\t"):
        written = vcards.write(Card((Line("NOTE", vcards.escaped(text)),)))
        assert vcards.read(written).lines[0].text == text
        assert max(len(line.encode()) for line in written.split("\r\n")) <= vcards.LINE_OCTETS


@given(st.lists(WORDS, min_size=1, max_size=6))
def test_components_and_items_come_back_apart(words: list[str]) -> None:
    awkward = [f"{word};,\\{word}" for word in words]
    for mark, read in ((";", "parts"), (",", "items")):
        value = mark.join(vcards.escaped(word) for word in awkward)
        line = vcards.read(vcards.write(Card((Line("X-LIST", value),)))).lines[0]
        assert list(getattr(line, read)) == awkward


@given(st.lists(st.tuples(NAMES, TEXTS), max_size=8))
def test_reading_what_was_written_gives_the_same_card(properties: list[tuple[str, str]]) -> None:
    card = Card(tuple(Line(name, vcards.escaped(text), ("TYPE=a,b",), "item1") for name, text in properties))
    again = vcards.read(vcards.write(card))
    assert [replace(line, source="") for line in again.lines] == list(card.lines)
    assert vcards.write(again) == vcards.write(card)


@given(WORDS)
def test_another_parser_reads_what_is_written_here(word: str) -> None:
    text = f"{word}; {word}, \\ {word}\nEMAIL:{word}"
    name = ";".join(vcards.escaped(part) for part in (word, "Kim", "", "", ""))
    lines = (
        Line("VERSION", "3.0"),
        Line("FN", vcards.escaped(word)),
        Line("N", name),
        Line("NOTE", vcards.escaped(text)),
    )
    theirs = vobject.readOne(vcards.write(Card(lines)))
    assert (theirs.fn.value, theirs.n.value.family, theirs.note.value) == (word, word, text)
    assert set(theirs.contents) == {"version", "fn", "n", "note"}


def test_a_note_of_a_megabyte_is_read_and_written() -> None:
    text = "Zoë 山田; \\ \n" * 80_000
    card = Card((Line("FN", "Zoë"), Line("NOTE", vcards.escaped(text)), Line("TITLE", "Buyer")))
    again = vcards.read(vcards.write(card))
    assert again.first("NOTE") is not None
    assert again.lines[1].text == text
    assert again.text("TITLE") == "Buyer"


def test_parameters_groups_labels_and_preferences() -> None:
    card = vcards.read(APPLE)
    email = card.first("EMAIL")
    assert email is not None
    assert (email.group, set(email.types), email.preference) == ("item1", {"internet", "pref"}, 0)
    assert card.label(email) == "School"
    odd = card.first("X-ODD")
    assert odd is not None
    assert (odd.param("X-NOTE"), odd.text) == (("a:b;c", "d"), "what   nobody\t knows")
    ranked = vcards.read("BEGIN:VCARD\nTEL;PREF=2:1\nTEL:2\nTEL;PREF=1:3\nTEL;CELL;PREF:4\nEND:VCARD\n")
    assert [line.text for line in ranked.all("tel".upper())] == ["4", "3", "1", "2"]


def test_leftovers_of_version_2_1() -> None:
    card = vcards.read(
        "BEGIN:VCARD\nVERSION:2.1\n"
        "FN;CHARSET=ISO-8859-1;ENCODING=QUOTED-PRINTABLE:J=F6rg=\n M=FCller=\n\n"
        "N;QUOTED-PRINTABLE;CHARSET=no-such:M=C3=BCller;J=C3=B6rg\n"
        "AGENT:\nBEGIN:VCARD\nEMAIL:agent@plum.example\nEND:VCARD\n"
        "TEL;CELL:+49 171 1234567\nEND:VCARD\n"
    )
    assert card.text("FN") == "Jörg Müller"
    assert name_of(card) == {"family": "Müller", "given": "Jörg"}
    assert not card.all("EMAIL")
    assert [line.types for line in card.all("TEL")] == [{"cell"}]
    changed = card.lines[1].holding(vcards.escaped("Jörg"))
    assert vcards.write(Card((changed,))) == "BEGIN:VCARD\r\nFN:Jörg\r\nEND:VCARD\r\n"


@pytest.mark.parametrize("charset", ["undefined", "idna", "no\0such", "hex", "utf-16"])
def test_a_charset_that_decodes_nothing_spoils_no_card(charset: str) -> None:
    card = vcards.read(f"BEGIN:VCARD\nVERSION:2.1\nNOTE;QUOTED-PRINTABLE;CHARSET={charset}:J=C3=B6rg\nEND:VCARD\n")
    assert card.text("NOTE") == "Jörg"


def test_labels_are_found_at_once_however_many_there_are() -> None:
    many = "".join(f"i{n}.TEL:{n}\nI{n}.X-ABLabel:no {n}\n" for n in range(6_000))
    card = vcards.read(f"BEGIN:VCARD\n{many}i7.X-ABLabel:second\nEND:VCARD\n")
    begun = process_time()
    assert [card.label(line) for line in card.all("TEL")] == [f"no {n}" for n in range(6_000)]
    assert process_time() - begun < 1


def test_photos_tell_their_size_and_addresses_their_parts() -> None:
    card = vcards.read(
        "BEGIN:VCARD\nVERSION:4.0\nPHOTO;ENCODING=b:AAAA\nPHOTO:data:image/gif;base64,AAAAAAAA\n"
        "PHOTO:https://plum.example/kim.jpg\nADR:Box 1;;;Köln;;;\nADR:Box 1;2nd floor;Allee\\, 1;Köln;;50667;DE;more\n"
        "TEL;VALUE=uri:tel:+1-212-555-0199;ext=5\nEND:VCARD\n"
    )
    assert [bulk_octets(line) for line in card.all("PHOTO")] == [3, 6, 0]
    assert [address_of(line) for line in card.all("ADR")] == [
        {"street": "Box 1", "locality": "Köln"},
        {"street": "Allee, 1\n2nd floor", "locality": "Köln", "postal_code": "50667", "country": "DE"},
    ]
    assert [number_of(line) for line in card.all("TEL")] == ["+1-212-555-0199"]
