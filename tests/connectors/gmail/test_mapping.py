"""What a Gmail message becomes: the same fact as out of a mailbox file, in the right direction, no more than asked."""

from __future__ import annotations

from email.message import EmailMessage
from pathlib import Path
from typing import Any

from connectors.core.mail import EMAIL
from mapping.mapper import Entity, Mapper
from tests.connectors.files.support import Folder
from tests.connectors.gmail.office import Office, mail


def facts(office: Office, **config: Any) -> list[dict[str, Any]]:
    """The values of every fact that the office's mailbox holds, the newest message first."""
    return [entity.values for entity in office.read(**config).entities()]


def test_a_message_that_is_no_message_costs_itself(office: Office) -> None:
    office.box.deliver(b"\r\n\r\nno headers at all")
    office.box.deliver(b"Subject: =?x-unknown?q?K=FCm?=\r\nFrom: \xfcmit@x.example, <>\r\nDate: sometime\r\n\r\n")
    good = office.box.deliver(mail(1))
    haul = office.read()
    assert good.id in haul.ids
    assert len(haul.entities()) == 3


def test_a_mail_says_who_wrote_to_whom_and_nothing_more(office: Office) -> None:
    told = {"Cc": '"Pear, Lee" <lee@pear.example>', "References": "<root@x> <mid@x>", "List-Id": "News <news.x>"}
    message = mail(1, Subject="Grüße", **{name.replace("-", "_"): value for name, value in told.items()})
    office.box.deliver(message, ["INBOX", "UNREAD", office.box.label("Customers/Large")])
    (fact,) = facts(office)
    assert fact == {
        "key": "mail:m1@plum.example",
        "activity": "email",
        "at": "2026-05-01T08:00:00Z",
        "title": "Grüße",
        "thread": "root@x",
        "direction": "in",
        "custom": {"labels": ["INBOX", "Customers/Large"], "list_id": "News <news.x>"},
        "participants": [
            {"role": "from", "name": "Kim Plum", "email": "kim.1@plum.example"},
            {"role": "to", "email": "ilse@acme.example"},
            {"role": "cc", "name": "Pear, Lee", "email": "lee@pear.example"},
        ],
    }
    assert "Hello" not in repr(office.read().records), "not even the snippet"


def test_the_direction_is_that_of_the_mailbox(office: Office) -> None:
    office.box.deliver(mail(1, From="Ilse <ilse@acme.example>"), ["SENT"])
    office.box.deliver(mail(2, From="sales@alias.example"), ["SENT"])
    office.box.deliver(mail(3, From="bas@acme.example"))
    office.box.deliver(mail(4))
    assert {fact["key"][5:7]: fact.get("direction") for fact in facts(office)} == {
        "m1": "out",
        "m2": "out",
        "m3": None,  # a colleague's: the privacy settings know who is one
        "m4": "in",
    }


def whole() -> EmailMessage:
    message = mail(1)
    message.add_alternative("<p>Hello in <b>HTML</b></p>", subtype="html")
    message.add_attachment(b"%PDF" * 9_000, maintype="application", subtype="pdf", filename="Angebot für Kim.pdf")
    inner = mail(2, Subject="Forwarded")
    message.add_attachment(inner)
    return message


def test_text_and_names_of_attachments_come_only_when_asked_for(office: Office) -> None:
    office.box.deliver(whole())
    (plain,), (text,), (named,) = facts(office), facts(office, bodies=True), facts(office, attachments=True)
    assert "text" not in plain
    assert plain["custom"] == {"labels": ["INBOX"]}
    assert text["text"] == "Hello, this is number 1."
    assert "attachments" not in text["custom"]
    assert "text" not in named
    assert named["custom"]["attachments"] == ["Angebot für Kim.pdf"]
    assert "JVBERi" not in repr([each.reply.body for each in office.server.exchanges]), "contents are never fetched"


def test_a_message_has_the_same_fact_as_in_an_mbox_file(office: Office, tmp_path: Path) -> None:
    """But for what each of the two calls the labels, and the direction, which a file does not tell."""
    odd = mail(
        2, Subject="=?iso-8859-1?q?Gr=FC=DFe?=", From='"Müller, Jörg" <J@X.example>', Message_ID="", References=""
    )
    office.box.deliver(whole())
    office.box.deliver(odd)
    folder = Folder(tmp_path, mail_bodies=True, mail_attachments=True)
    text = "".join(f"From x Fri May 01 10:00:00 2026\n{message.as_string()}\n" for message in (whole(), odd))
    folder.put("mail.mbox", text)
    ours = {fact["key"]: fact for fact in facts(office, bodies=True, attachments=True)}
    theirs = {entity.values["key"]: dict(entity.values) for entity in folder.entities("mail")}
    for fact in ours.values():
        del fact["custom"]["labels"], fact["direction"]
    assert {key: {**fact, "custom": fact.get("custom", {})} for key, fact in theirs.items()} == ours


def test_a_message_without_a_date_has_that_of_its_arrival(office: Office) -> None:
    office.box.deliver(mail(1, Date=""))
    assert facts(office)[0]["at"] == office.clock.now().isoformat().replace("+00:00", "Z")


def test_an_admins_own_rule_reaches_the_thread_and_the_labels(office: Office) -> None:
    office.box.deliver(mail(1))
    mapper = Mapper([EMAIL], overrides={"email": {"custom.thread": "threadId", "custom.inbox": "labelIds[0]"}})
    found: list[Entity] = [entity for record in office.read().records for entity in mapper.map(record.body)]
    assert found[0].values["custom"]["inbox"] == "INBOX"
    assert found[0].values["custom"]["thread"]
