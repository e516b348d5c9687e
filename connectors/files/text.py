"""Bytes to lines: which encoding a file is in, and its lines one by one with the place after each."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import BinaryIO

from connectors.files.codepages import CODE_PAGES, code_page

SAMPLE_BYTES = 65_536
LINE_BYTES = 1_048_576
"""A physical line longer than this is given up as one bad record, so that memory stays flat on any file."""

_CHUNK = 65_536

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16 LE, whose mark is its beginning
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)

_WIDTHS = {"utf-16-le": 2, "utf-16-be": 2, "utf-32-le": 4, "utf-32-be": 4}


@dataclass(frozen=True, slots=True)
class Encoding:
    """How a file's bytes become text: codec, length of the byte order mark, what ends a line, bytes a code unit."""

    codec: str
    mark: int = 0
    newline: bytes = b"\n"
    width: int = 1

    def decode(self, raw: bytes) -> str:
        """The text of one line. A byte that the codec refuses costs no more than this line its exact letters.

        Files that were pasted together out of several exports change their encoding on the way: a line that is no UTF-8
        is read as Windows-1252, one that is UTF-8 in a file of a code page as UTF-8 where the page has all its letters
        (``CAFÉ®`` in Windows-1252 is UTF-8 by chance); in any other encoding the odd byte is replaced.
        """
        if self.codec in CODE_PAGES and not raw.isascii():
            with suppress(UnicodeError):
                text = raw.decode("utf-8")
                text.encode(self.codec)
                return text
        try:
            return raw.decode(self.codec)
        except UnicodeDecodeError:
            return raw.decode("cp1252" if self.codec == "utf-8" else self.codec, "replace")


def detect(sample: bytes, override: str = "", *, whole: bool = False) -> Encoding:
    """The encoding of the file that begins with ``sample``; ``whole`` says that nothing follows.

    The order: the admin's ``override``, a byte order mark, zero bytes in every other place (UTF-16 without a mark),
    UTF-8, then the legacy code pages by their letters.
    """
    mark, codec = next(((len(bom), name) for bom, name in _BOMS if sample.startswith(bom)), (0, ""))
    if override:
        codec = codecs.lookup(override).name.replace("_", "-")
        if codec in ("utf-16", "utf-32", "utf-8-sig"):
            codec = {"utf-16": "utf-16-le", "utf-32": "utf-32-le", "utf-8-sig": "utf-8"}[codec]
    codec = codec or _without_mark(sample) or _utf8(sample, whole=whole) or code_page(sample)
    width = _WIDTHS.get(codec, 1)
    feed, carriage = (char.encode(codec) if width > 1 else char.encode() for char in "\n\r")
    newline = carriage if carriage in sample and feed not in sample else feed
    return Encoding(codec, mark, newline, width)


def _without_mark(sample: bytes) -> str:
    pairs = len(sample) // 2
    low, high = sample[0 : pairs * 2 : 2].count(0), sample[1 : pairs * 2 : 2].count(0)
    if high * 10 > pairs and high > 4 * low:
        return "utf-16-le"
    if low * 10 > pairs and low > 4 * high:
        return "utf-16-be"
    return ""


def _utf8(sample: bytes, *, whole: bool) -> str:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample, whole)
    except UnicodeDecodeError:
        text = sample.decode("utf-8", "replace")
        bad = text.count("\ufffd")
        good = sum(1 for char in text if ord(char) > 127) - bad
        return "utf-8" if good > 10 * bad else ""
    return "utf-8"


class Lines:
    """A file's lines as text, NUL characters removed. ``end`` is the byte after the last line, ``number`` its count.

    ``overlong`` counts the lines that were longer than LINE_BYTES; of such a line nothing is kept.
    """

    def __init__(self, handle: BinaryIO, encoding: Encoding, start: int = 0, number: int = 0) -> None:
        self.end = max(start, encoding.mark)
        self.number = number
        self.overlong = 0
        self._encoding = encoding
        handle.seek(self.end)
        plain = encoding.width == 1 and encoding.newline == b"\n"
        self._raw = iter(partial(handle.readline, LINE_BYTES), b"") if plain else _split(handle, encoding)

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        raw = next(self._raw)
        self.number += 1
        self.end += len(raw)
        if len(raw) >= LINE_BYTES and not raw.endswith(self._encoding.newline):
            return self._skip(raw)
        text = self._encoding.decode(raw)
        return text.replace("\0", "") if "\0" in text else text

    def _skip(self, raw: bytes) -> str:
        self.overlong += 1
        while not raw.endswith(self._encoding.newline):
            raw = next(self._raw, b"")
            if not raw:
                break
            self.end += len(raw)
        return "\n"


def _split(handle: BinaryIO, encoding: Encoding) -> Iterator[bytes]:
    """Lines with their ends, where ``readline`` does not know the line end: wide encodings, and old Macs."""
    buffer, searched = b"", 0
    while True:
        at = buffer.find(encoding.newline, searched)
        if at >= 0 and at % encoding.width:
            searched = at + 1
            continue
        if at >= 0:
            at += len(encoding.newline)
            yield buffer[:at]
            buffer, searched = buffer[at:], 0
            continue
        if len(buffer) >= LINE_BYTES:
            yield buffer[:LINE_BYTES]
            buffer = buffer[LINE_BYTES:]
        searched = max(0, len(buffer) - encoding.width + 1)
        chunk = handle.read(_CHUNK)
        if not chunk:
            break
        buffer += chunk
    if buffer:
        yield buffer
