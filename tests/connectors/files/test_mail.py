"""Mailboxes become emails: headers only, unless the admin asks for more."""

from __future__ import annotations

import tracemalloc

from tests.connectors.files.support import Folder

FROM = "From 123@xxx Fri May 01 08:00:00 +0000 2026\n"


def message(headers: str, body: str = "Hello\n") -> str:
    return f"{FROM}{headers.strip()}\n\n{body}\n"


PLAIN = message(
    "X-Gmail-Labels: =?UTF-8?Q?Inbox,Opened,=22Caf=C3=A9=22?=\n"
    "Message-ID: <A1@Mail.Example>\n"
    "References: <root@mail.example> <mid@mail.example>\n"
    "Date: Fri, 1 May 2026 10:00:00 +0200\n"
    "From: =?utf-8?B?UGx1bSwgS2lt?= <kim@plum.example>\n"
    'To: noor@us.example,\n\t"Pear, Lee" <lee@pear.example>\n'
    "Cc: undisclosed-recipients:;\n"
    "Subject: =?iso-8859-1?q?Gr=FC=DFe?= =?iso-8859-1?q?_aus_Ede?=\n",
    "Dear Noor,\n\n>From here it looks fine.\nFrom there too.\n\nFrom now on\nNote: not a header of a new message\n",
)


def test_broken_messages_cost_themselves_only(folder: Folder) -> None:
    huge = message("X-Junk: " + "y" * 300_000 + "\n" + "\n ".join("z" * 70 for _ in range(50)))
    eight_bit = (FROM + "Message-ID: <b@x>\nFrom: J\xfcrgen <j@x.example>\nSubject: Gr\xfc\xdfe\n\nx\n\n").encode(
        "cp1252"
    )
    unknown = message(
        "Message-ID: <c@x>\nFrom: =?x-unknown?q?K=FCm?= <k@x.example>\nDate: sometime\nSubject: =?utf-8?b?!!?="
    )
    folder.put("m.mbox", PLAIN.encode() + huge.encode() + eight_bit + unknown.encode())
    read = folder.read("mail")
    assert read.errors == ["m.mbox:20: its headers are too large"]
    assert [record.remote_id for record in read.records] == ["A1@Mail.Example", "b@x", "c@x"]
    assert read.bodies[1]["From"] == [{"email": "j@x.example", "name": "Jürgen"}]
    assert read.bodies[1]["Subject"] == "Grüße"
    assert "Date" not in read.bodies[2]


def test_a_mail_says_who_wrote_to_whom_and_nothing_more(folder: Folder) -> None:
    folder.put("m.mbox", PLAIN)
    mail = folder.one("mail", "email")
    assert (mail["key"], mail["activity"]) == ("mail:A1@Mail.Example", "email")
    assert (mail["at"], mail["title"]) == ("2026-05-01T08:00:00Z", "Grüße aus Ede")
    assert mail["thread"] == "root@mail.example"
    assert mail["custom"] == {"labels": ["Inbox", "Opened", "Café"]}
    assert mail["participants"] == [
        {"role": "from", "name": "Plum, Kim", "email": "kim@plum.example"},
        {"role": "to", "email": "noor@us.example"},
        {"role": "to", "name": "Pear, Lee", "email": "lee@pear.example"},
    ]
    assert "text" not in mail
    assert "direction" not in mail
    assert not folder.entities("mail")[0].founding


MIXED = message(
    'Message-ID: <d@x>\nFrom: k@x.example\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="b"',
    "--b\nContent-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n"
    "<style>p {}</style><p>Caf=C3=A9 &amp; tea</p>\n"
    '--b\nContent-Type: application/pdf\nContent-Disposition: attachment; filename="offer.pdf"\n'
    "Content-Transfer-Encoding: base64\n\nQUJD\n--b--\n",
)


def test_text_and_names_of_attachments_come_only_when_asked_for(folder: Folder) -> None:
    folder.put("m.mbox", PLAIN + MIXED)
    folder.config["mail_bodies"] = True
    plain, mixed = (entity.values for entity in folder.entities("mail"))
    assert plain["text"].startswith("Dear Noor,\n\nFrom here it looks fine.")
    assert mixed["text"] == "Café & tea"
    assert "attachments" not in mixed.get("custom", {})
    folder.config.update(mail_bodies=False, mail_attachments=True)
    plain, mixed = (entity.values for entity in folder.entities("mail"))
    assert "text" not in mixed
    assert mixed["custom"]["attachments"] == ["offer.pdf"]


def test_a_mail_without_an_id_keeps_one_of_its_own(folder: Folder) -> None:
    folder.put("a.mbox", message("From: k@x.example\nDate: Fri, 1 May 2026 10:00:00 +0200\nSubject: hi"))
    (first,) = folder.read("mail").records
    folder.put("b.mbox", message("From: k@x.example\nDate: Fri, 1 May 2026 10:00:00 +0200\nSubject: hi\nX-Other: 1"))
    assert {record.remote_id for record in folder.read("mail").records} == {first.remote_id}


def test_drafts_and_spam_are_kept_and_are_no_mail(folder: Folder) -> None:
    folder.put("m.mbox", message("X-Gmail-Labels: Drafts\nMessage-ID: <e@x>\nFrom: k@x.example"))
    assert len(folder.read("mail").records) == 1
    assert folder.entities("mail") == []


def test_a_single_message_file_and_a_thunderbird_box(folder: Folder) -> None:
    folder.put("one.eml", "Message-ID: <f@x>\r\nFrom: k@x.example\r\nSubject: hi\r\n\r\nbody\r\n")
    folder.put(
        "Inbox",
        "From - Fri May 01 10:00:00 2026\r\nX-Mozilla-Status: 0001\r\nMessage-ID: <g@x>\r\n\r\nx\r\n\r\n"
        "From \r\nMessage-ID: <h@x>\r\n\r\ny\r\n",
    )
    assert {record.remote_id for record in folder.read("mail").records} == {"f@x", "g@x", "h@x"}


def test_a_large_mailbox_is_read_with_flat_memory_and_resumed_anywhere(folder: Folder) -> None:
    attachment = ("QUJD" * 19 + "\n") * 3_000
    with (folder.path / "m.mbox").open("w") as handle:
        for n in range(60):
            handle.write(message(f"Message-ID: <{n}@x>\nFrom: k@x.example", attachment))
    folder.config["mail_bodies"] = True
    folder.connector().check()
    tracemalloc.start()
    try:
        pages = list(folder.pages("mail"))
        assert tracemalloc.get_traced_memory()[1] < 12_000_000
    finally:
        tracemalloc.stop()
    everything = [record.remote_id for page in pages for record in page.records]
    assert everything == [f"{n}@x" for n in range(60)]
    assert len(pages) > 3
    for stop in (1, len(pages) // 2, len(pages) - 1):
        resumed = [record.remote_id for record in folder.read("mail", pages[stop - 1].cursor).records]
        assert [r.remote_id for done in pages[:stop] for r in done.records] + resumed == everything
