"""Files that nobody knows are mapped by the admin, or reported; nothing is passed over in silence."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from connectors.files.config import FilesConfig
from mapping.contract import RawRecord
from mapping.errors import ConfigError, RecordError
from mapping.mapper import Mapper
from tests.connectors.files.support import MORNING, Folder

TILL: dict[str, Any] = {
    "match": "till*.csv",
    "stream": "till_customers",
    "id": ["Shop", "No"],
    "changed_at": "Changed",
    "entities": [{"kind": "person", "fields": {"name": "Name", "email": "Mail", "custom.shop": "Shop"}}],
}


@pytest.mark.parametrize(
    "config",
    [
        {"path": ""},
        {"path": "x", "colour": "red"},
        {"path": "x", "encoding": "utf-9"},
        {"path": "x", "delimiter": "ab"},
        {"path": "x", "system": "a:b"},
        {"path": "x", "layouts": {"a": {"match": "*.csv"}}},
        {"path": "x", "layouts": {"a": {**TILL, "format": "xlsx"}}},
        {"path": "x", "layouts": {"a": {**TILL, "format": "jsonl", "columns": ["a"]}}},
    ],
)
def test_a_wrong_configuration_is_refused(config: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        FilesConfig(**config)


@pytest.mark.parametrize("stream", ["google_contacts", "unrecognised"])
def test_a_stream_of_ones_own_may_not_be_called_like_a_built_in_one(folder: Folder, stream: str) -> None:
    folder.config["layouts"] = {"a": {**TILL, "stream": stream}}
    with pytest.raises(ConfigError, match="built-in"):
        folder.connector()


def test_an_unknown_file_is_reported_with_its_header_until_it_changes(folder: Folder) -> None:
    folder.put("tills.csv", "Shop;No;Name\nN;1;Kim Plum\n")
    read = folder.read("unrecognised")
    (error,) = read.errors
    assert "tills.csv: its header is not known: Shop, No, Name" in error
    assert "layouts" in error
    assert read.pages[-1].complete
    assert folder.read("unrecognised", read.cursor).errors == []
    folder.put("tills.csv", "Shop;No;Name\nN;2;Kim Plum\n", MORNING + 1)
    assert len(folder.read("unrecognised", read.cursor).errors) == 1
    assert "unrecognised: tills.csv" in folder.connector().check().name


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.csv", b"", "it is empty"),
        ("a.xlsx", b"PK\x03\x04rest", "an Excel workbook"),
        ("a.csv.gz", b"\x1f\x8b\x08rest", "unpack it"),
        ("a.csv", b"kim@plum.example,Kim\nlee@pear.example,Lee\n", "no header line"),
        ("a.txt", b"Dear Kim, thank you\nfor the plums.\n", "it is no table"),
        ("a.bin", bytes(range(256)) * 4, "a.bin: it"),
    ],
)
def test_what_cannot_be_read_says_why_and_tells_no_values(
    folder: Folder, name: str, content: bytes, reason: str
) -> None:
    folder.put(name, content)
    (error,) = folder.read("unrecognised").errors
    assert reason in error
    assert "kim@plum.example" not in error


def test_more_unknown_files_than_a_page_holds_are_each_told_once(folder: Folder) -> None:
    for n in range(1_001):
        folder.put(f"{n}.bin", b"\0")
    read = folder.read("unrecognised")
    assert [len(page.errors) for page in read.pages] == [500, 500, 1]
    assert len(set(read.errors)) == 1_001


def test_a_table_of_ones_own_is_mapped_by_ones_own_rules(folder: Folder) -> None:
    folder.config["layouts"] = {"till": TILL}
    folder.put(
        "sub/till-north.csv",
        "Shop;No;Name;Mail;Changed\nN;1;Kim Plum;kim@plum.example;2026-04-30 10:00:00\n;;Nobody;;\n",
    )
    read = folder.read("till_customers")
    (record,) = read.records
    assert (record.remote_id, str(record.changed_at)) == ("N/1", "2026-04-30 10:00:00+00:00")
    assert read.errors == ["sub/till-north.csv:3: the id column(s) Shop, No are empty"]
    person = folder.one("till_customers", "person")
    assert (person["email"], person["custom"]) == ("kim@plum.example", {"shop": "N"})


def test_a_mapped_file_that_lost_its_id_column_is_reported(folder: Folder) -> None:
    folder.config["layouts"] = {"till": TILL}
    folder.put("till.csv", "Shop;Name;Mail\nN;Kim Plum;kim@plum.example\n")
    (error,) = folder.read("unrecognised").errors
    assert "needs the column(s) Changed, No" in error


def test_a_table_without_a_header_gets_its_names_from_the_admin(folder: Folder) -> None:
    fields = {"name": "Name", "email": "Mail"}
    layout = {"match": "*.txt", "id": "Mail", "columns": ["Mail", "Name"], "entities": [{"fields": fields}]}
    folder.config["layouts"] = {"list": layout}
    folder.put("list.txt", "kim@plum.example\tKim Plum\nlee@pear.example\tLee Pear\n")
    assert [record.remote_id for record in folder.read("list").records] == ["kim@plum.example", "lee@pear.example"]


def test_json_lines_are_read_one_by_one(folder: Folder) -> None:
    folder.config["layouts"] = {
        "calls": {
            "match": "*.jsonl",
            "format": "jsonl",
            "id": "call.id",
            "changed_at": "at",
            "entities": [
                {
                    "kind": "activity",
                    "fields": {"key": "join(':', ['call', call.id])", "activity": "'call'", "at": "at"},
                    "participants": [{"role": "caller", "phone": "from"}],
                }
            ],
        }
    }
    good = json.dumps({"call": {"id": 7}, "at": "2026-05-01T08:00:00Z", "from": "+31612345678"})
    folder.put("c.jsonl", f'{good}\n{{"call":\n[1]\n\n"\\ud800"\nNaN\n')
    read = folder.read("calls")
    assert [record.remote_id for record in read.records] == ["7"]
    assert read.errors == [f"c.jsonl:{line}: not a JSON object" for line in (2, 3, 5, 6)]
    activity = folder.one("calls", "activity")
    assert (activity["key"], activity["participants"][0]["phone"]) == ("call:7", "+31612345678")


def test_cards_of_another_name_may_be_a_stream_of_their_own(folder: Folder) -> None:
    folder.config["layouts"] = {"suppliers": {"match": "suppliers/*", "format": "vcard"}}
    folder.put("suppliers/a.vcf", "BEGIN:VCARD\nVERSION:3.0\nN:Plum;Kim;;;\nFN:Kim Plum\nEND:VCARD\n")
    assert folder.one("suppliers", "person")["given_name"] == "Kim"
    assert folder.read("cards").records == []


HEADERS = {
    "shopify_orders": "Name,Email,Financial Status,Subtotal,Total,Created at,Lineitem quantity,"
    "Lineitem name,Lineitem price,Id",
    "shopify_customers": "Customer ID,First Name,Email,Accepts Email Marketing,Total Spent,Phone,Tags",
    "stripe_payments": "id,Created (UTC),Amount,Currency,Status,Customer ID,Card Last4,Customer Email",
    "meta_leads": "id,created_time,ad_id,form_id,platform,question?,full_name,email",
    "mailchimp_audience": "Email Address,First Name,LAST_CHANGED,LEID,EUID,TAGS,Birthday",
    "linkedin_connections": "First Name,Last Name,URL,Company,Connected On",
    "google_contacts": "First Name,Last Name,Labels,Birthday,E-mail 1 - Label,E-mail 1 - Value,Organization Name",
    "outlook_contacts": "First Name,Last Name,E-mail Address,Business Phone,Birthday,Company",
    "hubspot_contacts": "Record ID,First Name,Email,Last Modified Date,Lifecycle Stage,Birthday",
}
CELL = st.one_of(
    st.text(max_size=12), st.sampled_from(["1", '"', "p:+31612345678", "2026-05-01", "a ::: b", "a@b.example"])
)


@pytest.mark.parametrize("stream", sorted(HEADERS))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.lists(CELL, max_size=12), max_size=8))
def test_no_row_of_a_known_layout_can_stop_its_stream(folder: Folder, stream: str, rows: list[list[str]]) -> None:
    text = HEADERS[stream] + "\n" + "\n".join(",".join(row) for row in rows)
    folder.put("a.csv", text.encode("utf-8", "replace"))
    read = folder.read(stream)
    assert read.pages[-1].complete
    mapper = Mapper(folder.stream(stream).rules)
    for record in read.records:
        assert isinstance(record, RawRecord)
        assert record.remote_id
        json.dumps(record.body).encode()
        with contextlib.suppress(RecordError):  # a fact without its key, say; anything else is a bug in the rules
            mapper.map(record.body)


LINE = st.one_of(
    st.text(max_size=20),
    st.sampled_from(
        ["BEGIN:VCARD", "END:VCARD", "BEGIN:VEVENT", "END:VEVENT", "UID:1", "N:a;b", "ADR:;;x", "ORG:", "BDAY:x"]
    ),
    st.sampled_from(
        ["DTSTART:x", "RRULE:FREQ=X", "DTSTART;TZID=Nowhere/Zone:20260501T100000", "ATTENDEE:", "DURATION:P"]
    ),
    st.sampled_from(
        ["From a@b Fri May  1 10:00:00 2026", "Message-ID: <a@b>", "Date: x", "From: =?x?q?y?=", "To: a@", ""]
    ),
    st.sampled_from(
        ["TEL;PREF=x:", "EMAIL;ENCODING=QUOTED-PRINTABLE:a=", "FN;CHARSET=nope;QUOTED-PRINTABLE:=ZZ", "TZID:x"]
    ),
)


@pytest.mark.parametrize(
    ("stream", "opening"),
    [
        ("cards", "BEGIN:VCARD"),
        ("events", "BEGIN:VCALENDAR"),
        ("mail", "From a@b Fri May  1 10:00:00 2026\nSubject: x"),
    ],
)
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=st.lists(LINE, max_size=25))
def test_no_card_event_or_message_can_stop_its_stream(
    folder: Folder, stream: str, opening: str, lines: list[str]
) -> None:
    folder.config["mail_bodies"] = True
    folder.put("a", "\n".join([opening, *lines]).encode("utf-8", "replace"))
    read = folder.read(stream)
    assert read.pages[-1].complete
    for record in read.records:
        json.dumps(record.body).encode()
