"""Both ways at once: what the hub writes into an address book, and what people write into it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.connectors.carddav.books import card
from tests.connectors.carddav.company import Company, kim
from tests.connectors.carddav.conftest import CYRUS, RADICALE
from tests.connectors.carddav.desk import Desk

on_cyrus_too = pytest.mark.parametrize("desk_of_a_company", [RADICALE, CYRUS], indirect=True)
PHOTO = "PHOTO;ENCODING=b;TYPE=JPEG:" + "QUFB" * 15


@pytest.fixture
def company(tmp_path: Path, sqlite_url: str, desk_of_a_company: Desk) -> Iterator[Company]:
    made = Company(tmp_path, sqlite_url, desk_of_a_company)
    yield made
    made.close()


@on_cyrus_too
def test_a_card_that_the_hub_wrote_comes_back_as_an_echo_and_causes_no_push(company: Company) -> None:
    company.export(kim("TEL:+44 20 7946 0001", "TITLE:Buyer"))
    company.sync()
    assert company.push().created == 1
    before = company.only_card()
    for _ in range(2):
        company.sync()
        assert company.planned() == []
    assert company.only_card() == before
    assert sorted(member.connection for member in company.customer().members) == ["book", "export"]
    company.export(kim(name="Kim Pear"))
    company.settle()
    assert company.golden()["family_name"] == "Pear", "the old name in the card was our own word, and no evidence"
    assert "TITLE" not in company.only_card()[1], "what no source says any more is cleared"
    assert "phone" not in company.golden()


@on_cyrus_too
def test_a_card_edited_between_plan_and_write_is_a_conflict_that_the_next_sync_follows(company: Company) -> None:
    company.export(kim())
    company.settle()
    company.export(kim("TITLE:Buyer"))
    company.sync()
    plan = company.hub.plan()
    id_, text = company.only_card()
    edited = text.replace("END:VCARD", "NOTE:prefers tea\r\nNICKNAME:Kimmy\r\nEND:VCARD")
    company.desk.books.put(id_, edited)
    report = company.hub.apply(plan.hash)
    assert (report.status, report.failed, report.updated) == ("partial", 1, 0)
    held = company.desk.books.get(id_)
    assert "prefers tea" in held
    assert "Buyer" not in held
    (letter,) = company.hub.dead_letters()
    assert letter.reason.startswith("conflict")
    company.settle()
    held = company.desk.books.get(id_)
    assert "prefers tea" in held
    assert "TITLE:Buyer" in held
    assert (company.golden()["nickname"], company.golden()["notes"]) == ("Kimmy", "prefers tea")
    assert [one.state for one in company.hub.dead_letters() if one.state == "open"] == []


def test_a_conflict_over_what_was_typed_there_already_leaves_nothing_open(company: Company) -> None:
    company.export(kim())
    company.settle()
    company.export(kim("TITLE:Buyer"))
    company.sync()
    plan = company.hub.plan()
    id_, text = company.only_card()
    company.desk.books.put(id_, text.replace("END:VCARD", "TITLE:Buyer\r\nNOTE:prefers tea\r\nEND:VCARD"))
    assert company.hub.apply(plan.hash).status == "ok"
    company.sync()
    assert company.planned() == []
    assert company.hub.dead_letters() == []


def test_a_conflict_over_what_nobody_wants_any_more_is_closed_by_the_next_plan(company: Company) -> None:
    company.export(kim())
    company.settle()
    company.export(kim("TITLE:Buyer"))
    company.sync()
    plan = company.hub.plan()
    id_, text = company.only_card()
    company.desk.books.put(id_, text.replace("END:VCARD", "NOTE:prefers tea\r\nEND:VCARD"))
    assert company.hub.apply(plan.hash).failed == 1
    company.export(kim())
    company.sync()
    assert company.planned() == []
    assert company.hub.dead_letters() == []


def test_what_somebody_edits_in_the_address_book_reaches_the_hub_and_is_not_undone(company: Company) -> None:
    company.export(kim("TITLE:Buyer"))
    company.settle()
    id_, text = company.only_card()
    company.desk.books.put(id_, text.replace("TITLE:Buyer", "TITLE:Head of buying"))
    company.sync()
    assert company.golden()["job_title"] == "Head of buying"
    for _ in range(2):
        assert company.planned() == []
        company.sync()
    assert "TITLE:Head of buying" in company.only_card()[1]


@on_cyrus_too
def test_a_card_that_is_there_already_is_taken_over_with_all_that_is_in_it(company: Company) -> None:
    id_ = f"{company.book}kim.vcf"
    lines = (
        "item1.EMAIL;TYPE=INTERNET:kim@home.example",
        "item1.X-ABLabel:Private",
        "EMAIL;TYPE=WORK:kim@plum.example",
        "TEL;TYPE=HOME:020 7946 0002",
        PHOTO,
        "X-PET:a newt",
    )
    company.desk.books.put(id_, card("kim-of-theirs", *lines))
    company.export(kim("TEL:+44 20 7946 0001", "TITLE:Buyer"))
    company.settle()
    (path, text) = company.only_card()
    unfolded = text.replace("\r\n ", "")
    assert path == id_
    assert "kim@home.example" in text
    assert "kim@plum.example" in text
    assert "020 7946 0002" in text
    assert "Private" in text
    assert "X-PET:a newt" in text
    assert "QUFB" * 15 in unfolded
    assert "UID:kim-of-theirs" in text
    assert "X-CONCORD-ID:" in text
    golden = company.golden()
    assert {golden["email"], *golden["emails"]} == {"kim@home.example", "kim@plum.example"}
    assert {golden["phone"], *golden["phones"]} == {"+442079460001", "+442079460002"}


def test_a_card_that_is_deleted_there_and_one_that_moves_to_another_book_are_followed(company: Company) -> None:
    company.export(kim())
    company.settle()
    id_, text = company.only_card()
    moved = f"{company.desk.paths[1]}moved.vcf"
    company.desk.books.delete(id_)
    company.desk.books.put(moved, text)
    company.sync()
    company.push()
    company.sync()
    assert company.planned() == []
    assert company.cards() == {}, "the card lives on in the other book, and no second one was made"
    assert list(company.desk.books.cards(company.desk.paths[1])) == [moved]


def test_a_person_without_a_name_stays_a_person(company: Company) -> None:
    company.export(card("x", "ORG:Plum BV", "EMAIL:kim@plum.example", name="").replace("N:;;;;", "N:;;;;"))
    company.sync()
    kinds = {one.kind for one in company.hub.find_customers("")}
    company.settle()
    assert {one.kind for one in company.hub.find_customers("")} == kinds


def test_an_answer_that_was_lost_makes_no_second_card(company: Company) -> None:
    company.export(kim())
    company.sync()
    company.desk.proxy.faults.drop_answer(method="PUT", times=50)
    report = company.push()
    assert report.status != "failed"
    company.desk.proxy.faults.clear()
    company.settle()
    assert len(company.cards()) == 1
