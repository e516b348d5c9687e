"""WebDAV's XML is read by a parser that refuses what no honest answer needs; paths are compared by what they mean."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.core.multistatus import DAV, Response, canonical, document, members, names, parse
from connectors.core.multistatus import Tag as Element
from mapping.errors import ContractError

BOMB = "".join(f'<!ENTITY b{n} "{f"&b{n - 1};" * 10}">' for n in range(1, 10))
TOLD = "<D:status>HTTP/1.1 200 OK</D:status>"


def _answer(inner: str, before: str = "") -> bytes:
    return f'<?xml version="1.0"?>{before}<D:multistatus xmlns:D="DAV:">{inner}</D:multistatus>'.encode()


def test_a_bomb_of_entities_is_refused() -> None:
    with pytest.raises(ContractError, match="document type or entities"):
        parse(_answer("&b9;", f'<!DOCTYPE x [<!ENTITY b0 "ha">{BOMB}]>'), "/a/")


def test_a_file_of_this_machine_is_not_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("s3cret")
    with pytest.raises(ContractError) as refused:
        parse(_answer("&f;", f'<!DOCTYPE x [<!ENTITY f SYSTEM "{secret.as_uri()}">]>'), "/a/")
    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "latin-1"])
def test_another_encoding_smuggles_no_entity_in(encoding: str) -> None:
    text = '<!DOCTYPE x [<!ENTITY a "b">]><D:multistatus xmlns:D="DAV:">&a;</D:multistatus>'
    with pytest.raises(ContractError, match="document type or entities"):
        parse(text.encode(encoding), "/a/")


@pytest.mark.parametrize(
    "content",
    [b"", b"<html>", b"<html/>", b"Log in", b'<D:multistatus xmlns:D="DAV:">', b"\xff\xfe\x00", _answer("\x0b")],
)
def test_what_is_no_multistatus_is_a_contract_error(content: bytes) -> None:
    with pytest.raises(ContractError, match=r"^/a/: "):
        parse(content, "/a/")


def test_a_resource_without_an_address_is_a_contract_error() -> None:
    with pytest.raises(ContractError, match="without an address"):
        parse(_answer(f"<D:response>{TOLD}</D:response>"), "/a/")


def test_properties_that_were_not_found_are_not_there() -> None:
    missing = f"<D:propstat><D:prop><D:displayname/></D:prop>{TOLD.replace('200 OK', '404 Not Found')}</D:propstat>"
    found = f'<D:propstat><D:prop><D:getetag>"1"</D:getetag></D:prop>{TOLD}</D:propstat>'
    (response,) = parse(_answer(f"<D:response><D:href>/a/b</D:href>{missing}{found}</D:response>"), "/a/").responses
    assert (response.text(f"{DAV}getetag"), response.text(f"{DAV}displayname")) == ('"1"', "")
    assert response.status == 0, "a status of some properties is none of the resource"


def test_the_token_is_that_of_the_answer_wherever_it_stands_and_not_that_of_a_member() -> None:
    member = f"<D:propstat><D:prop><D:sync-token>theirs</D:sync-token></D:prop>{TOLD}</D:propstat>"
    response = f"<D:response><D:href>/a/b</D:href>{member}</D:response>"
    for inner in (f"<D:sync-token>1</D:sync-token>{response}", f"{response}<D:sync-token>1</D:sync-token>"):
        told = parse(_answer(inner), "/a/")
        assert (told.token, len(told.responses)) == ("1", 1)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("/cal/ada@example.com.ics", "/cal/ada%40example.com.ics"),
        ("/cal/a b.ics", "/cal/a%20b.ics"),
        ("/cal/é.ics", "/cal/%c3%a9.ics"),
        ("/cal/x.ics", "https://calendar.example.com:8443/cal/x.ics"),
        ("/cal/x.ics", "//elsewhere.example.com/cal/x.ics"),
        ("/cal/x.ics", "x.ics"),
    ],
)
def test_one_address_written_in_two_ways_is_one(one: str, other: str) -> None:
    assert canonical(one, "/cal/") == canonical(other, "/cal/")


@pytest.mark.parametrize(
    ("one", "other"),
    [("/cal/a%2Fb.ics", "/cal/a/b.ics"), ("/cal/100%25.ics", "/cal/100.ics"), ("/cal/%e9.ics", "/cal/%c3%a9.ics")],
)
def test_two_addresses_stay_two(one: str, other: str) -> None:
    assert canonical(one, "/cal/") != canonical(other, "/cal/")
    assert canonical(canonical(one, "/cal/"), "/cal/") == canonical(one, "/cal/")


def test_members_are_what_lies_directly_in_the_collection() -> None:
    paths = [
        "/cal/",
        "/cal/a.ics",
        "/cal/deeper/",
        "/cal/deeper/b.ics",
        "/calendar/c.ics",
        "/d.ics",
        "/cal/..",
        "/cal/.",
    ]
    assert list(members([Response(path, 0, {}) for path in paths], "/cal/")) == ["a.ics"]


def test_what_is_asked_is_escaped() -> None:
    asked = document(Element(f"{DAV}sync-collection", inner=(Element(f"{DAV}sync-token", "<&>"), *names(f"{DAV}prop"))))
    assert b"&lt;&amp;&gt;" in asked
