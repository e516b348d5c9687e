"""What an IMAP server says of a message, as a raw record: headers read as every mail's are, flags, the folder.

A message never changes under its UID (RFC 3501 section 2.3.1.1), but its flags do: what of them is kept is the record's
version.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.parser import BytesParser
from email.policy import compat32
from email.utils import collapse_rfc2231_value, decode_params
from itertools import takewhile
from typing import Any

from connectors.core import mail
from mapping.contract import RawRecord, RemoteId, Schema
from mapping.errors import RecordError

HEADER_BYTES = 262_144
BODY_BYTES = 262_144
"""What is read of a message at most where its text is wanted."""
MOST_PARTS = 100
NOT_MAIL = frozenset({"\\draft", "$junk", "junk"})
DELETED = "\\deleted"
_TOLD_ELSEWHERE = frozenset({"nonjunk", "notjunk", "forwarded", "redirected"})
FIELDS = ("uid", "folder", "received", "flags", *mail.READ, "text", "attachments")
SCHEMA = Schema.read_only(*FIELDS)
"""What a record holds; the headers are those of RFC 5322, read and decoded."""


def items(text: bool, attachments: bool) -> str:
    """What to ask a server for of each message. PEEK leaves it unread."""
    content = f"BODY.PEEK[]<0.{BODY_BYTES}>" if text else f"BODY.PEEK[HEADER.FIELDS ({' '.join(mail.READ)})]"
    return f"(UID FLAGS INTERNALDATE{' BODYSTRUCTURE' if attachments else ''} {content})"


def record(remote_id: RemoteId, found: Mapping[bytes, Any], folder: str, address: str, sent: bool) -> RawRecord:
    """The record of what the server says of a message. ``sent``: the folder holds what went out.

    Raises RecordError where its headers are missing or too large.
    """
    content = next((value for name, value in found.items() if name.startswith(b"BODY[")), None)
    if not isinstance(content, bytes):
        raise RecordError("a message without headers", remote_id=remote_id)
    whole = any(name.startswith(b"BODY[]") for name in found)
    cut = whole and len(content) >= BODY_BYTES and b"\r\n\r\n" not in content
    if cut or (not whole and len(content) > HEADER_BYTES):
        raise RecordError("its headers are too large", remote_id=remote_id)
    message = BytesParser(policy=compat32).parsebytes(content, headersonly=not whole)
    headers = mail.headers(message, text=whole)
    headers["attachments"] = [name for name in _names(found.get(b"BODYSTRUCTURE")) if name]
    at = received(found)
    stamp = at.isoformat().replace("+00:00", "Z") if at else ""
    headers.setdefault("Date", stamp)
    kept = _kept(found)
    told = mail.told(
        headers,
        sent=not any(flag.lower() in NOT_MAIL for flag in kept),
        labels=[folder, *(flag for flag in kept if flag.lower() not in NOT_MAIL)],
        direction=mail.direction(headers, address, sent) if address or sent else "",
    )
    uid = int(remote_id.rpartition("/")[2])
    body = {"uid": uid, "folder": folder, "received": stamp, "flags": kept, **told}
    return RawRecord(remote_id, body, folder, version=" ".join(kept))


def flags(found: Mapping[bytes, Any]) -> frozenset[str]:
    """The flags of a message, in lower case."""
    return frozenset(_text(flag).lower() for flag in found.get(b"FLAGS") or ())


def received(found: Mapping[bytes, Any]) -> datetime | None:
    """When the server took the message in."""
    at = found.get(b"INTERNALDATE")
    return at.astimezone(UTC) if isinstance(at, datetime) else None


def _kept(found: Mapping[bytes, Any]) -> list[str]:
    """Tags that people give, and the flags that make a message no mail. Whether it was read, answered or starred says
    how a reader stands to it, and changes every day."""
    given = sorted({_text(flag) for flag in found.get(b"FLAGS") or ()})
    return [one for one in given if one.lower() in NOT_MAIL or not (one[:1] in "\\$" or one.lower() in _TOLD_ELSEWHERE)]


def _names(structure: Any) -> Iterator[str]:
    """The names of attachments in a BODYSTRUCTURE: a parameter of the disposition, or of the type, of some part.

    In the order of ``mail_text.attachment_names``, and of as many parts. A forwarded mail is what is in it.
    """
    waiting, leaves = [structure], 0
    while waiting and leaves < MOST_PARTS:
        part = waiting.pop(0)
        if not isinstance(part, tuple) or len(part) < 3:
            continue
        if isinstance(part[0], list | tuple):
            # A list where IMAPClient has put the parts together, which it does not within a forwarded mail.
            inner = part[0] if isinstance(part[0], list) else takewhile(lambda one: isinstance(one, tuple), part)
            waiting.extend(inner)
        elif _text(part[0]).lower() == "message" and _text(part[1]).lower() == "rfc822" and len(part) > 8:
            waiting.append(part[8])
        else:
            leaves += 1
            disposed = [one[1] for one in part[3:] if isinstance(one, tuple) and len(one) == 2]
            yield next(filter(None, map(_name, (*disposed, part[2]))), "")


def _name(parameters: Any) -> str:
    """The file name among parameters, put together from the pieces of RFC 2231 where it is in several."""
    if not isinstance(parameters, tuple) or len(parameters) % 2 or any(isinstance(one, tuple) for one in parameters):
        return ""
    pairs = [(_text(name).lower(), f'"{_text(value)}"') for name, value in zip(*[iter(parameters)] * 2, strict=True)]
    whole = dict(decode_params([("", ""), *pairs])[1:])
    found = whole.get("filename") or whole.get("name") or ""
    return mail.decoded(collapse_rfc2231_value(found).strip('"'))


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
