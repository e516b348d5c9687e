"""The invented company: the same for a seed, with every oddity that real exports have."""

from __future__ import annotations

import csv
import mailbox
from collections import Counter
from pathlib import Path
from typing import Any

import phonenumbers
import pytest
from icalendar import Calendar

from admin.demo import contacts, mail, marketing, meetings, shop
from admin.demo.company import Summary, write_company
from admin.demo.mess import PLACEHOLDER_EMAILS, ROLE_MAILBOXES

Rows = list[dict[str, str]]


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Summary:
    return write_company(tmp_path_factory.mktemp("company") / "exports", seed=11, customers=600)


def rows(company: Summary, file: str, encoding: str = "utf-8", delimiter: str = ",") -> Rows:
    with (company.folder / file).open(encoding=encoding, newline="") as opened:
        return list(csv.DictReader(opened, delimiter=delimiter))


def test_the_same_seed_writes_the_same_bytes_with_the_same_times(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_company(tmp_path / name, seed=3, customers=80)
    first, second = (
        {file.name: (file.read_bytes(), file.stat().st_mtime) for file in (tmp_path / name).iterdir()}
        for name in ("one", "two")
    )
    assert first == second


def test_another_seed_is_another_company(tmp_path: Path) -> None:
    one = write_company(tmp_path / "one", seed=3, customers=80)
    two = write_company(tmp_path / "two", seed=4, customers=80)
    assert [person.emails for person in one.people[3:]] != [person.emails for person in two.people[3:]]


def test_the_truth_is_written_only_on_request_and_never_among_the_exports(tmp_path: Path) -> None:
    write_company(tmp_path / "plain" / "exports", customers=30)
    told = write_company(tmp_path / "told" / "exports", customers=30, truth=True)
    assert not (tmp_path / "plain" / "truth.csv").exists()
    assert not (told.folder / "truth.csv").exists()
    with (tmp_path / "told" / "truth.csv").open(encoding="utf-8", newline="") as file:
        assert len(list(csv.DictReader(file))) == len(told.origins)


def test_every_record_of_a_person_has_its_origin(company: Summary) -> None:
    counted = Counter(origin.file for origin in company.origins)
    for file in (shop.CUSTOMERS, shop.ORDERS, marketing.LEADS, *marketing.AUDIENCE.values()):
        assert counted[file] == company.files[file]
    named = {origin.person for origin in company.origins} - {-1}
    assert named <= {person.number for person in company.people}
    assert len(named) > 0.95 * len(company.people)


def test_origins_name_the_row_they_speak_of(company: Summary) -> None:
    customers = rows(company, shop.CUSTOMERS, "utf-8-sig")
    for origin in company.origins:
        if origin.file == shop.CUSTOMERS:
            assert customers[origin.row]["Customer ID"] == f"'{origin.key}"


def test_phone_numbers_keep_to_their_countries_plans(company: Summary) -> None:
    numbers = [person.mobile for person in company.people]
    valid = [phonenumbers.is_valid_number(phonenumbers.parse(number)) for number in numbers]
    assert sum(valid) > 0.97 * len(valid)


def test_shop_customers_carry_a_byte_order_mark_and_leading_apostrophes(company: Summary) -> None:
    raw = (company.folder / shop.CUSTOMERS).read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    customers = rows(company, shop.CUSTOMERS, "utf-8-sig")
    assert all(row["Customer ID"].startswith("'") and row["Default Address Zip"].startswith("'") for row in customers)
    assert all(row["Phone"].startswith("'") for row in customers if row["Phone"])
    assert any("\n" in row["Default Address Address2"] for row in customers)
    assert any(row["Birth date (customer.metafields.facts.birth_date)"] for row in customers)
    assert any(row["Email"] != row["Email"].lower() for row in customers)
    assert any("+" in row["Email"] for row in customers)
    addresses = [row["Email"].casefold() for row in customers if row["Email"]]
    assert len(addresses) == len(set(addresses))


def test_an_order_has_one_line_an_item_and_says_what_it_is_on_the_first_only(company: Summary) -> None:
    lines = rows(company, shop.ORDERS)
    heads = [line for line in lines if line["Total"]]
    assert len({head["Id"] for head in heads}) == company.files[shop.ORDERS]
    assert any(not line["Total"] and line["Lineitem name"] for line in lines)
    assert {"paid", "refunded", "partially_refunded", "voided"} <= {head["Financial Status"] for head in heads}
    assert any(head["Cancelled at"] for head in heads)
    assert any(not head["Email"] for head in heads)
    assert any(count > 1 for count in Counter(tuple(line.items()) for line in lines).values())
    assert {head["Created at"][-5:] for head in heads} == {"+0100", "+0200"}


def test_google_contacts_join_values_and_know_organisations_without_a_person(company: Summary) -> None:
    cards = rows(company, contacts.FILE)
    assert len(cards) == company.files[contacts.FILE]
    assert any(" ::: " in card["Phone 1 - Value"] for card in cards)
    assert any(card["Birthday"].startswith("--") for card in cards)
    assert any(card["Organization Name"] and not card["First Name"] + card["Last Name"] for card in cards)
    assert any(", " in card["Last Name"] for card in cards)
    assert any(card["E-mail 1 - Value"] in PLACEHOLDER_EMAILS for card in cards)


def test_meta_leads_are_utf_16_with_tabs_prefixes_and_test_leads(company: Summary) -> None:
    raw = (company.folder / marketing.LEADS).read_bytes()
    assert raw[:2] in (b"\xff\xfe", b"\xfe\xff")
    leads = rows(company, marketing.LEADS, "utf-16", "\t")
    assert len(leads) == company.files[marketing.LEADS]
    assert all(lead["id"].startswith("l:") and lead["phone_number"].startswith("p:") for lead in leads)
    assert sum("<test lead" in lead["full_name"] for lead in leads) == 2


def test_the_audience_lies_in_three_files_whose_names_say_the_status(company: Summary) -> None:
    for status, file in marketing.AUDIENCE.items():
        members = rows(company, file)
        assert file.startswith(status)
        assert len(members) == company.files[file] > 0
    assert all(row["UNSUB_TIME"] for row in rows(company, marketing.AUDIENCE["unsubscribed"]))
    subscribed = rows(company, marketing.AUDIENCE["subscribed"])
    assert set(ROLE_MAILBOXES) <= {row["Email Address"] for row in subscribed}
    assert any('","' in row["TAGS"] for row in subscribed)
    assert any(not row["First Name"] for row in subscribed)


def test_the_calendar_has_guests_by_address_only_a_series_and_cancelled_events(company: Summary) -> None:
    events = Calendar.from_ical((company.folder / meetings.FILE).read_bytes()).walk("VEVENT")
    assert len(events) == company.files[meetings.FILE]
    assert any("RRULE" in event for event in events)
    assert any("RECURRENCE-ID" in event for event in events)
    assert any(event["STATUS"] == "CANCELLED" for event in events)
    guests = [guest for event in events for guest in _guests(event.get("ATTENDEE", []))]
    assert any("CN" not in guest.params for guest in guests)


def _guests(found: Any) -> list[Any]:
    return found if isinstance(found, list) else [found]


def test_the_mailbox_reads_message_by_message_whatever_the_bodies_say(company: Summary) -> None:
    box = mailbox.mbox(company.folder / mail.FILE)
    messages = list(box)
    box.close()
    assert len(messages) == company.files[mail.FILE]
    assert all(message["Message-ID"] and message["X-Gmail-Labels"] for message in messages)
    assert any(str(message["Subject"]).startswith("=?utf-8?") for message in messages)
    assert any(b"\n>From " in (message.get_payload(decode=True) or b"") for message in messages)


def test_people_share_homes_marry_and_move(company: Summary) -> None:
    homes = Counter(person.home_phone for person in company.people if person.home_phone)
    assert max(homes.values()) > 1
    assert any(person.family_email for person in company.people)
    assert any(person.maiden for person in company.people)
    assert any(person.former for person in company.people)
    assert sum(person.traces.lead and person.traces.buys for person in company.people) > 1
