"""What an email says, wherever it lies: its headers decoded, who wrote to whom, and the rules that make it a fact.

``headers`` reads a parsed message, ``told`` adds what the mailbox knows of it, and ``EMAIL`` maps the outcome, so that
one mail seen in an mbox file, over IMAP and through a vendor's API is one fact with several sightings.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from datetime import UTC
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from email.utils import getaddresses, parsedate_to_datetime
from typing import Any

from connectors.core.mail_text import attachment_names, readable_text
from mapping.model import Direction, Kind
from mapping.rules import EntityRules, ParticipantRules

READ = (
    *("Message-ID", "Subject", "Date", "From", "To", "Cc", "Reply-To", "References", "In-Reply-To"),
    *("List-Id", "Auto-Submitted"),
)
"""The headers that are read; a vendor that lets one choose needs to send no others."""

_MESSAGE_ID = re.compile(r"<([^<>\s]+)>")
_ADDRESSES = 500
_NAME_CHARS = 998

EMAIL = EntityRules(
    name="email",
    kind=Kind.ACTIVITY,
    when="_sent",
    founding=False,
    fields={
        "key": "_key",
        "activity": "'email'",
        "at": "Date",
        "title": "Subject",
        "text": "text",
        "thread": "_thread",
        "direction": "_direction",
        "custom": "_rest",
    },
    participants=tuple(
        ParticipantRules(role, each=header, name="name", email="email")
        for role, header in (("from", "From"), ("to", "To"), ("cc", "Cc"))
    ),
)
"""One email. ``_sent`` is false for what never went out or nobody wants: it is kept, and is no mail."""


def headers(message: Message, *, text: bool = False, attachments: bool = False) -> dict[str, Any]:
    """The message's headers by name, what is empty left out; addresses as lists of ``{email, name}``.

    A message without a Message-ID has a ``digest`` of sender, recipient, date and subject instead. ``text`` adds the
    beginning of what it says, ``attachments`` the names of its attachments; both need the whole message.
    """
    found: dict[str, Any] = {
        "Message-ID": message_id(header(message, "Message-ID")),
        "Subject": decoded(header(message, "Subject")),
        "Date": _date(message),
        "From": _addresses(message, "From"),
        "To": _addresses(message, "To"),
        "Cc": _addresses(message, "Cc"),
        "Reply-To": _addresses(message, "Reply-To"),
        "References": _MESSAGE_ID.findall(header(message, "References"))[:1],
        "In-Reply-To": _MESSAGE_ID.findall(header(message, "In-Reply-To"))[:1],
        "List-Id": decoded(header(message, "List-Id")),
        "Auto-Submitted": header(message, "Auto-Submitted").casefold(),
    }
    if not found["Message-ID"]:
        found["digest"] = digest(*(header(message, name) for name in ("From", "To", "Date", "Subject")))
    if text:
        found["text"] = readable_text(message)
    if attachments:
        found["attachments"] = [decoded(name) for name in attachment_names(message)]
    return {name: value for name, value in found.items() if value}


def told(
    found: dict[str, Any], *, sent: bool, labels: Sequence[str] = (), direction: str = "", thread: str = ""
) -> dict[str, Any]:
    """The headers with what ``EMAIL`` reads beside them. ``sent`` is false for drafts, spam, trash and chat lines.

    ``thread`` is what the mailbox knows the conversation by, where the headers that would tell are not at hand.
    """
    identity = found.get("Message-ID") or found["digest"]
    rest = {
        "labels": list(labels),
        "attachments": found.get("attachments"),
        "list_id": found.get("List-Id"),
        "auto_submitted": found.get("Auto-Submitted"),
    }
    body = {
        **found,
        "_key": f"mail:{identity}",
        "_thread": thread or next(iter(found.get("References", []) + found.get("In-Reply-To", [])), identity),
        "_rest": {name: value for name, value in rest.items() if value},
        "_direction": direction,
        "_sent": sent,
    }
    return {name: value for name, value in body.items() if value not in ("", {}, [])}


def direction(found: dict[str, Any], mailbox: str, sent_from_here: bool) -> str:
    """Out where the mailbox sent it; in where somebody of another domain did; '' where a namesake of ours did.

    Who else is a colleague only the admin knows: what is left open here, the privacy settings answer.
    """
    senders: Sequence[dict[str, str]] = found.get("From") or [{}]
    sender = senders[0].get("email", "")
    if sent_from_here or sender.casefold() == mailbox.casefold():
        return Direction.OUT.value
    ours = mailbox.rpartition("@")[2].casefold()
    return Direction.IN.value if sender and sender.rpartition("@")[2].casefold() != ours else ""


def digest(sender: str, recipients: str, date: str, subject: str) -> str:
    """What a message without a Message-ID is known by."""
    marks = "\x1f".join((sender, recipients, date, subject))
    return hashlib.sha256(marks.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def message_id(text: str) -> str:
    """The id in a Message-ID header, without its angle brackets."""
    found = _MESSAGE_ID.search(text)
    return (found.group(1) if found else text.strip("<> "))[:_NAME_CHARS]


def header(message: Message, name: str) -> str:
    """A header's text on one line. Raw 8-bit bytes, which no header may hold and many do, become text all the same."""
    value = message.get(name)
    if value is None:
        return ""
    text = str(value) if isinstance(value, str) else _eight_bit(value)
    raw = text.encode("utf-8", "surrogateescape")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        text = raw.decode("cp1252", "replace")
    return " ".join(text.replace("\0", "").split())


def decoded(text: str) -> str:
    """RFC 2047 words decoded; a word in an unknown or wrong charset keeps what can be read of it."""
    if "=?" not in text:
        return text
    try:
        parts = decode_header(text)
    except (HeaderParseError, ValueError):
        return text
    found = []
    for part, charset in parts:
        if isinstance(part, str):
            found.append(part)
            continue
        try:
            found.append(part.decode(charset or "ascii", "replace"))
        except LookupError:
            found.append(part.decode("utf-8", "replace"))
    return " ".join("".join(found).replace("\0", "").split())


def _eight_bit(value: Any) -> str:
    """compat32 wraps a header with raw bytes in a Header object of the charset ``unknown-8bit``."""
    chunks = getattr(value, "_chunks", ())
    return "".join(str(text) for text, _ in chunks)


def _addresses(message: Message, name: str) -> list[dict[str, str]]:
    """``{email, name}`` of each address. Names are decoded after the split: an encoded name may hold a comma."""
    found = []
    for label, address in getaddresses([header(message, name)])[:_ADDRESSES]:
        if "@" in address:
            entry = {"email": address.strip(), "name": decoded(label).strip(" '\"")[:_NAME_CHARS]}
            found.append({key: text for key, text in entry.items() if text})
    return found


def _date(message: Message) -> str:
    text = header(message, "Date")
    try:
        when = parsedate_to_datetime(text)
        when = when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return ""
    return when.isoformat().replace("+00:00", "Z")
