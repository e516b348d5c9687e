"""vCards of three versions, as phones and clouds write them."""

from __future__ import annotations

import base64

from mapping.model import Kind
from tests.connectors.files.support import Folder


def card(*lines: str) -> str:
    return "\r\n".join(("BEGIN:VCARD", *lines, "END:VCARD", ""))


OLD = card(
    "VERSION:2.1",
    "N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:M=C3=BCller;J=C3=B6rg;;Dr.;",
    "FN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:Dr. J=C3=B6rg =",
    "M=C3=BCller",
    "TEL;HOME:0221 123456",
    "TEL;CELL;PREF:+49 171 1234567",
    "EMAIL;INTERNET:jorg@plum.example",
    "ADR;WORK:;;Allee 1;Köln;;50667;Deutschland",
)
APPLE = card(
    "VERSION:3.0",
    "PRODID:-//Apple Inc.//iOS//EN",
    "N:Plum;Kim;;;",
    "FN:Kim Plum",
    "ORG:Plum\\, BV;Buying;",
    "item1.EMAIL;type=INTERNET;type=pref:kim@plum.example",
    "EMAIL;type=HOME:kim@home.example",
    "item2.X-ABLabel:_$!<HomePage>!$_",
    "BDAY;VALUE=date:1604-03-07",
    f"PHOTO;ENCODING=b;TYPE=JPEG:{base64.b64encode(bytes(300)).decode()}",
    "  AAAA!broken",
    "CATEGORIES:Wine,Fair",
    "a line that is no property",
    "UID:u-1",
    "REV:2026-04-30T10:00:00Z",
    "X-SOCIALPROFILE;type=x:https://social.example/kim",
)
NEW = card(
    "VERSION:4.0",
    "FN:Lee Pear",
    "N:Pear;Lee;;;",
    'TEL;VALUE=uri;PREF=1;TYPE="voice,home":tel:+1-212-555-0199;ext=5',
    "EMAIL;PREF=2:second@pear.example",
    "EMAIL;PREF=1:first@pear.example",
    "BDAY:--0307",
)


def test_a_broken_card_costs_itself_only(folder: Folder) -> None:
    folder.put("c.vcf", NEW + "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:cut off\r\n" + card("VERSION:9", "N:\x00") + APPLE)
    read = folder.read("cards")
    assert read.errors[0] == "c.vcf:10: it has no end"
    assert [body.get("FN") for body in read.bodies if "FN" in body] == ["Lee Pear", "Kim Plum"]


def test_the_three_versions_mixed_in_one_file(folder: Folder) -> None:
    folder.put("c.vcf", OLD + APPLE + NEW)
    old, apple, new = (entity.values for entity in folder.entities("cards", "DE"))
    assert (old["given_name"], old["family_name"], old["honorific_prefix"]) == ("Jörg", "Müller", "Dr.")
    assert (old["phone"], old["phones"]) == ("+491711234567", ["+49221123456"])
    assert old["address"] == {"street": "Allee 1", "locality": "Köln", "postal_code": "50667", "country": "DE"}
    assert (apple["company"], apple["department"]) == ("Plum, BV", "Buying")
    assert (apple["email"], apple["emails"]) == ("kim@plum.example", ["kim@home.example"])
    assert (apple["birth_date"], apple["tags"]) == ("--03-07", ["Wine", "Fair"])
    assert apple["custom"] == {"X-SOCIALPROFILE": "https://social.example/kim"}
    assert (new["email"], new["phone"]) == ("first@pear.example", "+12125550199")
    assert new["birth_date"] == "--03-07"


def test_a_card_of_an_organisation_and_a_group_of_cards(folder: Folder) -> None:
    company = card("VERSION:3.0", "N:;;;;", "FN:Plum BV", "ORG:Plum BV;", "EMAIL:info@plum.example")
    group = card("VERSION:3.0", "FN:Friends", "X-ADDRESSBOOKSERVER-KIND:group", "UID:g-1")
    folder.put("c.vcf", company + group)
    (entity,) = folder.entities("cards")
    assert (entity.kind, entity.values["name"]) == (Kind.ORGANIZATION, "Plum BV")
    assert len(folder.read("cards").records) == 2


def test_a_card_knows_its_id_and_when_it_changed(folder: Folder) -> None:
    folder.put("c.vcf", APPLE)
    (record,) = folder.read("cards").records
    assert (record.remote_id, str(record.changed_at)) == ("u-1", "2026-04-30 10:00:00+00:00")
    assert "PHOTO" not in str(record.body)


def test_resuming_behind_a_page_of_cards(folder: Folder) -> None:
    folder.put("c.vcf", "".join(card("VERSION:3.0", f"UID:{n}", f"FN:Kïm {n}") for n in range(700)).encode("utf-16"))
    first = next(folder.pages("cards"))
    rest = folder.read("cards", first.cursor)
    assert [record.remote_id for record in rest.records] == [str(n) for n in range(500, 700)]
