"""Odd mail becomes what it says: the same over IMAP as out of an mbox file."""

from __future__ import annotations

import mailbox
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from connectors.core.protocols import Runtime
from connectors.files.config import FilesConfig
from connectors.files.connector import VENDOR as FILES
from connectors.imap.mapping import BODY_BYTES
from tests.connectors.imap.post import Post, letter
from tests.connectors.imap.test_reads import only, pages
from tests.connectors.rig import Tokens, stream_of

pytestmark = pytest.mark.proof("real server", "Dovecot 2.3 of Debian 12")

EIGHT_BIT = "Message-ID: <b@x>\r\nFrom: J\xfcrgen <j@x.example>\r\nSubject: Gr\xfc\xdfe\r\n\r\nx\r\n".encode("cp1252")
NO_ID = letter(1, Message_ID="")
FOLDED = letter(1, Subject="=?iso-8859-1?q?Gr=FC=DFe?=\r\n =?iso-8859-1?q?_aus_Ede?=", Cc="undisclosed-recipients:;")
LISTED = letter(1, References="<root@x> <mid@x>", List_Id="News <news.x.example>", Auto_Submitted="auto-replied")
UNKNOWN = letter(1, From="=?x-unknown?q?K=FCm?= <k@x.example>", Subject="=?utf-8?b?!!?=", Date="sometime")
MIXED = (
    letter(1, Content_Type='multipart/mixed; boundary="b"', MIME_Version="1.0").partition("\r\n\r\n")[0]
    + "\r\n\r\n--b\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    "<style>p {}</style><p>Caf=C3=A9 &amp; tea</p>\r\n"
    "--b\r\nContent-Type: application/pdf\r\n"
    'Content-Disposition: attachment; filename="offer \\"A\\".pdf"\r\n\r\nQUJD\r\n'
    "--b\r\nContent-Type: image/png;\r\n name*0*=utf-8''Bild%20;\r\n name*1*=%C3%BC.png\r\n\r\nQUJD\r\n"
    '--b\r\nContent-Type: text/plain; name="=?utf-8?q?Gr=C3=BC=C3=9Fe=2Etxt?="\r\n\r\nx\r\n'
    '--b\r\nContent-Type: message/rfc822; name="fwd.eml"\r\n\r\nSubject: inner\r\n'
    'Content-Type: multipart/mixed; boundary="c"\r\n\r\n'
    '--c\r\nContent-Type: application/zip; name="inner.zip"\r\n\r\nQUJD\r\n--c--\r\n'
    '--b\r\nContent-Type: multipart/related; boundary="d"\r\n\r\n--d\r\n'
    "Content-Type: image/gif; name=logo.gif\r\n\r\nQUJD\r\n--d--\r\n--b\r\n"
    "Content-Disposition: attachment; filename=last.txt\r\n\r\nx\r\n--b--\r\n"
)
LARGE = letter(1, "The beginning. " + "x" * BODY_BYTES)


def from_mbox(folder: Path, raw: bytes, **config: Any) -> Mapping[str, Any]:
    """The same message as the connector of export files reads it."""
    box = mailbox.mbox(folder / "export.mbox")
    box.add(raw.replace(b"\r\n", b"\n"))
    box.close()
    made = FILES.build(FilesConfig.model_validate({"path": str(folder), **config}), Runtime(), Tokens())
    stream = stream_of(made, "mail")
    (record,) = [one for slice_ in stream.slices() for page in stream.read(slice_, None) for one in page.records]
    return record.body


SAID = ("Message-ID", "Subject", "From", "To", "Cc", "_key", "_thread", "text", "digest", "List-Id", "Auto-Submitted")
MAILS = {
    "8 bit": EIGHT_BIT,
    "no id": NO_ID.encode(),
    "folded": FOLDED.encode(),
    "list": LISTED.encode(),
    "unknown charset": UNKNOWN.encode(),
    "attachments": MIXED.encode(),
    "large": LARGE.encode(),
}


@pytest.mark.parametrize("mode", ["headers", "bodies"])
@pytest.mark.parametrize("name", MAILS)
def test_a_mail_says_the_same_as_in_an_mbox_file(best: Post, tmp_path: Path, name: str, mode: str) -> None:
    deep = mode == "bodies"
    best.deliver(MAILS[name])
    mine = only(best, bodies=deep, attachments=True)
    theirs = from_mbox(tmp_path, MAILS[name], mail_bodies=deep, mail_attachments=True)
    assert {key: mine.get(key) for key in SAID} == {key: theirs.get(key) for key in SAID}
    assert mine["_rest"].get("attachments") == theirs.get("_rest", {}).get("attachments")


def test_names_of_attachments_come_without_the_attachments(best: Post) -> None:
    best.deliver(MIXED)
    assert only(best, attachments=True)["_rest"]["attachments"] == [
        'offer "A".pdf',
        "Bild ü.png",
        "Grüße.txt",
        "last.txt",
        "logo.gif",
        "inner.zip",
    ]
    assert "attachments" not in only(best)["_rest"]
    assert "text" not in only(best)
    assert only(best, bodies=True)["text"] == "Café & tea"


def test_a_mail_without_a_header_is_one_all_the_same(best: Post) -> None:
    best.deliver("\r\nJust text\r\n")
    assert only(best)["_key"].startswith("mail:")
    assert only(best, bodies=True)["text"] == "Just text"


def test_a_mail_without_a_date_has_the_one_at_which_it_came(best: Post) -> None:
    best.deliver(letter(1, Date=""))
    assert only(best)["Date"] == "2026-05-04T08:00:00Z"


def test_headers_that_are_never_read_may_be_huge_unless_they_hide_the_text(best: Post) -> None:
    best.deliver(letter(1, X_Junk="\r\n ".join(["y" * 900] * 300)))
    assert only(best)["Message-ID"] == "m1@plum.example"
    (error,) = [error for page in pages(best, bodies=True) for error in page.errors]
    assert str(error) == "its headers are too large"


def test_drafts_and_spam_are_kept_and_are_no_mail_and_tags_are_labels(best: Post) -> None:
    for flags in ("\\Draft", "$Junk", "Junk", "vip \\Seen \\Flagged $Forwarded NonJunk"):
        best.deliver(letter(1), flags=flags)
    found = [record for page in pages(best) for record in page.records]
    assert [record.body["_sent"] for record in found] == [False, False, False, True]
    assert [record.version for record in found] == ["\\Draft", "$Junk", "Junk", "vip"]
    assert found[3].body["_rest"] == {"labels": ["INBOX", "vip"]}


def test_what_a_reader_does_with_a_mail_is_no_new_version(best: Post) -> None:
    id_ = best.deliver(letter(1))
    before = pages(best)
    best.store(id_, "\\Seen \\Answered \\Flagged")
    (again,) = [record for page in pages(best, before[-1].cursor) for record in page.records]
    assert again == before[0].records[0]


@pytest.mark.parametrize(
    ("folder", "sender", "email", "direction"),
    [
        ("Sent", "Ada <ada@acme.example>", "", "out"),
        ("INBOX", "Kim <kim@plum.example>", "", "in"),
        ("INBOX", "Bo <bo@acme.example>", "", None),
        ("INBOX", "Ada <ada@old.example>", "ada@old.example", "out"),
    ],
)
def test_which_way_a_mail_went(best: Post, folder: str, sender: str, email: str, direction: str | None) -> None:
    best.deliver(letter(1, From=sender), folder)
    (body,) = [
        record.body
        for slice_ in best.messages(email=email).slices()
        for page in pages(best, folder=slice_, email=email)
        for record in page.records
    ]
    assert body.get("_direction") == direction
