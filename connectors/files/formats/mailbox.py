"""Messages of an mbox file, one by one, whatever its size: headers, and as much of a body as was asked for."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from datetime import UTC
from email.errors import HeaderParseError, MessageError
from email.header import decode_header
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32
from email.utils import getaddresses, parsedate_to_datetime
from typing import Any, BinaryIO

from connectors.files.formats.bodies import attachment_names, readable_text
from connectors.files.formats.item import Item, Place, Source

HEADER_BYTES = 262_144
BODY_BYTES = 1_048_576
"""What is kept of a message at most; attachments behind it are read over."""

_LINE_BYTES = 65_536
_ASCTIME = re.compile(rb"^From (-|\S*@?\S*) .*\d\d:\d\d.*\d{4}|^From (- ?)?\r?\n?$")
_HEADER = re.compile(rb"^(>?From |[!-9;-~]+[ \t]*:)")
_MESSAGE_ID = re.compile(r"<([^<>\s]+)>")
_ADDRESSES = 500
_NAME_CHARS = 998


def read(source: Source, start: Place) -> Iterator[Item]:
    """The messages from ``start`` on: headers decoded, and text and attachment names where the admin asked for them.

    A message begins at a ``From `` line behind an empty one, if a header follows: bodies hold such lines too.
    """
    keep = BODY_BYTES if source.bodies or source.attachments else 0
    with source.path.open("rb") as handle:
        handle.seek(start.offset)
        for raw, line, end, fits in _messages(handle, start, keep):
            if not raw.strip():
                continue
            if not fits:
                yield Item(line, end, error="its headers are too large")
                continue
            try:
                yield Item(line, end, _fields(raw, source))
            except (MessageError, ValueError, LookupError, AttributeError, TypeError, RecursionError):
                yield Item(line, end, error="not a readable message")


def _messages(handle: BinaryIO, start: Place, keep: int) -> Iterator[tuple[bytes, int, Place, bool]]:
    """Each message's kept bytes without its ``From `` line, its first line, the place after it, and whether it fits."""
    kept: list[bytes] = []
    size, limit, blank, in_headers, fits = 0, HEADER_BYTES, True, True, True
    offset, number, begun = start.offset, start.line, start.line + 1
    pending = b""
    line = handle.readline(_LINE_BYTES)
    while line:
        following = handle.readline(_LINE_BYTES)
        if blank and _ASCTIME.match(line) and _HEADER.match(following):
            if kept or offset > start.offset:
                yield b"".join(kept), begun, Place(offset, number), fits
            kept, size, limit, in_headers, fits, begun = [], 0, HEADER_BYTES, True, True, number + 1
        elif size + len(line) <= limit:
            kept.append(line)
            size += len(line)
        elif in_headers:
            fits = False
        whole = pending.endswith(b"\n") or not pending
        blank = whole and line in (b"\n", b"\r\n")
        if blank and in_headers and kept:
            in_headers, limit = False, size + keep
        offset, number = offset + len(line), number + line.endswith(b"\n")
        pending, line = line, following
    if kept or not fits:
        yield b"".join(kept), begun, Place(offset, number), fits


def _fields(raw: bytes, source: Source) -> dict[str, Any]:
    deep = source.bodies or source.attachments
    message = BytesParser(policy=compat32).parsebytes(raw, headersonly=not deep)
    found: dict[str, Any] = {
        "Message-ID": _message_id(message),
        "Subject": _decoded(_header(message, "Subject")),
        "Date": _date(message),
        "From": _addresses(message, "From"),
        "To": _addresses(message, "To"),
        "Cc": _addresses(message, "Cc"),
        "Reply-To": _addresses(message, "Reply-To"),
        "References": _MESSAGE_ID.findall(_header(message, "References"))[:1],
        "In-Reply-To": _MESSAGE_ID.findall(_header(message, "In-Reply-To"))[:1],
        "X-Gmail-Labels": _labels(message),
        "List-Id": _decoded(_header(message, "List-Id")),
        "Auto-Submitted": _header(message, "Auto-Submitted").casefold(),
    }
    if not found["Message-ID"]:
        told = "\x1f".join(_header(message, name) for name in ("From", "To", "Date", "Subject"))
        found["digest"] = hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    if source.bodies:
        found["text"] = readable_text(message)
    if source.attachments:
        found["attachments"] = [_decoded(name) for name in attachment_names(message)]
    return {name: value for name, value in found.items() if value}


def _header(message: Message, name: str) -> str:
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


def _eight_bit(value: Any) -> str:
    """compat32 wraps a header with raw bytes in a Header object of the charset ``unknown-8bit``."""
    chunks = getattr(value, "_chunks", ())
    return "".join(str(text) for text, _ in chunks)


def _decoded(text: str) -> str:
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


def _message_id(message: Message) -> str:
    text = _header(message, "Message-ID")
    found = _MESSAGE_ID.search(text)
    return (found.group(1) if found else text.strip("<> "))[:_NAME_CHARS]


def _addresses(message: Message, name: str) -> list[dict[str, str]]:
    """``{email, name}`` of each address. Names are decoded after the split: an encoded name may hold a comma."""
    found = []
    for label, address in getaddresses([_header(message, name)])[:_ADDRESSES]:
        if "@" in address:
            entry = {"email": address.strip(), "name": _decoded(label).strip(" '\"")[:_NAME_CHARS]}
            found.append({key: text for key, text in entry.items() if text})
    return found


def _date(message: Message) -> str:
    text = _header(message, "Date")
    try:
        when = parsedate_to_datetime(text)
        when = when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return ""
    return when.isoformat().replace("+00:00", "Z")


def _labels(message: Message) -> list[str]:
    return [label.strip(' "') for label in _decoded(_header(message, "X-Gmail-Labels")).split(",") if label.strip(' "')]
