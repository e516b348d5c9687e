"""A Gmail message as a raw record: its headers read as every mail's are, its labels by name."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.message import Message
from typing import Any

from connectors.core import mail
from mapping.contract import Schema
from mapping.errors import RecordError

Json = Mapping[str, Any]

PASSING = frozenset({"UNREAD", "STARRED", "IMPORTANT"})
"""Labels that say how a reader stands to a mail: they change every day, and nobody's timeline with them."""
FIELDS = ("id", "threadId", "labelIds", "internalDate", *mail.READ, "text", "attachments")
SCHEMA = Schema.read_only(*FIELDS)
"""What a record holds; the headers are those of RFC 5322, read and decoded."""


def body(found: Json, mailbox: str, names: Mapping[str, str], text: bool, attachments: bool) -> dict[str, Any]:
    """The record of a message as ``messages.get`` gives it. Raises RecordError where it lacks its headers."""
    payload = found.get("payload")
    if not isinstance(payload, Mapping) or not isinstance(payload.get("headers"), list):
        raise RecordError("a message without headers", remote_id=str(found.get("id") or ""))
    headers = mail.headers(_message(payload), text=text, attachments=attachments)
    headers.setdefault("Date", received(found).isoformat().replace("+00:00", "Z"))
    labels = [label for label in found.get("labelIds", ()) if label not in PASSING]
    told = mail.told(
        headers,
        sent=True,
        labels=[names.get(label, label) for label in labels],
        direction=mail.direction(headers, mailbox, "SENT" in labels),
    )
    kept = {name: found[name] for name in ("id", "threadId", "internalDate") if name in found}
    return {**kept, "labelIds": labels, **told}


def received(found: Json) -> datetime:
    """When Google took the message in. Raises RecordError where it does not say."""
    try:
        return datetime.fromtimestamp(int(found["internalDate"]) / 1000, UTC)
    except (KeyError, TypeError, ValueError, OverflowError, OSError):
        raise RecordError("a message without a date", remote_id=str(found.get("id") or "")) from None


def _message(part: Json) -> Message:
    """The parsed message that the API hands out, put together again so that it is read like any other."""
    message = Message()
    for each in part.get("headers") or ():
        message[str(each.get("name"))] = str(each.get("value"))
    inner = part.get("parts")
    data = (part.get("body") or {}).get("data")
    if inner:
        message.set_payload([_message(each) for each in inner])
    elif data:
        # The API has undone the part's own encoding, and puts base64url on top.
        del message["Content-Transfer-Encoding"]
        message["Content-Transfer-Encoding"] = "base64"
        message.set_payload(str(data).replace("-", "+").replace("_", "/"))
    return message
