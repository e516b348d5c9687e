"""Messages of an mbox file, one by one, whatever its size: headers, and as much of a body as was asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email.errors import MessageError
from email.parser import BytesParser
from email.policy import compat32
from typing import Any, BinaryIO

from connectors.core import mail
from connectors.files.formats.item import Item, Place, Source

HEADER_BYTES = 262_144
BODY_BYTES = 1_048_576
"""What is kept of a message at most; attachments behind it are read over."""

_LINE_BYTES = 65_536
_ASCTIME = re.compile(rb"^From (-|\S*@?\S*) .*\d\d:\d\d.*\d{4}|^From (- ?)?\r?\n?$")
_QUOTED_FROM = re.compile(r"^>(>*From )", re.MULTILINE)
_HEADER = re.compile(rb"^(>?From |[!-9;-~]+[ \t]*:)")


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
    found = mail.headers(message, text=source.bodies, attachments=source.attachments)
    if "text" in found:
        found["text"] = _QUOTED_FROM.sub(r"\1", found["text"])
    labels = mail.decoded(mail.header(message, "X-Gmail-Labels")).split(",")
    return {**found, "X-Gmail-Labels": [label.strip(' "') for label in labels if label.strip(' "')]}
